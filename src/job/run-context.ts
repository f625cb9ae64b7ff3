import type { Logger } from '../internal/logger.js';
import type { RunFailure } from './run-input.js';

/** Is what a handler may know of the job that it runs for. */
export interface RunJob {
  /** Is the job's id. */
  readonly id: string;
  /** Is the job's name; its task's name unless one was given. */
  readonly name: string;
  /** Holds the job's tags. */
  readonly tags: readonly string[];
}

/**
 * Is the one argument of a task's handler.
 *
 * @typeParam TData - the data's type, as declared by the handler or given by the task's schema
 */
export interface RunContext<TData = unknown> {
  /** Is the run's data: the value that was given with the job or with `enqueue`, after the schema if there is one. */
  readonly data: TData;
  /** Tells of the job; `null` for a run that was enqueued without one. */
  readonly job: RunJob | null;
  /** Is the run's id, the same for all its attempts. */
  readonly runId: string;
  /** Is the fire time that the run stands for: nominal, without jitter or delay. */
  readonly scheduledAt: Date;
  /** Is when this attempt started. */
  readonly startedAt: Date;
  /** Counts this run's attempts from 1, retries and recoveries alike. */
  readonly attempt: number;
  /** Aborts on time-out, cancellation, a lost lease and shutdown; its reason is the matching error. */
  readonly signal: AbortSignal;
  /**
   * Is a number that grows with every attempt of the job, in whichever process. Hand it to what the task writes to, and
   * let that refuse a number lower than one it has seen: then a node that was declared dead can spoil nothing.
   */
  readonly fencingToken: number;
  /** Logs with the run's id, job and task attached. */
  readonly log: Logger;
  /** Is the result of the previous step of a chain; `undefined` elsewhere. */
  readonly previous: unknown;
  /** Is what failed, for a task that runs because of it: a `fallback`, or a chain's `onFailure`; `null` elsewhere. */
  readonly failure: RunFailure | null;
  /**
   * Tells how far the run is.
   *
   * @param fraction - from 0 to 1
   * @param note - a word for people; what is beyond 1,024 characters is cut off
   * @throws {@link InvalidOptionError} when `fraction` is not a number from 0 to 1, or `note` is not a string
   */
  progress(fraction: number, note?: string): void;
}
