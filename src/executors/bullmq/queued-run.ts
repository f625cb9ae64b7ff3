import { Deferred } from '../../internal/deferred.js';
import type { Timer } from '../../time/clock.js';
import type { Execution } from '../executor.js';
import type { RunOrder } from './run-order.js';
import { queueJobId } from './run-order.js';
import type { ProgressWord } from './run-progress-word.js';

/**
 * Is an attempt that this scheduler has in the queue, or is to have there.
 *
 * States: `unsent` → `queued` (it was seen in the queue, or put there) → `settled`; `unsent` → `settled`.
 */
export class QueuedRun {
  readonly execution: Execution;
  readonly order: RunOrder;
  /** Is the id of its queue job. */
  readonly id: string;
  /** Says that the queue may hold what this scheduler does not know of, so that it has to look first. */
  isUncertain: boolean;
  /** Is the attempt that the queue job was made for, once it is there: an earlier one's may have been found. */
  queuedAttempt: number | null = null;
  /** Is why the handler is to be aborted; `null`: it is not. */
  stop: { readonly reason: unknown } | null = null;
  /** Says that the worker can see that the handler is to be aborted. */
  isTold: boolean = false;
  /** Is what a worker told of its progress before it was known which attempt the queue job was made for. */
  earlyProgress: ProgressWord | null = null;
  /** Is what its worker told last of its progress, as JSON text. */
  progress: string | null = null;
  /** Says that it is put into the queue again after a pause. */
  isResting: boolean = false;
  /** Counts the workers that refused it. */
  refusals: number = 0;
  /** Says that events of its queue job arrive. */
  isHeard: boolean = false;
  /** Has it looked at though nothing is heard of it. */
  lookTimer: Timer | null = null;
  /** Has it looked after when a pause is over. */
  pauseTimer: Timer | null = null;
  /** Is when the queue job was first found to be gone, on the monotonic clock; `null`: it is there. */
  missingSince: number | null = null;
  /** Says whether the queue job of the try before is known to have ended. */
  isFormerOver: boolean;
  /** Says that somebody wants it looked after. */
  isWanted: boolean = false;
  /** Says that it is being looked after. */
  isDriven: boolean = false;
  readonly #outcome = new Deferred<unknown>();
  #isSettled = false;

  /** Makes it for an execution. */
  constructor(execution: Execution, order: RunOrder) {
    this.execution = execution;
    this.order = order;
    const { run } = execution;
    this.id = queueJobId(run);
    // An attempt before of the same try was another node's, or was handed back.
    this.isUncertain = run.attempt > run.failures + 1;
    this.isFormerOver = run.failures === 0;
  }

  /** Settles as the handler does. */
  get outcome(): Promise<unknown> {
    return this.#outcome.promise;
  }

  /** Tells whether it has settled. */
  hasSettled(): boolean {
    return this.#isSettled;
  }

  /** Says whether it was seen in the queue. */
  get isQueued(): boolean {
    return this.queuedAttempt !== null;
  }

  /** Takes note that it is not in the queue, and is to be put there. */
  unsend(): void {
    this.lookTimer?.cancel();
    this.queuedAttempt = null;
    this.earlyProgress = null;
    this.missingSince = null;
    this.isUncertain = false;
    this.isHeard = false;
    this.isTold = false;
  }

  /** Settles it with what its handler gave. */
  succeed(value: unknown): void {
    this.#settle();
    this.#outcome.resolve(value);
  }

  /** Settles it with what its handler threw, or what became of it otherwise. */
  fail(reason: unknown): void {
    this.#settle();
    this.#outcome.reject(reason);
  }

  #settle(): void {
    this.#isSettled = true;
    this.lookTimer?.cancel();
    this.pauseTimer?.cancel();
  }
}
