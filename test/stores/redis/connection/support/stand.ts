import { randomBytes } from 'node:crypto';
import { systemClock } from 'escapement';
import type { Clock } from 'escapement';
import { connectRedis } from '../../../../../src/stores/redis/connection/redis-connection.js';
import type {
  RedisConnection,
  RedisScript,
} from '../../../../../src/stores/redis/connection/redis-connection.js';
import { resolveRedisOptions } from '../../../../../src/stores/redis/redis-options.js';
import type { RedisJobStoreOptions } from '../../../../../src/stores/redis/redis-options.js';
import { RecordingLogger } from '../../../../support/recording-logger.js';
import { RedisSession } from '../../../../support/redis-session.js';
import { TcpProxy } from '../../../../support/tcp-proxy.js';

/** Counts how often it was executed, in its key. */
export const COUNT: RedisScript = {
  name: 'count',
  lua: "return redis.call('INCR', KEYS[1])",
  isWriting: true,
};

/** Holds what a test uses of a server, and closes it afterwards. */
export class Stand implements AsyncDisposable {
  readonly url: string;
  readonly prefix = `t${randomBytes(6).toString('hex')}`;
  /** Is a key that no other test uses. */
  readonly key: string = `{${this.prefix}}`;
  readonly logger = new RecordingLogger();
  readonly #closers: (() => unknown)[] = [];

  constructor(url: string) {
    this.url = url;
  }

  /** Connects: to the server itself, unless the options say otherwise. */
  async connect(options: RedisJobStoreOptions = {}, clock: Clock = systemClock): Promise<RedisConnection> {
    const source = options.redis === undefined ? { url: this.url } : {};
    const resolved = resolveRedisOptions({ ...source, prefix: this.prefix, ...options });
    const connection = await connectRedis(resolved, { clock, logger: this.logger });
    this.closing(() => connection.close());
    return connection;
  }

  /** Puts a proxy before the server. */
  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.to(this.url);
    this.closing(() => proxy.close());
    return proxy;
  }

  /** Connects past the library. */
  async session(url: string = this.url): Promise<RedisSession> {
    const session = await RedisSession.to(url);
    this.closing(() => session[Symbol.asyncDispose]());
    return session;
  }

  /** Has something closed in the end. */
  closing(close: () => unknown): void {
    this.#closers.push(close);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}
