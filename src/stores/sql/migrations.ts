import { InvalidOptionError } from '../../errors/input-errors.js';
import { checkInteger } from '../../internal/check.js';
import { nameTables } from './database.js';
import type { TableNames } from './database.js';
import type { NamedTable, SqlDatabaseName, SqlDialect } from './dialect.js';
import { mysqlDialect } from './mysql/mysql-dialect.js';
import { postgresDialect } from './postgres/postgres-dialect.js';
import { resolveNaming } from './sql-options.js';
import type { SqlNaming, TableNaming } from './sql-options.js';
import { sqliteDialect } from './sqlite/sqlite-dialect.js';
import { tableOfVersion } from './tables.js';

/** Is a step from one version of the tables to the next. Steps only add: older code goes on working beside newer. */
export interface Migration {
  /** Is the version that the tables have after it. */
  readonly version: number;
  /** Gives its statements. */
  readonly statements: (dialect: SqlDialect, tables: TableNames, naming: TableNaming) => readonly string[];
}

/** Gives the statements that make the table that tells the version of the others. */
export function metaStatements(
  dialect: SqlDialect,
  { meta }: TableNames,
  { schema, tablePrefix }: TableNaming,
): readonly string[] {
  const makesSchema = schema !== null && dialect.name === 'postgres';
  return [
    ...(makesSchema ? [`create schema if not exists ${dialect.quote(schema)}`] : []),
    ...dialect.createTable(meta, tablePrefix),
  ];
}

/** Holds all steps, in order. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    statements: (dialect, tables, naming) => {
      const { jobs, runs, nodes, meta } = tables;
      return [
        ...metaStatements(dialect, tables, naming),
        ...[jobs, runs, nodes].flatMap((target) =>
          dialect.createTable({ ...target, table: tableOfVersion(target.table, 1) }, naming.tablePrefix),
        ),
        insertOnce(meta, 'highest_token'),
        insertOnce(meta, 'schema_version'),
      ];
    },
  },
  {
    version: 2,
    statements: (dialect, { runs, permits }, naming) => [
      ...dialect.createTable(permits, naming.tablePrefix),
      ...addColumns(dialect, runs, 2),
    ],
  },
];

/** Is the version of the tables that this version of the library needs. */
export const SCHEMA_VERSION = 2;

/** Gives the statement that records which version the tables have. */
export function recordVersion({ meta }: TableNames, version: number): string {
  return `update ${meta.text} set value = ${version} where name = 'schema_version'`;
}

/**
 * Gives the SQL that makes the tables of an `SqlJobStore`, to be run by hand or by a migration tool of your own.
 *
 * @param from - the version that the tables have; 0: there are none
 * @throws `InvalidOptionError` when the database is unknown, or a name is not one that can be a table's
 */
export function migrationSql(database: SqlDatabaseName, naming: SqlNaming = {}, from: number = 0): string {
  checkInteger(from, 'from', { min: 0, max: SCHEMA_VERSION });
  const dialect = dialectOf(database);
  const resolved = resolveNaming(naming, dialect.name);
  const tables = nameTables(dialect, resolved.schema, resolved.tablePrefix);
  return MIGRATIONS.filter(({ version }) => version > from)
    .flatMap(({ version, statements }) => [
      ...statements(dialect, tables, resolved),
      recordVersion(tables, version),
    ])
    .map((statement) => `${statement};\n`)
    .join('\n');
}

/** Gives the statements that add the columns to a table that came with a version. */
function addColumns(dialect: SqlDialect, target: NamedTable, version: number): readonly string[] {
  return target.table.columns
    .filter(({ since }) => since === version)
    .map((column) => dialect.addColumn(target, column));
}

/** Gives the statement that inserts a row of value 0 unless it is there: not every database undoes a migration that broke off. */
function insertOnce({ text }: NamedTable, name: string): string {
  return `insert into ${text} (name, value) select '${name}', 0 from (select 1 as one) as v where not exists (select 1 from ${text} where name = '${name}')`;
}

function dialectOf(database: SqlDatabaseName): SqlDialect {
  switch (database) {
    case 'postgres':
      return postgresDialect;
    case 'sqlite':
      return sqliteDialect;
    case 'mysql':
      return mysqlDialect('mysql');
    case 'mariadb':
      return mysqlDialect('mariadb');
    default:
      throw new InvalidOptionError('database', 'postgres, mysql, mariadb or sqlite', database);
  }
}
