import type { JobStore } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import type { StorePlace } from './node-config.js';

/** Makes the store of a place. */
export function storeAt({ engine, at, tablePrefix }: StorePlace): JobStore {
  return SqlJobStore[engine](at, { tablePrefix });
}
