/** Is a database of the package better-sqlite3, or one of Node's own `node:sqlite`. */
export type SqliteDatabaseLike = BetterSqliteDatabaseLike | NodeSqliteDatabaseLike;

/** Is a database of better-sqlite3, by the part of it that is used here. */
export interface BetterSqliteDatabaseLike {
  /** Makes a statement. */
  prepare(sql: string): BetterSqliteStatementLike;
  /** Closes it. */
  close(): unknown;
}

/** Is a statement of better-sqlite3, by the part of it that is used here. */
export interface BetterSqliteStatementLike {
  /** Says whether it gives rows. */
  readonly reader: boolean;
  /** Gives all rows. */
  all(...parameters: unknown[]): unknown[];
  /** Runs it without rows. */
  run(...parameters: unknown[]): SqliteChangeCount;
  /** Says whether integers come as `bigint`. */
  safeIntegers(toggle: boolean): unknown;
}

/** Is a `DatabaseSync` of `node:sqlite`, by the part of it that is used here. */
export interface NodeSqliteDatabaseLike {
  /** Makes a statement. */
  prepare(sql: string): NodeSqliteStatementLike;
  /** Closes it. */
  close(): void;
}

/** Is a statement of `node:sqlite`, by the part of it that is used here. */
export interface NodeSqliteStatementLike {
  /** Gives all rows. */
  all(...parameters: never[]): unknown[];
  /** Runs it without rows. */
  run(...parameters: never[]): SqliteChangeCount;
  /** Describes the columns of its rows. */
  columns?(): readonly unknown[];
  /** Says whether integers come as `bigint`. */
  setReadBigInts(enabled: boolean): void;
}

/** Tells what a statement without rows did. */
export interface SqliteChangeCount {
  /** Counts the rows that it changed. */
  readonly changes: number | bigint;
}
