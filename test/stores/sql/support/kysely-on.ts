import SqliteDatabase from 'better-sqlite3';
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from 'kysely';
import type { Dialect, KyselyConfig } from 'kysely';
import { createPool } from 'mysql2';
import pg from 'pg';
import type { SqlPlace } from './on-every-engine.js';

/** Makes a Kysely instance as an application would, with at most two connections; whoever asks destroys it. */
export function kyselyOn(place: SqlPlace, options: Omit<KyselyConfig, 'dialect'> = {}): Kysely<unknown> {
  return new Kysely<unknown>({ ...options, dialect: dialectOf(place) });
}

function dialectOf({ engine, at }: SqlPlace): Dialect {
  switch (engine) {
    case 'sqlite':
      return new SqliteDialect({ database: new SqliteDatabase(at, { timeout: 5000 }) });
    case 'mysql':
      return new MysqlDialect({ pool: createPool({ uri: at, connectionLimit: 2 }) });
    case 'postgres':
      return new PostgresDialect({ pool: new pg.Pool({ connectionString: at, max: 2 }) });
  }
}
