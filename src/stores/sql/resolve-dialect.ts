import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { SqlDialect, SqlDialectName } from './dialect.js';
import { mysqlDialect } from './mysql/mysql-dialect.js';
import { postgresDialect } from './postgres/postgres-dialect.js';
import { sqliteDialect } from './sqlite/sqlite-dialect.js';

/** Gives the SQL of a database; MySQL and MariaDB are told apart by asking. */
export async function resolveDialect(name: SqlDialectName, db: Kysely<unknown>): Promise<SqlDialect> {
  if (name === 'postgres') return postgresDialect;
  if (name === 'sqlite') return sqliteDialect;
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(db);
  const isMariaDb = /mariadb/i.test(rows[0]?.version ?? '');
  return mysqlDialect(isMariaDb ? 'mariadb' : 'mysql');
}
