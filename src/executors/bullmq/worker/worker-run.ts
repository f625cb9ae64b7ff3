import { LeaseLostError, RunTimedOutError, ShutdownError } from '../../../errors/run-errors.js';
import type { Logger } from '../../../internal/logger.js';
import { withFields } from '../../../internal/logger.js';
import type { RunContext } from '../../../job/run-context.js';
import { checkProgress } from '../../../job/run-progress.js';
import type { AnyTask } from '../../../job/task.js';
import type { Clock, Timer } from '../../../time/clock.js';
import { setLongTimer } from '../../../time/long-timer.js';
import type { QueueJob } from '../bullmq.js';
import { QueueJobError, makeResult } from '../run-answer.js';
import type { RunBreak, RunResult } from '../run-answer.js';
import { readOrder } from '../run-order.js';
import type { RunOrder } from '../run-order.js';
import { packThrown } from '../thrown.js';
import { ProgressSender } from './progress-sender.js';

/** Is why the signal of a handler was aborted. */
type AbortKind = 'asked' | 'timed-out' | 'leaving' | 'lock-lost';

/** Is a run that a worker executes. */
export class WorkerRun {
  readonly order: RunOrder;
  readonly #task: AnyTask;
  readonly #progress: ProgressSender;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #controller = new AbortController();
  #aborted: { readonly kind: AbortKind; readonly reason: unknown } | null = null;
  #timer: Timer | null = null;

  /** Makes a run that has not begun. */
  constructor(task: AnyTask, order: RunOrder, job: QueueJob, clock: Clock, logger: Logger) {
    this.order = order;
    this.#task = task;
    this.#clock = clock;
    this.#logger = logger;
    this.#progress = new ProgressSender(job, order.attempt);
  }

  /**
   * Executes it.
   *
   * @throws {@link QueueJobError} when it did not succeed
   */
  async execute(): Promise<RunResult> {
    const { timeoutMs } = this.order;
    if (timeoutMs !== null)
      this.#timer = setLongTimer(
        this.#clock,
        () => {
          this.#abort('timed-out', new RunTimedOutError(this.order.runId, timeoutMs));
        },
        timeoutMs,
      );
    try {
      // A run that is to be aborted is not begun.
      if (this.#aborted !== null) throw this.#aborted.reason;
      const value: unknown = await this.#task.handler(this.#context());
      await this.#progress.sent();
      if (this.#isTimedOut()) throw new RunTimedOutError(this.order.runId, timeoutMs);
      return makeResult(value);
    } catch (thrown) {
      await this.#progress.sent();
      throw new QueueJobError(this.#breakOf(thrown));
    } finally {
      this.#timer?.cancel();
    }
  }

  /** Aborts the handler's signal because the scheduler asked for it. */
  abort(reason: unknown): void {
    this.#abort('asked', reason);
  }

  /** Aborts the handler's signal because the worker leaves. */
  breakOff(): void {
    this.#abort('leaving', new ShutdownError());
  }

  /** Aborts the handler's signal because others may have the run. */
  loseLock(worker: string): void {
    if (this.#aborted === null)
      this.#logger.warn(this.#fields(), 'The lock of the run was lost; its handler is told to stop');
    this.#abort('lock-lost', new LeaseLostError(worker));
  }

  #isTimedOut(): boolean {
    return this.#aborted?.kind === 'timed-out';
  }

  #abort(kind: AbortKind, reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { kind, reason };
    this.#controller.abort(reason);
  }

  #breakOf(thrown: unknown): RunBreak {
    const { kind, reason } = this.#aborted ?? { kind: null, reason: undefined };
    if (kind === 'timed-out') return { kind: 'thrown', thrown: packThrown(reason) };
    if (kind === 'leaving' || kind === 'lock-lost') return { kind: 'broken-off', thrown: packThrown(thrown) };
    return { kind: kind === 'asked' && thrown === reason ? 'aborted' : 'thrown', thrown: packThrown(thrown) };
  }

  #context(): RunContext<never> {
    return {
      ...readOrder(this.order),
      signal: this.#controller.signal,
      log: withFields(this.#logger, this.#fields()),
      progress: (fraction, note) => {
        this.#progress.report(fraction, checkProgress(fraction, note));
      },
    };
  }

  #fields(): object {
    const { runId, job, task } = this.order;
    return { runId, jobId: job?.id ?? null, task };
  }
}
