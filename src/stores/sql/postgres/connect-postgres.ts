import { createRequire } from 'node:module';
import { Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { InvalidOptionError } from '../../../errors/input-errors.js';
import { loadPeer } from '../../../internal/load-peer.js';
import { PooledDriver, STATEMENT_LIMIT_MS } from '../pooled-driver.js';
import type { SqlConnection, SqlConnector } from '../sql-connection.js';
import { PgPool } from './pg-pool.js';
import type { PgPoolLike } from './pg-pool-like.js';
import { PostgresChanges } from './postgres-changes.js';

const require = createRequire(import.meta.url);

/** Says how to connect to PostgreSQL. */
export interface PostgresConnectorOptions {
  /** Names the channel on which changes are told. */
  readonly channel: string;
  /** Is how long a statement may take, in milliseconds. @defaultValue 20 000 */
  readonly limitMs?: number;
}

/** Is pg, by the part of it that is used here. */
interface Pg {
  readonly Pool: new (config: object) => PgPoolLike;
}

/**
 * Gives a way to a PostgreSQL database: by a pool of its own, made from a URL, or by one that was handed in.
 *
 * @throws {@link InvalidOptionError} when the source is neither
 */
export function postgresConnector(
  source: string | PgPoolLike,
  options: PostgresConnectorOptions,
): SqlConnector {
  checkSource(source);
  const { channel, limitMs = STATEMENT_LIMIT_MS } = options;
  return {
    async connect({ logger }): Promise<SqlConnection> {
      const pool = typeof source === 'string' ? makePool(source) : source;
      const clients = new PgPool(pool, typeof source === 'string');
      const db = new Kysely<unknown>({
        dialect: {
          createDriver: () => new PooledDriver(clients, limitMs),
          createQueryCompiler: () => new PostgresQueryCompiler(),
          createAdapter: () => new PostgresAdapter(),
          createIntrospector: (inner) => new PostgresIntrospector(inner),
        },
      });
      const changes = new PostgresChanges({ pool, db, channel, limitMs, logger });
      return {
        db,
        changes,
        async close() {
          await changes.close();
          await db.destroy();
          // Kysely leaves a pool alone that it has not used.
          await clients.end();
        },
      };
    },
  };
}

function makePool(connectionString: string): PgPoolLike {
  const { Pool } = loadPeer('pg', 'SqlJobStore.postgres', () => require('pg') as unknown) as Pg;
  return new Pool({
    connectionString,
    application_name: 'escapement',
    max: 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // What holds the process open is the scheduler.
    allowExitOnIdle: true,
  });
}

function checkSource(source: unknown): void {
  const expected = 'a URL that begins with postgres://, or a pool of the package pg';
  if (typeof source === 'string') {
    // A URL holds a password; it is not repeated.
    if (!/^(?:postgres|postgresql|socket):/.test(source)) {
      throw new InvalidOptionError('source', expected, source.replace(/:.*/s, ':…'));
    }
  } else if (typeof (source as PgPoolLike | null)?.connect !== 'function') {
    throw new InvalidOptionError('source', expected, source);
  }
}
