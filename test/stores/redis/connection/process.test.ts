import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChild } from '../../../support/child.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';

describe.skipIf(whyNoServer('redis') !== null)('a process that is connected to Redis', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  function program(lines: string, url = server.url): string {
    return `
      import { systemClock } from './src/index.js';
      import { connectRedis } from './src/stores/redis/connection/redis-connection.js';
      import { resolveRedisOptions } from './src/stores/redis/redis-options.js';
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const options = resolveRedisOptions({ url: ${JSON.stringify(url)}, commandTimeout: 500 });
      const connection = await connectRedis(options, { clock: systemClock, logger });
      const count = { name: 'count', lua: "return redis.call('INCR', KEYS[1])", isWriting: true };
      ${lines}
      console.log('at the end');`;
  }

  it('ends by itself once it is closed', async () => {
    const end = await runChild(
      program(`
        await connection.listen('channel', () => {});
        await connection.run(count, '{escapement}', []);
        await connection.close();`),
    );
    expect(end).toEqual({ code: 0, signal: null, stdout: 'at the end\n', stderr: '' });
  });

  it('ends by itself when nothing is waited for, though it is not closed', async () => {
    const end = await runChild(
      program(`
        await connection.listen('channel', () => {});
        await connection.run(count, '{escapement}', []);`),
    );
    expect(end).toEqual({ code: 0, signal: null, stdout: 'at the end\n', stderr: '' });
  });

  it('does not end while an answer is waited for', async () => {
    await using proxy = await TcpProxy.to(server.url);
    const end = await runChild(
      program(
        `
        console.log('connected');
        for (let failures = 0; failures < 2; ) {
          try {
            await connection.run(count, '{escapement}', []);
          } catch (error) {
            console.log(error.code);
            failures++;
          }
        }`,
        proxy.url,
      ),
      (line) => {
        if (line === 'connected') proxy.swallow();
      },
    );
    const stdout = 'connected\nESC_STORE_TIMED_OUT\nESC_STORE_TIMED_OUT\nat the end\n';
    expect(end).toEqual({ code: 0, signal: null, stdout, stderr: '' });
  });
});
