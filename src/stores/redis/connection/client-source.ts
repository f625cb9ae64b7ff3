import { createRequire } from 'node:module';
import { loadPeer } from '../../../internal/load-peer.js';
import { findNode } from './find-node.js';
import { linkOptions } from './link-options.js';
import type { RedisClientLike, RedisLike } from './redis-like.js';
import type { RedisSource } from '../redis-options.js';

const require = createRequire(import.meta.url);

/** Makes clients that are one connection each, and are not connected yet. */
export type ClientSource = () => Promise<RedisClientLike>;

/** Is ioredis, by the part of it that is used here. */
interface IoRedis {
  readonly default: new (url: string, options: object) => RedisLike;
}

/**
 * Gives where clients come from: they are made like the one that was handed in, or like one that is made from the URL and
 * never connected.
 *
 * @param key - the key whose node is spoken to, in a cluster
 * @param limitMs - how long connecting may take
 * @throws `MissingPeerError` when there is a URL, and no ioredis
 */
export function clientSource(source: RedisSource, key: string, limitMs: number): ClientSource {
  const model = source.kind === 'url' ? clientFor(source.url) : source.client;
  if (model.isCluster) return () => findNode(model, key, limitMs);
  return async () => model.duplicate(linkOptions(limitMs));
}

function clientFor(url: string): RedisLike {
  const { default: Redis } = loadPeer(
    'ioredis',
    'RedisJobStore',
    () => require('ioredis') as unknown,
  ) as IoRedis;
  return new Redis(url, { lazyConnect: true, connectionName: 'escapement', keepAlive: 10_000 });
}
