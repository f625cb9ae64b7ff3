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

/** Reports a write that too few replicas acknowledged in time. It is done where it was written, and a failover may undo it. */
export class StoreNotReplicatedError extends SchedulerError {
  override readonly code = 'ESC_STORE_NOT_REPLICATED';

  /** Counts the replicas that acknowledged it. */
  readonly acknowledged: number;

  /** Counts the replicas that were to acknowledge it. */
  readonly replicas: number;

  /** Makes the error from both counts, and how long was waited, in milliseconds. */
  constructor(acknowledged: number, replicas: number, limitMs: number) {
    super(
      `Of the ${String(replicas)} replicas that \`wait\` asks for, ${String(acknowledged)} had the write within ` +
        `${String(limitMs)} ms. It is done on the master, and a failover may undo it; look at the replicas.`,
    );
    this.acknowledged = acknowledged;
    this.replicas = replicas;
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

/** Reports a key of a Redis store that is not of the type that it should be: somebody else writes under its prefix. */
export class StoreDamagedError extends SchedulerError {
  override readonly code = 'ESC_STORE_DAMAGED';

  /** Is the key. */
  readonly key: string;

  /** Makes the error from the key, the type that it should have and the one that it has. */
  constructor(key: string, expected: string, found: string, options?: ErrorOptions) {
    super(
      `Expected the key ${JSON.stringify(key)} of the job store to be a ${expected}, got a ${found}. ` +
        'Something else writes under the prefix of the store; give it another, or remove the key.',
      options,
    );
    this.key = key;
  }
}

/** Reports a store that a newer version of the library has written. */
export class StoreNewerError extends SchedulerError {
  override readonly code = 'ESC_STORE_NEWER';

  /** Is the version of the format that the store is in. */
  readonly found: number;

  /** Is the newest version that is known here. */
  readonly known: number;

  /** Makes the error from both versions. */
  constructor(found: number, known: number) {
    super(
      `The job store is in format ${String(found)}, and this version of escapement knows formats up to ` +
        `${String(known)}. Install the version that wrote it, or a later one.`,
    );
    this.found = found;
    this.known = known;
  }
}
