import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { InvalidOptionError, systemClock } from 'escapement';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteConnector } from '../../../../src/stores/sql/sqlite/connect-sqlite.js';
import type { SqliteDatabaseLike } from '../../../../src/stores/sql/sqlite/sqlite-database-like.js';
import {
  isRetryableSqliteError,
  isSqliteUniqueViolation,
} from '../../../../src/stores/sql/sqlite/sqlite-errors.js';
import type { SqlConnection } from '../../../../src/stores/sql/sql-connection.js';
import { runChild } from '../../../support/child.js';
import { rejectionOf, within } from '../../../support/within.js';
import { SILENT } from '../../support/silent.js';

const context = { clock: systemClock, logger: SILENT };
const closers: (() => unknown)[] = [];
let folder = '';
let file = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'escapement-sqlite-'));
  file = join(folder, 'jobs.db');
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true });
});

async function connectTo(source: string | SqliteDatabaseLike): Promise<SqlConnection> {
  const connection = await sqliteConnector(source).connect(context);
  closers.push(() => connection.close());
  return connection;
}

async function rowsOf(db: Kysely<unknown>, text: string): Promise<unknown> {
  return (await sql.raw(text).execute(db)).rows;
}

async function failureOf(db: Kysely<unknown>, text: string): Promise<unknown> {
  return rejectionOf((async () => sql.raw(text).execute(db))());
}

describe('what sqliteConnector takes', () => {
  it.each([[''], [5], [null], [{}]])('refuses %j', (source) => {
    expect(() => sqliteConnector(source as never)).toThrow(InvalidOptionError);
  });

  it('refuses a file in a folder that does not exist, and names it', async () => {
    const path = join(folder, 'nowhere', 'jobs.db');
    const failure = await rejectionOf(sqliteConnector(path).connect(context));
    expect(failure).toBeInstanceOf(InvalidOptionError);
    expect(failure).toMatchObject({ received: path });
  });
});

