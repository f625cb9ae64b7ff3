import { Cluster, Redis } from 'ioredis';
import { InvalidOptionError } from 'escapement';
import { describe, expect, it } from 'vitest';
import { resolveRedisOptions } from '../../../../src/stores/redis/redis-options.js';

const url = 'redis://localhost:6379';

/** Gives the error that options are refused with. */
function refusal(options: unknown): InvalidOptionError {
  try {
    resolveRedisOptions(options);
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('The options were taken.');
}

describe('the options of a Redis store', () => {
  it('have defaults', () => {
    expect(resolveRedisOptions({ url })).toEqual({
      source: { kind: 'url', url },
      prefix: 'escapement',
      wait: null,
      commandTimeoutMs: 10_000,
    });
  });

  it('are taken as they are given', () => {
    const redis = new Redis({ lazyConnect: true });
    const wait = { replicas: 2, timeout: { seconds: 1 } };
    expect(resolveRedisOptions({ redis, prefix: 'app', wait, commandTimeout: { seconds: 3 } })).toEqual({
      source: { kind: 'client', client: redis },
      prefix: 'app',
      wait: { replicas: 2, timeoutMs: 1000 },
      commandTimeoutMs: 3000,
    });
    const cluster = new Cluster([], { lazyConnect: true });
    expect(resolveRedisOptions({ redis: cluster }).source).toEqual({ kind: 'client', client: cluster });
  });

  it.each([
    'redis://localhost',
    'redis://user:p%40ss@localhost:6379/3',
    'redis://:pass@[::1]:6379/',
    'rediss://cache.example.com?family=6',
    '/var/run/redis.sock',
    '/var/run/redis.sock?db=2',
  ])('take the address %s', (address) => {
    expect(resolveRedisOptions({ url: address }).source).toEqual({ kind: 'url', url: address });
  });

  it.each(['a', 'my app', '*', '[a-z]?', 'é😀', '../..', 'x'.repeat(100)])('take the prefix %j', (prefix) => {
    expect(resolveRedisOptions({ url, prefix }).prefix).toBe(prefix);
  });

  it.each([
    [undefined, 'options'],
    [null, 'options'],
    [{}, 'options.url'],
    [{ url: '' }, 'options.url'],
    [{ url: 6379 }, 'options.url'],
    [{ url: 'localhost:6379' }, 'options.url'],
    [{ url: '//localhost' }, 'options.url'],
    [{ url: 'http://localhost' }, 'options.url'],
    [{ url: 'REDISS://localhost' }, 'options.url'],
    [{ url: 'redis://' }, 'options.url'],
    [{ url: 'redis://localhost:99999' }, 'options.url'],
    [{ url: 'redis://localhost/jobs' }, 'options.url'],
    [{ url: 'redis://:100%@localhost' }, 'options.url'],
    [{ redis: null }, 'options.redis'],
    [{ redis: {} }, 'options.redis'],
    [{ redis: Redis }, 'options.redis'],
    [{ url, redis: new Redis({ lazyConnect: true }) }, 'options.redis'],
    [{ url, prefix: '' }, 'options.prefix'],
    [{ url, prefix: 7 }, 'options.prefix'],
    [{ url, prefix: null }, 'options.prefix'],
    [{ url, prefix: '{app}' }, 'options.prefix'],
    [{ url, prefix: 'app}' }, 'options.prefix'],
    [{ url, prefix: ' app' }, 'options.prefix'],
    [{ url, prefix: 'app\u00a0' }, 'options.prefix'],
    [{ url, prefix: 'a\nb' }, 'options.prefix'],
    [{ url, prefix: 'a\u0000b' }, 'options.prefix'],
    [{ url, prefix: 'a\ud800' }, 'options.prefix'],
    [{ url, prefix: 'x'.repeat(101) }, 'options.prefix'],
    [{ url, wait: 1 }, 'options.wait'],
    [{ url, wait: {} }, 'options.wait.replicas'],
    [{ url, wait: { replicas: 0, timeout: 100 } }, 'options.wait.replicas'],
    [{ url, wait: { replicas: 1.5, timeout: 100 } }, 'options.wait.replicas'],
    [{ url, wait: { replicas: 1 } }, 'options.wait.timeout'],
    [{ url, wait: { replicas: 1, timeout: 0 } }, 'options.wait.timeout'],
    [{ url, wait: { replicas: 1, timeout: { hours: 2 } } }, 'options.wait.timeout'],
    [{ url, wait: { replicas: 1, timeout: 1, all: true } }, 'options.wait.all'],
    [{ url, commandTimeout: 0 }, 'options.commandTimeout'],
    [{ url, commandTimeout: Infinity }, 'options.commandTimeout'],
    [{ url, commandTimeout: '1s' }, 'options.commandTimeout'],
    [{ url, commandTimeout: { seconds: 'x' } }, 'options.commandTimeout.seconds'],
    [{ url, host: 'localhost' }, 'options.host'],
  ])('refuse %j and name %s', (options, field) => {
    expect(refusal(options).field).toBe(field);
  });

  it.each([
    'redis://:secret@localhost',
    { url: 'http://user:secret@localhost' },
    { url: 'user:secret@localhost' },
    { url: 'secret' },
    { redis: 'redis://:secret@localhost' },
    { redis: { host: 'localhost', password: 'secret' } },
    { url, redis: new Redis({ lazyConnect: true, password: 'secret' }) },
  ])('are refused without repeating a password (%#)', (options) => {
    const error = refusal(options);
    expect(`${error.message} ${JSON.stringify(error.received)}`).not.toContain('secret');
  });
});
