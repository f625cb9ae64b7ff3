import { InvalidOptionError } from '../../errors/input-errors.js';
import type { SqlDialectName } from './dialect.js';

/** Says how the tables of an `SqlJobStore` are named. */
export interface SqlNaming {
  /** Names the schema that the tables are in; on MySQL and MariaDB, the database. @defaultValue that of the connection */
  readonly schema?: string;
  /** Stands before the tables' names. @defaultValue 'escapement_' */
  readonly tablePrefix?: string;
}

/** Holds the options of an `SqlJobStore`. */
export interface SqlJobStoreOptions extends SqlNaming {
  /**
   * Says what to do about tables that are missing or older than this version of the library needs: make them (`auto`),
   * or refuse to start (`check`). @defaultValue 'auto'
   */
  readonly migrate?: MigrateMode;
}

/** Says what to do about tables that are missing or too old. */
export type MigrateMode = 'auto' | 'check';

/** Is how the tables are named, after defaults. */
export interface TableNaming {
  /** Names the schema; `null`: that of the connection. */
  readonly schema: string | null;
  /** Stands before the tables' names. */
  readonly tablePrefix: string;
}

/** Is what the options come to. */
export interface ResolvedSqlOptions extends TableNaming {
  /** Says what to do about tables that are missing or too old. */
  readonly migrate: MigrateMode;
}

/** Names the options of every `SqlJobStore`. */
export const SQL_OPTION_KEYS: readonly string[] = ['schema', 'tablePrefix', 'migrate'];

/** Stands before the tables' names unless another is given. */
export const DEFAULT_PREFIX = 'escapement_';
/** Is what every database takes as a part of a name, quoted or not, without telling upper from lower case. */
const NAME = /^[a-z_][a-z0-9_]{0,31}$/;

/** Applies defaults and checks. */
export function resolveSqlOptions(
  options: Readonly<Record<string, unknown>>,
  dialect: SqlDialectName,
): ResolvedSqlOptions {
  const { schema, tablePrefix, migrate = 'auto' } = options;
  if (migrate !== 'auto' && migrate !== 'check') {
    throw new InvalidOptionError('options.migrate', "'auto' or 'check'", migrate);
  }
  return { ...resolveNaming({ schema, tablePrefix }, dialect), migrate };
}

/** Applies defaults to names, and checks them. */
export function resolveNaming(
  { schema, tablePrefix }: { readonly schema?: unknown; readonly tablePrefix?: unknown },
  dialect: SqlDialectName,
): TableNaming {
  if (schema !== undefined && dialect === 'sqlite') {
    throw new InvalidOptionError('options.schema', 'absent: a SQLite file has no schemas', schema);
  }
  return {
    schema: schema === undefined ? null : checkName(schema, 'options.schema'),
    tablePrefix: tablePrefix === undefined ? DEFAULT_PREFIX : checkName(tablePrefix, 'options.tablePrefix'),
  };
}

function checkName(value: unknown, field: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  const expected = '1 to 32 lower-case letters, digits and underscores, and no digit first';
  throw new InvalidOptionError(field, expected, value);
}
