import type { Redis } from 'ioredis';

/** Is something that may have happened to a key, with the words for it that follow "whose hash" or "whose text". */
type Damage = readonly [title: string, damage: (redis: Redis, key: string) => Promise<unknown>];

/** Holds what may have happened to the hash of a job or run. */
export const BROKEN_HASHES: readonly Damage[] = [
  ['was deleted', (redis, key) => redis.del(key)],
  ['became a text', (redis, key) => redis.set(key, 'x')],
  ['became a list', (redis, key) => redis.multi().del(key).lpush(key, 'x').exec()],
  ['has none of its fields', (redis, key) => redis.multi().del(key).hset(key, 'a', 'b').exec()],
];

/** Holds what may have happened to the text of a job or run. */
export const BROKEN_TEXTS: readonly Damage[] = [
  ['was deleted', (redis, key) => redis.del(key)],
  ['is no JSON', (redis, key) => redis.set(key, '{"format":1,')],
  ['is null', (redis, key) => redis.set(key, 'null')],
  ['is a number', (redis, key) => redis.set(key, '7')],
  ['is an empty object', (redis, key) => redis.set(key, '{}')],
  ['lacks most of its fields', (redis, key) => redis.set(key, '{"format":1,"createdAt":1}')],
  ['has fields of other types', (redis, key) => redis.set(key, '{"id":7,"createdAt":"x","jobId":{}}')],
  ['became a list', (redis, key) => redis.multi().del(key).lpush(key, 'x').exec()],
  ['became a hash', (redis, key) => redis.multi().del(key).hset(key, 'a', 'b').exec()],
];
