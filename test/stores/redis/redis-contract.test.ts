import { Redis } from 'ioredis';
import { Cluster } from 'ioredis5';
import { RedisJobStore } from 'escapement/stores/redis';
import type { RedisJobStoreOptions } from 'escapement/stores/redis';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { systemClock } from '../../../src/time/system-clock.js';
import { startServer, whyNoServer } from '../../support/servers.js';
import type { PrivateServer } from '../../support/servers.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { freshPrefix } from '../../support/servers/fresh-names.js';
import { keepsTheContract } from '../support/keeps-the-contract.js';
import { SILENT } from '../support/silent.js';
import { eventually } from './connection/support/eventually.js';
import { findInconsistencies } from './support/find-inconsistencies.js';

const CLUSTER = { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' };

function keepsTheContractOn(place: () => RedisJobStoreOptions, onlooker: () => Redis): void {
  keepsTheContract(new RedisJobStore({ url: 'redis://127.0.0.1' }), async () => {
    const prefix = freshPrefix();
    const [store, ...peers] = [1, 2, 3].map(() => new RedisJobStore({ ...place(), prefix }));
    return {
      store: store!,
      peers,
      context: { clock: systemClock, logger: SILENT },
      clock: null,
      // Whatever a case has done, the keys that it leaves fit together.
      dispose: async () => expect(await findInconsistencies(onlooker(), prefix)).toEqual([]),
    };
  });
}

await describeOnServer('redis', 'the job store contract, on Redis', (url) => {
  const redis = new Redis(url);
  afterAll(() => redis.disconnect());

  keepsTheContractOn(
    () => ({ url }),
    () => redis,
  );
});

describe.skipIf(whyNoServer('redis') !== null)('the job store contract, on a cluster of ioredis 5', () => {
  let server: PrivateServer;
  let redis: Redis;
  let cluster: Cluster;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false, config: CLUSTER });
    redis = new Redis(server.url);
    await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () => expect(await redis.call('CLUSTER', 'INFO')).toContain('cluster_state:ok'));
    cluster = new Cluster([server.url]);
    cluster.on('error', () => {});
  });

  afterAll(async () => {
    redis.disconnect();
    cluster.disconnect();
    await server.dispose();
  });

  keepsTheContractOn(
    () => ({ redis: cluster }),
    () => redis,
  );
});
