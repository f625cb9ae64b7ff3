import { ShutdownError } from '../../../errors/run-errors.js';
import { BoundedMap } from '../../../internal/bounded-map.js';
import { Deferred } from '../../../internal/deferred.js';
import { settlesWithin, sleep } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import type { BullMQ, QueueEvents, QueueJob, Worker } from '../bullmq.js';
import { PartKeeper } from '../part-keeper.js';
import { QueueHealth } from '../queue-health.js';
import { ABORT_EVENT } from '../queue-link.js';
import { QueueJobError } from '../run-answer.js';
import type { RunResult } from '../run-answer.js';
import { WIRE_FORMAT, isOrder } from '../run-order.js';
import type { RunOrder } from '../run-order.js';
import { packThrown, unpackThrown } from '../thrown.js';
import type { Thrown } from '../thrown.js';
import { RunLock } from './run-lock.js';
import type { ResolvedWorkerOptions } from './worker-options.js';
import { WorkerRun } from './worker-run.js';

/** Is what was heard of a run that is to be aborted. */
interface AbortWord {
  readonly attempt: number;
  readonly reason: Thrown;
}

/** Is how long handlers may take to settle when their signals have been aborted at the end. */
const SETTLE_GRACE_MS = 1000;
/** Is how long a worker without runs may take to close. */
const IDLE_LIMIT_MS = 2000;
/** Is how long a worker rests that has ceased to take runs though nobody closed it. */
const RUN_PAUSE_MS = 1000;
const MAX_ABORTS = 1000;

/**
 * Takes runs from a queue and executes them.
 *
 * States: `opening` → `open` → `closing` → `closed`.
 *
 * Its time is real time: so is that of the locks in the queue.
 */
export class QueueWorker {
  readonly #bullmq: BullMQ;
  readonly #options: ResolvedWorkerOptions;
  readonly #name: string;
  readonly #health: QueueHealth;
  readonly #keeper: PartKeeper<Worker>;
  readonly #runs = new Map<string, WorkerRun>();
  readonly #aborts = new BoundedMap<string, AbortWord>(MAX_ABORTS);
  readonly #refused = new Set<string>();
  readonly #letExit: () => void;
  readonly #hurry = new Deferred<void>();
  #idle: Deferred<void> | null = null;
  #closing: Promise<void> | null = null;

