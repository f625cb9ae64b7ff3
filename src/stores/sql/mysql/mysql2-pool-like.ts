/** Is a pool of the package mysql2: one with callbacks, or one with promises, which has the other inside. */
export type Mysql2PoolLike = Mysql2CallbackPoolLike | Mysql2PromisePoolLike;

/** Is a pool of `mysql2/promise`, by the part of it that is used here. */
export interface Mysql2PromisePoolLike {
  /** Is the pool within it. */
  readonly pool: Mysql2CallbackPoolLike;
}

/** Is a pool of mysql2 with callbacks, by the part of it that is used here. */
export interface Mysql2CallbackPoolLike {
  /** Checks a connection out. */
  getConnection(callback: (error: Error | null, connection: Mysql2ConnectionLike) => void): void;
  /** Closes it. */
  end(callback: (error: Error | null) => void): void;
}

/** Is a connection of a pool of mysql2, by the part of it that is used here. */
export interface Mysql2ConnectionLike {
  /** Gives those who listen to an event. */
  listeners?(event: 'error'): readonly unknown[];
  /** Runs a statement. */
  query(options: Mysql2Query, callback: (error: Error | null, result: unknown) => void): unknown;
  /** Hears of the connection's end. */
  on(event: 'error' | 'end', listener: () => void): unknown;
  /** Gives it back. */
  release(): void;
  /** Closes it, whatever it is doing. */
  destroy(): void;
  /** Says goodbye and closes it, in a pool with `gracefulEnd`. */
  end(): unknown;
  /** Is its socket. */
  readonly stream?: unknown;
}

/** Is a statement as mysql2 takes it. */
export interface Mysql2Query {
  /** Is its text. */
  readonly sql: string;
  /** Holds its parameters. */
  readonly values: unknown[];
  /** Says that rows are objects. */
  readonly rowsAsArray?: false;
  /** Says that columns are not kept apart by tables. */
  readonly nestTables?: false;
}
