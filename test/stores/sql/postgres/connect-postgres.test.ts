import pg from 'pg';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { InvalidOptionError, StoreTimedOutError, systemClock } from 'escapement';
import { afterEach, describe, expect, it } from 'vitest';
import { postgresConnector } from '../../../../src/stores/sql/postgres/connect-postgres.js';
import type { PgPoolLike } from '../../../../src/stores/sql/postgres/pg-pool-like.js';
import {
  isPostgresUniqueViolation,
  isRetryablePostgresError,
} from '../../../../src/stores/sql/postgres/postgres-errors.js';
import type { SqlConnection } from '../../../../src/stores/sql/sql-connection.js';
import { runChild } from '../../../support/child.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { rejectionOf, within } from '../../../support/within.js';
import { deadlock } from '../support/deadlock.js';
import { SILENT } from '../../support/silent.js';

const context = { clock: systemClock, logger: SILENT };
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connectTo(source: string | PgPoolLike, limitMs?: number): Promise<SqlConnection> {
  const connector = postgresConnector(source, {
    channel: 'changes',
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  const connection = await connector.connect(context);
  closers.push(() => connection.close());
  return connection;
}

async function proxyTo(url: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(url);
  closers.push(() => proxy.close());
  return proxy;
}

function poolOf(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  closers.push(() => pool.end());
  return pool;
}

/** Gives the server process that a session talks to. */
async function backendOf(db: Kysely<unknown>): Promise<number | undefined> {
  return (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;
}

async function failureOf(db: Kysely<unknown>, text: string): Promise<unknown> {
  return rejectionOf(sql.raw(text).execute(db));
}

describe('what postgresConnector takes', () => {
  it('refuses what is neither a URL nor a pool', () => {
    expect(() => postgresConnector(5 as never, { channel: 'changes' })).toThrow(InvalidOptionError);
  });

  it('does not repeat the password of a URL that it refuses', () => {
    expect(() => postgresConnector('mysql://me:secret@host/db', { channel: 'changes' })).toThrow(
      /postgres:\/\/(?!.*secret)/,
    );
  });
});

await describeOnServer('postgres', 'a connection to PostgreSQL', (url) => {
  it('runs statements by a URL', async () => {
    const { db } = await connectTo(url);
    const { rows } = await sql`select 2::int8 as long, 3::int4 as short, true as flag, 'x' as text`.execute(
      db,
    );
    expect(rows).toEqual([{ long: '2', short: 3, flag: true, text: 'x' }]);
  });

  it('reads values as always where an application has set parsers of its own', async () => {
    const types = { getTypeParser: () => () => 'other' };
    const { db } = await connectTo(poolOf({ connectionString: url, types: types }));
    const { rows } = await sql`select 2::int8 as long, 3::int4 as short, true as flag, 'x' as text`.execute(
      db,
    );
    expect(rows).toEqual([{ long: '2', short: 3, flag: true, text: 'x' }]);
  });

  it('leaves a pool open that was handed in, and its events as they were', async () => {
    const pool = poolOf({ connectionString: url });
    const connection = await connectTo(pool);
    await backendOf(connection.db);
    await connection.close();
    await connection.close();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(pool.listenerCount('error')).toBe(0);
  });

  it('closes its own connections', async () => {
    const proxy = await proxyTo(url);
    const connection = await connectTo(proxy.url);
    await backendOf(connection.db);
    expect(proxy.connections).toBe(1);
    await connection.close();
    await expect.poll(() => proxy.connections).toBe(0);
    await connection.close();
  });

  it('does not hold the process open while it is idle', async () => {
    const end = await runChild(`
      import { sql } from 'kysely';
      import { postgresConnector } from './src/stores/sql/postgres/connect-postgres.js';
      import { consoleLogger } from './src/internal/logger.js';
      import { systemClock } from './src/time/system-clock.js';
      const connector = postgresConnector(${JSON.stringify(url)}, { channel: 'changes' });
      const { db, changes } = await connector.connect({ clock: systemClock, logger: consoleLogger });
      await sql\`select 1\`.execute(db);
      await changes.listen(() => console.log('listening'));
    `);
    expect(end).toMatchObject({ code: 0, stdout: 'listening\n', stderr: '' });
  });

  it('has the server end a transaction of which it hears nothing more', async () => {
    const { db } = await connectTo(url);
    const bounds = (session: Kysely<unknown>): Promise<unknown> =>
      sql`select current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock`
        .execute(session)
        .then(({ rows }) => rows[0]);
    await db.connection().execute(async (session) => {
      const before = await bounds(session);
      await sql`begin isolation level read committed`.execute(session);
      expect(await bounds(session)).toEqual({ idle: '20s', lock: '10s' });
      await sql`commit`.execute(session);
      expect(await bounds(session)).toEqual(before);
    });
  });

  it('keeps a client whose statement was refused', async () => {
    const { db } = await connectTo(poolOf({ connectionString: url, max: 1 }));
    const before = await backendOf(db);
    expect(await failureOf(db, 'select 1 / 0')).toMatchObject({ code: '22012' });
    expect(await backendOf(db)).toBe(before);
  });

  it('survives the end of a connection in the middle of a transaction', async () => {
    const proxy = await proxyTo(url);
    const { db } = await connectTo(proxy.url);
    const first = await rejectionOf(
      db.transaction().execute(async (session) => {
        await backendOf(session);
        proxy.cut();
        await expect.poll(() => proxy.connections).toBe(0);
        await backendOf(session);
      }),
    );
    expect(first).toBeInstanceOf(Error);
    expect(await backendOf(db)).toBeTypeOf('number');
  });

  it('survives the end of an idle connection', async () => {
    const { db } = await connectTo(url);
    const other = await connectTo(url);
    const idle = await backendOf(db);
    await sql`select pg_terminate_backend(${idle})`.execute(other.db);
    await expect
      .poll(async () => {
        const { rows } = await sql`select 1 from pg_stat_activity where pid = ${idle}`.execute(other.db);
        return rows.length;
      })
      .toBe(0);
    await expect.poll(() => backendOf(db).catch(() => idle)).not.toBe(idle);
  });

  it('gives up a statement, and its client, that is not answered in time', async () => {
    const proxy = await proxyTo(url);
    const pool = poolOf({ connectionString: proxy.url, max: 1 });
    const { db } = await connectTo(pool, 200);
    const before = await backendOf(db);
    const failures: unknown[] = [];
    await db.connection().execute(async (session) => {
      proxy.swallow();
      failures.push(await rejectionOf(backendOf(session)));
      failures.push(await failureOf(session, 'rollback'));
    });
    expect(failures[0]).toBeInstanceOf(StoreTimedOutError);
    expect(failures[1]).toBe(failures[0]);
    expect(pool.totalCount).toBe(0);
    proxy.heal();
    expect(await backendOf(db)).not.toBe(before);
  });

  it('gives up waiting for a client, and gives it back when it comes', async () => {
    const pool = poolOf({ connectionString: url, max: 1 });
    const { db } = await connectTo(pool, 100);
    const only = await pool.connect();
    expect(await rejectionOf(backendOf(db))).toBeInstanceOf(StoreTimedOutError);
    only.release();
    expect(await backendOf(db)).toBeTypeOf('number');
  });

  it('closes a client that cannot roll back', async () => {
    const { db } = await connectTo(poolOf({ connectionString: url, max: 1 }));
    let before: number | undefined;
    await db.connection().execute(async (session) => {
      before = await backendOf(session);
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(session).catch(() => undefined);
      await rejectionOf(sql`rollback`.execute(session));
    });
    expect(await backendOf(db)).not.toBe(before);
  });

  it('tells a duplicate key and a lock not had in time from other errors', async () => {
    const [one, two] = [await connectTo(url), await connectTo(url)];
    const table = `t${String(process.pid)}_errors`;
    await sql.raw(`create table ${table} (id int primary key)`).execute(one.db);
    closers.push(() => sql.raw(`drop table ${table}`).execute(one.db));
    await sql.raw(`insert into ${table} values (1)`).execute(one.db);
    const duplicate = await failureOf(one.db, `insert into ${table} values (1)`);
    expect([isPostgresUniqueViolation(duplicate), isRetryablePostgresError(duplicate)]).toEqual([
      true,
      false,
    ]);
    await one.db.transaction().execute(async (session) => {
      await sql.raw(`select * from ${table} for update`).execute(session);
      const locked = await failureOf(two.db, `select * from ${table} for update nowait`);
      expect([isPostgresUniqueViolation(locked), isRetryablePostgresError(locked)]).toEqual([false, true]);
    });
    const missing = await failureOf(one.db, 'select * from nowhere');
    expect([isPostgresUniqueViolation(missing), isRetryablePostgresError(missing)]).toEqual([false, false]);
    expect(isRetryablePostgresError(undefined)).toBe(false);
  });

  it('takes a deadlock for a reason to try again', async () => {
    const [one, two] = [await connectTo(url), await connectTo(url)];
    const failures = await deadlock(one.db, two.db, (id) => sql`select pg_advisory_xact_lock(${id}::int)`);
    expect(failures.map(isRetryablePostgresError)).toEqual([true]);
  });
});

describe.skipIf(whyNoServer('postgres') !== null)('a PostgreSQL server that is killed', () => {
  it('does not take the process with it, and is used again when it is back', async () => {
    const server = await startServer('postgres');
    closers.push(() => server.dispose());
    const { db } = await connectTo(server.url);
    const failure = await db.connection().execute(async (session) => {
      await sql`begin`.execute(session);
      await server.stop('kill');
      return rejectionOf(backendOf(session));
    });
    expect(failure).toBeInstanceOf(Error);
    await server.start();
    expect(await within(backendOf(db))).toBeTypeOf('number');
  });
});
