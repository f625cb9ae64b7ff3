import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Sqlite from 'better-sqlite3';
import { Scheduler, defineTask, interval } from 'escapement';
import type { RunContext } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import { EventRecorder } from 'escapement/testing';
import ts from 'typescript';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deferred } from '../../src/internal/deferred.js';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { findProgram, versionFolders } from '../support/servers/find-program.js';
import { freshDatabase } from '../support/servers/fresh-names.js';
import { SqlSession } from '../support/sql-session.js';
import { fencedBlocks } from './support/fenced-blocks.js';

/** Is a database that is backed up and restored as docs/operations.md says. */
interface Drill {
  store(): SqlJobStore;
  backUp(): Promise<void>;
  restore(): Promise<void>;
  /** Runs the statement that raises the fencing tokens. */
  raiseTokens(): Promise<void>;
  dispose(): Promise<void>;
}

/** Is an attempt as its handler saw it. */
interface Effect {
  readonly job: string;
  readonly at: number;
  readonly attempt: number;
  readonly token: number;
}

const command = promisify(execFile);
/** Is how many fire times at least come between the backup and the end, and after the restore. */
const TICKS = 3;
const LIMIT_MS = 15_000;

describe('a SQLite file that is backed up by VACUUM INTO while it is used, and put back', () => {
  drill(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-restore-'));
    const path = join(folder, 'jobs.db');
    const execute = (sql: string): void => {
      const database = new Sqlite(path);
      database.exec(sql);
      database.close();
    };
    return {
      store: () => SqlJobStore.sqlite(path),
      backUp: async () => execute(`vacuum into '${join(folder, 'backup.db')}'`),
      async restore() {
        for (const name of ['jobs.db', 'jobs.db-wal', 'jobs.db-shm']) {
          await rm(join(folder, name), { force: true });
        }
        await copyFile(join(folder, 'backup.db'), path);
      },
      raiseTokens: async () => execute(raisingTokens('sqlite')),
      dispose: () => rm(folder, { recursive: true }),
    };
  });
});

await describeOnServer(
  'postgres',
  'a PostgreSQL database that is backed up by pg_dump, and restored',
  (server) => {
    drill(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'escapement-restore-'));
      const database = await freshDatabase(server);
      const file = join(folder, 'jobs.dump');
      const inDatabase = ['--dbname', database.url];
      return {
        store: () => SqlJobStore.postgres(database.url),
        backUp: async () => {
          const args = ['--format', 'custom', '--table', 'escapement_*', '--file', file];
          await command(postgresTool('pg_dump'), [...args, ...inDatabase]);
        },
        restore: async () => {
          const args = ['--clean', '--if-exists', '--single-transaction', ...inDatabase, file];
          await command(postgresTool('pg_restore'), args);
        },
        async raiseTokens() {
          await using session = await SqlSession.to('postgres', database.url);
          await session.query(raisingTokens('postgres'));
        },
        async dispose() {
          await database.drop();
          await rm(folder, { recursive: true });
        },
      };
    });
  },
);

await describeOnServer(
  'mysql',
  'a MariaDB database that is backed up by mariadb-dump, and restored',
  (server) => {
    drill(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'escapement-restore-'));
      const database = await freshDatabase(server);
      const file = join(folder, 'jobs.sql');
      const { hostname, port, username, password, pathname } = new URL(database.url);
      const name = pathname.slice(1);
      const login = [
        ...['--no-defaults', '--protocol=tcp', `--host=${hostname}`, `--port=${port}`, `--user=${username}`],
        ...(password === '' ? [] : [`--password=${password}`]),
      ];
      const tables = ['jobs', 'runs', 'nodes', 'meta'].map((table) => `escapement_${table}`);
      return {
        store: () => SqlJobStore.mysql(database.url),
        backUp: async () => {
          const args = ['--single-transaction', `--result-file=${file}`, name, ...tables];
          await command('mariadb-dump', [...login, ...args]);
        },
        restore: async () => {
          await command('mariadb', [...login, `--execute=source ${file}`, name]);
        },
        async raiseTokens() {
          await using session = await SqlSession.to('mysql', database.url);
          await session.query(raisingTokens('mysql'));
        },
        async dispose() {
          await database.drop();
          await rm(folder, { recursive: true });
        },
      };
    });
  },
);

