import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/servers/free-port.js';
import { startServer, whyNoServer } from '../../support/servers.js';
import { eventually } from './connection/support/eventually.js';
import { describeOnOwnRedis, RedisPlace } from './support/redis-place.js';
import { throughALife } from './support/through-a-life.js';

describeOnOwnRedis('a server that forgets its scripts', (aPlace) => {
  it('is given them again by whatever call comes next', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (let time = 0; time < 3; time++) {
        await throughALife(bench, () => place.redis.script('FLUSH'));
      }
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('is given them again by calls that are made at once', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      for (let round = 0; round < 20; round++) {
        const calls = [bench.addRun(), place.redis.script('FLUSH'), peer.now(), bench.addRun(), peer.now()];
        await Promise.all(calls);
      }
      expect((await bench.store.listRuns({ limit: 100 })).items).toHaveLength(40);
    });
  });
});

describe.skipIf(whyNoServer('redis') !== null)('a node of a cluster', () => {
  it('has all keys of a store in one slot, and runs every script', async () => {
    const config = { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) };
    await using server = await startServer('redis', { durable: false, config });
    const redis = new Redis(server.url);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => expect(await redis.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
    for (const prefix of ['escapement', 'a:b', '🎉']) {
      const place = new RedisPlace(server.url, prefix);
      await place.withBench(async (bench) => throughALife(bench));
      const slots = (await redis.keys(`{${prefix}}*`)).map((key) => redis.call('CLUSTER', 'KEYSLOT', key));
      expect(new Set(await Promise.all(slots)).size).toBe(1);
      expect(await place.inconsistencies()).toEqual([]);
      place.redis.disconnect();
    }
    redis.disconnect();
  });
});
