import { Redis } from 'ioredis';
import type { JobStore, Logger } from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import type { RedisJobStoreOptions } from 'escapement/stores/redis';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';
import { systemClock } from '../../../../src/time/system-clock.js';
import { StoreBench } from '../../../../src/testing/contract/store-bench.js';
import { freshPrefix } from '../../../support/servers/fresh-names.js';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { SILENT } from '../../support/silent.js';
import { findInconsistencies } from './find-inconsistencies.js';

/** Is a prefix on a server, with a client past the library. */
export class RedisPlace {
  readonly url: string;
  readonly prefix: string;
  /** Talks to the server past the library. */
  readonly redis: Redis;

  constructor(url: string, prefix: string = freshPrefix()) {
    this.url = url;
    this.prefix = prefix;
    this.redis = new Redis(url);
  }

  /** Gives the full name of a key of the store. */
  key(name: string): string {
    return `{${this.prefix}}:${name}`;
  }

  /** Makes a store that is not open. */
  store(options: Partial<RedisJobStoreOptions> = {}): RedisJobStore {
    return new RedisJobStore({ url: this.url, prefix: this.prefix, ...options });
  }

  /** Makes a store and opens it, until the test is over. */
  async openStore(logger: Logger = SILENT): Promise<RedisJobStore> {
    const store = this.store();
    await store.open({ clock: systemClock, logger });
    onTestFinished(() => store.close());
    return store;
  }

  /** Gives a test two open stores on the place, and closes them after it. */
  async withBench(
    test: (bench: StoreBench, peer: JobStore) => Promise<void>,
    aStore: () => JobStore = () => this.store(),
  ): Promise<void> {
    const [store, peer] = [aStore(), aStore()];
    const harness = {
      store,
      peers: [peer],
      context: { clock: systemClock, logger: SILENT },
      clock: null,
      dispose: async () => {},
    };
    await StoreBench.use(harness, (bench) => test(bench, peer));
  }

  /** Finds where the keys contradict each other. */
  async inconsistencies(): Promise<string[]> {
    return findInconsistencies(this.redis, this.prefix);
  }

  /** Gives the names of the keys that there are, without the prefix. */
  async keys(): Promise<string[]> {
    const root = this.key('');
    const found = await this.redis.keys('*');
    return found
      .filter((key) => key.startsWith(root))
      .map((key) => key.slice(root.length))
      .sort();
  }
}

/** Is a suite, given the way to a place of its own for each test, and the server. */
type OwnServerSuite = (aPlace: (prefix?: string) => RedisPlace, server: () => PrivateServer) => void;

/** Describes what holds on a server that no other file uses: it may be flushed. */
export function describeOnOwnRedis(
  title: string,
  suite: OwnServerSuite,
  config: Readonly<Record<string, string>> = {},
): void {
  describe.skipIf(whyNoServer('redis') !== null)(title, () => {
    let server: PrivateServer;

    beforeAll(async () => {
      server = await startServer('redis', { durable: false, config });
    });

    afterAll(() => server.dispose());

    suite(
      (prefix) => {
        const place = new RedisPlace(server.url, prefix);
        onTestFinished(() => place.redis.disconnect());
        return place;
      },
      () => server,
    );
  });
}
