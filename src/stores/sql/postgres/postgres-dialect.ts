import { CompiledQuery, sql } from 'kysely';
import { assertNever } from '../../../internal/assert-never.js';
import { createTableAndIndexes, defineColumn } from '../create-table.js';
import type { SqlDialect } from '../dialect.js';
import { toJsonRows } from '../json-rows.js';
import type { Column } from '../tables.js';
import { isPostgresUniqueViolation, isRetryablePostgresError } from './postgres-errors.js';

/** Is the SQL of PostgreSQL. */
export const postgresDialect: SqlDialect = {
  name: 'postgres',
  product: 'postgres',
  begin: [sql`begin isolation level read committed`],
  forUpdate: sql`for update`,
  skipLocked: sql`for update skip locked`,
  leavesOut: true,

  quote: (name) => `"${name}"`,

  // Floored, because a cast rounds; of the statement, because `clock_timestamp()` keeps an index from being used.
  now: () => sql<number>`floor(extract(epoch from statement_timestamp()) * 1000)::bigint`,

  isIn: (column, values) => sql<boolean>`${column} = any(${values}::text[])`,

  // As an array, which is looked up row by row; with `in` the planner may read the whole table.
  isInSelect: (column, select) => sql<boolean>`${column} = any(array(${select}))`,

  contains: (column, text) => sql<boolean>`strpos(${column}, ${text}) > 0`,

  canReturn: true,

  *insert({ text }, columns, rows) {
    const names = namesOf(columns);
    const statement = `insert into ${text} (${names}) select ${names} from json_to_recordset($1::json) as v(${recordOf(columns)})`;
    for (const json of toJsonRows(columns, rows)) yield CompiledQuery.raw(statement, [json]);
  },

  *update({ table, text }, columns, rows) {
    const { primaryKey } = table;
    const assignments = columns.slice(1).map(({ name }) => `${name} = v.${name}`);
    const statement = `update ${text} as t set ${assignments.join(', ')}
      from json_to_recordset($1::json) as v(${recordOf(columns)})
      where t.${primaryKey} = v.${primaryKey}`;
    for (const json of toJsonRows(columns, rows)) yield CompiledQuery.raw(statement, [json]);
  },

  notify: (channel, payload) => sql`select pg_notify(${channel}, ${payload})`,

  createTable: (target, prefix) => createTableAndIndexes(target, prefix, columnType),
  addColumn: ({ table, text }, column) =>
    `alter table ${text} add column if not exists ${defineColumn(column, table.primaryKey, columnType)}`,

  // Two 32-bit numbers, so that the lock is not one that the application takes.
  lock: (name) => sql`select pg_advisory_xact_lock(19750419, hashtext(${name}))`,
  unlock: () => null,

  isRetryable: isRetryablePostgresError,
  isUniqueViolation: isPostgresUniqueViolation,
  isMissingTable: (error) => (error as { code?: unknown } | null)?.code === '42P01',
  isColumnThere: () => false,
};

function namesOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join(', ');
}

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
