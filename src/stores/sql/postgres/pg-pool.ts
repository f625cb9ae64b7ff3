import type { QueryResult } from 'kysely';
import type { ClientPool, PooledClient } from '../pooled-driver.js';
import { STATEMENT_LIMIT_MS } from '../pooled-driver.js';
import type { PgClientLike, PgPoolClientLike, PgPoolLike, PgQuery, PgResult } from './pg-pool-like.js';
import { isPostgresStatementError } from './postgres-errors.js';
import { StatementNames } from './statement-names.js';

const BEGINS = /^\s*(?:begin|start transaction)\b/i;

/**
 * Follows a `begin`, in the same message.
 *
 * Our transactions look rows up by their keys; on a table that has grown since it was last analyzed, the planner would
 * rather read it whole. What that makes dear to it, it would compile first, which takes longer than the transaction. The server ends a transaction of ours that it hears nothing more of, and with
 * it its locks, no later than we give up the connection; and a wait for a lock before that, with an error to try again.
 */
const BOUNDS = `; set local idle_in_transaction_session_timeout = ${STATEMENT_LIMIT_MS}; set local lock_timeout = ${STATEMENT_LIMIT_MS / 2}; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off`;

/** Holds the statements that change rows. */
const CHANGING = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** Gives the clients of a pool of pg. */
export class PgPool implements ClientPool {
  readonly #pool: PgPoolLike;
  readonly #isOwn: boolean;
  readonly #known = new WeakSet<PgClientLike>();
  /** Names statements on connections of our own; those of others may go through a pooler, or know our names. */
  readonly #names: StatementNames | null;
  #isEnded = false;

  /** Makes it; nothing is connected yet. */
  constructor(pool: PgPoolLike, isOwn: boolean) {
    this.#pool = pool;
    this.#isOwn = isOwn;
    this.#names = isOwn ? new StatementNames() : null;
    pool.on('error', ignore);
  }

  async acquire(): Promise<PooledClient> {
    const client = await this.#pool.connect();
    // A client emits its connection's end as an `error`; one that nobody hears ends the process.
    if (!this.#known.has(client)) {
      this.#known.add(client);
      // Of several stores on one pool, the first has seen to it.
      if (client.listeners?.('error').includes(ignore) !== true) client.on('error', ignore);
    }
    return new PgPooledClient(client, this.#names);
  }

  async end(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#isOwn) await this.#pool.end();
    else this.#pool.off('error', ignore);
  }
}

class PgPooledClient implements PooledClient {
  readonly #client: PgPoolClientLike;
  readonly #names: StatementNames | null;

  constructor(client: PgPoolClientLike, names: StatementNames | null) {
    this.#client = client;
    this.#names = names;
  }

  async run(text: string, values: readonly unknown[]): Promise<QueryResult<unknown>> {
    const name = values.length === 0 ? undefined : this.#names?.nameOf(text);
    const query: PgQuery = {
      ...(name !== undefined && { name }),
      text: BEGINS.test(text) && values.length === 0 ? text + BOUNDS : text,
      values: [...values],
      types: { getTypeParser: (oid, format) => this.#parser(oid, format) },
    };
    const answer = await this.#ask(query);
    const { command, rowCount, rows } = Array.isArray(answer) ? EMPTY : (answer as PgResult);
    return CHANGING.has(command ?? '')
      ? { rows: [...rows], numAffectedRows: BigInt(rowCount ?? 0) }
      : { rows: [...rows] };
  }

  async #ask(query: PgQuery): Promise<PgResult | readonly PgResult[]> {
    try {
      return (await this.#client.query(query)) as PgResult | readonly PgResult[];
    } catch (error) {
      this.#names?.see(error);
      throw error;
    }
  }

  survives(error: unknown): boolean {
    return isPostgresStatementError(error);
  }

  release(): void {
    this.#client.release();
  }

  destroy(): void {
    this.#client.release(true);
  }

  /** Reads integers, booleans and texts as every pool does, whatever parsers the application has set for its own. */
  #parser(oid: number, format: unknown): (value: never) => unknown {
    const parser = format === 'binary' ? undefined : PARSERS.get(oid);
    return (parser ?? this.#client.getTypeParser?.(oid, format as never) ?? String) as (
      value: never,
    ) => unknown;
  }
}

const EMPTY: PgResult = { command: null, rowCount: null, rows: [] };

/** Holds what reads the values of a type, by its oid (pg_type.dat): `bool`, `int8`, `int2`, `int4`, `text`, `varchar`. */
const PARSERS: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [16, (text) => text === 't'],
  [20, String],
  [21, Number],
  [23, Number],
  [25, String],
  [1043, String],
]);

function ignore(): void {
  // What was under way on the client fails by itself; the pool drops it.
}
