import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { serverUrl } from '../support/servers.js';

/** Is where one measurement keeps what it keeps. */
export interface Place {
  /** Is the server's URL. */
  readonly url: string;
  /** Stands before the names of all keys. */
  readonly prefix: string;
}

/** Is an empty part of the server for one measurement. */
export interface Keyspace {
  /** Is the server's URL, with the prefix as its fragment. */
  readonly url: string;
  /** Is a connection to look at it with. */
  readonly redis: Redis;
  /** Removes what is in it. */
  drop(): Promise<void>;
}

/** Makes a keyspace on the server that was started. */
export function createKeyspace(): Keyspace {
  const prefix = `bench-${randomBytes(6).toString('hex')}`;
  const redis = new Redis(serverUrl('redis'));
  return {
    url: `${serverUrl('redis')}#${prefix}`,
    redis,
    async drop() {
      for await (const keys of redis.scanStream({ match: `*${prefix}*`, count: 1000 })) {
        if ((keys as string[]).length > 0) await redis.unlink(keys as string[]);
      }
      await redis.quit();
    },
  };
}

/** Reads the URL of a keyspace. */
export function placeOf(url: string): Place {
  const [server = '', prefix = ''] = url.split('#');
  return { url: server, prefix };
}
