import type { Timer } from '../../../time/clock.js';
import { settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import { STATEMENT_LIMIT_MS } from '../pooled-driver.js';
import type { Mysql2CallbackPoolLike, Mysql2ConnectionLike } from './mysql2-pool-like.js';

/** Is how long a connection may lie idle: less than the server lets it. */
const IDLE_MS = 30_000;
/** Is how long closing may take. */
const GOODBYE_MS = 2000;

/**
 * Holds what is said first on each connection. The server ends a session, and with it the locks of its transaction, that
 * it hears nothing more of; and a wait for a lock before we give up the connection, with an error to try again. Values
 * are written into the text of a statement, escaped by backslashes: the SQL mode must know these.
 */
const SETTINGS: readonly string[] = [
  'set session transaction isolation level read committed',
  `set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    session wait_timeout = ${(3 * STATEMENT_LIMIT_MS) / 1000},
    session innodb_lock_wait_timeout = ${STATEMENT_LIMIT_MS / 2000}`,
];

/**
 * Looks after the connections of a pool of our own: sets them up, closes those that have lain idle (mysql2 would do it
 * by a timer that holds the process open), and lets the process end while none is in use.
 */
export class OwnConnections {
  readonly #all = new Set<Mysql2ConnectionLike>();
  /** Holds since when connections have been idle, the one that has been for longest first. */
  readonly #idleSince = new Map<Mysql2ConnectionLike, number>();
  #timer: Timer | null = null;
  #closing: Promise<void> | null = null;

  /** Sets a new connection up; what it is used for comes after that. */
  created(connection: Mysql2ConnectionLike): void {
    this.#all.add(connection);
    connection.on('end', () => this.#forget(connection));
    connection.on('error', () => this.#forget(connection));
    for (const sql of SETTINGS) {
      connection.query({ sql, values: [] }, (error) => {
        if (error !== null) connection.destroy();
      });
    }
  }

  /** Is told that a connection is used. */
  acquired(connection: Mysql2ConnectionLike): void {
    this.#idleSince.delete(connection);
    socketOf(connection)?.ref?.();
  }

  /** Is told that a connection is idle. */
  released(connection: Mysql2ConnectionLike): void {
    this.#idleSince.set(connection, systemClock.monotonic());
    socketOf(connection)?.unref?.();
    this.#timer ??= systemClock.setTimer(this.#sweep, IDLE_MS);
  }

  /** Closes the pool, and whatever does not let itself be closed. */
  close(pool: Mysql2CallbackPoolLike): Promise<void> {
    this.#closing ??= this.#close(pool);
    return this.#closing;
  }

  async #close(pool: Mysql2CallbackPoolLike): Promise<void> {
    this.#timer?.cancel();
    const ended = new Promise<void>((resolve) => pool.end(() => resolve()));
    if (await settlesWithin(systemClock, ended, GOODBYE_MS)) return;
    for (const connection of this.#all) socketOf(connection)?.destroy?.();
  }

  readonly #sweep = (): void => {
    const now = systemClock.monotonic();
    this.#timer = null;
    for (const [connection, since] of this.#idleSince) {
      const left = since + IDLE_MS - now;
      if (left > 0) {
        this.#timer = systemClock.setTimer(this.#sweep, left);
        return;
      }
      this.#forget(connection);
      connection.end();
    }
  };

  #forget(connection: Mysql2ConnectionLike): void {
    this.#all.delete(connection);
    this.#idleSince.delete(connection);
  }
}

interface Socket {
  ref?(): unknown;
  unref?(): unknown;
  destroy?(): unknown;
}

function socketOf({ stream }: Mysql2ConnectionLike): Socket | undefined {
  return stream as Socket | undefined;
}