  /** Makes a worker, which begins to connect at once. */
  constructor(bullmq: BullMQ, options: ResolvedWorkerOptions, name: string) {
    this.#bullmq = bullmq;
    this.#options = options;
    this.#name = name;
    this.#letExit = systemClock.holdOpen();
    this.#health = new QueueHealth({
      clock: systemClock,
      logger: options.logger,
      queue: options.queue,
      probe: async () => bullmq.Job.fromId(await this.#keeper.opened(), '0.0'),
      onBack: () => undefined,
    });
    this.#keeper = new PartKeeper({
      bullmq,
      options,
      clock: systemClock,
      open: async (parts) => {
        const worker = parts.worker(this.#process, name, options.concurrency);
        const aborts = parts.aborts();
        this.#listen(aborts);
        await Promise.all([worker.waitUntilReady(), aborts.waitUntilReady()]);
        void this.#run(worker);
        return worker;
      },
      onError: (error) => {
        this.#health.failed(error);
      },
    });
  }

  get running(): number {
    return this.#runs.size;
  }

  async ready(): Promise<void> {
    await this.#keeper.opened();
  }

  /** Takes no more runs, and waits for those that it has, for a time. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= this.#close();
    if (timeoutMs !== Infinity)
      void sleep(systemClock, timeoutMs).then(() => {
        this.#hurry.resolve();
      });
    return this.#closing;
  }

  async #close(): Promise<void> {
    const worker = this.#keeper.current;
    if (worker !== null) {
      const settled = worker.close().catch(() => undefined);
      await Promise.race([this.#ended(settled), this.#hurry.promise]);
      for (const run of this.#runs.values()) run.breakOff();
      if (!(await settlesWithin(systemClock, settled, SETTLE_GRACE_MS)) && this.#runs.size > 0)
        this.#options.logger.warn(
          { queue: this.#options.queue, runs: this.#runs.size },
          'Handlers ignore their aborted signals; their runs are executed again once their locks have ended',
        );
    }
    this.#health.close();
    await this.#keeper.close();
    this.#letExit();
  }

  /** Waits until a worker has closed itself, or has nothing to do and cannot, because its queue does not answer. */
  async #ended(settled: Promise<void>): Promise<void> {
    for (;;) {
      if (await settlesWithin(systemClock, settled, IDLE_LIMIT_MS)) return;
      if (this.#runs.size === 0) return;
      await this.#idle?.promise;
    }
  }

  async #run(worker: Worker): Promise<void> {
    while (this.#closing === null) {
      try {
        await worker.run();
      } catch (error) {
        this.#health.failed(error);
      }
      await sleep(systemClock, RUN_PAUSE_MS);
    }
  }

  #listen(aborts: QueueEvents): void {
    aborts.on(ABORT_EVENT, (word: { jobId: string; attempt: string; reason: string }) => {
      const heard = { attempt: Number(word.attempt), reason: JSON.parse(word.reason) as Thrown };
      const run = this.#runs.get(word.jobId);
      // It may come before the run does.
      if (run === undefined) this.#aborts.set(word.jobId, heard);
      else abort(run, heard);
    });
  }

  readonly #process = async (job: QueueJob, token = ''): Promise<RunResult> => {
    const id = job.id ?? '';
    // BullMQ may take one more while it closes.
    if (this.#closing !== null)
      throw new QueueJobError({ kind: 'refused', thrown: packThrown(new ShutdownError()) });
    const order = this.#readOrder(job);
    const { logger, lockMs, tasks } = this.#options;
    const lost = new Deferred<void>();
    const run = new WorkerRun(tasks.get(order.task), order, job, systemClock, logger);
    const lock = new RunLock({
      clock: systemClock,
      job,
      token,
      lockMs,
      onProlonged: () => void this.#lookForAbort(id, run),
      onLost: () => {
        run.loseLock(this.#name);
        lost.resolve();
      },
    });
    this.#runs.set(id, run);
    this.#idle ??= new Deferred<void>();
    const heard = this.#aborts.find(id);
    this.#aborts.delete(id);
    if (heard !== undefined) abort(run, heard);
    if (order.abort !== undefined) run.abort(unpackThrown(order.abort));
    try {
      return await run.execute();
    } finally {
      // BullMQ reports the end once, and not again where it could not.
      await Promise.race([this.#health.whenUp(), lost.promise]);
      lock.release();
      this.#forget(id, run);
    }
  };

  #forget(id: string, run: WorkerRun): void {
    if (this.#runs.get(id) === run) this.#runs.delete(id);
    if (this.#runs.size > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }

  /** Looks whether a run is to be aborted of which nothing was heard. */
  async #lookForAbort(id: string, run: WorkerRun): Promise<void> {
    const worker = this.#keeper.current;
    if (worker === null) return;
    try {
      const job = await this.#bullmq.Job.fromId(worker, id);
      const { attempt, abort: reason } = (job?.data ?? {}) as Partial<RunOrder>;
      if (attempt !== undefined && reason !== undefined) abort(run, { attempt, reason });
    } catch (error) {
      this.#health.failed(error);
    }
  }

  /** Gives the order of a queue job, unless this worker cannot carry it out. */
  #readOrder({ data }: QueueJob): RunOrder {
    const { queue, tasks } = this.#options;
    if (!isOrder(data)) throw new Error(`Queue "${queue}" is Escapement's; this job is not from there.`);
    if (data.escapement > WIRE_FORMAT) {
      const message = `A run on queue "${queue}" was sent by a later version of this package than its workers have.`;
      throw this.#refusal('ESC_INVALID_STATE', 'InvalidStateError', message);
    }
    const order = data as RunOrder;
    if (tasks.names.has(order.task)) return order;
    const known = [...tasks.names].map((name) => `"${name}"`).join(', ');
    const message =
      `No worker of queue "${queue}" took task "${order.task}". The last that was asked knows ` +
      `${known === '' ? 'none' : known}. Pass it in \`createBullMQWorker({ tasks })\`.`;
    throw this.#refusal('ESC_UNKNOWN_TASK', 'UnknownTaskError', message);
  }

  /** Makes what a run is refused with; the scheduler has other workers asked, which may be of another version of the app. */
  #refusal(code: string, name: string, message: string): QueueJobError {
    const { logger, queue } = this.#options;
    if (!this.#refused.has(message)) {
      this.#refused.add(message);
      logger.warn({ queue, reason: message }, 'This worker cannot execute a run; others are asked');
    }
    const error = { name, message, stack: `${name}: ${message}`, cause: null, errors: null };
    return new QueueJobError({
      kind: 'refused',
      thrown: { kind: 'error', ...error, properties: { code }, isOurs: true },
    });
  }
}

function abort(run: WorkerRun, { attempt, reason }: AbortWord): void {
  if (attempt === run.order.attempt) run.abort(unpackThrown(reason));
}
