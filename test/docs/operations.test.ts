import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncExecutor, Scheduler, defineTask, interval } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import { EventRecorder } from 'escapement/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { freshDatabase } from '../support/servers/fresh-names.js';
import { SqlSession } from '../support/sql-session.js';
import { documentText, fencedBlocks } from './support/fenced-blocks.js';

type Engine = 'postgres' | 'mysql' | 'sqlite';

const ROWS = 2000;
const LIMIT_MS = 60_000;
/** Reads what a job takes, one in MariaDB, a run, and one in MariaDB. */
const SIZES =
  /a job takes about ([\d.]+) KB in PostgreSQL and\s+SQLite, and ([\d.]+) KB in\s+MariaDB; a run\s+takes about ([\d.]+) KB, and ([\d.]+) KB in MariaDB/;

const statements = fencedBlocks('operations.md').flatMap(({ info, code }) => {
  const [language, engine] = info.split(' ');
  if (language !== 'sql') return [];
  return code
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement) => ({ engine: engine as Engine | undefined, statement }));
});

it('docs/operations.md has statements for all databases, and for each of them', () => {
  for (const engine of [undefined, 'postgres', 'mysql', 'sqlite']) {
    expect(statements.filter((one) => one.engine === engine).length).toBeGreaterThan(1);
  }
});

describe('on SQLite', () => {
  holdsOn('sqlite', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-operations-'));
    const path = join(folder, 'jobs.db');
    return {
      at: path,
      store: () => SqlJobStore.sqlite(path),
      sizeSql: (table) => `select sum(pgsize) as bytes from dbstat where name in
        (select name from sqlite_schema where tbl_name = '${table}')`,
      dispose: () => rm(folder, { recursive: true }),
    };
  });
});

await describeOnServer('postgres', 'on PostgreSQL', (url) => {
  holdsOn('postgres', async () => {
    const database = await freshDatabase(url);
    return {
      at: database.url,
      store: () => SqlJobStore.postgres(database.url),
      sizeSql: (table) => `select pg_total_relation_size('${table}') as bytes`,
      dispose: () => database.drop(),
    };
  });
});

await describeOnServer('mysql', 'on MariaDB', (url) => {
  holdsOn('mysql', async () => {
    const database = await freshDatabase(url);
    return {
      at: database.url,
      store: () => SqlJobStore.mysql(database.url),
      sizeSql: (table) => `select data_length + index_length as bytes from information_schema.tables
        where table_schema = database() and table_name = '${table}'`,
      dispose: () => database.drop(),
    };
  });
});

interface Place {
  readonly at: string;
  store(): SqlJobStore;
  /** Gives the statement that tells how many bytes a table takes with its indexes. */
  sizeSql(table: string): string;
  dispose(): Promise<void>;
}

/** Runs what docs/operations.md says on a database with jobs and runs in it. */
function holdsOn(engine: Engine, open: () => Promise<Place>): void {
  let place: Place;
  beforeAll(async () => {
    place = await open();
    await fill(place.store());
  }, LIMIT_MS);
  afterAll(() => place.dispose());

  it.each(statements.filter((one) => one.engine === undefined || one.engine === engine))(
    'this runs: $statement',
    async ({ statement }) => {
      await using session = await SqlSession.to(engine, place.at);
      const rows = await session.query(statement);
      // Nothing is wrong with what was filled in, and nothing is left to do.
      const asksForTrouble = /'parked'|"total"|- 60\)|escapement_nodes|finished_at is null/.test(statement);
      if (/^select/.test(statement)) expect(rows.length > 0).toBe(!asksForTrouble);
    },
  );

  it('jobs and runs take about as much room as it says', async () => {
    await using session = await SqlSession.to(engine, place.at);
    // What an update leaves behind is not a matter of rows.
    if (engine === 'postgres') await session.query('vacuum full');
    if (engine === 'mysql') await session.query('optimize table escapement_jobs, escapement_runs');
    const [, job = '', mariaJob = '', run = '', mariaRun = ''] =
      SIZES.exec(documentText('operations.md')) ?? [];
    const said = engine === 'mysql' ? [mariaJob, mariaRun] : [job, run];
    for (const [at, table] of ['escapement_jobs', 'escapement_runs'].entries()) {
      const [row] = await session.query(place.sizeSql(table));
      const kilobytes = Number(row?.['bytes']) / ROWS / 1000;
      const factor = kilobytes / Number(said[at]);
      expect(factor, `${table}: ${kilobytes} KB per row`).toBeGreaterThan(0.5);
      expect(factor, `${table}: ${kilobytes} KB per row`).toBeLessThan(2);
    }
  });
}

/** Adds as many jobs as runs, and runs the runs. */
async function fill(store: SqlJobStore): Promise<void> {
  const task = defineTask('send-mail', () => ({ sent: 1 }));
  const scheduler = new Scheduler({
    stores: { default: store },
    tasks: [task],
    executors: { default: new AsyncExecutor({ concurrency: 200 }) },
  });
  const data = { to: 'someone@example.com', template: 'welcome' };
  const nth = Array.from({ length: ROWS }, (_, at) => at);
  await scheduler.addJobs(
    nth.map((at) => ({ task, trigger: interval({ days: 1 }), options: { id: `mail-${at}`, data } })),
  );
  const events = new EventRecorder(scheduler);
  await Promise.all(nth.slice(1).map(() => scheduler.enqueue(task, data)));
  // One whose lateness can be asked for: it stands for a fire time.
  await scheduler.addJob(task, undefined, { id: 'nightly-report', data, ifExists: 'keep' });
  await scheduler.start();
  await events.next('run:succeeded', ROWS, LIMIT_MS);
  await scheduler.shutdown();
}
