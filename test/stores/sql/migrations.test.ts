import SqliteDatabase from 'better-sqlite3';
import { createPool } from 'mysql2';
import pg from 'pg';
import { Scheduler, StoreSchemaError, defineTask } from 'escapement';
import type { JobStore } from 'escapement';
import { SqlJobStore, migrationSql } from 'escapement/stores/sql';
import type { SqlDatabaseName, SqlJobStoreOptions } from 'escapement/stores/sql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aJob, aPut } from '../../../src/testing/contract/records.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { freshDatabase, freshPrefix } from '../../support/servers/fresh-names.js';
import { SqlSession } from '../../support/sql-session.js';
import { rejectionOf, within } from '../../support/within.js';
import { kyselyOn } from './support/kysely-on.js';
import { onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { openAll, opened } from './support/open-stores.js';
import { runCli } from './support/run-cli.js';

const TABLES = ['jobs', 'meta', 'nodes', 'runs'];

await onEveryEngine('the tables of a store', (aPlace) => {
  it('are made with what a store needs', async () => {
    const place = await aPlace();
    await works(place.store());
    expect(await tablesOf(place)).toEqual(TABLES);
    expect(await versionOf(place)).toBe(1);
  });

  it('are left as they are when they are there', async () => {
    const place = await aPlace();
    await opened(place.store());
    const statements: string[] = [];
    const db = kyselyOn(place, { log: ({ query }) => void statements.push(query.sql) });
    onTestFinished(() => db.destroy());
    await opened(new SqlJobStore({ db, dialect: place.engine, tablePrefix: place.tablePrefix }));
    expect(statements.filter((text) => !/^\s*select/i.test(text))).toEqual([]);
    expect(statements.length).toBeGreaterThan(0);
  });

  it('are made once by 8 stores that open at once', async () => {
    const place = await aPlace();
    const stores = await openAll(Array.from({ length: 8 }, () => place.store()));
    expect(await tablesOf(place)).toEqual(TABLES);
    const meta = await place.query(`SELECT name, value FROM ${place.tablePrefix}meta ORDER BY name`);
    expect(meta.map(({ name, value }) => [name, Number(value)])).toEqual([
      ['highest_token', 0],
      ['schema_version', 1],
    ]);
    for (const [at, store] of stores.entries()) await putAndGet(store, `job ${at}`);
  });

  it('are made, and used, over a single connection', async () => {
    const place = await aPlace();
    await works(overOneConnection(place));
  });

  it('are completed by the next store when the making of them broke off', async () => {
    for (let left = 1; ; left++) {
      const place = await aPlace();
      const statements = statementsOf(migrationSql(await productOf(place), place));
      if (left === statements.length) break;
      for (const statement of statements.slice(0, -left)) await place.query(statement);
      await putAndGet(await opened(place.store()), 'job');
      expect([left, await versionOf(place), await tablesOf(place)]).toEqual([left, 1, TABLES]);
    }
  });

  it('are refused when they are missing, with the command that prints them', async () => {
    const place = await aPlace();
    const store = place.store({ migrate: 'check' });
    const failure = await rejectionOf(opened(store));
    expect(failure).toBeInstanceOf(StoreSchemaError);
    expect(failure).toMatchObject({ code: 'ESC_STORE_SCHEMA', found: 0, needed: 1 });
    expect(await tablesOf(place)).toEqual([]);
    for (const statement of await printed(failure)) await place.query(statement);
    expect(await tablesOf(place)).toEqual(TABLES);
    await works(store);
  });

  it('are refused when they are too old, with the command that prints what is missing', async () => {
    const place = await aPlace();
    await opened(place.store());
    await setVersion(place, 0);
    const failure = await rejectionOf(opened(place.store({ migrate: 'check' })));
    expect(failure).toMatchObject({ code: 'ESC_STORE_SCHEMA', found: 0, needed: 1 });
    await opened(place.store());
    expect(await versionOf(place)).toBe(1);
  });

  it.each(['auto', 'check'] as const)('are accepted when they are newer, with %s', async (migrate) => {
    const place = await aPlace();
    await opened(place.store());
    await setVersion(place, 99);
    await works(place.store({ migrate }));
    expect(await versionOf(place)).toBe(99);
  });
});

await describeOnServer('postgres', 'the tables of a store in a schema of PostgreSQL', (url) => {
  it.each(['auto', 'check'] as const)('are made with it (%s)', async (migrate) => {
    const database = await freshDatabase(url);
    onTestFinished(() => database.drop());
    const options: SqlJobStoreOptions = { schema: 'the_schema', tablePrefix: freshPrefix(), migrate };
    await using session = await SqlSession.to('postgres', database.url);
    if (migrate === 'check') {
      const failure = await rejectionOf(opened(SqlJobStore.postgres(database.url, options)));
      for (const statement of await printed(failure)) await session.query(statement);
    }
    await works(SqlJobStore.postgres(database.url, options));
    const tables = await session.query(
      `SELECT table_schema AS place FROM information_schema.tables WHERE table_name LIKE '${String(options.tablePrefix)}%'`,
    );
    expect(tables).toEqual(TABLES.map(() => ({ place: 'the_schema' })));
  });
});

await describeOnServer('mysql', 'the tables of a store in another database of MySQL', (url) => {
  it.each(['auto', 'check'] as const)('are made there (%s)', async (migrate) => {
    const database = await freshDatabase(url);
    onTestFinished(() => database.drop());
    const schema = new URL(database.url).pathname.slice(1);
    const options: SqlJobStoreOptions = { schema, migrate };
    await using session = await SqlSession.to('mysql', url);
    if (migrate === 'check') {
      const failure = await rejectionOf(opened(SqlJobStore.mysql(url, options)));
      for (const statement of await printed(failure)) await session.query(statement);
    }
    await works(SqlJobStore.mysql(url, options));
    const tables = await session.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${schema}' ORDER BY 1`,
    );
    expect(tables.map(({ name }) => name)).toEqual(TABLES.map((name) => `escapement_${name}`));
  });
});

