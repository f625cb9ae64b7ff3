import type { NamedTable } from './dialect.js';
import type { Column } from './tables.js';

/** Gives the statements that make a table, and then its indexes. */
export function createTableAndIndexes(
  { table, text }: NamedTable,
  prefix: string,
  typeOf: (column: Column) => string,
): readonly string[] {
  const columns = table.columns.map((column) => defineColumn(column, table.primaryKey, typeOf));
  return [
    `create table if not exists ${text} (${columns.join(', ')})`,
    ...table.indexes.map(({ name, columns: indexed, isUnique, where }) => {
      const condition = where === '' ? '' : ` where ${where}`;
      const kind = isUnique ? 'unique index' : 'index';
      return `create ${kind} if not exists "${prefix}${name}" on ${text} (${indexed.join(', ')})${condition}`;
    }),
  ];
}

/** Gives a column as a part of a table definition. */
export function defineColumn(column: Column, primaryKey: string, typeOf: (column: Column) => string): string {
  const rule = column.name === primaryKey ? ' primary key' : '';
  return `${column.name} ${typeOf(column)}${column.isNullable ? '' : ' not null'}${rule}`;
}
