import { StoreTimedOutError } from '../../../errors/store-errors.js';
import { settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import { keySlot } from './key-slot.js';
import { linkOptions } from './link-options.js';
import { redacted } from './redact-error.js';
import type { RedisClientLike, RedisLike } from './redis-like.js';

/** Is a `Cluster` of ioredis, by the part of it that is used here. */
interface ClusterLike extends RedisClientLike {
  /** Holds the addresses of the nodes that serve a slot, the master's first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  /** Gives clients for all its nodes. */
  nodes(role: 'master'): readonly NodeLike[];
}

/** Is the client for a node of a cluster. */
interface NodeLike extends RedisLike {
  readonly options: { readonly host?: string; readonly port?: number };
}

/** Makes a `Cluster` look at the nodes once, and not again. */
const FINDER: object = {
  lazyConnect: true,
  clusterRetryStrategy: null,
  clusterNodeRetryStrategy: null,
  // A cluster that is down is told by the node.
  enableReadyCheck: false,
  shardedSubscribers: false,
  slotsRefreshInterval: undefined,
  scripts: undefined,
  himportFieldsets: undefined,
};

/**
 * Makes a client for the node of a cluster that serves a key. A client for the whole cluster would do as well, if it did
 * not send a command again whose answer was lost.
 */
export async function findNode(cluster: RedisLike, key: string, limitMs: number): Promise<RedisClientLike> {
  const finder = cluster.duplicate([], FINDER) as ClusterLike;
  let reason: unknown = null;
  finder.on('error', (error) => {
    reason ??= redacted((error as { lastNodeError?: unknown }).lastNodeError ?? error);
  });
  try {
    const connecting = finder.connect();
    if (!(await settlesWithin(systemClock, connecting, limitMs))) {
      throw new StoreTimedOutError('connection', limitMs);
    }
    await connecting;
    return nodeOf(finder, keySlot(key)).duplicate(linkOptions(limitMs));
  } catch (error) {
    throw reason ?? error;
  } finally {
    finder.disconnect();
  }
}

function nodeOf(cluster: ClusterLike, slot: number): NodeLike {
  const address = cluster.slots[slot]?.[0];
  const node = cluster
    .nodes('master')
    .find(({ options: { host, port } }) => `${String(host)}:${String(port)}` === address);
  if (node !== undefined) return node;
  throw new Error(`No node of the cluster serves slot ${String(slot)}.`);
}
