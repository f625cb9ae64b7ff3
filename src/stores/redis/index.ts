export { RedisJobStore } from './redis-job-store.js';
export type { RedisClientLike, RedisLike } from './connection/redis-like.js';
export type { RedisJobStoreOptions, RedisWaitOptions } from './redis-options.js';
