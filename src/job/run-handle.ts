import type { Run } from './run.js';

/**
 * Follows one run, wherever it is executed.
 *
 * @typeParam TResult - the type of the task's result
 */
export interface RunHandle<TResult = unknown> {
  /** Is the run's id. */
  readonly id: string;

  /** Says whether this call made the run; `false`: one with its `key` was there. */
  readonly created: boolean;

  /**
   * Waits for the run's end and gives its result.
   *
   * @throws what the handler threw, if it ran in this process; {@link RunFailedError} if not; {@link RunTimedOutError},
   * {@link RunCancelledError}, {@link RunMissedError} or {@link RunLostError} if it ended so; {@link RunNotFoundError} if
   * the run is gone; {@link ShutdownError} if the scheduler shuts down first; the signal's reason if it aborts first
   */
  result(options?: { readonly signal?: AbortSignal }): Promise<TResult>;

  /** Gives a snapshot of the run as it is now; `null`: it is gone. */
  run(): Promise<Run | null>;

  /** Cancels the run; see {@link Scheduler.cancelRun}. */
  cancel(): Promise<boolean>;
}
