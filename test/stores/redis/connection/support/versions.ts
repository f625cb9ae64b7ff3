import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis5';
import type { RedisOptions } from 'ioredis5';

/** Makes a client, for a URL or for what the options name. */
type MakeClient = (url: string, options?: RedisOptions) => Redis5;

/** Holds the versions of ioredis that fit, each with what makes its clients. */
export const VERSIONS: readonly (readonly [version: string, makeClient: MakeClient])[] = [
  ['5', (url, options = {}) => new Redis5(url, options)],
  ['6', (url, options = {}) => new Redis(url, options as object) as unknown as Redis5],
];