function drill(open: () => Promise<Drill>): void {
  let database: Drill;
  let before: readonly Effect[] = [];

  beforeEach(async () => {
    database = await open();
    before = await workAcrossBackup(database);
    await database.restore();
  });
  afterEach(() => database.dispose());

  it('fires again what fired after the backup, under tokens that had been drawn, and runs again what ran then', async () => {
    const after: Effect[] = [];
    const scheduler = fleet(database.store(), after, Promise.resolve());
    const events = new EventRecorder(scheduler);
    await scheduler.start();
    await events.until(() => timesOf(after, 'long').length > 0, 'the long run', LIMIT_MS);
    await scheduler.shutdown();

    const again = timesOf(after, 'each').filter((time) => timesOf(before, 'each').includes(time));
    expect(again.length).toBeGreaterThanOrEqual(TICKS);
    expect(leastToken(after)).toBeLessThanOrEqual(greatestToken(before));
    expect(after.filter(({ job }) => job === 'long')).toMatchObject([{ attempt: 2 }]);
  });

  it('fires nothing again once the jobs were moved on, and draws greater tokens once they were raised', async () => {
    await database.raiseTokens();
    const after: Effect[] = [];
    const scheduler = fleet(database.store(), after, Promise.resolve());
    const moveOn = await documentedMoveOn();
    await moveOn(scheduler);
    const events = new EventRecorder(scheduler);
    await scheduler.start();
    await events.until(() => timesOf(after, 'each').length >= TICKS, 'new fire times', LIMIT_MS);
    const isOver = async (): Promise<unknown> => (await scheduler.getRuns({ task: 'long' })).items[0]?.status;
    await expect.poll(isOver, { timeout: LIMIT_MS }).toBe('cancelled');
    const each = await scheduler.getJob('each');
    await scheduler.shutdown();

    expect(each?.skipped.total).toBeGreaterThanOrEqual(TICKS);
    expect(timesOf(after, 'each').filter((time) => timesOf(before, 'each').includes(time))).toEqual([]);
    expect(leastToken(after)).toBeGreaterThan(greatestToken(before));
    expect(timesOf(after, 'long')).toEqual([]);
  });
}

/** Runs jobs, has them backed up in the middle of it, and goes on for a while; gives what the handlers saw in all. */
async function workAcrossBackup(database: Drill): Promise<readonly Effect[]> {
  const effects: Effect[] = [];
  const letGo = new Deferred<void>();
  const scheduler = fleet(database.store(), effects, letGo.promise);
  const events = new EventRecorder(scheduler);
  await scheduler.addJob('each', interval({ milliseconds: 250 }), { id: 'each', coalesce: false });
  await scheduler.addJob('long', undefined, { id: 'long' });
  await scheduler.start();
  await events.until(() => timesOf(effects, 'each').length >= 2, 'fire times before the backup', LIMIT_MS);
  await database.backUp();
  const seen = timesOf(effects, 'each').length;
  await events.until(() => timesOf(effects, 'each').length > seen + TICKS, 'fire times after it', LIMIT_MS);
  letGo.resolve();
  await scheduler.shutdown();
  return effects;
}

function fleet(store: SqlJobStore, effects: Effect[], end: Promise<void>): Scheduler {
  const note = ({ job, scheduledAt, attempt, fencingToken }: RunContext): void => {
    effects.push({ job: job?.id ?? '', at: scheduledAt.getTime(), attempt, token: fencingToken });
  };
  const each = defineTask('each', note);
  const long = defineTask('long', async (context) => {
    note(context);
    await end;
  });
  return new Scheduler({
    stores: { default: store },
    tasks: [each, long],
    lease: 900,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
}

/** Gives the statement by which docs/operations.md raises fencing tokens. */
function raisingTokens(engine: string): string {
  const blocks = fencedBlocks('operations.md').filter(({ info }) => info === `sql ${engine}`);
  const [statement, ...others] = blocks.filter(({ code }) => code.includes('last_token'));
  if (statement === undefined || others.length > 0) throw new Error('Expected one such statement.');
  return statement.code;
}

/** Gives the function of docs/operations.md that drops what came due. */
async function documentedMoveOn(): Promise<(scheduler: Scheduler) => Promise<void>> {
  const block = fencedBlocks('operations.md').find(({ code }) => code.includes('function moveOn'));
  const { outputText } = ts.transpileModule(block?.code ?? '', {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const module = (await import(`data:text/javascript,${encodeURIComponent(outputText)}`)) as {
    moveOn(scheduler: Scheduler): Promise<void>;
  };
  return module.moveOn;
}

function timesOf(effects: readonly Effect[], id: string): number[] {
  return effects.filter(({ job }) => job === id).map(({ at }) => at);
}

function greatestToken(effects: readonly Effect[]): number {
  return Math.max(...tokensOf(effects));
}

function leastToken(effects: readonly Effect[]): number {
  return Math.min(...tokensOf(effects));
}

function tokensOf(effects: readonly Effect[]): number[] {
  return effects.filter(({ job }) => job === 'each').map(({ token }) => token);
}

function postgresTool(name: string): string {
  const folders = versionFolders('/usr/lib/postgresql').map((folder) => join(folder, 'bin'));
  return findProgram(name, folders) ?? name;
}
