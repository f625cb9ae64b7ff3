import type { Kysely } from 'kysely';
import type { StoreContext } from '../job-store.js';

/** Connects to a database. */
export interface SqlConnector {
  /** Makes a connection, or borrows the one that was handed in. It may reach the database only when it is first used. */
  connect(context: StoreContext): Promise<SqlConnection>;
}

/** Is a way to a database. */
export interface SqlConnection {
  /** Runs statements; it has no plugins. */
  readonly db: Kysely<unknown>;
  /** Tells of changes; `null`: the database has no means to. */
  readonly changes: SqlChanges | null;
  /** Closes what was created here, and nothing that was handed in; calling it again does nothing. */
  close(): Promise<void>;
}

/** Tells of changes that others made in a database. */
export interface SqlChanges {
  /**
   * Begins to listen. Resolves once it listens or, where that fails for now, once it is to be tried again.
   *
   * @param onChange - gets the payload of a notification, one's own included; `null`: something may have changed, and
   * nothing more is known
   * @returns a function that ends the listening
   */
  listen(onChange: (payload: string | null) => void): Promise<() => Promise<void>>;

  /** Makes sure that what listens still answers, and listens anew if it does not; never rejects. */
  check(): Promise<void>;
}
