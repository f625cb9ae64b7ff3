import { InvalidOptionError } from '../../errors/input-errors.js';
import { checkInteger, checkRecord } from '../../internal/check.js';
import { durationMs } from '../../time/durations.js';
import type { DurationInput } from '../../time/durations.js';
import type { RedisLike } from './connection/redis-like.js';

/** Holds the options of a `RedisJobStore`; exactly one of `url` and `redis` is given. */
export interface RedisJobStoreOptions {
  /** Names the server: a URL that begins with `redis://` or `rediss://`, or the absolute path of a Unix socket. */
  readonly url?: string;
  /** Is a client of ioredis, `Redis` or `Cluster`: the store connects as it does, and leaves the client itself alone. */
  readonly redis?: RedisLike;
  /** Stands before the names of all keys and channels: 1 to 100 characters. @defaultValue 'escapement' */
  readonly prefix?: string;
  /** Says how many replicas have to have what is written before a call answers. @defaultValue none */
  readonly wait?: RedisWaitOptions;
  /** Is how long a command may take; the connection is then given up and made anew. @defaultValue 10 seconds */
  readonly commandTimeout?: DurationInput;
}

/** Says how many replicas have to have what is written before a call answers. */
export interface RedisWaitOptions {
  /** Is how many replicas. */
  readonly replicas: number;
  /** Is how long to wait for them. */
  readonly timeout: DurationInput;
}

/** Is how a server is reached: by a URL, or as a client that was handed in. */
export type RedisSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'client'; readonly client: RedisLike };

/** Says how many replicas have to acknowledge what is written, and how long they may take. */
export interface WaitLimits {
  /** Is how many replicas. */
  readonly replicas: number;
  /** Is how long they may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Is what the options come to. */
export interface ResolvedRedisOptions {
  /** Says how the server is reached. */
  readonly source: RedisSource;
  /** Stands before the names of all keys and channels. */
  readonly prefix: string;
  /** Says how many replicas have to have what is written; `null`: none. */
  readonly wait: WaitLimits | null;
  /** Is how long a command may take, in milliseconds. */
  readonly commandTimeoutMs: number;
}

/** Stands before the names of all keys and channels unless another prefix is given. */
const DEFAULT_PREFIX = 'escapement';

const KEYS: ReadonlySet<string> = new Set(['url', 'redis', 'prefix', 'wait', 'commandTimeout']);
const WAIT_KEYS: ReadonlySet<string> = new Set(['replicas', 'timeout']);
const MAX_PREFIX = 100;
const MAX_REPLICAS = 100;
const COMMAND_TIMEOUT_MS = 10_000;
const MAX_LIMIT_MS = 3_600_000;
const UNUSABLE = /[{}\p{Cc}\p{Cs}]|^\s|\s$/u;

/**
 * Applies defaults and checks.
 *
 * @throws {@link InvalidOptionError} naming the option that is wrong
 */
export function resolveRedisOptions(options: unknown): ResolvedRedisOptions {
  // A URL holds a password; it is not repeated.
  if (typeof options === 'string') throw new InvalidOptionError('options', 'an object', concealed(options));
  const record = checkRecord(options, 'options', KEYS);
  const { prefix = DEFAULT_PREFIX, wait, commandTimeout = COMMAND_TIMEOUT_MS } = record;
  return {
    source: resolveSource(record['url'], record['redis']),
    prefix: checkPrefix(prefix),
    wait: wait === undefined ? null : resolveWait(wait),
    commandTimeoutMs: checkLimit(commandTimeout, 'options.commandTimeout'),
  };
}

function resolveSource(url: unknown, redis: unknown): RedisSource {
  if (redis === undefined) return { kind: 'url', url: checkUrl(url) };
  if (url !== undefined) {
    throw new InvalidOptionError('options.redis', 'absent where `url` is given', concealed(redis));
  }
  return { kind: 'client', client: checkClient(redis) };
}

function checkUrl(url: unknown): string {
  const isUsable = typeof url === 'string' && (/^\/[^/]/.test(url) || isRedisUrl(url));
  if (isUsable) return url;
  const expected =
    'a URL such as redis://user:password@host:6379/0 or rediss://host, percent-encoded, or the absolute path of a Unix socket';
  throw new InvalidOptionError('options.url', expected, concealed(url));
}

function isRedisUrl(text: string): boolean {
  // What ioredis does not know the scheme of, it takes for a host; a scheme in capitals would go without TLS.
  if (!/^rediss?:\/\//.test(text)) return false;
  try {
    const { hostname, pathname, username, password } = new URL(text);
    decodeURIComponent(username + password);
    return hostname !== '' && /^(?:\/\d*)?$/.test(pathname);
  } catch {
    return false;
  }
}

function checkClient(redis: unknown): RedisLike {
  const { call, connect, duplicate, isCluster } = (redis ?? {}) as Partial<Record<keyof RedisLike, unknown>>;
  const isUsable = [call, connect, duplicate].every((method) => typeof method === 'function');
  if (isUsable && typeof isCluster === 'boolean') return redis as RedisLike;
  const expected = 'a `Redis` or a `Cluster` of the package ioredis, version 5 or later';
  throw new InvalidOptionError('options.redis', expected, concealed(redis));
}

/** Shows what a value is like, and nothing of what it holds. */
function concealed(value: unknown): unknown {
  if (typeof value === 'string') return '…';
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, '…']));
}

function checkPrefix(prefix: unknown): string {
  const isUsable =
    typeof prefix === 'string' && prefix !== '' && prefix.length <= MAX_PREFIX && !UNUSABLE.test(prefix);
  if (isUsable) return prefix;
  const expected = `1 to ${String(MAX_PREFIX)} characters without braces, control characters and edge spaces`;
  throw new InvalidOptionError('options.prefix', expected, prefix);
}

function resolveWait(wait: unknown): WaitLimits {
  const { replicas, timeout } = checkRecord(wait, 'options.wait', WAIT_KEYS);
  return {
    replicas: checkInteger(replicas, 'options.wait.replicas', { min: 1, max: MAX_REPLICAS }),
    timeoutMs: checkLimit(timeout, 'options.wait.timeout'),
  };
}

function checkLimit(value: unknown, field: string): number {
  const limitMs = durationMs(value, field, { minMs: 1 });
  if (limitMs <= MAX_LIMIT_MS) return limitMs;
  throw new InvalidOptionError(field, 'a duration of at most an hour', value);
}
