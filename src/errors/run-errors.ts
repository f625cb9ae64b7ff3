import { SchedulerError } from './scheduler-error.js';

/** Reports a run id that no store of the scheduler holds (any more). */
export class RunNotFoundError extends SchedulerError {
  override readonly code = 'ESC_RUN_NOT_FOUND';

  /** Makes the error for a run id. */
  constructor(id: string) {
    super(`No run "${id}". Finished runs are kept for a time only; see the \`history\` option of the store.`);
  }
}

/** Ends a run that took longer than its `timeout`; the reason of its signal. */
export class RunTimedOutError extends SchedulerError {
  override readonly code = 'ESC_RUN_TIMED_OUT';

  /** Makes the error for a run, with its time-out if that is known. */
  constructor(runId: string, timeoutMs: number | null) {
    super(
      `Run "${runId}" took longer than its time-out${timeoutMs === null ? '' : ` of ${String(timeoutMs)} ms`}.`,
    );
  }
}

/** Ends a run that somebody cancelled; the reason of its signal. */
export class RunCancelledError extends SchedulerError {
  override readonly code = 'ESC_RUN_CANCELLED';

  /** Makes the error for a run. */
  constructor(runId: string) {
    super(`Run "${runId}" was cancelled.`);
  }
}

/** Ends a run that was not started before it expired. */
export class RunMissedError extends SchedulerError {
  override readonly code = 'ESC_RUN_MISSED';

  /** Makes the error for a run. */
  constructor(runId: string) {
    super(`Run "${runId}" was not started before it expired.`);
  }
}

/** Ends a run whose node died or left while it ran, and which is not run again. */
export class RunLostError extends SchedulerError {
  override readonly code = 'ESC_RUN_LOST';

  /** Makes the error for a run. */
  constructor(runId: string) {
    super(`Run "${runId}" was lost: its node died or left before the run had ended.`);
  }
}

/** Ends a run that failed where its thrown value cannot be had as it was: on another node, or before a restart. */
export class RunFailedError extends SchedulerError {
  override readonly code = 'ESC_RUN_FAILED';

  /** Makes the error for a run, with what is known of the failure as `cause`. */
  constructor(runId: string, cause: unknown) {
    super(`Run "${runId}" failed.`, { cause });
  }
}

/** Is the reason of a signal when the scheduler shuts down before its runs have ended. */
export class ShutdownError extends SchedulerError {
  override readonly code = 'ESC_SHUTDOWN';

  /** Makes the error. */
  constructor() {
    super('The scheduler is shutting down.');
  }
}

/** Is the reason of a signal when the node could not renew its lease in time: others may run its work by now. */
export class LeaseLostError extends SchedulerError {
  override readonly code = 'ESC_LEASE_LOST';

  /** Makes the error for a node. */
  constructor(node: string) {
    super(`Node "${node}" could not renew its lease in time and gave up its runs.`);
  }
}

/** Fails a run whose worker thread ended under it: the handler ended the process, ran out of memory, or left an error uncaught. */
export class ThreadDiedError extends SchedulerError {
  override readonly code = 'ESC_THREAD_DIED';

  /** Makes the error for a run, with what is known of the thread's end as `cause`. */
  constructor(runId: string, task: string, cause: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super(
      `The worker thread of run "${runId}" of task "${task}" ended before its handler had settled${why}`,
      {
        cause,
      },
    );
  }
}
