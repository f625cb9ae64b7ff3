import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import { InvalidStateError } from '../../errors/scheduler-errors.js';
import { StoreTimedOutError } from '../../errors/store-errors.js';
import { settlesWithin } from '../../time/long-timer.js';
import { systemClock } from '../../time/system-clock.js';

/** Is where a driver gets its clients from. */
export interface ClientPool {
  /** Checks a client out. */
  acquire(): Promise<PooledClient>;
  /** Closes the pool, unless it was handed in. */
  end(): Promise<void>;
}

/** Is a client that was checked out of a pool. */
export interface PooledClient {
  /** Runs a statement. */
  run(text: string, values: readonly unknown[]): Promise<QueryResult<unknown>>;
  /** Tells whether the client can be used on after an error. */
  survives(error: unknown): boolean;
  /** Gives the client back to the pool. */
  release(): void;
  /** Closes the client, whatever it is doing, and takes it out of the pool. */
  destroy(): void;
}

/** Is how long a statement may take, and the wait for a client: well below a node's lease. */
export const STATEMENT_LIMIT_MS = 20_000;

/** Is how long a statement may take that changes the schema: making an index reads the whole table. */
const SCHEMA_LIMIT_MS = 3_600_000;

const CHANGES_SCHEMA = /^\s*(?:create|alter|drop)\b/i;
const ROLLS_BACK = /^\s*rollback\s*$/i;

/**
 * Runs Kysely's statements on the clients of a pool, each within a time of its own, so that a connection whose other end
 * is gone without a word is found. A client that did not answer, that lost its connection, or that could not roll back
 * is closed and never used again.
 *
 * The limits are real time, whatever clock the scheduler has: so is what they wait for.
 */
export class PooledDriver implements Driver {
  readonly #pool: ClientPool;
  readonly #limitMs: number;

  /** Makes a driver; nothing is connected yet. */
  constructor(pool: ClientPool, limitMs: number = STATEMENT_LIMIT_MS) {
    this.#pool = pool;
    this.#limitMs = limitMs;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<PooledConnection> {
    const acquiring = this.#pool.acquire();
    if (await settlesWithin(systemClock, acquiring, this.#limitMs)) {
      return new PooledConnection(await acquiring, this.#limitMs);
    }
    acquiring.then(
      (client) => client.release(),
      () => undefined,
    );
    throw new StoreTimedOutError('connection', this.#limitMs);
  }

  async beginTransaction(connection: PooledConnection): Promise<void> {
    await connection.run('begin', []);
  }

  async commitTransaction(connection: PooledConnection): Promise<void> {
    await connection.run('commit', []);
  }

  async rollbackTransaction(connection: PooledConnection): Promise<void> {
    await connection.run('rollback', []);
  }

  async releaseConnection(connection: PooledConnection): Promise<void> {
    connection.release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}

/** Is a client of a pool from when it is checked out until it is given back, for Kysely. */
export class PooledConnection implements DatabaseConnection {
  readonly #client: PooledClient;
  readonly #limitMs: number;
  #failure: { readonly error: unknown } | null = null;

  /** Makes it. */
  constructor(client: PooledClient, limitMs: number) {
    this.#client = client;
    this.#limitMs = limitMs;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return (await this.run(query.sql, query.parameters)) as QueryResult<R>;
  }

  /** Runs a statement. Once the client is lost, every further one fails as the one that lost it. */
  async run(text: string, values: readonly unknown[]): Promise<QueryResult<unknown>> {
    if (this.#failure !== null) throw this.#failure.error;
    const limitMs = CHANGES_SCHEMA.test(text) ? Math.max(this.#limitMs, SCHEMA_LIMIT_MS) : this.#limitMs;
    const answer = this.#client.run(text, values);
    if (!(await settlesWithin(systemClock, answer, limitMs))) {
      throw this.#lose(new StoreTimedOutError('answer', limitMs));
    }
    try {
      return await answer;
    } catch (error) {
      throw this.#client.survives(error) && !ROLLS_BACK.test(text) ? error : this.#lose(error);
    }
  }

  streamQuery(): AsyncIterableIterator<never> {
    throw new InvalidStateError('A store does not stream.');
  }

  /** Gives the client back, or closes it if it is lost. */
  release(): void {
    if (this.#failure === null) this.#client.release();
    else this.#client.destroy();
  }

  #lose(error: unknown): unknown {
    this.#failure ??= { error };
    return error;
  }
}
