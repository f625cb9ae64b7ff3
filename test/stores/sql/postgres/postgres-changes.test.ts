import pg from 'pg';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { systemClock } from 'escapement';
import { afterEach, expect, it } from 'vitest';
import { postgresConnector } from '../../../../src/stores/sql/postgres/connect-postgres.js';
import type { PgPoolLike } from '../../../../src/stores/sql/postgres/pg-pool-like.js';
import type { SqlConnection } from '../../../../src/stores/sql/sql-connection.js';
import { RecordingLogger } from '../../../support/recording-logger.js';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { freshDatabase, freshPrefix } from '../../../support/servers/fresh-names.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { within } from '../../../support/within.js';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Is a connection that listens on a channel of its own. */
interface Ear {
  readonly channel: string;
  readonly connection: SqlConnection;
  readonly heard: (string | null)[];
  readonly logger: RecordingLogger;
  stop(): Promise<void>;
}

async function listenTo(source: string | PgPoolLike, limitMs = 2000): Promise<Ear> {
  const channel = `Channel of "${freshPrefix()}"`;
  const logger = new RecordingLogger();
  const connection = await postgresConnector(source, { channel, limitMs }).connect({
    clock: systemClock,
    logger,
  });
  closers.push(() => connection.close());
  const heard: (string | null)[] = [];
  const stop = await connection.changes!.listen((payload) => heard.push(payload));
  return { channel, connection, heard, logger, stop };
}

async function proxyTo(url: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(url);
  closers.push(() => proxy.close());
  return proxy;
}

function poolOf(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', () => {});
  closers.push(() => pool.end());
  return pool;
}

async function tell(db: Kysely<unknown>, { channel }: Ear, payload: string): Promise<void> {
  await sql`select pg_notify(${channel}, ${payload})`.execute(db);
}

/** Gives the server processes that listen on a channel, by what they ran first and last. */
async function listeners(db: Kysely<unknown>): Promise<readonly number[]> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity where application_name = 'ear' and query like 'unlisten%'`.execute(db);
  return rows.map(({ pid }) => pid);
}

await describeOnServer('postgres', 'notifications of PostgreSQL', (url) => {
  const named = new URL(url);
  named.searchParams.set('application_name', 'ear');

  it('are heard, after it was said that something may have changed', async () => {
    const ear = await listenTo(url);
    expect(ear.heard).toEqual([null]);
    await tell(ear.connection.db, ear, 'a change');
    await expect.poll(() => ear.heard).toEqual([null, 'a change']);
    await ear.connection.changes!.check();
    expect(ear.heard).toEqual([null, 'a change']);
    expect(ear.logger.entries).toEqual([]);
  });

  it('are heard over a pool that was handed in, without taking a place in it', async () => {
    const pool = poolOf({ connectionString: url, max: 1 });
    const ear = await listenTo(pool);
    await tell(ear.connection.db, ear, 'a change');
    await expect.poll(() => ear.heard).toEqual([null, 'a change']);
    expect(pool.totalCount).toBe(1);
  });

  it('are heard over a pool that does not say how it makes clients', async () => {
    const inner = poolOf({ connectionString: url, max: 2 });
    const pool: PgPoolLike = {
      connect: () => inner.connect(),
      on: (event, listener) => inner.on(event, listener),
      off: (event, listener) => inner.off(event, listener),
      end: () => inner.end(),
    };
    const ear = await listenTo(pool);
    await tell(ear.connection.db, ear, 'a change');
    await expect.poll(() => ear.heard).toEqual([null, 'a change']);
    await ear.connection.close();
    expect(inner.totalCount - inner.idleCount).toBe(0);
  });

  it('are heard again after the connection was ended, and what was missed is asked for', async () => {
    const ear = await listenTo(named.href);
    const [backend] = await listeners(ear.connection.db);
    await sql`select pg_terminate_backend(${backend})`.execute(ear.connection.db);
    await expect.poll(() => ear.heard, { timeout: 5000 }).toEqual([null, null]);
    await tell(ear.connection.db, ear, 'a change');
    await expect.poll(() => ear.heard).toEqual([null, null, 'a change']);
    expect(ear.logger.entries.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('are heard again after the connection had died without a word', async () => {
    const proxy = await proxyTo(url);
    const ear = await listenTo(proxy.url, 300);
    proxy.swallow();
    await within(ear.connection.changes!.check());
    proxy.heal();
    await expect.poll(() => ear.heard, { timeout: 10_000 }).toEqual([null, null]);
    await tell(ear.connection.db, ear, 'a change');
    await expect.poll(() => ear.heard).toEqual([null, null, 'a change']);
  });

  it('are heard once the server can be reached, if it cannot be at first', async () => {
    const proxy = await proxyTo(url);
    proxy.refuse();
    const ear = await listenTo(proxy.url);
    expect(ear.heard).toEqual([]);
    expect(ear.logger.at('warn')).toHaveLength(1);
    proxy.heal();
    await expect.poll(() => ear.heard, { timeout: 10_000 }).toEqual([null]);
    expect(ear.logger.at('warn')).toHaveLength(1);
  });

  it('are given up with one warning where none arrives', async () => {
    // Notifications stay in a database: those of one do not reach listeners of another, as behind a pooler.
    const other = await freshDatabase(url);
    closers.push(() => other.drop());
    const inner = poolOf({ connectionString: url });
    const pool = {
      Client: pg.Client,
      options: { connectionString: other.url },
      connect: () => inner.connect(),
      on: () => inner,
      off: () => inner,
      end: () => inner.end(),
    };
    const ear = await listenTo(pool);
    expect(ear.heard).toEqual([]);
    expect(ear.logger.entries.map(({ level }) => level)).toEqual(['warn']);
    await ear.connection.changes!.check();
    const { rows } =
      await sql`select 1 from pg_stat_activity where datname = ${new URL(other.url).pathname.slice(1)}`.execute(
        ear.connection.db,
      );
    expect(rows).toEqual([]);
  });

  it('are not heard any more after the end, and nothing is left open', async () => {
    const proxy = await proxyTo(url);
    const ear = await listenTo(proxy.url);
    const open = proxy.connections;
    await ear.stop();
    await ear.stop();
    await expect.poll(() => proxy.connections).toBe(open - 1);
    await tell(ear.connection.db, ear, 'a change');
    proxy.cut();
    await ear.connection.close();
    await expect.poll(() => proxy.connections).toBe(0);
    expect(ear.heard).toEqual([null]);
    expect(ear.logger.entries).toEqual([]);
  });

  it('can be ended while the server cannot be reached', async () => {
    const proxy = await proxyTo(url);
    proxy.swallow();
    const connection = await postgresConnector(proxy.url, { channel: 'changes', limitMs: 300 }).connect({
      clock: systemClock,
      logger: new RecordingLogger(),
    });
    const stop = await within(connection.changes!.listen(() => {}));
    await within(stop());
    await within(connection.close());
  });
});
