import SqliteDatabase from 'better-sqlite3';
import { createPool } from 'mysql2';
import pg from 'pg';
import { Scheduler, StoreSchemaError, defineTask } from 'escapement';
import type { JobStore } from 'escapement';
import { SqlJobStore, migrationSql } from 'escapement/stores/sql';
import type { SqlDatabaseName, SqlJobStoreOptions } from 'escapement/stores/sql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SCHEMA_VERSION } from '../../../src/stores/sql/migrations.js';
import { request } from '../../../src/testing/contract/racing-jobs.js';
import { aJob, aPut, aRun, SUCCESS } from '../../../src/testing/contract/records.js';
import { idsOf, only } from '../../../src/testing/contract/store-bench.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { freshDatabase, freshPrefix } from '../../support/servers/fresh-names.js';
import { SqlSession } from '../../support/sql-session.js';
import { rejectionOf, within } from '../../support/within.js';
import { kyselyOn } from './support/kysely-on.js';
import { onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { openAll, opened } from './support/open-stores.js';
import { runCli } from './support/run-cli.js';

const TABLES = ['jobs', 'meta', 'nodes', 'permits', 'runs'];

await onEveryEngine('the tables of a store', (aPlace) => {
  it('are made with what a store needs', async () => {
    const place = await aPlace();
    await works(place.store());
    expect(await tablesOf(place)).toEqual(TABLES);
    expect(await versionOf(place)).toBe(SCHEMA_VERSION);
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
      ['schema_version', SCHEMA_VERSION],
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
      expect([left, await versionOf(place), await tablesOf(place)]).toEqual([left, SCHEMA_VERSION, TABLES]);
    }
  });

  it('are refused when they are missing, with the command that prints them', async () => {
    const place = await aPlace();
    const store = place.store({ migrate: 'check' });
    const failure = await rejectionOf(opened(store));
    expect(failure).toBeInstanceOf(StoreSchemaError);
    expect(failure).toMatchObject({ code: 'ESC_STORE_SCHEMA', found: 0, needed: SCHEMA_VERSION });
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
    expect(failure).toMatchObject({ code: 'ESC_STORE_SCHEMA', found: 0, needed: SCHEMA_VERSION });
    await opened(place.store());
    expect(await versionOf(place)).toBe(SCHEMA_VERSION);
  });

  it.each(['auto', 'check'] as const)('are accepted when they are newer, with %s', async (migrate) => {
    const place = await aPlace();
    await opened(place.store());
    await setVersion(place, 99);
    await works(place.store({ migrate }));
    expect(await versionOf(place)).toBe(99);
  });
});

await onEveryEngine('the tables of version 1', (aPlace) => {
  it('are brought up to date with what lives in them, which goes on', async () => {
    const place = await aPlace();
    const before = await opened(place.store());
    const now = await before.now();
    const job = aJob(now, { id: 'job', nextRunAt: now - 1, dueAt: now - 1 });
    await before.putJobs([aPut(job)]);
    const [running, waiting, done] = [aRun(now), aRun(now), aRun(now)];
    for (const run of [running, done]) await before.addRuns([run]);
    const { runs } = await before.claim({ ...request('node', 2), triggerKinds: new Set() });
    expect(idsOf(runs).sort()).toEqual([running.id, done.id].sort());
    const finish = { attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
    await before.finishRuns('node', [{ ...finish, runId: done.id }]);
    await before.addRuns([waiting]);
    const stored = (await before.listRuns({ limit: 10 })).items;
    await before.close();
    await backToVersion1(place);

    const after = await opened(place.store());
    expect([await versionOf(place), await tablesOf(place)]).toEqual([SCHEMA_VERSION, TABLES]);
    expect((await after.listRuns({ limit: 10 })).items).toEqual(stored);
    expect(stored.map(({ input }) => input)).toEqual([null, null, null]);
    const result = only(await after.finishRuns('node', [{ ...finish, runId: running.id }]));
    expect(result).toMatchObject({ outcome: 'ok', run: { status: 'succeeded' } });
    const claimed = await after.claim(request('node', 5));
    expect([idsOf(claimed.runs), idsOf(claimed.jobs)]).toEqual([[waiting.id], ['job']]);
    const withInput = aRun(now, { input: '{"to":"ops"}' });
    await after.addRuns([withInput]);
    expect(await after.getRun(withInput.id)).toEqual(withInput);
    const limit = { key: 'key', wanted: 2, max: 1, perMs: 60_000 };
    expect(await after.takePermits(limit)).toMatchObject({ granted: 1 });
  });

  it('are refused with the command that prints what is missing', async () => {
    const place = await aPlace();
    await (await opened(place.store())).close();
    await backToVersion1(place);
    const failure = await rejectionOf(opened(place.store({ migrate: 'check' })));
    expect(failure).toMatchObject({ code: 'ESC_STORE_SCHEMA', found: 1, needed: SCHEMA_VERSION });
    const statements = await printed(failure);
    expect(statements.some((text) => /^create table .*jobs/.test(text))).toBe(false);
    for (const statement of statements) await place.query(statement);
    await works(place.store({ migrate: 'check' }));
  });

  it('are brought up to date once by 8 stores that open at once', async () => {
    const place = await aPlace();
    await (await opened(place.store())).close();
    await backToVersion1(place);
    const stores = await openAll(Array.from({ length: 8 }, () => place.store()));
    expect(await versionOf(place)).toBe(SCHEMA_VERSION);
    for (const [at, store] of stores.entries()) await putAndGet(store, `job ${at}`);
  });
});

await onEveryEngine('a store that is open while its tables get a column that it does not know', (aPlace) => {
  it('goes on working', async () => {
    const place = await aPlace();
    const store = await opened(place.store());
    const now = await store.now();
    const live = async (): Promise<void> => {
      for (let times = 0; times < 3; times++) {
        const run = aRun(now);
        await store.addRuns([run]);
        const { attempt } = only((await store.claim(request('node', 1))).runs);
        const finish = { runId: run.id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
        expect(only(await store.finishRuns('node', [finish])).outcome).toBe('ok');
        expect((await store.listRuns({ limit: 1 })).items).toHaveLength(1);
      }
    };
    await live();
    await place.query(`ALTER TABLE ${place.tablePrefix}runs ADD COLUMN later int`);
    await setVersion(place, SCHEMA_VERSION + 1);
    await live();
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
      expect(migrationSql(database, {}, SCHEMA_VERSION)).toBe('');
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

/** Makes tables as they were before the second version, with the rows that are in them. */
async function backToVersion1(place: SqlPlace): Promise<void> {
  const { tablePrefix, query } = place;
  await query(`ALTER TABLE ${tablePrefix}runs DROP COLUMN input`);
  await query(`DROP TABLE ${tablePrefix}permits`);
  await setVersion(place, 1);
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
