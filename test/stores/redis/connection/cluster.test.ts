import { Cluster } from 'ioredis';
import { Cluster as Cluster5 } from 'ioredis5';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../../../src/stores/redis/connection/key-slot.js';
import type { RedisScript } from '../../../../src/stores/redis/connection/redis-connection.js';
import { RedisSession } from '../../../support/redis-session.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { freePort } from '../../../support/servers/free-port.js';
import { rejectionOf } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { COUNT, Stand } from './support/stand.js';

const HALF = 8192;
const PUBLISH: RedisScript = {
  name: 'publish',
  lua: "return redis.call('PUBLISH', ARGV[1], ARGV[2])",
  isWriting: true,
};

async function startNode(): Promise<PrivateServer> {
  const config = {
    'cluster-enabled': 'yes',
    'cluster-announce-ip': '127.0.0.1',
    'cluster-port': String(await freePort()),
  };
  const server = await startServer('redis', { durable: false, config });
  await using session = await RedisSession.to(server.url);
  await session.call('CONFIG', 'SET', 'requirepass', 'secret');
  return server;
}

function withPassword(server: PrivateServer): string {
  return server.url.replace('//', '//:secret@');
}

function portOf(server: PrivateServer): number {
  return Number(new URL(server.url).port);
}

const VERSIONS = [
  ['5', Cluster5],
  ['6', Cluster],
] as const;

describe.skipIf(whyNoServer('redis') !== null)('a cluster that was handed in', () => {
  let first: PrivateServer;
  let second: PrivateServer;

  beforeAll(async () => {
    [first, second] = await Promise.all([startNode(), startNode()]);
    await using stand = new Stand(first.url);
    const [one, two] = [await stand.session(withPassword(first)), await stand.session(withPassword(second))];
    await one.call('CLUSTER', 'ADDSLOTSRANGE', '0', String(HALF - 1));
    await two.call('CLUSTER', 'ADDSLOTSRANGE', String(HALF), '16383');
    const info = String(await two.call('CLUSTER', 'NODES'));
    const [, bus = ''] = /@(\d+)/.exec(info) ?? [];
    await one.call('CLUSTER', 'MEET', '127.0.0.1', String(portOf(second)), bus);
    await eventually(async () => {
      for (const node of [one, two]) {
        const state = String(await node.call('CLUSTER', 'INFO'));
        expect(state).toContain('cluster_state:ok');
        expect(state).toContain('cluster_known_nodes:2');
      }
    }, 15_000);
  }, 30_000);

  afterAll(() => Promise.all([first.dispose(), second.dispose()]));

  /** Makes a stand whose key is on the second node, which a client is not told of. */
  function standOnSecond(): Stand {
    const stand = new Stand(first.url);
    return keySlot(stand.key) >= HALF ? stand : standOnSecond();
  }

  for (const [version, Client] of VERSIONS) {
    it(`is used by connections of our own (ioredis ${version})`, async () => {
      await using stand = standOnSecond();
      const redis = new Client([{ host: '127.0.0.1', port: portOf(first) }], {
        redisOptions: { password: 'secret', keyPrefix: 'theirs:' },
        scaleReads: 'slave',
      });
      stand.closing(() => redis.disconnect());
      const connection = await stand.connect({ redis });
      const heard: (string | null)[] = [];
      await connection.listen(stand.key, (payload) => heard.push(payload));
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);
      await connection.run(PUBLISH, stand.key, [stand.key, 'a']);
      await eventually(() => expect(heard).toEqual(['a']));
      expect(await connection.maxmemoryPolicy()).toBe('noeviction');
      await connection.close();
      await redis.set(stand.key, 'x');
      expect(await redis.get(stand.key)).toBe('x');
    });

    it(`is followed when the slot goes to another node (ioredis ${version})`, async () => {
      await using stand = standOnSecond();
      const redis = new Client([{ host: '127.0.0.1', port: portOf(first) }], {
        redisOptions: { password: 'secret' },
        lazyConnect: true,
      });
      const connection = await stand.connect({ redis });
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);
      const one = await stand.session(withPassword(first));
      const two = await stand.session(withPassword(second));
      await two.call('DEL', stand.key);
      const [slot, id] = [String(keySlot(stand.key)), String(await one.call('CLUSTER', 'MYID'))];
      for (const node of [one, two]) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
      expect(String(await rejectionOf(connection.run(COUNT, stand.key, [])))).toContain('MOVED');
      await eventually(() => connection.run(COUNT, stand.key, []));
      expect(Number(await one.call('GET', stand.key))).toBeGreaterThan(0);
    });

    it(`rejects with the reason when it cannot be had (ioredis ${version})`, async () => {
      await using stand = new Stand(first.url);
      const nobody = new Client([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true });
      expect(await rejectionOf(stand.connect({ redis: nobody }))).toBeInstanceOf(Error);
      const stranger = new Client([{ host: '127.0.0.1', port: portOf(first) }], {
        lazyConnect: true,
        redisOptions: { password: 'wrong-secret' },
      });
      expect(String(await rejectionOf(stand.connect({ redis: stranger })))).toContain('WRONGPASS');
    });
  }

  it('runs nothing while the slot is on its way to another node', async () => {
    await using stand = standOnSecond();
    const redis = new Cluster([{ host: '127.0.0.1', port: portOf(first) }], {
      lazyConnect: true,
      redisOptions: { password: 'secret' },
    });
    const connection = await stand.connect({ redis });
    const beside = { ...COUNT, lua: "return redis.call('INCR', KEYS[1] .. ':count')" };
    expect(await connection.run(beside, stand.key, [])).toBe(1);
    const [one, two] = [await stand.session(withPassword(first)), await stand.session(withPassword(second))];
    const slot = String(keySlot(stand.key));
    await one.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await two.call('CLUSTER', 'MYID')));
    await two.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(await one.call('CLUSTER', 'MYID')));
    try {
      expect(String(await rejectionOf(connection.run(beside, stand.key, [])))).toContain('ASK');
    } finally {
      for (const node of [one, two]) await node.call('CLUSTER', 'SETSLOT', slot, 'STABLE');
    }
    expect(await connection.run(beside, stand.key, [])).toBe(2);
  });

  it('rejects when nobody answers, and leaves nothing behind', async () => {
    await using stand = new Stand(first.url);
    const proxy = await stand.proxy();
    proxy.swallow();
    const redis = new Cluster([{ host: '127.0.0.1', port: Number(new URL(proxy.url).port) }], {
      lazyConnect: true,
      slotsRefreshTimeout: 60_000,
    });
    const error = await rejectionOf(stand.connect({ redis, commandTimeout: 300 }));
    expect(error).toMatchObject({ code: 'ESC_STORE_TIMED_OUT' });
    proxy.heal();
    await eventually(() => expect(proxy.connections).toBe(0));
  });
});

describe.skipIf(whyNoServer('redis') !== null)('the slot of a key', () => {
  it('is what the server says', async () => {
    await using server = await startServer('redis', {
      durable: false,
      config: { 'cluster-enabled': 'yes', 'cluster-port': String(await freePort()) },
    });
    await using stand = new Stand(server.url);
    const session = await stand.session();
    const keys = [
      '',
      'a',
      '{escapement}',
      '{escapement}:job:1',
      'x{a}{b}',
      '{}x',
      'x{',
      '{é€😀}',
      'a}b{c}',
      '{{a}}',
    ];
    for (const key of keys) {
      expect([key, keySlot(key)]).toEqual([key, await session.call('CLUSTER', 'KEYSLOT', key)]);
    }
  });
});
