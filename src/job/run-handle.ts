import type { Run, RunProgress } from './run.js';

/** Says how to wait for a result. */
export interface ResultOptions {
  /** Ends the waiting; the run goes on. @defaultValue none */
  readonly signal?: AbortSignal;
  /** Is called when the run says how far it is; of reports in quick succession, with the last. @defaultValue none */
  readonly onProgress?: (progress: RunProgress) => void;
}

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
   * Waits for the run's end and gives its result; meanwhile `onProgress` is called when the run says how far it is,
   * wherever it is executed.
   *
   * @throws what the handler threw, if it ran in this process; {@link RunFailedError} if not; {@link RunTimedOutError},
   * {@link RunCancelledError}, {@link RunMissedError}, {@link RunSkippedError} or {@link RunLostError} if it ended so; {@link RunNotFoundError} if
   * the run is gone; {@link ShutdownError} if the scheduler shuts down first; the signal's reason if it aborts first
   */
  result(options?: ResultOptions): Promise<TResult>;

  /** Gives a snapshot of the run as it is now; `null`: it is gone. */
  run(): Promise<Run | null>;

  /** Cancels the run; see {@link Scheduler.cancelRun}. */
  cancel(): Promise<boolean>;
}
