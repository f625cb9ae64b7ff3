import { ManualClock } from 'escapement/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  RedisConnection,
  RedisScript,
} from '../../../../src/stores/redis/connection/redis-connection.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { Stand } from './support/stand.js';

const PUBLISH: RedisScript = {
  name: 'publish',
  lua: "return redis.call('PUBLISH', ARGV[1], ARGV[2])",
  isWriting: true,
};

/** Is somebody who listens, and what was heard. */
interface Ear {
  readonly heard: (string | null)[];
  readonly stop: () => Promise<void>;
}

async function listen(connection: RedisConnection, channel: string): Promise<Ear> {
  const heard: (string | null)[] = [];
  const stop = await connection.listen(channel, (payload) => heard.push(payload));
  return { heard, stop };
}

async function hears({ heard }: Ear, ...payloads: readonly (string | null)[]): Promise<void> {
  await eventually(() => expect(heard).toEqual(payloads));
}

describe.skipIf(whyNoServer('redis') !== null)('listening on a channel of Redis', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  for (const protocol of ['2', '3']) {
    it(`hears what is published there, and nothing else (RESP${protocol})`, async () => {
      await using stand = new Stand(server.url);
      const redis = protocol === '2' ? `${server.url}?protocol=2` : server.url;
      const connection = await stand.connect({ url: redis });
      const { key } = stand;
      const first = await listen(connection, `${key}:é "1"`);
      const again = await listen(connection, `${key}:é "1"`);
      const second = await listen(connection, `${key}:2`);
      for (const payload of ['a', '', 'line\nline', 'ü'.repeat(10_000)]) {
        expect(await connection.run(PUBLISH, key, [`${key}:é "1"`, payload])).toBe(1);
      }
      await connection.run(PUBLISH, key, [`${key}:2`, 'b']);
      await hears(second, 'b');
      await hears(first, 'a', '', 'line\nline', 'ü'.repeat(10_000));
      expect(again.heard).toEqual(first.heard);
    });
  }

  it('ends for each listener by itself, and the connection with the last of them', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const { key } = stand;
    const connection = await stand.connect({ url: proxy.url });
    expect(proxy.connections).toBe(1);
    const first = await listen(connection, key);
    const again = await listen(connection, key);
    const other = await listen(connection, `${key}:other`);
    expect(proxy.connections).toBe(2);

    await first.stop();
    await connection.run(PUBLISH, key, [key, 'a']);
    await hears(again, 'a');
    await again.stop();
    expect(await connection.run(PUBLISH, key, [key, 'b'])).toBe(0);
    expect(proxy.connections).toBe(2);
    await other.stop();
    await other.stop();
    await eventually(() => expect(proxy.connections).toBe(1));
    expect([first.heard, again.heard, other.heard]).toEqual([[], ['a'], []]);

    const later = await listen(connection, key);
    await connection.run(PUBLISH, key, [key, 'c']);
    await hears(later, 'c');
  });

  it('goes on after the connection broke, and says that something may have been missed', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const { key } = stand;
    const connection = await stand.connect();
    const remote = await stand.connect({ url: proxy.url });
    const ear = await listen(remote, key);
    const other = await listen(remote, `${key}:other`);
    for (let time = 1; time <= 2; time++) {
      proxy.cut();
      await eventually(() => expect(ear.heard.filter((payload) => payload === null)).toHaveLength(time));
      await connection.run(PUBLISH, key, [key, 'again']);
      await eventually(() => expect(ear.heard.filter((payload) => payload !== null)).toHaveLength(time));
    }
    await hears(ear, null, 'again', null, 'again');
    await hears(other, null, null);
    expect(stand.logger.at('debug').length).toBeGreaterThan(0);
    expect(stand.logger.entries).toEqual(stand.logger.at('debug'));
  });

  it('goes on after the server was started again', async () => {
    await using own = await startServer('redis', { durable: false });
    await using stand = new Stand(own.url);
    const connection = await stand.connect();
    const ear = await listen(connection, stand.key);
    await own.stop('kill');
    await own.start();
    await hears(ear, null);
    await eventually(() => connection.run(PUBLISH, stand.key, [stand.key, 'a']));
    await hears(ear, null, 'a');
  });

  it('notices a connection that is dead without a word', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const clock = new ManualClock();
    const { key } = stand;
    const connection = await stand.connect({ url: proxy.url, commandTimeout: 300 }, clock);
    const ear = await listen(connection, key);
    // As long as there is an answer, nothing happens.
    for (let time = 0; time < 3; time++) {
      await clock.advance({ seconds: 5 });
      await connection.run(PUBLISH, key, [key, String(time)]);
    }
    await hears(ear, '0', '1', '2');
    proxy.swallow();
    await clock.advance({ seconds: 5 });
    await eventually(() => expect(stand.logger.at('debug')).toHaveLength(1));
    expect(stand.logger.entries[0]?.fields['err']).toMatchObject({ code: 'ESC_STORE_TIMED_OUT' });
    proxy.heal();
    await hears(ear, '0', '1', '2', null);
  });

  it('survives a listener that throws', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const failing = await connection.listen(stand.key, () => {
      throw new Error('not now');
    });
    const ear = await listen(connection, stand.key);
    await connection.run(PUBLISH, stand.key, [stand.key, 'a']);
    await hears(ear, 'a');
    expect(stand.logger.at('warn')).toHaveLength(1);
    await failing();
  });

  it('is rejected when the server is not there, and can be tried again', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    proxy.refuse();
    for (let time = 0; time < 2; time++) {
      expect(await rejectionOf(listen(connection, stand.key))).toMatchObject({ code: 'ECONNRESET' });
    }
    proxy.heal();
    const ear = await listen(connection, stand.key);
    await eventually(() => connection.run(PUBLISH, stand.key, [stand.key, 'a']));
    await hears(ear, 'a');
  });

  it('is rejected when it is not allowed', async () => {
    await using stand = new Stand(server.url);
    const session = await stand.session();
    await session.call('ACL', 'SETUSER', stand.prefix, 'on', '>pw', '~*', 'resetchannels', '+@all');
    const url = server.url.replace('//', `//${stand.prefix}:pw@`);
    const connection = await stand.connect({ url });
    expect(String(await rejectionOf(listen(connection, stand.key)))).toContain('NOPERM');
  });

  it('ends when the connection is closed, even while it begins', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    const listening = rejectionOf(listen(connection, stand.key));
    await connection.close();
    expect(await listening).toMatchObject({ code: 'ESC_INVALID_STATE' });
    expect(await rejectionOf(listen(connection, stand.key))).toMatchObject({ code: 'ESC_INVALID_STATE' });
    await eventually(() => expect(proxy.connections).toBe(0));
  });
});
