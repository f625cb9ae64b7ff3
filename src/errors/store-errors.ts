import { SchedulerError } from './scheduler-error.js';

/** Reports a database that did not answer in time; whether it did what was asked is not known. */
export class StoreTimedOutError extends SchedulerError {
  override readonly code = 'ESC_STORE_TIMED_OUT';

  /** Is how long it was waited for, in milliseconds. */
  readonly limitMs: number;

  /** Makes the error from what was waited for, to follow "got no", and how long. */
  constructor(what: string, limitMs: number) {
    super(
      `The store got no ${what} within ${String(limitMs)} ms. The connection is given up; look at the database and at the way to it.`,
    );
    this.limitMs = limitMs;
  }
}

/** Reports tables that are missing or older than this version of the library needs, where it is not to make them. */
export class StoreSchemaError extends SchedulerError {
  override readonly code = 'ESC_STORE_SCHEMA';

  /** Is the version that the tables have; 0: there are none. */
  readonly found: number;

  /** Is the version that is needed. */
  readonly needed: number;

  /** Makes the error from both versions and the command that prints what is missing. */
  constructor(found: number, needed: number, command: string) {
    const state = found === 0 ? 'are missing' : `have version ${String(found)}`;
    super(
      `The tables of the job store ${state}; version ${String(needed)} is needed. ` +
        `Print the SQL that brings them there with "${command}" and run it, ` +
        "or let the store do so with migrate: 'auto'.",
    );
    this.found = found;
    this.needed = needed;
  }
}
