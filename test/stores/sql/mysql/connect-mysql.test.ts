import { createPool } from 'mysql2';
import type { Pool, PoolOptions } from 'mysql2';
import { createPool as createPromisePool } from 'mysql2/promise';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { InvalidOptionError, StoreTimedOutError, systemClock } from 'escapement';
import { afterEach, describe, expect, it } from 'vitest';
import { mysqlConnector } from '../../../../src/stores/sql/mysql/connect-mysql.js';
import type { Mysql2PoolLike } from '../../../../src/stores/sql/mysql/mysql2-pool-like.js';
import {
  isMysqlUniqueViolation,
  isRetryableMysqlError,
} from '../../../../src/stores/sql/mysql/mysql-errors.js';
import type { SqlConnection } from '../../../../src/stores/sql/sql-connection.js';
import { runChild } from '../../../support/child.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { freshPrefix } from '../../../support/servers/fresh-names.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { rejectionOf, within } from '../../../support/within.js';
import { deadlock } from '../support/deadlock.js';
import { SILENT } from '../../support/silent.js';

const context = { clock: systemClock, logger: SILENT };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connectTo(source: string | Mysql2PoolLike, limitMs?: number): Promise<SqlConnection> {
  const connection = await mysqlConnector(source, limitMs === undefined ? {} : { limitMs }).connect(context);
  closers.push(() => connection.close());
  return connection;
}

async function proxyTo(url: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(url);
  closers.push(() => proxy.close());
  return proxy;
}

function poolOf(options: PoolOptions): Pool {
  const pool = createPool(options);
  closers.push(() => pool.promise().end());
  return pool;
}

async function tableIn(db: Kysely<unknown>): Promise<string> {
  const table = `${freshPrefix()}connect`;
  await sql.raw(`create table ${table} (id int primary key, value int) engine=InnoDB`).execute(db);
  closers.push(() => sql.raw(`drop table ${table}`).execute(db));
  await sql.raw(`insert into ${table} values (1, 1), (2, 2)`).execute(db);
  return table;
}

/** Gives the server's name for the session. */
async function threadOf(db: Kysely<unknown>): Promise<number | undefined> {
  return (await sql<{ id: number }>`select connection_id() as id`.execute(db)).rows[0]?.id;
}

async function failureOf(db: Kysely<unknown>, text: string): Promise<unknown> {
  return rejectionOf(sql.raw(text).execute(db));
}

describe('what mysqlConnector takes', () => {
  it('refuses what is neither a URL nor a pool', () => {
    expect(() => mysqlConnector(5 as never)).toThrow(InvalidOptionError);
  });

  it('does not repeat the password of a URL that it refuses', () => {
    expect(() => mysqlConnector('postgres://me:secret@host/db')).toThrow(/mysql:\/\/(?!.*secret)/);
  });
});

