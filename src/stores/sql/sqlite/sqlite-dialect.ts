import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { createTableAndIndexes } from '../create-table.js';
import type { SqlDialect } from '../dialect.js';
import type { Column } from '../tables.js';
import { isRetryableSqliteError, isSqliteUniqueViolation } from './sqlite-errors.js';

/** Is the SQL of SQLite. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  // A transaction that begins as a reader and then writes is refused at once when another writes.
  begin: [sql`begin immediate`],
  // One writer at a time: whoever has begun has locked all.
  forUpdate: sql``,
  skipLocked: sql``,

  quote: (name) => `"${name}"`,

  // All processes on one file are on one machine; a clock that tests move moves the store's time too.
  now: (clock) => sql<number>`${clock.now()}`,

  isIn: (column, values) =>
    sql<boolean>`${column} in (select value from json_each(${JSON.stringify(values)}))`,

  isInSelect: (column, select) => sql<boolean>`${column} in (${select})`,

  contains: (column, text) => sql<boolean>`instr(${column}, ${text}) > 0`,

  rows: (columns, { json }) =>
    sql`(select ${sql.raw(columns.map(extract).join(', '))} from json_each(${json})) as v`,

  update: (target, columns, rows): RawBuilder<unknown> => {
    const key: Column = { name: target.table.primaryKey, type: 'key', isNullable: false };
    const assignments = columns.map(({ name }) => `${name} = v.${name}`).join(', ');
    return sql`update ${target.sql} as t set ${sql.raw(assignments)}
      from ${sqliteDialect.rows([key, ...columns], rows)}
      where t.${sql.raw(key.name)} = v.${sql.raw(key.name)}`;
  },

  notify: () => null,

  createTable: (target, prefix) => createTableAndIndexes(target, prefix, columnType),

  lock: () => null,
  unlock: () => null,

  isRetryable: isRetryableSqliteError,
  isUniqueViolation: isSqliteUniqueViolation,
  isMissingTable: (error) => /no such table/i.test(String((error as { message?: unknown } | null)?.message)),
};

function extract({ name }: Column): string {
  return `value ->> '${name}' as ${name}`;
}

function columnType({ type }: Column): string {
  return type === 'key' || type === 'composite-key' || type === 'text' ? 'text' : 'integer';
}
