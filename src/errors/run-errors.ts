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

/**
 * Says that whoever executed an attempt has died under it, as a worker on another machine: an executor throws it, and the
 * run goes on as after the death of a node.
 */
export class ExecutionLostError extends SchedulerError {
  override readonly code = 'ESC_EXECUTION_LOST';

  /** Makes the error for a run, with what is known of it. */
  constructor(runId: string, why: string) {
    super(`The execution of run "${runId}" was lost: ${why}`);
  }
}

/** Fails the run of a chain, or of `all`, one of whose steps did not succeed. */
export class StepFailedError extends SchedulerError {
  override readonly code = 'ESC_STEP_FAILED';

  /** Makes the error for a step, counted from 0, with its failure as `cause`. */
  constructor(task: string, step: number, stepTask: string, cause: { readonly message: string }) {
    super(`Step ${String(step + 1)} ("${stepTask}") of task "${task}" failed: ${cause.message}`, { cause });
  }
}

/** Fails the run of a chain whose steps are not any more what they were when it began: it cannot go on. */
export class StepsChangedError extends SchedulerError {
  override readonly code = 'ESC_STEPS_CHANGED';

  /** Makes the error for a step, counted from 0: the task that it was, and the one that it would be now. */
  constructor(task: string, step: number, was: string, is: string | null) {
    super(
      `Task "${task}" was changed while a run of it was under way: step ${String(step + 1)} was "${was}" and is ` +
        `${is === null ? 'gone' : `"${is}"`}. Give a changed chain another \`name\`.`,
    );
  }
}

/** Ends a step that was never begun, because one before it did not succeed. */
export class RunSkippedError extends SchedulerError {
  override readonly code = 'ESC_RUN_SKIPPED';

  /** Makes the error for a run. */
  constructor(runId: string) {
    super(`Run "${runId}" was skipped: a step before it did not succeed.`);
  }
}
