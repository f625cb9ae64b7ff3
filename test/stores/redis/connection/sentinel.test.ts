import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { rejectionOf } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { Sentinel } from './support/sentinel.js';
import { COUNT, Stand } from './support/stand.js';
import { VERSIONS } from './support/versions.js';

describe.skipIf(whyNoServer('redis') !== null)('a client of sentinels that was handed in', () => {
  let sentinel: Sentinel;
  let first: PrivateServer;
  let second: PrivateServer;

  beforeAll(async () => {
    sentinel = await Sentinel.start();
    first = await startServer('redis', { durable: false });
    second = await startServer('redis', { durable: false });
  });

  afterAll(() => Promise.all([first.dispose(), second.dispose(), sentinel[Symbol.asyncDispose]()]));

  for (const [version, makeClient] of VERSIONS) {
    it(`leads to the master, and to the next one (ioredis ${version})`, async () => {
      await using stand = new Stand(first.url);
      await sentinel.promote('jobs', first.url);
      const redis = makeClient('', {
        sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
        name: 'jobs',
        // Only the master takes jobs.
        role: 'slave',
        lazyConnect: true,
      });
      const connection = await stand.connect({ redis });
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);
      const [one, two] = [await stand.session(), await stand.session(second.url)];
      expect(await one.call('GET', stand.key)).toBe('1');

      await sentinel.promote('jobs', second.url);
      await one.call('REPLICAOF', '127.0.0.1', new URL(second.url).port);
      try {
        await rejectionOf(connection.run(COUNT, stand.key, []));
        await eventually(() => connection.run(COUNT, stand.key, []));
        await eventually(async () => expect(await two.call('GET', stand.key)).not.toBeNull());
      } finally {
        await one.call('REPLICAOF', 'NO', 'ONE');
      }
    });

    it(`says when no sentinel is there (ioredis ${version})`, async () => {
      await using stand = new Stand(first.url);
      const sentinels = [{ host: '127.0.0.1', port: 1 }];
      const redis = makeClient('', { sentinels, name: 'jobs', lazyConnect: true });
      expect(String(await rejectionOf(stand.connect({ redis })))).toContain('All sentinels are unreachable');
    });
  }
});
