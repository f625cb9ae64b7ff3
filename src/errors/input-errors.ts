import { expectation } from './expectation.js';
import { SchedulerError } from './scheduler-error.js';

/** Reports an argument or option that is not what it should be; nothing was changed by the call. */
export class InvalidOptionError extends SchedulerError {
  override readonly code = 'ESC_INVALID_OPTION';

  /** Names the argument or option, as a path: `retry.attempts`. */
  readonly field: string;

  /** Says what it should have been, to follow "to be". */
  readonly expected: string;

  /** Holds what came. */
  readonly received: unknown;

  /**
   * Makes the error.
   *
   * @param field - the argument or option, as a path
   * @param expected - what it should have been, to follow "to be"
   * @param received - what came
   */
  constructor(field: string, expected: string, received: unknown, options?: ErrorOptions) {
    super(expectation(field, expected, received), options);
    this.field = field;
    this.expected = expected;
    this.received = received;
  }
}

/** Says where in a trigger a fault lies. */
export interface TriggerFault {
  /** Names the field, as a path: `cron`, `timezone`, `hour`. */
  readonly field: string;
  /** Says what was expected, to follow "to be". */
  readonly expected: string;
  /** Holds what came. */
  readonly received: unknown;
  /** Counts the characters before the fault in the text that was parsed, from 0; absent where there is no text. */
  readonly position?: number;
}

/** Reports a trigger that cannot be made: text that does not parse, an unknown zone, a time that never comes. */
export class InvalidTriggerError extends SchedulerError {
  override readonly code = 'ESC_INVALID_TRIGGER';

  /** Names the field at fault. */
  readonly field: string;

  /** Counts the characters before the fault, from 0; `undefined` where there is no text. */
  readonly position: number | undefined;

  /** Makes the error from the place and kind of the fault. */
  constructor(fault: TriggerFault, options?: ErrorOptions) {
    const place = fault.position === undefined ? '' : ` At position ${String(fault.position)}.`;
    super(expectation(fault.field, fault.expected, fault.received) + place, options);
    this.field = fault.field;
    this.position = fault.position;
  }
}

/** Reports job or run data that no store can keep as JSON, or that the task's schema refuses. */
export class InvalidDataError extends SchedulerError {
  override readonly code = 'ESC_INVALID_DATA';

  /** Names the place in the data, as a path: `data.items[3]`. */
  readonly path: string;

  /** Makes the error. */
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** Reports an import whose text is damaged; no job of it was added. */
export class InvalidImportError extends SchedulerError {
  override readonly code = 'ESC_INVALID_IMPORT';

  /** Counts the lines from 1 to the damaged one. */
  readonly line: number;

  /** Makes the error. */
  constructor(line: number, message: string, options?: ErrorOptions) {
    super(`Line ${String(line)} of the import: ${message}`, options);
    this.line = line;
  }
}
