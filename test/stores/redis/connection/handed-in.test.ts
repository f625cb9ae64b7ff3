import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisScript } from '../../../../src/stores/redis/connection/redis-connection.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf, within } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { COUNT, Stand } from './support/stand.js';
import { VERSIONS } from './support/versions.js';

/** Says by what protocol it is spoken to. */
const MAP: RedisScript = {
  name: 'map',
  lua: "redis.setresp(3); return {redis.call('HGETALL', KEYS[1] .. ':map').map and 1 or 0, 2.5, ARGV[1]}",
  isWriting: false,
};

describe.skipIf(whyNoServer('redis') !== null)('a client that was handed in', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  for (const [version, makeClient] of VERSIONS) {
    describe(`of ioredis ${version}`, () => {
      it('stays open and can be used, and so it is after an outage', async () => {
        await using stand = new Stand(server.url);
        const proxy = await stand.proxy();
        const redis = makeClient(proxy.url);
        redis.on('error', () => {});
        stand.closing(() => redis.disconnect());
        expect(await redis.ping()).toBe('PONG');

        const connection = await stand.connect({ redis });
        const heard: (string | null)[] = [];
        await connection.listen(stand.key, (payload) => heard.push(payload));
        expect(proxy.connections).toBe(3);
        expect(await connection.run(COUNT, stand.key, [])).toBe(1);
        expect(await connection.run(MAP, stand.key, ['ü'])).toEqual([1, 2, 'ü']);
        await redis.publish(stand.key, 'a');
        await eventually(() => expect(heard).toEqual(['a']));
        proxy.cut();
        await eventually(() => expect(heard).toEqual(['a', null]));
        expect(await connection.run(COUNT, stand.key, [])).toBe(2);

        await connection.close();
        await eventually(async () => {
          expect(await redis.ping()).toBe('PONG');
          expect(proxy.connections).toBe(1);
        });
      });

      it('may be in subscriber mode, and hears nothing of ours', async () => {
        await using stand = new Stand(server.url);
        const redis = makeClient(server.url);
        stand.closing(() => redis.disconnect());
        const seen: string[] = [];
        redis.on('message', (channel) => seen.push(channel));
        await redis.subscribe(`${stand.key}:theirs`);
        const connection = await stand.connect({ redis });
        const heard: unknown[] = [];
        await connection.listen(`${stand.key}:ours`, (payload) => heard.push(payload));
        const session = await stand.session();
        await session.call('PUBLISH', `${stand.key}:ours`, 'a');
        await session.call('PUBLISH', `${stand.key}:theirs`, 'b');
        await eventually(() => expect(heard).toEqual(['a']));
        await eventually(() => expect(seen).toEqual([`${stand.key}:theirs`]));
        expect(await connection.run(COUNT, stand.key, [])).toBe(1);
      });

      it('may wait in a blocking command', async () => {
        await using stand = new Stand(server.url);
        const redis = makeClient(server.url);
        stand.closing(() => redis.disconnect());
        const popped = redis.blpop(`${stand.key}:list`, 0);
        const connection = await stand.connect({ redis });
        expect(await within(connection.run(COUNT, stand.key, []))).toBe(1);
        const session = await stand.session();
        await session.call('RPUSH', `${stand.key}:list`, 'x');
        expect(await within(popped)).toEqual([`${stand.key}:list`, 'x']);
      });

      it('may have options that would change what is sent, or what comes back', async () => {
        await using stand = new Stand(server.url);
        const redis = makeClient(server.url, {
          db: 2,
          keyPrefix: 'theirs:',
          stringNumbers: true,
          enableAutoPipelining: true,
          showFriendlyErrorStack: true,
          autoResendUnfulfilledCommands: true,
          commandTimeout: 1,
          maxRetriesPerRequest: null,
          reconnectOnError: () => 2 as const,
          lazyConnect: true,
          connectionName: 'theirs',
          ...(version === '6' ? { protocol: 3, replyMapping: 'resp3' } : {}),
        });
        const connection = await stand.connect({ redis });
        expect(await connection.run(COUNT, stand.key, [])).toBe(1);
        // It is in the database of the client, under its name.
        const session = await stand.session(`${server.url}/2`);
        expect(await session.call('GET', stand.key)).toBe('1');
        expect(String(await session.call('CLIENT', 'LIST'))).toContain(' name=theirs ');
        const slow: RedisScript = {
          name: 'slow',
          lua: "for i = 1, 20000 do redis.call('GET', KEYS[1]) end return redis.error_reply('READONLY test')",
          isWriting: true,
        };
        expect(await rejectionOf(connection.run(slow, stand.key, []))).toMatchObject({
          message: 'READONLY test',
        });
        expect(redis.status).toBe('wait');
      });

      it('rejects with the reason when the server cannot be had', async () => {
        await using stand = new Stand(server.url);
        const redis = makeClient('redis://127.0.0.1:1', { lazyConnect: true });
        expect(await rejectionOf(stand.connect({ redis }))).toMatchObject({ code: 'ECONNREFUSED' });
      });
    });
  }
});