describe('an SQLite file', () => {
  it('is opened so that what is committed is kept, and readers and a writer do not wait for each other', async () => {
    const { db } = await connectTo(file);
    expect(await rowsOf(db, 'pragma journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    expect(await rowsOf(db, 'pragma synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await rowsOf(db, 'pragma busy_timeout')).toEqual([{ timeout: 20 }]);
  });

  it('is opened though another process still sets it up', async () => {
    const other = new BetterSqlite(file);
    closers.push(() => other.close());
    other.exec('create table t (id integer); begin exclusive');
    const connecting = connectTo(file);
    // The first attempt has failed by now: nothing is awaited before it.
    other.exec('commit');
    const { db } = await within(connecting);
    expect(await rowsOf(db, 'pragma journal_mode')).toEqual([{ journal_mode: 'wal' }]);
  });

  it('does not hold the process open while it is watched', async () => {
    const end = await runChild(`
      import { sqliteConnector } from './src/stores/sql/sqlite/connect-sqlite.js';
      import { consoleLogger } from './src/internal/logger.js';
      import { systemClock } from './src/time/system-clock.js';
      const connector = sqliteConnector(${JSON.stringify(file)});
      const { changes } = await connector.connect({ clock: systemClock, logger: consoleLogger });
      await changes.listen(() => {});
      console.log('watching');
    `);
    expect(end).toMatchObject({ code: 0, stdout: 'watching\n', stderr: '' });
  });

  it('is closed at the end', async () => {
    const connection = await connectTo(file);
    await rowsOf(connection.db, 'create table t (id integer)');
    await connection.close();
    await connection.close();
    const again = new BetterSqlite(file);
    closers.push(() => again.close());
    expect(again.pragma('wal_checkpoint(truncate)')).toEqual([{ busy: 0, log: 0, checkpointed: 0 }]);
    again.exec('pragma journal_mode = delete');
  });

  it('is locked by one writer; another may try again', async () => {
    const [one, two] = [await connectTo(file), await connectTo(file)];
    await rowsOf(one.db, 'create table t (id integer)');
    await one.db.connection().execute(async (session) => {
      await sql`begin immediate`.execute(session);
      const locked = await failureOf(two.db, 'insert into t values (1)');
      expect([isRetryableSqliteError(locked), isSqliteUniqueViolation(locked)]).toEqual([true, false]);
      await sql`commit`.execute(session);
    });
    await rowsOf(two.db, 'insert into t values (1)');
  });

  it('tells of what others write, and not of what is written here', async () => {
    const [one, two] = [await connectTo(file), await connectTo(file)];
    await rowsOf(one.db, 'create table t (id integer)');
    const heard: string[] = [];
    const stop = await one.changes!.listen(() => heard.push('one'));
    await two.changes!.listen(() => heard.push('two'));
    await rowsOf(two.db, 'insert into t values (1)');
    await expect.poll(() => heard).toEqual(['one']);
    await rowsOf(one.db, 'insert into t values (2)');
    await expect.poll(() => heard).toEqual(['one', 'two']);
    await stop();
    await rowsOf(two.db, 'insert into t values (3)');
    await rowsOf(one.db, 'insert into t values (4)');
    await expect.poll(() => heard).toEqual(['one', 'two', 'two']);
  });
});

describe('a database in memory', () => {
  it('works, and has nobody else to tell of', async () => {
    const { db, changes } = await connectTo(':memory:');
    expect(await rowsOf(db, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(changes).toBeNull();
  });
});

const libraries: readonly (readonly [
  string,
  ((path: string) => SqliteDatabaseLike & { close(): unknown }) | null,
])[] = [
  ['better-sqlite3', (path) => new BetterSqlite(path)],
  ['node:sqlite', builtIn()],
];

describe.each(libraries)('a database of %s that was handed in', (_library, open) => {
  if (open === null) {
    it.skip('is not tested: this Node has no node:sqlite', () => {});
    return;
  }

  async function handIn(): Promise<{ database: SqliteDatabaseLike; db: Kysely<unknown> }> {
    const database = open!(file);
    const connection = await connectTo(database);
    closers.push(() => database.close());
    return { database, db: connection.db };
  }

  it('stays open', async () => {
    const database = open(file);
    closers.push(() => database.close());
    const connection = await connectTo(database);
    expect(await rowsOf(connection.db, 'select 1 as one')).toEqual([{ one: 1 }]);
    await connection.close();
    expect(database.prepare('select 1 as one').all()).toMatchObject([{ one: 1 }]);
  });

  it('takes and gives integers as numbers', async () => {
    const { db } = await handIn();
    const large = 1_795_183_811_343;
    const { rows } =
      await sql`select typeof(${large}) as type, ${large} as value, typeof(${0.5}) as other, 7 / ${2} as half`.execute(
        db,
      );
    expect(rows).toEqual([{ type: 'integer', value: large, other: 'real', half: 3 }]);
  });

  it('gives the rows that a writing statement returns, and counts those that one changed', async () => {
    const { db } = await handIn();
    await rowsOf(db, 'create table t (id integer primary key, value text)');
    expect(await rowsOf(db, "insert into t values (1, 'a'), (2, null) returning id")).toEqual([
      { id: 1 },
      { id: 2 },
    ]);
    expect((await sql`update t set value = ${'b'}`.execute(db)).numAffectedRows).toBe(2n);
    expect(await rowsOf(db, 'with two as (select 2 as id) select value from t join two using (id)')).toEqual([
      { value: 'b' },
    ]);
  });

  it('tells a duplicate key from other errors', async () => {
    const { db } = await handIn();
    await rowsOf(
      db,
      'create table t (id text primary key, other text unique, third text check (third is null))',
    );
    await rowsOf(db, "insert into t values ('a', 'a', null)");
    const key = await failureOf(db, "insert into t values ('a', 'b', null)");
    const unique = await failureOf(db, "insert into t values ('b', 'a', null)");
    const check = await failureOf(db, "insert into t values ('c', 'c', 'c')");
    const missing = await failureOf(db, 'select * from nowhere');
    expect([key, unique, check, missing].map(isSqliteUniqueViolation)).toEqual([true, true, false, false]);
    expect([key, unique, check, missing].map(isRetryableSqliteError)).toEqual([false, false, false, false]);
  });

  it('does not roll back what the application has begun', async () => {
    const { database, db } = await handIn();
    await rowsOf(db, 'create table t (id integer)');
    database.prepare('begin').run();
    database.prepare('insert into t values (1)').run();
    expect(isRetryableSqliteError(await failureOf(db, 'begin immediate'))).toBe(true);
    await rowsOf(db, 'rollback');
    database.prepare('commit').run();
    expect(await rowsOf(db, 'select id from t')).toEqual([{ id: 1 }]);
  });

  it('rolls back what was begun here', async () => {
    const { db } = await handIn();
    await rowsOf(db, 'create table t (id integer)');
    for (const end of ['rollback', 'commit', 'rollback']) {
      await rowsOf(db, 'begin immediate');
      await rowsOf(db, 'insert into t values (1)');
      await rowsOf(db, end);
    }
    expect(await rowsOf(db, 'select count(*) as count from t')).toEqual([{ count: 1 }]);
  });

  it('tells of what others write', async () => {
    const [one, two] = [open(file), open(file)];
    closers.push(() => [one.close(), two.close()]);
    const connection = await connectTo(one);
    const heard: unknown[] = [];
    await connection.changes!.listen((payload) => heard.push(payload));
    two.prepare('create table t (id integer)').run();
    await expect.poll(() => heard).toEqual([null]);
  });
});

describe('where better-sqlite3 is not installed', () => {
  it('uses what Node has itself, and else says what to install', async () => {
    const end = await runChild(`
      import Module from 'node:module';
      import { sql } from 'kysely';
      import { sqliteConnector } from './src/stores/sql/sqlite/connect-sqlite.js';
      import { consoleLogger } from './src/internal/logger.js';
      import { systemClock } from './src/time/system-clock.js';
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (name, ...rest) {
        if (name !== 'better-sqlite3') return resolve.call(this, name, ...rest);
        throw Object.assign(new Error("Cannot find module 'better-sqlite3'"), { code: 'MODULE_NOT_FOUND' });
      };
      const connector = sqliteConnector(${JSON.stringify(file)});
      try {
        const { db, close } = await connector.connect({ clock: systemClock, logger: consoleLogger });
        console.log((await sql\`pragma synchronous\`.execute(db)).rows[0].synchronous);
        await close();
      } catch ({ code, peer }) {
        console.log(code, peer);
      }
    `);
    const expected = builtIn() === null ? 'ESC_MISSING_PEER better-sqlite3\n' : '2\n';
    expect(end).toMatchObject({ code: 0, stdout: expected });
  });
});

function builtIn(): ((path: string) => SqliteDatabaseLike & { close(): void }) | null {
  try {
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as {
      DatabaseSync: new (path: string) => SqliteDatabaseLike & { close(): void };
    };
    return (path) => new DatabaseSync(path);
  } catch {
    return null;
  }
}
