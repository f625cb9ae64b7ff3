import { createRequire } from 'node:module';
import { Kysely, MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler, sql } from 'kysely';
import { InvalidOptionError } from '../../../errors/input-errors.js';
import { loadPeer } from '../../../internal/load-peer.js';
import { PooledDriver, STATEMENT_LIMIT_MS } from '../pooled-driver.js';
import type { SqlConnection, SqlConnector } from '../sql-connection.js';
import { Mysql2Pool } from './mysql2-pool.js';
import type { Mysql2CallbackPoolLike, Mysql2ConnectionLike, Mysql2PoolLike } from './mysql2-pool-like.js';
import { OwnConnections } from './own-connections.js';

const require = createRequire(import.meta.url);

/** Says how to connect to MySQL. */
export interface MysqlConnectorOptions {
  /** Is how long a statement may take, in milliseconds. @defaultValue 20 000 */
  readonly limitMs?: number;
}

/** Is mysql2, by the part of it that is used here. */
interface Mysql2 {
  readonly createPool: (options: object) => OwnPool;
}

interface OwnPool extends Mysql2CallbackPoolLike {
  on(event: 'connection', listener: (connection: Mysql2ConnectionLike) => void): unknown;
}

/**
 * Gives a way to a MySQL or MariaDB database: by a pool of its own, made from a URL, or by one that was handed in.
 *
 * @throws {@link InvalidOptionError} when the source is neither
 */
export function mysqlConnector(
  source: string | Mysql2PoolLike,
  options: MysqlConnectorOptions = {},
): SqlConnector {
  checkSource(source);
  const { limitMs = STATEMENT_LIMIT_MS } = options;
  return {
    async connect(): Promise<SqlConnection> {
      const clients =
        typeof source === 'string' ? ownPool(source) : new Mysql2Pool(callbackPool(source), null);
      const db = new Kysely<unknown>({
        dialect: {
          createDriver: () => new PooledDriver(clients, limitMs),
          createQueryCompiler: () => new MysqlQueryCompiler(),
          createAdapter: () => new MysqlAdapter(),
          createIntrospector: (inner) => new MysqlIntrospector(inner),
        },
      });
      if (typeof source !== 'string') await checkSession(db);
      return {
        db,
        changes: null,
        async close() {
          await db.destroy();
          // Kysely leaves a pool alone that it has not used.
          await clients.end();
        },
      };
    },
  };
}

function ownPool(uri: string): Mysql2Pool {
  const { createPool } = loadPeer(
    'mysql2',
    'SqlJobStore.mysql',
    () => require('mysql2') as unknown,
  ) as Mysql2;
  const pool = createPool({
    uri,
    connectionLimit: 10,
    connectTimeout: 10_000,
    charset: 'utf8mb4',
    timezone: 'Z',
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    gracefulEnd: true,
  });
  const own = new OwnConnections();
  pool.on('connection', (connection) => own.created(connection));
  return new Mysql2Pool(pool, own);
}

function callbackPool(source: Mysql2PoolLike): Mysql2CallbackPoolLike {
  return 'pool' in source ? source.pool : source;
}

/** Checks what a session of a pool that was handed in makes of the texts that it is sent. */
async function checkSession(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ mode: string; charset: string }>`
    select @@session.sql_mode as mode, @@session.character_set_connection as charset`.execute(db);
  for (const { mode, charset } of rows) {
    if (mode.includes('NO_BACKSLASH_ESCAPES')) {
      throw new InvalidOptionError('source', 'a pool whose SQL mode is without NO_BACKSLASH_ESCAPES', mode);
    }
    if (charset !== 'utf8mb4') {
      throw new InvalidOptionError('source', 'a pool whose character set is utf8mb4', charset);
    }
  }
}

function checkSource(source: unknown): void {
  const expected = 'a URL that begins with mysql://, or a pool of the package mysql2';
  if (typeof source === 'string') {
    // A URL holds a password; it is not repeated.
    if (!/^(?:mysql|mariadb):/.test(source)) {
      throw new InvalidOptionError('source', expected, source.replace(/:.*/s, ':…'));
    }
    return;
  }
  const { pool = source } = (source ?? {}) as { pool?: unknown };
  if (typeof (pool as { getConnection?: unknown } | null)?.getConnection !== 'function') {
    throw new InvalidOptionError('source', expected, source);
  }
}
