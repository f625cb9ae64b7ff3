/** Is a pool of the package pg, by the part of it that is used here. */
export interface PgPoolLike {
  /** Checks a client out. */
  connect(): Promise<PgPoolClientLike>;
  /** Hears of what happens to idle clients. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Hears no longer. */
  off(event: 'error', listener: (error: Error) => void): unknown;
  /** Closes it once all clients are back. */
  end(): Promise<void>;
}

/** Is a client of pg, by the part of it that is used here. */
export interface PgClientLike {
  /** Gives those who listen to an event. */
  listeners?(event: 'error'): readonly unknown[];
  /** Runs a statement. */
  query(query: PgQuery): Promise<unknown>;
  /** Gives what reads a type's values. */
  getTypeParser?(oid: number, format?: never): unknown;
  /** Hears of notifications, and of the connection's end. */
  on(event: 'notification' | 'error' | 'end', listener: (what: never) => void): unknown;
}

/** Is a client that was checked out of a pool of pg. */
export interface PgPoolClientLike extends PgClientLike {
  /** Gives it back, or closes it. */
  release(destroy?: boolean): void;
}

/** Is a statement as pg takes it. */
export interface PgQuery {
  /** Is its text. */
  readonly text: string;
  /** Names it, so that it is prepared once for a connection. */
  readonly name?: string;
  /** Holds its parameters. */
  readonly values?: unknown[];
  /** Gives what reads a type's values. */
  readonly types?: PgTypes;
}

/** Tells how values of types are read. */
export interface PgTypes {
  /** Gives what reads the values of a type. */
  getTypeParser(oid: number, format?: unknown): (value: never) => unknown;
}

/** Is what pg answers to a statement. */
export interface PgResult {
  /** Names what was done: `UPDATE`. */
  readonly command: string | null;
  /** Counts the rows that it was done to. */
  readonly rowCount: number | null;
  /** Holds the rows. */
  readonly rows: readonly unknown[];
}

/** Makes a client of pg. */
export type PgClientClass = new (config: object) => PgOwnClientLike;

/** Is a client of pg that belongs to no pool. */
export interface PgOwnClientLike extends PgClientLike {
  /** Connects. */
  connect(): Promise<unknown>;
  /** Closes it. */
  end(): Promise<void>;
  /** Lets the process end while it is connected. */
  unref?(): void;
  /** Is its connection. */
  readonly connection?: {
    /** Is its socket. */
    readonly stream?: { destroy?(): unknown };
  };
}
