import { Redis } from 'ioredis';

/** Is one connection to a Redis server, past the library. */
export class RedisSession implements AsyncDisposable {
  readonly #redis: Redis;

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** Connects. */
  static async to(url: string): Promise<RedisSession> {
    const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0 });
    redis.on('error', () => {});
    await redis.connect();
    return new RedisSession(redis);
  }

  /** Sends a command and gives its answer. */
  call(command: string, ...args: readonly string[]): Promise<unknown> {
    return this.#redis.call(command, ...args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }
}
