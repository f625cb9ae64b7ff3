import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { assertNever } from '../../../internal/assert-never.js';
import { createTableAndIndexes } from '../create-table.js';
import type { SqlDialect } from '../dialect.js';
import type { Column } from '../tables.js';
import { isPostgresUniqueViolation, isRetryablePostgresError } from './postgres-errors.js';

/** Is the SQL of PostgreSQL. */
export const postgresDialect: SqlDialect = {
  name: 'postgres',
  begin: [sql`begin isolation level read committed`],
  forUpdate: sql`for update`,
  skipLocked: sql`for update skip locked`,

  quote: (name) => `"${name}"`,

  // Floored, because a cast rounds; of the statement, because `clock_timestamp()` keeps an index from being used.
  now: () => sql<number>`floor(extract(epoch from statement_timestamp()) * 1000)::bigint`,

  isIn: (column, values) => sql<boolean>`${column} = any(${values}::text[])`,

  // As an array, which is looked up row by row; with `in` the planner may read the whole table.
  isInSelect: (column, select) => sql<boolean>`${column} = any(array(${select}))`,

  contains: (column, text) => sql<boolean>`strpos(${column}, ${text}) > 0`,

  rows: (columns, { json }) => sql`json_to_recordset(${json}::json) as v(${sql.raw(recordOf(columns))})`,

  update: (target, columns, rows): RawBuilder<unknown> => {
    const { primaryKey } = target.table;
    const key: Column = { name: primaryKey, type: 'key', isNullable: false };
    const assignments = columns.map(({ name }) => `${name} = v.${name}`).join(', ');
    // The keys stand there twice, because of rows in a text the planner knows nothing: it would read the whole table.
    return sql`update ${target.sql} as t set ${sql.raw(assignments)}
      from ${postgresDialect.rows([key, ...columns], rows)}
      where t.${sql.raw(primaryKey)} = v.${sql.raw(primaryKey)}
        and ${postgresDialect.isIn(sql`t.${sql.raw(primaryKey)}`, rows.keys)}`;
  },

  notify: (channel, payload) => sql`select pg_notify(${channel}, ${payload})`,

  createTable: (target, prefix) => createTableAndIndexes(target, prefix, columnType),

  // Two 32-bit numbers, so that the lock is not one that the application takes.
  lock: (name) => sql`select pg_advisory_xact_lock(19750419, hashtext(${name}))`,
  unlock: () => null,

  isRetryable: isRetryablePostgresError,
  isUniqueViolation: isPostgresUniqueViolation,
  isMissingTable: (error) => (error as { code?: unknown } | null)?.code === '42P01',
};

function recordOf(columns: readonly Column[]): string {
  return columns.map((column) => `${column.name} ${columnType(column)}`).join(', ');
}

function columnType({ type }: Column): string {
  switch (type) {
    case 'key':
    case 'composite-key':
      return 'text collate "C"';
    case 'text':
      return 'text';
    case 'flag':
    case 'small':
      return 'smallint';
    case 'instant':
      return 'bigint';
    default:
      return assertNever(type);
  }
}
