import { InvalidOptionError } from '../../errors/input-errors.js';
import { checkObject } from '../../internal/check.js';
import { durationMs } from '../../time/durations.js';
import type { DurationInput } from '../../time/durations.js';

/** Names a queue of BullMQ, the same way for both its ends; exactly one of `connection` and `postgres` is given. */
export interface BullMQQueueOptions {
  /**
   * Is how Redis is reached, as BullMQ takes it: `{ host, port, password, … }` or `{ url }` with options of ioredis, or a
   * client of ioredis, `Redis` or `Cluster`. A client is copied, and stays open.
   */
  readonly connection?: object;
  /**
   * Is how PostgreSQL is reached, from version 6 of BullMQ on: a URL, a config of pg with a `schema` for BullMQ's tables
   * if you like, or a `Pool` of pg. The tables are made where a URL or a config is given; a pool stays open.
   */
  readonly postgres?: string | object;
  /** Names the queue. @defaultValue 'escapement' */
  readonly queue?: string;
  /** Stands before the names of the queue's keys in Redis. @defaultValue 'bull', as elsewhere in BullMQ */
  readonly prefix?: string;
  /**
   * Is how long a run counts as under way without word from its worker; the same at both ends. A worker that died is
   * noticed after it and a quarter of it. @defaultValue 30 seconds
   */
  readonly lockDuration?: DurationInput;
}

/** Is what holds a queue. */
type QueueSource =
  | { readonly kind: 'redis'; readonly connection: object }
  | { readonly kind: 'postgres'; readonly connection: string | object };

/** Is what {@link BullMQQueueOptions} come to. */
export interface ResolvedQueueOptions {
  readonly source: QueueSource;
  readonly queue: string;
  readonly prefix: string;
  readonly lockMs: number;
}

/** Names the options of both ends. */
export const QUEUE_KEYS: readonly string[] = ['connection', 'postgres', 'queue', 'prefix', 'lockDuration'];

const MAX_NAME = 100;
const UNUSABLE = /[:{}\p{Cc}\p{Cs}]|^\s|\s$/u;
const MIN_LOCK_MS = 1000;

/**
 * Applies defaults to the options of both ends, and checks them.
 *
 * @throws `InvalidOptionError` when one is not what it should be
 */
export function resolveQueueOptions(record: Readonly<Record<string, unknown>>): ResolvedQueueOptions {
  const { connection, postgres, queue = 'escapement', prefix, lockDuration = 30_000 } = record;
  const source = resolveSource(connection, postgres);
  if (prefix !== undefined && source.kind === 'postgres')
    throw new InvalidOptionError(
      'options.prefix',
      'absent where `postgres` is given; it has a `schema`',
      prefix,
    );
  return {
    source,
    queue: checkName(queue, 'options.queue'),
    prefix: prefix === undefined ? 'bull' : checkPrefix(prefix),
    lockMs: durationMs(lockDuration, 'options.lockDuration', { minMs: MIN_LOCK_MS }),
  };
}

function resolveSource(connection: unknown, postgres: unknown): QueueSource {
  if (postgres === undefined)
    return { kind: 'redis', connection: checkConnection(connection, 'options.connection') };
  if (connection !== undefined)
    throw new InvalidOptionError(
      'options.postgres',
      'absent where `connection` is given',
      concealed(postgres),
    );
  if (typeof postgres === 'string') return { kind: 'postgres', connection: checkUrl(postgres) };
  return { kind: 'postgres', connection: checkConnection(postgres, 'options.postgres') };
}

function checkConnection(value: unknown, field: string): object {
  // What is no object may be a URL, and hold a password.
  return checkObject(typeof value === 'string' ? concealed(value) : value, field);
}

function checkUrl(url: string): string {
  if (/^postgres(?:ql)?:\/\/./.test(url)) return url;
  throw new InvalidOptionError('options.postgres', 'a URL that begins with postgres://', concealed(url));
}

function checkName(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !UNUSABLE.test(value))
    return value;
  const expected = `1 to ${String(MAX_NAME)} characters without colons, braces, control characters and edge spaces`;
  throw new InvalidOptionError(field, expected, value);
}

/** Checks a prefix, which may hold braces: they keep a queue in one slot of a cluster. */
function checkPrefix(value: unknown): string {
  const isUsable =
    typeof value === 'string' && value !== '' && value.length <= MAX_NAME && !/\p{Cc}|\p{Cs}/u.test(value);
  if (isUsable) return value;
  const expected = `1 to ${String(MAX_NAME)} characters without control characters`;
  throw new InvalidOptionError('options.prefix', expected, value);
}

/** Shows what a value is like, and nothing of what it holds. */
function concealed(value: unknown): unknown {
  return typeof value === 'string'
    ? '…'
    : Object.fromEntries(Object.keys(value ?? {}).map((key) => [key, '…']));
}
