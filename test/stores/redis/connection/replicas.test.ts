import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisScript } from '../../../../src/stores/redis/connection/redis-connection.js';
import { isOutage } from '../../../../src/scheduler/store-link.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { COUNT, Stand } from './support/stand.js';

const READ: RedisScript = { name: 'read', lua: "return redis.call('GET', KEYS[1])", isWriting: false };
const MISSING = { code: 'ESC_STORE_NOT_REPLICATED', acknowledged: 0, replicas: 1 };

describe.skipIf(whyNoServer('redis') !== null)('waiting for replicas', () => {
  let master: PrivateServer;
  let replica: PrivateServer;

  beforeAll(async () => {
    const config = { 'repl-diskless-sync-delay': '0' };
    [master, replica] = await Promise.all([
      startServer('redis', { durable: false, config }),
      startServer('redis', { durable: false, config }),
    ]);
    await using stand = new Stand(replica.url);
    const session = await stand.session();
    await session.call('REPLICAOF', '127.0.0.1', new URL(master.url).port);
    await eventually(async () => {
      expect(String(await session.call('INFO', 'replication'))).toContain('master_link_status:up');
    });
  });

  afterAll(() => Promise.all([master.dispose(), replica.dispose()]));

  it('answers when they have what was written', async () => {
    await using stand = new Stand(master.url);
    const connection = await stand.connect({ wait: { replicas: 1, timeout: { seconds: 5 } } });
    const session = await stand.session(replica.url);
    for (let time = 1; time <= 20; time++) {
      expect(await connection.run(COUNT, stand.key, [])).toBe(time);
      expect(await session.call('GET', stand.key)).toBe(String(time));
    }
  });

  it('rejects when they do not answer in time, and goes on when they do', async () => {
    await using stand = new Stand(master.url);
    const connection = await stand.connect({ wait: { replicas: 1, timeout: 200 } });
    replica.pause();
    try {
      const error = await rejectionOf(connection.run(COUNT, stand.key, []));
      expect(error).toMatchObject(MISSING);
      expect(isOutage(error)).toBe(true);
      // It is done all the same, and what only reads does not wait.
      expect(await connection.run(READ, stand.key, [])).toBe('1');
    } finally {
      replica.resume();
    }
    await eventually(() => connection.run(COUNT, stand.key, []));
  });

  it('rejects when there are fewer than asked for', async () => {
    await using stand = new Stand(master.url);
    const connection = await stand.connect({ wait: { replicas: 2, timeout: 50 } });
    expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject({
      ...MISSING,
      acknowledged: 1,
      replicas: 2,
    });
  });

  it('waits once for what is written at the same time', async () => {
    await using alone = await startServer('redis', { durable: false });
    await using stand = new Stand(alone.url);
    const connection = await stand.connect({ wait: { replicas: 1, timeout: 50 } });
    const calls = Array.from({ length: 50 }, () => rejectionOf(connection.run(COUNT, stand.key, [])));
    for (const call of calls) expect(await call).toMatchObject(MISSING);
    const session = await stand.session();
    const stats = String(await session.call('INFO', 'commandstats'));
    expect(Number(/^cmdstat_wait:calls=(\d+)/m.exec(stats)?.[1])).toBeLessThanOrEqual(4);
  });

  it('rejects when the connection breaks meanwhile', async () => {
    await using alone = await startServer('redis', { durable: false });
    await using stand = new Stand(alone.url);
    const proxy = await stand.proxy();
    const wait = { replicas: 1, timeout: { seconds: 30 } };
    const connection = await stand.connect({ url: proxy.url, wait });
    const cut = proxy.cutOn((bytes) => bytes.includes('wait'), 'before');
    expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject({ code: 'ECONNRESET' });
    await cut;
    expect(await connection.run(READ, stand.key, [])).toBe('1');
  });
});
