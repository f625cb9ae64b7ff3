import type { RawBuilder } from 'kysely';
import type { Clock } from '../../time/clock.js';
import type { Column, Table } from './tables.js';

/** Names a database that an {@link SqlJobStore} speaks to; MariaDB is `mysql` too. */
export type SqlDialectName = 'postgres' | 'mysql' | 'sqlite';

/** Is a table with the name that it has in the database. */
export interface NamedTable {
  /** Is the table. */
  readonly table: Table;
  /** Is its name, quoted, with schema and prefix. */
  readonly sql: RawBuilder<unknown>;
  /** Is the same as text. */
  readonly text: string;
}

/** Holds rows as one text. */
export interface JsonRows {
  /** Is a JSON array of objects. */
  readonly json: string;
  /** Holds their primary keys. */
  readonly keys: readonly string[];
}

/** Holds what one database says otherwise than another; all else is the same SQL. */
export interface SqlDialect {
  /** Names the database. */
  readonly name: SqlDialectName;
  /** Holds the statements that begin a transaction in which each statement sees what was committed before it. */
  readonly begin: readonly RawBuilder<unknown>[];
  /** Locks the rows of a select until the transaction ends, waiting for those that others have locked. */
  readonly forUpdate: RawBuilder<unknown>;
  /** Locks the rows of a select, leaving out those that others have locked. */
  readonly skipLocked: RawBuilder<unknown>;
  /** Quotes the name of a table or index. */
  quote(name: string): string;
  /** Is the database's time in epoch milliseconds, the same all through a statement. */
  now(clock: Clock): RawBuilder<number>;
  /** Tells whether a column has one of some values. */
  isIn(column: RawBuilder<unknown>, values: readonly string[]): RawBuilder<boolean>;
  /** Tells whether a column has one of the values that a select gives. */
  isInSelect(column: RawBuilder<unknown>, select: RawBuilder<unknown>): RawBuilder<boolean>;
  /** Tells whether a text column contains a text. */
  contains(column: RawBuilder<unknown>, text: string): RawBuilder<boolean>;
  /** Is a table expression named `v` of rows. */
  rows(columns: readonly Column[], rows: JsonRows): RawBuilder<unknown>;
  /** Sets columns of the rows that have the primary keys of given ones. */
  update(target: NamedTable, columns: readonly Column[], rows: JsonRows): RawBuilder<unknown>;
  /** Gives the statements that make a table with its indexes, and do nothing where they exist. */
  createTable(target: NamedTable, prefix: string): readonly string[];
  /** Is a statement that tells listeners on a channel something; `null`: the database cannot. */
  notify(channel: string, payload: string): RawBuilder<unknown> | null;
  /** Holds off other migrations of the same tables; in a transaction, and let go by {@link unlock} or its end. */
  lock(name: string): RawBuilder<unknown> | null;
  /** Lets other migrations go on, where the end of the transaction does not. */
  unlock(name: string): RawBuilder<unknown> | null;
  /** Tells whether a failed transaction may succeed when it is repeated: a deadlock, or a lock not had in time. */
  isRetryable(error: unknown): boolean;
  /** Tells whether a row was refused because another has its key. */
  isUniqueViolation(error: unknown): boolean;
  /** Tells whether a table does not exist. */
  isMissingTable(error: unknown): boolean;
}
