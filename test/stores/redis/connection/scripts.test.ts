import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisScript } from '../../../../src/stores/redis/connection/redis-connection.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf } from '../../../support/within.js';
import { COUNT, Stand } from './support/stand.js';

const ECHO: RedisScript = {
  name: 'echo',
  lua: 'return {KEYS[1], ARGV[1], ARGV[2], 7, false}',
  isWriting: false,
};

function script(lua: string): RedisScript {
  return { name: 'test', lua, isWriting: false };
}

describe.skipIf(whyNoServer('redis') !== null)('a script', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  it('gets its key, and its arguments as text, and its answer is strings and whole numbers', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const answer = await connection.run(ECHO, stand.key, [1_700_000_000_000, 'é\n"']);
    expect(answer).toEqual([stand.key, '1700000000000', 'é\n"', 7, null]);
  });

  it('is sent by its text once, and then by its digest', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const session = await stand.session();
    await session.call('CONFIG', 'RESETSTAT');
    for (let time = 0; time < 3; time++) await connection.run(script(`return '${stand.key}'`), stand.key, []);
    const stats = String(await session.call('INFO', 'commandstats'));
    expect(/^cmdstat_eval:calls=(\d+)/m.exec(stats)?.[1]).toBe('1');
    expect(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1]).toBe('3');
  });

  it('runs once when the server has forgotten its scripts', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const session = await stand.session();
    for (let time = 1; time <= 3; time++) {
      expect(await connection.run(COUNT, stand.key, [])).toBe(time);
      await session.call('SCRIPT', 'FLUSH');
    }
  });

  it('takes many arguments, and text that is large', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const length = script('return {#ARGV, #ARGV[1]}');
    const args = ['x'.repeat(1_000_000), ...Array.from({ length: 150_000 }, (_one, at) => at)];
    expect(await connection.run(length, stand.key, args)).toEqual([150_001, 1_000_000]);
  });

  it('rejects with the text of its error, and without its arguments', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const failing = script("return redis.error_reply('ESCAPEMENT_RESET It was emptied.')");
    const error = await rejectionOf(connection.run(failing, stand.key, ['secret']));
    expect(error).toMatchObject({ name: 'ReplyError', message: 'ESCAPEMENT_RESET It was emptied.' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
    // The connection goes on.
    expect(await connection.run(COUNT, stand.key, [])).toBe(1);
    expect(stand.logger.entries).toEqual([]);
  });

  it('can run beside many others', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const counts = Array.from({ length: 500 }, () => connection.run(COUNT, stand.key, []));
    expect((await Promise.all(counts)).at(-1)).toBe(500);
  });
});

describe.skipIf(whyNoServer('redis') !== null)('what the server does when its memory is full', () => {
  it('is told', async () => {
    const config = { 'maxmemory-policy': 'allkeys-lru' };
    await using server = await startServer('redis', { durable: false, config });
    await using stand = new Stand(server.url);
    expect(await (await stand.connect()).maxmemoryPolicy()).toBe('allkeys-lru');
  });

  it('is not known where the server keeps it to itself', async () => {
    await using server = await startServer('redis', { durable: false });
    await using stand = new Stand(server.url);
    const session = await stand.session();
    await session.call('ACL', 'SETUSER', 'job', 'on', '>pw', '~*', '&*', '+eval', '+evalsha', '+incr');
    const connection = await stand.connect({ url: server.url.replace('//', '//job:pw@') });
    expect(await connection.maxmemoryPolicy()).toBeNull();
    expect(await connection.run(COUNT, stand.key, [])).toBe(1);
  });
});
