import { sql } from 'kysely';
import { StoreSchemaError, StoreTimedOutError } from '../../errors/store-errors.js';
import type { Database, Session } from './database.js';
import { metaStatements, MIGRATIONS, recordVersion, SCHEMA_VERSION } from './migrations.js';
import { readInteger } from './row-values.js';
import { DEFAULT_PREFIX } from './sql-options.js';
import type { ResolvedSqlOptions, TableNaming } from './sql-options.js';

/** Is how long another migration of the same tables is waited for. */
const LOCK_LIMIT_MS = 15_000;

/**
 * Makes sure that the tables are there, and new enough; newer ones are left as they are.
 *
 * @throws `StoreSchemaError` when they are not, and are not to be made
 */
export async function migrate(db: Database, options: ResolvedSqlOptions): Promise<void> {
  const found = await readVersion(db, db.session);
  if (found >= SCHEMA_VERSION) return;
  if (options.migrate === 'auto') await bringUpToDate(db, options);
  else throw new StoreSchemaError(found, SCHEMA_VERSION, printCommand(db.dialect.product, options, found));
}

async function bringUpToDate(db: Database, options: ResolvedSqlOptions): Promise<void> {
  const { dialect, tables } = db;
  const name = tables.meta.text;
  await db.transaction(async (session) => {
    await lock(db, session, name);
    try {
      // It is made first, so that it can be read: on PostgreSQL a table that is missing would end the transaction.
      for (const text of metaStatements(dialect, tables, options)) await sql.raw(text).execute(session);
      const from = await readVersion(db, session);
      for (const { version, statements } of MIGRATIONS) {
        if (version <= from) continue;
        for (const text of statements(dialect, tables, options)) await runStep(db, session, text);
        await sql.raw(recordVersion(tables, version)).execute(session);
      }
    } finally {
      await dialect.unlock(name)?.execute(session);
    }
  });
}

/** Runs a statement of a migration, which may have been run before: not every database undoes one that broke off. */
async function runStep({ dialect }: Database, session: Session, text: string): Promise<void> {
  try {
    await sql.raw(text).execute(session);
  } catch (error) {
    if (!dialect.isColumnThere(error)) throw error;
  }
}

async function lock(db: Database, session: Session, name: string): Promise<void> {
  const statement = db.dialect.lock(name);
  const [row] = statement === null ? [] : await db.read(session, statement);
  // On MySQL a lock that was not had in time is an answer, and no error.
  if (row?.['got'] === 0) throw new StoreTimedOutError('lock for making the tables', LOCK_LIMIT_MS);
}

/** Gives the command that prints what is missing. */
function printCommand(database: string, { schema, tablePrefix }: TableNaming, from: number): string {
  return [
    `npx escapement-sql print ${database}`,
    ...(schema === null ? [] : [`--schema ${schema}`]),
    ...(tablePrefix === DEFAULT_PREFIX ? [] : [`--prefix ${tablePrefix}`]),
    ...(from === 0 ? [] : [`--from ${from}`]),
  ].join(' ');
}

/** Gives the version of the tables; 0: there are none. */
async function readVersion(db: Database, session: Session): Promise<number> {
  try {
    const [row] = await db.read(
      session,
      sql`select value from ${db.tables.meta.sql} where name = 'schema_version'`,
    );
    return row === undefined ? 0 : readInteger(row['value']);
  } catch (error) {
    if (db.dialect.isMissingTable(error)) return 0;
    throw error;
  }
}
