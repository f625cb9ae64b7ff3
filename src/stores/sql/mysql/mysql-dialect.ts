import { CompiledQuery, sql } from 'kysely';
import { assertNever } from '../../../internal/assert-never.js';
import { defineColumn } from '../create-table.js';
import type { SqlDialect } from '../dialect.js';
import { toJsonRows } from '../json-rows.js';
import type { Column, Index } from '../tables.js';
import { isMysqlUniqueViolation, isRetryableMysqlError } from './mysql-errors.js';

/** Compares texts by their code points, and takes trailing spaces for what they are. */
const COLLATIONS = { mysql: 'utf8mb4_0900_bin', mariadb: 'utf8mb4_nopad_bin' } as const;

/** Makes the SQL of MySQL or MariaDB. */
export function mysqlDialect(product: 'mysql' | 'mariadb'): SqlDialect {
  const text = `character set utf8mb4 collate ${COLLATIONS[product]}`;

  const columnType = ({ type }: Column): string => {
    switch (type) {
      case 'key':
        return `varchar(191) ${text}`;
      case 'composite-key':
        return `varchar(400) ${text}`;
      case 'text':
        return `longtext ${text}`;
      case 'flag':
      case 'small':
        return 'smallint';
      case 'instant':
        return 'bigint';
      default:
        return assertNever(type);
    }
  };

  const tableOf = (columns: readonly Column[]): string => {
    const paths = columns.map((column) => `${column.name} ${columnType(column)} path '$.${column.name}'`);
    return `json_table(?, '$[*]' columns (${paths.join(', ')})) as v`;
  };

  return {
    name: 'mysql',
    product,
    // With the default, repeatable read, a statement would not see what was committed while it waited for a lock.
    begin: [sql`set transaction isolation level read committed`, sql`start transaction`],
    forUpdate: sql`for update`,
    skipLocked: sql`for update skip locked`,
    leavesOut: true,

    quote: (name) => `\`${name}\``,

    now: () => sql<number>`timestampdiff(microsecond, '1970-01-01 00:00:00', utc_timestamp(3)) div 1000`,

    // The driver writes an array as a list of its items.
    isIn: (column, values) =>
      values.length === 0 ? sql<boolean>`false` : sql<boolean>`${column} in (${values})`,

    isInSelect: (column, select) => sql<boolean>`${column} in (${select})`,

    contains: (column, part) => sql<boolean>`locate(${part}, ${column}) > 0`,

    canReturn: false,

    *insert({ text: name }, columns, rows) {
      const names = columns.map((column) => column.name).join(', ');
      const statement = `insert into ${name} (${names}) select ${names} from ${tableOf(columns)}`;
      for (const json of toJsonRows(columns, rows)) yield CompiledQuery.raw(statement, [json]);
    },

    *update({ table: { primaryKey }, text: name }, columns, rows) {
      const assignments = columns.slice(1).map((column) => `t.${column.name} = v.${column.name}`);
      // The given rows first, each finding its own by the key: the optimizer would rather read the whole table.
      const statement = `update ${tableOf(columns)}
        straight_join ${name} as t on t.${primaryKey} = v.${primaryKey} set ${assignments.join(', ')}`;
      for (const json of toJsonRows(columns, rows)) yield CompiledQuery.raw(statement, [json]);
    },

    notify: () => null,

    // With its indexes in it: they cannot be made later without failing where they exist.
    createTable: ({ table, text: name }) => [
      `create table if not exists ${name} (${[
        ...table.columns.map((column) => defineColumn(column, table.primaryKey, columnType)),
        ...table.indexes.map(defineIndex),
      ].join(', ')}) engine=InnoDB default ${text}`,
    ],

    // Without `if not exists`, which MySQL does not know.
    addColumn: ({ table, text: name }, column) =>
      `alter table ${name} add column ${defineColumn(column, table.primaryKey, columnType)}`,

    // As a digest: the name of a lock may be shorter than that of a table with its database.
    lock: (name) => sql`select get_lock(sha1(${name}), 15) as got`,
    unlock: (name) => sql`select release_lock(sha1(${name}))`,

    isRetryable: isRetryableMysqlError,
    isUniqueViolation: isMysqlUniqueViolation,
    isMissingTable: (error) => (error as { errno?: unknown } | null)?.errno === 1146,
    isColumnThere: (error) => (error as { errno?: unknown } | null)?.errno === 1060,
  };
}

/** Gives an index as a part of a table definition: with what stands in for its condition behind the first column. */
function defineIndex({ name, columns, isUnique, insteadOfWhere }: Index): string {
  const [first, ...rest] = columns;
  return `${isUnique ? 'unique ' : ''}key ${name} (${[first, ...insteadOfWhere, ...rest].join(', ')})`;
}
