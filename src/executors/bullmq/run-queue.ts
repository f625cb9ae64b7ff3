import { ExecutionLostError, LeaseLostError, ShutdownError } from '../../errors/run-errors.js';
import { assertNever } from '../../internal/assert-never.js';
import { BoundedMap } from '../../internal/bounded-map.js';
import type { Clock, Timer } from '../../time/clock.js';
import { sleep } from '../../time/long-timer.js';
import type { Execution, ExecutorContext } from '../executor.js';
import type { BullMQ, Queue, QueueJob } from './bullmq.js';
import type { ResolvedExecutorOptions } from './executor-options.js';
import { QueueLink } from './queue-link.js';
import type { QueueListener } from './queue-link.js';
import { stalledIntervalMs } from './queue-parts.js';
import { QueuedRun } from './queued-run.js';
import { readFailure, readResult } from './run-answer.js';
import { isOrder, queueJobId } from './run-order.js';
import type { RunOrder } from './run-order.js';
import { readProgress } from './run-progress-word.js';
import { packThrown } from './thrown.js';

/** Is how often the queue jobs in PostgreSQL are looked at at least, where events may be passed over. */
const POSTGRES_LOOK_MS = 5000;
/** Is how long after a connection was lost they are looked at once more: it comes back before that for events does. */
const SECOND_LOOK_MS = 6000;
/** Is when a queue job is looked at first of which nothing is heard: events of a queue just opened may be passed over. */
const FIRST_LOOK_MS = 250;
/** Is how often other workers are asked to take a run that one refused: for about a quarter of a minute. */
const MAX_REFUSALS = 14;
const MIN_REFUSAL_PAUSE_MS = 20;
const MAX_REFUSAL_PAUSE_MS = 2000;
const FORMER_PAUSE_MS = 1000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;
const MAX_FINISHED = 10_000;
const HIGHEST_PRIORITY = 2;

/**
 * Has runs executed by the workers of a queue: puts them there, or finds what was put there before, and sees each to its end.
 *
 * What is heard of a queue job only makes somebody look at it: nothing depends on hearing everything.
 */
export class RunQueue implements QueueListener {
  readonly #options: ResolvedExecutorOptions;
  readonly #clock: Clock;
  readonly #logger: ExecutorContext['logger'];
  readonly #link: QueueLink;
  readonly #runs = new Map<string, QueuedRun>();
  readonly #finished = new BoundedMap<string, true>(MAX_FINISHED);
  readonly #timers = new Map<string, Timer>();
  /** Is how often the queue jobs are looked at although nothing was heard of them. */
  readonly #lookMs: number;

  /** Makes it, and begins to connect. */
  constructor(bullmq: BullMQ, options: ResolvedExecutorOptions, context: ExecutorContext) {
    this.#options = options;
    const { lockMs, source } = options;
    this.#lookMs = source.kind === 'redis' ? lockMs / 2 : Math.min(lockMs / 2, POSTGRES_LOOK_MS);
    this.#clock = context.clock;
    this.#logger = context.logger;
    this.#link = new QueueLink(bullmq, options, context, this);
  }

  /** Has an attempt executed, and settles as its handler does. */
  async execute(execution: Execution, order: RunOrder): Promise<unknown> {
    const run = new QueuedRun(execution, order);
    const { signal } = execution.context;
    this.#runs.set(run.id, run);
    // It is never taken off again, which costs more than it: the signal is the run's own, and goes with it.
    if (signal.aborted) this.#abort(run);
    else
      signal.addEventListener('abort', () => {
        this.#abort(run);
      });
    this.#drive(run);
    this.#watch();
    try {
      return await run.outcome;
    } finally {
      if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
    }
  }

