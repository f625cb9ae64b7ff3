import type { JobStore } from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import { SqlJobStore } from 'escapement/stores/sql';
import type { StorePlace } from './node-config.js';

/** Makes the store of a place. */
export function storeAt({ engine, at, prefix }: StorePlace): JobStore {
  if (engine === 'redis') return new RedisJobStore({ url: at, prefix });
  return SqlJobStore[engine](at, { tablePrefix: prefix });
}
