import { CompiledQuery, sql } from 'kysely';
import { createTableAndIndexes, defineColumn } from '../create-table.js';
import type { SqlDialect } from '../dialect.js';
import type { Column } from '../tables.js';
import { isRetryableSqliteError, isSqliteUniqueViolation } from './sqlite-errors.js';

/** Is the SQL of SQLite. */
export const sqliteDialect: SqlDialect = {
  name: 'sqlite',
  product: 'sqlite',
  // A transaction that begins as a reader and then writes is refused at once when another writes.
  begin: [sql`begin immediate`],
  // One writer at a time: whoever has begun has locked all.
  forUpdate: sql``,
  skipLocked: sql``,
  leavesOut: false,

  quote: (name) => `"${name}"`,

  // All processes on one file are on one machine; a clock that tests move moves the store's time too.
  now: (clock) => sql<number>`${clock.now()}`,

  isIn: (column, values) =>
    sql<boolean>`${column} in (select value from json_each(${JSON.stringify(values)}))`,

  isInSelect: (column, select) => sql<boolean>`${column} in (${select})`,

  contains: (column, text) => sql<boolean>`instr(${column}, ${text}) > 0`,

  canReturn: true,

  // Row by row: a call into this process costs a few microseconds, and taking a text apart costs more.
  *insert({ text }, columns, rows) {
    const names = columns.map(({ name }) => name).join(', ');
    const statement = `insert into ${text} (${names}) values (${columns.map(() => '?').join(', ')})`;
    for (const row of rows) yield CompiledQuery.raw(statement, [...row]);
  },

  *update({ table, text }, columns, rows) {
    const assignments = columns.slice(1).map(({ name }) => `${name} = ?`);
    const statement = `update ${text} set ${assignments.join(', ')} where ${table.primaryKey} = ?`;
    for (const [key = null, ...values] of rows) yield CompiledQuery.raw(statement, [...values, key]);
  },

  notify: () => null,

  createTable: (target, prefix) => createTableAndIndexes(target, prefix, columnType),
  addColumn: ({ table, text }, column) =>
    `alter table ${text} add column ${defineColumn(column, table.primaryKey, columnType)}`,

  lock: () => null,
  unlock: () => null,

  isRetryable: isRetryableSqliteError,
  isUniqueViolation: isSqliteUniqueViolation,
  isMissingTable: (error) => /no such table/i.test(messageOf(error)),
  isColumnThere: (error) => /duplicate column name/i.test(messageOf(error)),
};

function messageOf(error: unknown): string {
  return String((error as { message?: unknown } | null)?.message);
}

function columnType({ type }: Column): string {
  return type === 'key' || type === 'composite-key' || type === 'text' ? 'text' : 'integer';
}