  /** Removes a queue job whose end the store has. */
  async recorded(id: string): Promise<void> {
    if (this.#finished.find(id) === undefined) return;
    this.#finished.delete(id);
    try {
      const queue = await this.#link.queue();
      await queue.remove(id);
    } catch (error) {
      // It goes with its age.
      this.#link.failed(error);
    }
  }

  /** Lets all runs go, and closes the connections. */
  async close(): Promise<void> {
    for (const run of this.#runs.values()) run.fail(new ShutdownError());
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    await this.#link.close();
  }

  heard(id: string): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.isHeard = true;
    run.lookTimer?.cancel();
  }

  completed(id: string, value: unknown): void {
    const run = this.#runs.get(id);
    if (run !== undefined && !run.hasSettled()) this.#succeed(run, value);
  }

  progressed(id: string, word: unknown): void {
    const run = this.#runs.get(id);
    const progress = readProgress(word);
    if (run === undefined || progress === null) return;
    if (run.queuedAttempt === null) run.earlyProgress = progress;
    // What a worker says that was taken for dead is not of the queue job that there is now.
    if (progress.attempt !== run.queuedAttempt) return;
    const told = JSON.stringify(progress);
    if (told === run.progress) return;
    run.progress = told;
    run.execution.context.progress(progress.fraction, progress.note ?? undefined);
  }

  changed(id: string): void {
    const run = this.#runs.get(id);
    if (run === undefined) return;
    run.isUncertain = true;
    this.#drive(run);
  }

  doubted(): void {
    this.#lookAtAll();
    this.#later('second', SECOND_LOOK_MS, () => {
      this.#lookAtAll();
    });
  }

  #abort(run: QueuedRun): void {
    const { reason } = run.execution.context.signal as { readonly reason: unknown };
    if (isLettingGo(reason) && run.execution.run.recovery !== 'abandon') {
      // The queue job goes on; whoever has the run next finds it.
      run.fail(reason);
      return;
    }
    run.stop = { reason };
    this.#drive(run);
  }

  /** Sees to a run until there is nothing to do but to wait. */
  #drive(run: QueuedRun): void {
    run.isWanted = true;
    if (!run.isDriven) void this.#driveOn(run);
  }

  async #driveOn(run: QueuedRun): Promise<void> {
    run.isDriven = true;
    let failures = 0;
    while (run.isWanted && !run.hasSettled()) {
      run.isWanted = false;
      try {
        const queue = await this.#link.queue();
        if (!run.hasSettled()) await this.#step(queue, run);
        failures = 0;
      } catch (error) {
        this.#link.failed(error);
        if (failures === 3) this.#warnOfRun(run, error);
        // The command may have been carried out.
        run.isUncertain = true;
        run.isWanted = true;
        await sleep(this.#clock, Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(failures++, 10)));
      }
    }
    run.isDriven = false;
  }

  async #step(queue: Queue, run: QueuedRun): Promise<void> {
    if (run.isResting && run.stop === null) return;
    if (!run.isQueued && !run.isUncertain) {
      if (run.stop === null) await this.#add(queue, run);
      else run.fail(run.stop.reason);
      return;
    }
    const job = await queue.getJob(run.id);
    if (run.hasSettled()) return;
    if (job === undefined) this.#miss(run);
    else await this.#look(queue, run, job);
  }

  async #add(queue: Queue, run: QueuedRun): Promise<void> {
    if (!run.isFormerOver && !(await this.#endFormer(queue, run))) return;
    const { order, id, execution } = run;
    const keep = { age: Math.ceil(this.#options.keepFinishedMs / 1000) };
    // From here on it may be there.
    run.isUncertain = true;
    await queue.add(order.task, order, {
      jobId: id,
      attempts: 1,
      // BullMQ counts the other way round.
      priority: HIGHEST_PRIORITY - execution.run.priority,
      removeOnComplete: keep,
      removeOnFail: keep,
    });
    this.#noteQueued(run, order.attempt);
  }

  #noteQueued(run: QueuedRun, attempt: number | null): void {
    run.isUncertain = false;
    if (!run.isQueued && !run.isHeard) this.#lookLater(run, FIRST_LOOK_MS);
    run.queuedAttempt = attempt;
    const early = run.earlyProgress;
    run.earlyProgress = null;
    this.progressed(run.id, early);
  }

  #lookLater(run: QueuedRun, delayMs: number): void {
    run.lookTimer = this.#clock.setTimer(() => {
      this.changed(run.id);
      this.#lookLater(run, Math.min(delayMs * 2, this.#lookMs));
    }, delayMs);
  }

  /** Ends the queue job of the try before, whose node died while its handler went on; tells whether it has ended. */
  async #endFormer(queue: Queue, run: QueuedRun): Promise<boolean> {
    const formerId = queueJobId(run.execution.run, 1);
    const job = await queue.getJob(formerId);
    if (job !== undefined && job.finishedOn === undefined && (await queue.remove(formerId)) !== 1) {
      await this.#tell(job, formerId, new LeaseLostError(run.execution.run.owner ?? ''));
      run.isWanted = true;
      await sleep(this.#clock, FORMER_PAUSE_MS);
      return false;
    }
    run.isFormerOver = true;
    return true;
  }

  async #look(queue: Queue, run: QueuedRun, job: QueueJob): Promise<void> {
    run.missingSince = null;
    const { attempt } = isOrder(job.data) ? (job.data as RunOrder) : { attempt: null };
    const isOurs = run.isQueued || attempt === run.order.attempt;
    if (job.finishedOn !== undefined) {
      run.queuedAttempt ??= attempt;
      this.progressed(run.id, job.progress);
      await this.#end(queue, run, job, isOurs);
      return;
    }
    if ((job.stalledCounter ?? 0) > 0) {
      // It is in the queue again only to be failed by the next worker.
      if ((await queue.remove(run.id)) === 1) this.#lose(run, isOurs, 'its worker has died');
      return;
    }
    this.#noteQueued(run, attempt);
    if (run.stop === null) return;
    if ((await queue.remove(run.id)) === 1) {
      run.fail(run.stop.reason);
      return;
    }
    if (run.isTold) return;
    await this.#tell(job, run.id, run.stop.reason);
    run.isTold = true;
  }

  async #end(queue: Queue, run: QueuedRun, job: QueueJob, isOurs: boolean): Promise<void> {
    if (job.failedReason === undefined) {
      this.#succeed(run, job.returnvalue);
      return;
    }
    const failed = readFailure(job, run.execution.context.signal);
    switch (failed.kind) {
      case 'thrown':
        this.#finished.set(run.id, true);
        run.fail(failed.thrown);
        break;
      case 'refused':
        await queue.remove(run.id);
        this.#askAgain(run, failed.thrown);
        break;
      case 'lost':
        await queue.remove(run.id);
        this.#lose(run, isOurs, failed.why);
        break;
      default:
        assertNever(failed);
    }
  }

  /** Puts a run into the queue again that its worker refused, for another worker, unless that was done often enough. */
  #askAgain(run: QueuedRun, reason: unknown): void {
    if (run.stop !== null) run.fail(run.stop.reason);
    else if (run.refusals === MAX_REFUSALS) run.fail(reason);
    else {
      run.unsend();
      run.isResting = true;
      const pauseMs = Math.min(MAX_REFUSAL_PAUSE_MS, MIN_REFUSAL_PAUSE_MS * 2 ** run.refusals++);
      // Not in step with the workers, which stand in line for work.
      run.pauseTimer = this.#clock.setTimer(
        () => {
          run.isResting = false;
          this.#drive(run);
        },
        pauseMs * (0.5 + Math.random()),
      );
    }
  }

  #succeed(run: QueuedRun, value: unknown): void {
    this.#finished.set(run.id, true);
    run.queuedAttempt ??= run.earlyProgress?.attempt ?? null;
    this.progressed(run.id, run.earlyProgress);
    try {
      run.succeed(readResult(value, run.execution.context));
    } catch (error) {
      run.fail(error);
    }
  }

  /** Gives an attempt up whose worker is gone, or begins it where that was an earlier one's worker. */
  #lose(run: QueuedRun, isOurs: boolean, why: string): void {
    if (run.stop !== null) run.fail(run.stop.reason);
    else if (isOurs) run.fail(new ExecutionLostError(run.order.runId, why));
    else {
      run.unsend();
      run.isWanted = true;
    }
  }

  /** Takes note that there is no queue job. A worker may have it still, and hears of that as it prolongs its lock. */
  #miss(run: QueuedRun): void {
    if (!run.isQueued) {
      run.isUncertain = false;
      run.isWanted = true;
      return;
    }
    const now = this.#clock.monotonic();
    run.missingSince ??= now;
    const leftMs = run.missingSince + this.#options.lockMs - now;
    if (leftMs < 1) {
      this.#lose(run, true, 'its queue job is gone');
      return;
    }
    run.pauseTimer?.cancel();
    run.pauseTimer = this.#clock.setTimer(() => {
      this.changed(run.id);
    }, leftMs);
  }

  async #tell(job: QueueJob, id: string, reason: unknown): Promise<void> {
    const order = { ...(job.data as RunOrder), abort: packThrown(reason) };
    await job.updateData(order);
    try {
      await this.#link.tellAborted(id, order);
    } catch (error) {
      this.#link.failed(error);
    }
  }

  #lookAtAll(): void {
    for (const run of this.#runs.values()) {
      run.isUncertain = true;
      this.#drive(run);
    }
  }

  /** Looks at everything now and then, for as long as there is anything. */
  #watch(): void {
    this.#repeat('stalled', stalledIntervalMs(this.#options.lockMs), () => {
      this.#link.checkStalled().catch(this.#link.failed);
    });
    this.#repeat('look', this.#lookMs, () => {
      this.#lookAtAll();
    });
  }

  #repeat(name: string, everyMs: number, what: () => void): void {
    if (this.#timers.has(name)) return;
    this.#later(name, everyMs, () => {
      if (this.#runs.size === 0) return;
      what();
      this.#repeat(name, everyMs, what);
    });
  }

  #later(name: string, delayMs: number, what: () => void): void {
    this.#timers.get(name)?.cancel();
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(name);
      what();
    }, delayMs);
    this.#timers.set(name, timer);
  }

  #warnOfRun({ order: { runId, task } }: QueuedRun, error: unknown): void {
    this.#logger.warn(
      { err: error, runId, task, queue: this.#options.queue },
      'A command to the queue keeps failing; it is tried again',
    );
  }
}

/** Tells whether the scheduler gives its runs away rather than ending them. */
function isLettingGo(reason: unknown): boolean {
  return reason instanceof ShutdownError || reason instanceof LeaseLostError;
}
