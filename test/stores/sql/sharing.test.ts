import SqliteDatabase from 'better-sqlite3';
import { CamelCasePlugin, sql } from 'kysely';
import { createPool } from 'mysql2';
import { createPool as createPromisePool } from 'mysql2/promise';
import pg from 'pg';
import {
  InvalidOptionError,
  Scheduler,
  StoreInUseError,
  defineTask,
  interval,
  systemClock,
} from 'escapement';
import type { JobStore } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { freshDatabase, freshPrefix } from '../../support/servers/fresh-names.js';
import { SqlSession } from '../../support/sql-session.js';
import { rejectionOf, within } from '../../support/within.js';
import { kyselyOn } from './support/kysely-on.js';
import { onEveryEngine } from './support/on-every-engine.js';
import { opened } from './support/open-stores.js';
import { SILENT } from '../support/silent.js';

await onEveryEngine('a Kysely instance of the application', (aPlace) => {
  it('is used without its plugins, and stays open and as it was', async () => {
    const place = await aPlace();
    const { engine, tablePrefix } = place;
    const db = kyselyOn(place, { plugins: [new CamelCasePlugin()] });
    onTestFinished(() => db.destroy());
    await runsAJob(new SqlJobStore({ db, dialect: engine, tablePrefix }));
    const { rows } = await sql`select run_count from ${sql.table(`${tablePrefix}jobs`)}`.execute(db);
    expect(
      rows.map((row) => Object.entries(row as object).map(([key, value]) => [key, Number(value)])),
    ).toEqual([[['runCount', 1]]]);
  });

  it('serves the application while the store is open', async () => {
    const place = await aPlace();
    const { engine, tablePrefix } = place;
    const db = kyselyOn(place);
    onTestFinished(() => db.destroy());
    const store = await opened(new SqlJobStore({ db, dialect: engine, tablePrefix }));
    const times = await within(
      Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          at % 2 === 0 ? store.now() : sql`select 1 as one`.execute(db).then(({ rows }) => rows.length),
        ),
      ),
    );
    expect(times.filter((value) => value === 1)).toHaveLength(10);
  });

  it('does not tell of changes', async () => {
    const place = await aPlace();
    const db = kyselyOn(place);
    onTestFinished(() => db.destroy());
    expect(new SqlJobStore({ db, dialect: place.engine }).subscribe).toBeUndefined();
  });
});

await onEveryEngine('stores in one database', (aPlace) => {
  it('with different prefixes do not see each other', async () => {
    const place = await aPlace();
    const started: string[] = [];
    const schedulers = ['a_', 'b_'].map((suffix) => {
      const task = defineTask('work', () => void started.push(suffix));
      // The tables of both go with the place.
      const stores = { default: place.store({ tablePrefix: `${place.tablePrefix}${suffix}` }) };
      const scheduler = new Scheduler({ stores, tasks: [task], backstop: 100 });
      onTestFinished(() => scheduler.shutdown());
      return scheduler;
    });
    const [one, two] = schedulers;
    for (const scheduler of schedulers) await scheduler.start();
    await one!.addJob('work', interval({ hours: 1 }), { id: 'same' });
    await two!.addJob('work', interval({ hours: 2 }), { id: 'same' });
    await one!.enqueue('work', null, { key: 'key' });
    await two!.enqueue('work', null, { key: 'key' });
    await expect.poll(() => started.length, { timeout: 5000 }).toBe(2);
    expect([...started].sort()).toEqual(['a_', 'b_']);
    for (const scheduler of schedulers) {
      expect((await scheduler.getJobs()).items).toHaveLength(1);
      expect((await scheduler.getRuns()).items).toHaveLength(1);
    }
    await one!.removeJob('same');
    expect(await two!.getJob('same')).not.toBeNull();
  });

  it('can be closed and opened again', async () => {
    const place = await aPlace();
    const store = place.store();
    await runsAJob(store);
    await runsAJob(store);
    await store.close();
  });

  it('serve one scheduler at a time, also when two begin at once', async () => {
    const store = (await aPlace()).store();
    onTestFinished(() => store.close());
    const contexts = [1, 2].map(() => ({ clock: systemClock, logger: SILENT }));
    const results = await Promise.allSettled(contexts.map((context) => store.open(context)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await rejectionOf(store.open(contexts[1]!))).toBeInstanceOf(StoreInUseError);
    await store.open(contexts[0]!);
  });
});

await describeOnServer('postgres', 'a pool of pg that was handed in', (url) => {
  it('stays open and usable', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    onTestFinished(() => pool.end());
    const tablePrefix = freshPrefix();
    await runsAJob(SqlJobStore.postgres(pool, { tablePrefix }));
    const { rows } = await pool.query(`select id, run_count from ${tablePrefix}jobs`);
    expect(rows).toEqual([{ id: 'job', run_count: '1' }]);
    await pool.query(
      `drop table ${['jobs', 'runs', 'nodes', 'meta'].map((name) => tablePrefix + name).join()}`,
    );
  });
});

