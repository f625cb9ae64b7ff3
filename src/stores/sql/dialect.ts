import type { CompiledQuery, RawBuilder } from 'kysely';
import type { Clock } from '../../time/clock.js';
import type { Value } from './row-writer.js';
import type { Column, Table } from './tables.js';

/** Names a database that an {@link SqlJobStore} speaks to; MariaDB is `mysql` too. */
export type SqlDialectName = 'postgres' | 'mysql' | 'sqlite';

/** Names a database closely enough to write its tables down. */
export type SqlDatabaseName = 'postgres' | 'mysql' | 'mariadb' | 'sqlite';

/** Is a table with the name that it has in the database. */
export interface NamedTable {
  /** Is the table. */
  readonly table: Table;
  /** Is its name, quoted, with schema and prefix. */
  readonly sql: RawBuilder<unknown>;
  /** Is the same as text. */
  readonly text: string;
}

/** Holds what one database says otherwise than another; all else is the same SQL. */
export interface SqlDialect {
  /** Names the database. */
  readonly name: SqlDialectName;
  /** Names the database more closely: MySQL and MariaDB are told apart. */
  readonly product: SqlDatabaseName;
  /** Holds the statements that begin a transaction in which each statement sees what was committed before it. */
  readonly begin: readonly RawBuilder<unknown>[];
  /** Locks the rows of a select until the transaction ends, waiting for those that others have locked. */
  readonly forUpdate: RawBuilder<unknown>;
  /** Locks the rows of a select, leaving out those that others have locked; see {@link leavesOut}. */
  readonly skipLocked: RawBuilder<unknown>;
  /** Says whether a select may leave out rows because others have them locked. */
  readonly leavesOut: boolean;
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
  /** Gives the statements that insert rows. */
  insert(
    target: NamedTable,
    columns: readonly Column[],
    rows: readonly (readonly Value[])[],
  ): Iterable<CompiledQuery>;
  /** Gives the statements that set columns of the rows that have the primary keys of given ones, their first column. */
  update(
    target: NamedTable,
    columns: readonly Column[],
    rows: readonly (readonly Value[])[],
  ): Iterable<CompiledQuery>;
  /** Says whether an update gives the rows that it wrote. */
  readonly canReturn: boolean;
  /** Gives the statements that make a table with its indexes, and do nothing where they exist. */
  createTable(target: NamedTable, prefix: string): readonly string[];
  /** Gives the statement that adds a column to a table; where it exists it does nothing, or fails: see {@link isColumnThere}. */
  addColumn(target: NamedTable, column: Column): string;
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
  /** Tells whether a column was not added because it exists. */
  isColumnThere(error: unknown): boolean;
}
