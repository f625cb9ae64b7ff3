import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf } from '../../../support/within.js';
import { COUNT, Stand } from './support/stand.js';

const SECRET = 'pass/word';

describe.skipIf(whyNoServer('redis') !== null)('a Redis server with a password', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
    await using stand = new Stand(server.url);
    const session = await stand.session();
    await session.call('ACL', 'SETUSER', 'job', 'on', `>${SECRET}`, '~*', '&*', '+@all');
    await session.call('ACL', 'SETUSER', 'default', `>${SECRET}`, 'resetpass', `>${SECRET}`);
  });

  afterEach(() => vi.restoreAllMocks());

  afterAll(() => server.dispose());

  function urlWith(user: string, password: string): string {
    return server.url.replace('//', `//${user}:${encodeURIComponent(password)}@`);
  }

  it('is spoken to as the URL says', async () => {
    for (const user of ['job', '']) {
      await using stand = new Stand(server.url);
      const connection = await stand.connect({ url: urlWith(user, SECRET) });
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);
    }
  });

  it('refuses a wrong one, and no one, in words that do not hold it', async () => {
    const printed = [vi.spyOn(console, 'error'), vi.spyOn(console, 'warn'), vi.spyOn(console, 'log')];
    await using stand = new Stand(server.url);
    const wrong = 'wrong-secret';
    const [host, port] = ['127.0.0.1', Number(new URL(server.url).port)];
    const sources = [
      { url: urlWith('job', wrong) },
      { url: urlWith('', wrong) },
      { url: `${urlWith('job', wrong)}?protocol=2` },
      { redis: new Redis({ host, port, username: 'job', password: wrong, lazyConnect: true }) },
      { redis: new Redis5({ host, port, username: 'job', password: wrong, lazyConnect: true }) },
      { redis: new Redis5({ host, port, password: wrong, lazyConnect: true }) },
    ];
    for (const source of sources) {
      const error = await rejectionOf(stand.connect(source));
      expect(String(error)).toContain('WRONGPASS');
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(wrong);
    }
    for (const source of [{ url: server.url }, { redis: new Redis5({ host, port, lazyConnect: true }) }]) {
      expect(String(await rejectionOf(stand.connect(source)))).toContain('NOAUTH');
    }
    expect(inspect(stand.logger.entries, { depth: 9 })).not.toContain(wrong);
    for (const method of printed) expect(method).not.toHaveBeenCalled();
  });
});