await describeOnServer('postgres', 'names of tables on PostgreSQL', (url) => {
  it('may be as long as they are allowed to be, with a schema, and hints arrive', async () => {
    const database = await freshDatabase(url);
    onTestFinished(() => database.drop());
    const naming = { schema: 's'.repeat(32), tablePrefix: 'p'.repeat(32) };
    const [one, two] = [
      SqlJobStore.postgres(database.url, naming),
      SqlJobStore.postgres(database.url, naming),
    ];
    const heard: unknown[] = [];
    await opened(two);
    await two.subscribe?.((hint) => heard.push(hint));
    heard.length = 0;
    await runsAJob(one);
    await expect.poll(() => heard).not.toEqual([]);
    await using session = await SqlSession.to('postgres', database.url);
    const tables = await session.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${naming.schema}' ORDER BY 1`,
    );
    expect(tables.map(({ name }) => name)).toEqual(
      ['jobs', 'meta', 'nodes', 'permits', 'runs'].map((name) => `${naming.tablePrefix}${name}`),
    );
  });

  it('tell two schemas of one database apart', async () => {
    const database = await freshDatabase(url);
    onTestFinished(() => database.drop());
    await runsAJob(SqlJobStore.postgres(database.url, { schema: 'one' }));
    const two = await opened(SqlJobStore.postgres(database.url, { schema: 'two' }));
    expect(await two.getJob('job')).toBeNull();
  });
});

await describeOnServer('mysql', 'a pool of mysql2 that was handed in', (url) => {
  it.each(['callbacks', 'promises'] as const)('stays open and usable, with %s', async (kind) => {
    const pool =
      kind === 'callbacks'
        ? createPool({ uri: url, connectionLimit: 2 })
        : createPromisePool({ uri: url, connectionLimit: 2 });
    const promises = 'promise' in pool ? pool.promise() : pool;
    onTestFinished(() => promises.end());
    const tablePrefix = freshPrefix();
    await runsAJob(SqlJobStore.mysql(pool, { tablePrefix }));
    const [rows] = await promises.query(`select id, run_count from ${tablePrefix}jobs`);
    expect(rows).toEqual([{ id: 'job', run_count: 1 }]);
    await promises.query(
      `drop table ${['jobs', 'runs', 'nodes', 'meta'].map((name) => tablePrefix + name).join()}`,
    );
  });

  it('keeps the isolation that the application set for its own transactions', async () => {
    const pool = createPromisePool({ uri: url, connectionLimit: 1 });
    onTestFinished(() => pool.end());
    await pool.query('set session transaction isolation level serializable');
    const database = await freshDatabase(url);
    onTestFinished(() => database.drop());
    const tables = { schema: new URL(database.url).pathname.slice(1) };
    await runsAJob(SqlJobStore.mysql(pool, tables));
    const [rows] = await pool.query('select @@session.transaction_isolation as level').catch(() =>
      // MariaDB knew it by another name.
      pool.query('select @@session.tx_isolation as level'),
    );
    expect(rows).toEqual([{ level: 'SERIALIZABLE' }]);
  });
});