describe('migrationSql', () => {
  it('tells MySQL from MariaDB by the collation that each has', () => {
    const [mysql, mariadb] = [migrationSql('mysql'), migrationSql('mariadb')];
    expect(mysql).toContain('utf8mb4_0900_bin');
    expect(mariadb).toContain('utf8mb4_nopad_bin');
    expect(mysql.replaceAll('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')).toBe(mariadb);
  });

  it('prints nothing for tables that are new enough', () => {
    for (const database of ['postgres', 'mysql', 'mariadb', 'sqlite'] as const)
      expect(migrationSql(database, {}, 1)).toBe('');
  });

  it.each([
    ['database', () => migrationSql('oracle' as never)],
    ['options.tablePrefix', () => migrationSql('postgres', { tablePrefix: 'a;b' })],
    ['options.schema', () => migrationSql('sqlite', { schema: 'main' })],
    ['from', () => migrationSql('sqlite', {}, -1)],
  ])('names a bad %s', (field, print) => {
    expect(print).toThrow(expect.objectContaining({ code: 'ESC_INVALID_OPTION', field }));
  });
});

describe('escapement-sql', () => {
  it('prints what migrationSql gives, and says how it is used', async () => {
    const [sql, help] = await Promise.all([
      runCli(['print', 'mariadb', '--schema', 'there', '--prefix', 'my_']),
      runCli(['--help']),
    ]);
    expect(sql).toEqual({
      code: 0,
      stdout: migrationSql('mariadb', { schema: 'there', tablePrefix: 'my_' }),
      stderr: '',
    });
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^Usage: escapement-sql print/);
  });

  it.each([
    [[], /^Usage: escapement-sql print/],
    [['print'], /^Usage/],
    [['drop', 'postgres'], /^Usage/],
    [['print', 'postgres', 'sqlite'], /^Usage/],
    [['print', 'oracle'], /`database`.*postgres, mysql, mariadb or sqlite.*oracle/],
    [['print', 'postgres', '--from', 'two'], /`--from`.*two/],
    [['print', 'postgres', '--from', '-1'], /--from/],
    [['print', 'postgres', '--prefix', 'Bad-'], /`options\.tablePrefix`.*Bad-/],
    [['print', 'sqlite', '--schema', 'main'], /`options\.schema`/],
    [['print', 'postgres', '--colour'], /--colour/],
  ])('ends with 2, and says why, after %j', async (args, expected) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

/** Shows that a store works: a scheduler adds a job to it, and runs it. */
async function works(store: JobStore): Promise<void> {
  let ran = (): void => {};
  const running = new Promise<void>((resolve) => {
    ran = resolve;
  });
  const scheduler = new Scheduler({ stores: { default: store }, tasks: [defineTask('work', () => ran())] });
  try {
    await scheduler.start();
    await scheduler.addJob('work', undefined, { id: 'works' });
    await within(running, 'the job to run');
  } finally {
    await scheduler.shutdown();
  }
}

async function putAndGet(store: JobStore, id: string): Promise<void> {
  const job = aJob(await store.now(), { id });
  expect(await store.putJobs([aPut(job)])).toMatchObject([{ outcome: 'inserted' }]);
  expect(await store.getJob(id)).toMatchObject({ uid: job.uid });
}

/** Makes a store whose every statement goes over one connection. */
function overOneConnection({ engine, at, tablePrefix }: SqlPlace): SqlJobStore {
  switch (engine) {
    case 'sqlite': {
      const database = new SqliteDatabase(at);
      onTestFinished(() => void database.close());
      return SqlJobStore.sqlite(database, { tablePrefix });
    }
    case 'mysql': {
      const pool = createPool({ uri: at, connectionLimit: 1 });
      onTestFinished(() => pool.promise().end());
      return SqlJobStore.mysql(pool, { tablePrefix });
    }
    case 'postgres': {
      const pool = new pg.Pool({ connectionString: at, max: 1 });
      onTestFinished(() => pool.end());
      return SqlJobStore.postgres(pool, { tablePrefix });
    }
  }
}

/** Gives the names of the tables of a place, without the prefix. */
async function tablesOf({ engine, tablePrefix, query }: SqlPlace): Promise<string[]> {
  const names =
    engine === 'sqlite'
      ? `SELECT name FROM sqlite_master WHERE type = 'table'`
      : `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ${engine === 'mysql' ? 'database()' : 'current_schema()'}`;
  const rows = await query(names);
  return rows
    .map(({ name }) => String(name))
    .filter((name) => name.startsWith(tablePrefix))
    .map((name) => name.slice(tablePrefix.length))
    .sort();
}

async function versionOf({ tablePrefix, query }: SqlPlace): Promise<number> {
  const [row] = await query(`SELECT value FROM ${tablePrefix}meta WHERE name = 'schema_version'`);
  return Number(row?.['value']);
}

async function setVersion({ tablePrefix, query }: SqlPlace, version: number): Promise<void> {
  await query(`UPDATE ${tablePrefix}meta SET value = ${version} WHERE name = 'schema_version'`);
}

/** Gives the statements that the command prints that an error names. */
async function printed(error: unknown): Promise<string[]> {
  const [, args] = /"npx escapement-sql ([^"]+)"/.exec((error as Error).message) ?? [];
  const { code, stdout, stderr } = await runCli((args ?? '').split(' '));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return statementsOf(stdout);
}

function statementsOf(text: string): string[] {
  return text.split(';\n').filter((statement) => statement.trim() !== '');
}

async function productOf({ engine, query }: SqlPlace): Promise<SqlDatabaseName> {
  if (engine !== 'mysql') return engine;
  const [row] = await query('SELECT version() AS version');
  return /mariadb/i.test(String(row?.['version'])) ? 'mariadb' : 'mysql';
}