await describeOnServer('mysql', 'a connection to MySQL', (url) => {
  const reading = sql`select cast(2 as signed) as small, cast(1795183811343 as signed) as large, ${"x😀\\'"} as text`;
  const read = [{ small: 2, large: 1_795_183_811_343, text: "x😀\\'" }];

  it('runs statements by a URL', async () => {
    const { db } = await connectTo(url);
    expect((await reading.execute(db)).rows).toEqual(read);
  });

  it('runs statements by a pool with callbacks, whatever form it gives rows', async () => {
    const { db } = await connectTo(poolOf({ uri: url, rowsAsArray: true }));
    expect((await reading.execute(db)).rows).toEqual(read);
  });

  it('runs statements by a pool with promises', async () => {
    const pool = createPromisePool({ uri: url });
    closers.push(() => pool.end());
    const { db } = await connectTo(pool);
    expect((await reading.execute(db)).rows).toEqual(read);
  });

  it('counts the rows that a statement changed', async () => {
    const { db } = await connectTo(url);
    const table = await tableIn(db);
    const { numAffectedRows } = await sql.raw(`update ${table} set value = 3`).execute(db);
    expect(numAffectedRows).toBe(2n);
  });

  it('sets its own sessions up, and leaves those of a pool that was handed in', async () => {
    const settings = sql`select @@session.tx_isolation as isolation, @@session.innodb_lock_wait_timeout as lock_wait,
      @@session.wait_timeout as idle`;
    const own = await connectTo(url);
    expect((await settings.execute(own.db)).rows).toEqual([
      { isolation: 'READ-COMMITTED', lock_wait: 10, idle: 60 },
    ]);
    const handed = await connectTo(poolOf({ uri: url }));
    expect((await settings.execute(handed.db)).rows).not.toMatchObject([{ lock_wait: 10 }]);
  });

  it.each([
    ['its own', (): Promise<SqlConnection> => connectTo(url)],
    ['one that was handed in', (): Promise<SqlConnection> => connectTo(poolOf({ uri: url }))],
  ])('lets a transaction read what was committed meanwhile, by %s', async (_pool, connect) => {
    const [one, two] = [await connect(), await connectTo(url)];
    const table = await tableIn(two.db);
    const values = async (session: Kysely<unknown>): Promise<unknown> =>
      (await sql.raw(`select value from ${table} where id = 1`).execute(session)).rows;
    await one.db.connection().execute(async (session) => {
      await sql`set transaction isolation level read committed`.execute(session);
      await sql`start transaction`.execute(session);
      expect(await values(session)).toEqual([{ value: 1 }]);
      await sql.raw(`update ${table} set value = 7`).execute(two.db);
      expect(await values(session)).toEqual([{ value: 7 }]);
      await sql`commit`.execute(session);
    });
  });

  it('refuses a pool that writes texts as the server does not read them', async () => {
    const pool = poolOf({ uri: url });
    pool.on('connection', (connection) => {
      connection.query("set session sql_mode = 'NO_BACKSLASH_ESCAPES'", () => {});
    });
    expect(await rejectionOf(mysqlConnector(pool).connect(context))).toBeInstanceOf(InvalidOptionError);
    const latin = poolOf({ uri: url, charset: 'latin1' });
    expect(await rejectionOf(mysqlConnector(latin).connect(context))).toBeInstanceOf(InvalidOptionError);
  });

  it('leaves a pool open that was handed in', async () => {
    const pool = poolOf({ uri: url });
    const connection = await connectTo(pool);
    await connection.close();
    await connection.close();
    const [rows] = await pool.promise().query('select 1 as one');
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('closes its own connections', async () => {
    const proxy = await proxyTo(url);
    const connection = await connectTo(proxy.url);
    await threadOf(connection.db);
    expect(proxy.connections).toBe(1);
    await connection.close();
    await expect.poll(() => proxy.connections).toBe(0);
    await connection.close();
  });

  it('closes its own connections though nothing answers any more', async () => {
    const proxy = await proxyTo(url);
    const connection = await connectTo(proxy.url);
    await threadOf(connection.db);
    proxy.swallow();
    await within(connection.close());
  });

  it('does not hold the process open while it is idle', async () => {
    const end = await runChild(`
      import { sql } from 'kysely';
      import { mysqlConnector } from './src/stores/sql/mysql/connect-mysql.js';
      import { consoleLogger } from './src/internal/logger.js';
      import { systemClock } from './src/time/system-clock.js';
      const connector = mysqlConnector(${JSON.stringify(url)});
      const { db } = await connector.connect({ clock: systemClock, logger: consoleLogger });
      await sql\`select 1\`.execute(db);
      console.log('idle');
    `);
    expect(end).toMatchObject({ code: 0, stdout: 'idle\n', stderr: '' });
  });

  it('keeps a connection whose statement was refused', async () => {
    const { db } = await connectTo(poolOf({ uri: url, connectionLimit: 1 }));
    const before = await threadOf(db);
    expect(await failureOf(db, 'select * from nowhere')).toMatchObject({ errno: 1146 });
    expect(await threadOf(db)).toBe(before);
  });

  it('survives the end of a connection in the middle of a transaction', async () => {
    const proxy = await proxyTo(url);
    const { db } = await connectTo(proxy.url);
    const failure = await rejectionOf(
      db.transaction().execute(async (session) => {
        await threadOf(session);
        proxy.cut();
        await expect.poll(() => proxy.connections).toBe(0);
        await threadOf(session);
      }),
    );
    expect(failure).toBeInstanceOf(Error);
    expect(await threadOf(db)).toBeTypeOf('number');
  });

  it('survives the end of an idle connection', async () => {
    const [one, two] = [await connectTo(url), await connectTo(url)];
    const idle = await threadOf(one.db);
    await sql.raw(`kill ${String(idle)}`).execute(two.db);
    await expect.poll(() => threadOf(one.db).catch(() => idle)).not.toBe(idle);
  });

  it('gives up a statement, and its connection, that is not answered in time', async () => {
    const proxy = await proxyTo(url);
    const { db } = await connectTo(poolOf({ uri: proxy.url, connectionLimit: 1 }), 200);
    const before = await threadOf(db);
    const failures: unknown[] = [];
    await db.connection().execute(async (session) => {
      proxy.swallow();
      failures.push(await rejectionOf(threadOf(session)));
      failures.push(await failureOf(session, 'rollback'));
    });
    expect(failures[0]).toBeInstanceOf(StoreTimedOutError);
    expect(failures[1]).toBe(failures[0]);
    proxy.heal();
    expect(await threadOf(db)).not.toBe(before);
  });

  it('gives up waiting for a connection, and gives it back when it comes', async () => {
    const pool = poolOf({ uri: url, connectionLimit: 1 });
    const { db } = await connectTo(pool, 300);
    const only = await pool.promise().getConnection();
    expect(await rejectionOf(threadOf(db))).toBeInstanceOf(StoreTimedOutError);
    only.release();
    expect(await threadOf(db)).toBeTypeOf('number');
  });

  it('tells a duplicate key from other errors, and takes a deadlock for a reason to try again', async () => {
    const [one, two] = [await connectTo(url), await connectTo(url)];
    const table = await tableIn(one.db);
    const duplicate = await failureOf(one.db, `insert into ${table} values (1, 1)`);
    expect([isMysqlUniqueViolation(duplicate), isRetryableMysqlError(duplicate)]).toEqual([true, false]);
    const missing = await failureOf(one.db, 'select * from nowhere');
    expect([isMysqlUniqueViolation(missing), isRetryableMysqlError(missing)]).toEqual([false, false]);
    const failures = await deadlock(one.db, two.db, (id) =>
      sql.raw(`update ${table} set value = 5 where id = ${String(id)}`),
    );
    expect(failures.map(isRetryableMysqlError)).toEqual([true]);
    expect(isRetryableMysqlError(undefined)).toBe(false);
  });

  it('takes a lock not had in time for a reason to try again', async () => {
    const [one, two] = [await connectTo(url), await connectTo(url)];
    const table = await tableIn(one.db);
    await one.db.transaction().execute(async (session) => {
      await sql.raw(`update ${table} set value = 5`).execute(session);
      const failure = await two.db.connection().execute(async (other) => {
        await sql`set session innodb_lock_wait_timeout = 1`.execute(other);
        return failureOf(other, `update ${table} set value = 6`);
      });
      expect(isRetryableMysqlError(failure)).toBe(true);
    });
  });
});

describe.skipIf(whyNoServer('mysql') !== null)('a MySQL server that is killed', () => {
  it('does not take the process with it, and is used again when it is back', async () => {
    const server = await startServer('mysql');
    closers.push(() => server.dispose());
    const { db } = await connectTo(server.url);
    const failure = await db.connection().execute(async (session) => {
      await sql`start transaction`.execute(session);
      await server.stop('kill');
      return rejectionOf(threadOf(session));
    });
    expect(failure).toBeInstanceOf(Error);
    await server.start();
    expect(await within(threadOf(db))).toBeTypeOf('number');
  });
});