await describeOnServer('mysql', 'names of tables on MySQL', (url) => {
  it('may be as long as they are allowed to be, with a schema', async () => {
    const schema = freshPrefix().padEnd(32, 's');
    await using session = await SqlSession.to('mysql', url);
    await session.query(`CREATE DATABASE ${schema}`);
    try {
      await runsAJob(SqlJobStore.mysql(url, { schema, tablePrefix: 'p'.repeat(32) }));
    } finally {
      await session.query(`DROP DATABASE ${schema}`);
    }
  });
});

describe('a database of better-sqlite3 that was handed in', () => {
  it('stays open and usable', async () => {
    const database = new SqliteDatabase(':memory:');
    onTestFinished(() => void database.close());
    await runsAJob(SqlJobStore.sqlite(database, { tablePrefix: 'mine_' }));
    expect(database.prepare('select id, run_count from mine_jobs').all()).toEqual([
      { id: 'job', run_count: 1 },
    ]);
    expect(database.inTransaction).toBe(false);
  });
});

describe('the options of an SqlJobStore', () => {
  const file = 'never-opened.db';
  const wrong: readonly (readonly [what: string, field: string, make: () => unknown])[] = [
    ['an unknown key', 'options.prefix', () => SqlJobStore.sqlite(file, { prefix: 'a_' } as never)],
    ['no options', 'options', () => SqlJobStore.postgres('postgres://host/db', null as never)],
    ['options that are a text', 'options', () => SqlJobStore.mysql('mysql://host/db', 'a_' as never)],
    ['a mode unknown', 'options.migrate', () => SqlJobStore.sqlite(file, { migrate: 'never' as never })],
    ['a schema for SQLite', 'options.schema', () => SqlJobStore.sqlite(file, { schema: 'main' })],
    ['a bad schema', 'options.schema', () => SqlJobStore.postgres('postgres://host/db', { schema: 'a"b' })],
    ['a dialect unknown', 'options.dialect', () => aStore({ db: {}, dialect: 'mariadb' })],
    ['no dialect', 'options.dialect', () => aStore({ db: {} })],
    ['what is no Kysely', 'options.db', () => aStore({ db: {}, dialect: 'sqlite' })],
    ['no Kysely', 'options.db', () => aStore({ dialect: 'sqlite' })],
    ['nothing', 'options', () => aStore(null)],
    ['an empty path', 'source', () => SqlJobStore.sqlite('')],
    ['no path', 'source', () => SqlJobStore.sqlite(undefined as never)],
    ['a URL of another database', 'source', () => SqlJobStore.postgres('mysql://host/db')],
    ['a URL of another database', 'source', () => SqlJobStore.mysql('postgres://host/db')],
    ['a path for a URL', 'source', () => SqlJobStore.postgres('jobs.db')],
    ['what is no pool', 'source', () => SqlJobStore.mysql({} as never)],
  ];

  it.each(wrong)('are checked: with %s the error names `%s`', (_what, field, make) => {
    const failure = failureOf(make);
    expect(failure).toBeInstanceOf(InvalidOptionError);
    expect(failure).toMatchObject({ field });
  });

  it.each([
    '',
    'A_',
    '1a',
    'a-',
    'a b',
    'a"',
    "a'; drop table jobs; --",
    'a`',
    'a\0',
    'é_',
    'x'.repeat(33),
    5,
    null,
  ])('are checked: a prefix of %j is refused', (tablePrefix) => {
    expect(failureOf(() => SqlJobStore.sqlite(file, { tablePrefix: tablePrefix as never }))).toMatchObject({
      code: 'ESC_INVALID_OPTION',
      field: 'options.tablePrefix',
      received: tablePrefix,
    });
  });
});

function aStore(options: unknown): SqlJobStore {
  return new SqlJobStore(options as never);
}

function failureOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error('It was accepted');
}

/** Has a scheduler of its own add a job to a store, unless it is there, and run it once more. */
async function runsAJob(store: JobStore): Promise<void> {
  let ran = (): void => {};
  const running = new Promise<void>((resolve) => {
    ran = resolve;
  });
  const scheduler = new Scheduler({ stores: { default: store }, tasks: [defineTask('work', () => ran())] });
  try {
    await scheduler.start();
    await scheduler.addJob('work', undefined, { id: 'job', ifExists: 'replace' });
    await within(running, 'the job to run');
  } finally {
    await scheduler.shutdown();
  }
}
