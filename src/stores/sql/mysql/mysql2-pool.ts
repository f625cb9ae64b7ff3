import type { QueryResult } from 'kysely';
import type { ClientPool, PooledClient } from '../pooled-driver.js';
import type { Mysql2CallbackPoolLike, Mysql2ConnectionLike } from './mysql2-pool-like.js';
import { isMysqlStatementError } from './mysql-errors.js';
import type { OwnConnections } from './own-connections.js';

/** Is the statement that {@link OwnConnections} makes needless. */
const READ_COMMITTED = 'set transaction isolation level read committed';

/** Gives the connections of a pool of mysql2. */
export class Mysql2Pool implements ClientPool {
  readonly #pool: Mysql2CallbackPoolLike;
  readonly #own: OwnConnections | null;
  readonly #known = new WeakSet<Mysql2ConnectionLike>();

  /**
   * Makes it; nothing is connected yet.
   *
   * @param own - looks after the connections of a pool of our own; `null`: the pool was handed in
   */
  constructor(pool: Mysql2CallbackPoolLike, own: OwnConnections | null) {
    this.#pool = pool;
    this.#own = own;
  }

  async acquire(): Promise<PooledClient> {
    const connection = await checkOut(this.#pool);
    // A lost connection may tell so more than once; the pool hears it once, and nobody hearing it ends the process.
    if (!this.#known.has(connection)) {
      this.#known.add(connection);
      // Of several stores on one pool, the first has seen to it.
      if (connection.listeners?.('error').includes(ignore) !== true) connection.on('error', ignore);
    }
    this.#own?.acquired(connection);
    return new Mysql2PooledClient(connection, this.#own);
  }

  async end(): Promise<void> {
    await this.#own?.close(this.#pool);
  }
}

class Mysql2PooledClient implements PooledClient {
  readonly #connection: Mysql2ConnectionLike;
  readonly #own: OwnConnections | null;

  constructor(connection: Mysql2ConnectionLike, own: OwnConnections | null) {
    this.#connection = connection;
    this.#own = own;
  }

  async run(text: string, values: readonly unknown[]): Promise<QueryResult<unknown>> {
    if (this.#own !== null && text === READ_COMMITTED) return { rows: [] };
    const result = await send(this.#connection, text, values);
    if (Array.isArray(result)) return { rows: result };
    const { affectedRows } = (result ?? {}) as { affectedRows?: number };
    return affectedRows === undefined ? { rows: [] } : { rows: [], numAffectedRows: BigInt(affectedRows) };
  }

  survives(error: unknown): boolean {
    return isMysqlStatementError(error);
  }

  release(): void {
    this.#own?.released(this.#connection);
    this.#connection.release();
  }

  destroy(): void {
    this.#connection.destroy();
    // That only says goodbye, to which a dead connection gives no answer.
    (this.#connection.stream as { destroy?(): unknown } | undefined)?.destroy?.();
  }
}

/** Runs a statement. How rows come is said each time: the application may have set it otherwise for its pool. */
function send(connection: Mysql2ConnectionLike, sql: string, values: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query(
      {
        sql,
        values: [...values],
        rowsAsArray: false,
        nestTables: false,
      },
      (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      },
    );
  });
}

function checkOut(pool: Mysql2CallbackPoolLike): Promise<Mysql2ConnectionLike> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => {
      if (error === null) resolve(connection);
      else reject(error);
    });
  });
}

function ignore(): void {
  // What was under way on the connection fails by itself; the pool drops it.
}
