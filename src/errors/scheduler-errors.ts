import { SchedulerError } from './scheduler-error.js';

/** Reports a call that the scheduler's state does not allow. */
export class InvalidStateError extends SchedulerError {
  override readonly code = 'ESC_INVALID_STATE';
}

/** Reports the name of a store that the scheduler does not have. */
export class UnknownStoreError extends SchedulerError {
  override readonly code = 'ESC_UNKNOWN_STORE';

  /** Makes the error for a name, listing those that there are. */
  constructor(name: string, known: readonly string[]) {
    super(`No store "${name}". This scheduler has: ${known.join(', ')}.`);
  }
}

/** Reports the name of an executor that the scheduler does not have. */
export class UnknownExecutorError extends SchedulerError {
  override readonly code = 'ESC_UNKNOWN_EXECUTOR';

  /** Makes the error for a name, listing those that there are. */
  constructor(name: string, known: readonly string[]) {
    super(`No executor "${name}". This scheduler has: ${known.join(', ')}.`);
  }
}

/** Reports a store object that serves another scheduler already. */
export class StoreInUseError extends SchedulerError {
  override readonly code = 'ESC_STORE_IN_USE';

  /** Makes the error. */
  constructor() {
    super(
      'This store object serves another scheduler. Give each scheduler an object of its own; to share jobs, let both lead to one database.',
    );
  }
}
