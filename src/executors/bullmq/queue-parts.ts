import { InvalidOptionError } from '../../errors/input-errors.js';
import { settlesWithin } from '../../time/long-timer.js';
import { systemClock } from '../../time/system-clock.js';
import type { BullMQ, EventsProducer, Processor, Queue, QueueEvents, QueuePart, Worker } from './bullmq.js';
import type { ResolvedQueueOptions } from './queue-options.js';

/** Says how long to wait before connecting again, in milliseconds; anything else: not at all. */
type RetryStrategy = (times: number, ...more: never[]) => unknown;

/** Holds options of ioredis, by those that are changed here. */
interface RedisOptions {
  readonly retryStrategy?: RetryStrategy;
}

/** Is a client of ioredis, by the part of it that is used here. */
interface RedisLike {
  readonly isCluster?: boolean;
  readonly options?: RedisOptions & {
    readonly redisOptions?: object;
    readonly clusterRetryStrategy?: RetryStrategy;
  };
  duplicate(nodesOrOptions?: object, options?: object): RedisLike;
  disconnect(): void;
  on(event: 'error', listener: () => void): unknown;
}

const KEEP_ALIVE_MS = 10_000;
const COMMAND_LIMIT_MS = 10_000;
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;
const CLOSE_LIMIT_MS = 1500;
const DISCONNECT_LIMIT_MS = 250;

/** Sends each command once, and only while connected: what is kept for later might be sent when others have the run. */
const AT_ONCE: object = {
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  commandTimeout: COMMAND_LIMIT_MS,
  keepAlive: KEEP_ALIVE_MS,
};

/** Keeps commands until they can be sent: a worker's report must not be lost. */
const PATIENT: object = { maxRetriesPerRequest: null, keepAlive: KEEP_ALIVE_MS };

/** Notices a server that does not answer. */
const POOL: object = { connectionTimeoutMillis: 10_000, query_timeout: 30_000, keepAlive: true };

/** Makes BullMQ's parts for one queue, each with connections of its own, and closes them. */
export class QueueParts {
  readonly #bullmq: BullMQ;
  readonly #options: ResolvedQueueOptions;
  readonly #onError: (error: unknown) => void;
  readonly #parts = new Set<QueuePart>();
  readonly #clients = new Set<RedisLike>();
  #isClosed = false;

  /**
   * Makes it with no parts.
   *
   * @param onError - hears of what goes wrong with any part's connections
   */
  constructor(bullmq: BullMQ, options: ResolvedQueueOptions, onError: (error: unknown) => void) {
    this.#bullmq = bullmq;
    this.#options = options;
    this.#onError = onError;
  }

  /** Makes the queue. */
  queue(): Queue {
    const { Queue } = this.#bullmq;
    const { lockMs, queue } = this.#options;
    // What a queue does not know of is for its backend, which looks for workers that have died.
    const options = { maxStalledCount: 0, stalledInterval: stalledIntervalMs(lockMs) };
    return this.#keep(new Queue(queue, { ...this.#base(AT_ONCE), ...options }, ...this.#backend()));
  }

  /** Makes what hears of the queue's events. */
  events(): QueueEvents {
    return this.#makeEvents(this.#options.queue);
  }

  /** Makes what hears which runs are aborted: the events of a queue of its own, without jobs. */
  aborts(): QueueEvents {
    return this.#makeEvents(abortQueue(this.#options.queue));
  }

  /** Makes what tells which runs are aborted; `null`: this version of BullMQ cannot. */
  abortProducer(): EventsProducer | null {
    const { QueueEventsProducer } = this.#bullmq;
    if (QueueEventsProducer === undefined) return null;
    const name = abortQueue(this.#options.queue);
    return this.#keep(new QueueEventsProducer(name, this.#base(AT_ONCE), ...this.#backend()));
  }

  /** Makes what takes jobs, and has not begun. */
  worker(processor: Processor, name: string, concurrency: number): Worker {
    const { Worker } = this.#bullmq;
    const { lockMs, queue } = this.#options;
    const options = {
      ...this.#base(PATIENT),
      name,
      concurrency,
      autorun: false,
      lockDuration: lockMs,
      // Each run prolongs its own lock.
      skipLockRenewal: true,
      stalledInterval: stalledIntervalMs(lockMs),
      // What a dead worker had is the scheduler's to start again.
      maxStalledCount: 0,
      runRetryDelay: 1000,
    };
    return this.#keep(new Worker(queue, processor, options, ...this.#backend()));
  }

  /** Closes all that was made. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const parts = [...this.#parts];
    this.#parts.clear();
    await Promise.all(parts.map(closePart));
    for (const client of this.#clients) client.disconnect();
    this.#clients.clear();
  }

  #makeEvents(name: string): QueueEvents {
    const { QueueEvents } = this.#bullmq;
    const events = this.#keep(
      new QueueEvents(name, { ...this.#base(PATIENT), autorun: true }, ...this.#backend()),
    );
    events.on('ioredis:close', () => {
      this.#onError(new Error('The connection for events was closed.'));
    });
    return events;
  }

  #keep<T extends QueuePart>(part: T): T {
    part.on('error', this.#onError);
    this.#parts.add(part);
    // Whoever needs it waits for it as well.
    part.waitUntilReady().catch(this.#onError);
    return part;
  }

  #base(overrides: object): object {
    const { source, prefix } = this.#options;
    switch (source.kind) {
      case 'redis':
        return { connection: this.#redis(source.connection, overrides), prefix };
      case 'postgres':
        return { connection: postgresConnection(source.connection) };
    }
  }

  #backend(): readonly unknown[] {
    return this.#options.source.kind === 'redis' ? [] : [this.#bullmq.createPostgresBackend];
  }

  #redis(connection: object, overrides: object): object {
    if (isIoRedis(connection)) return this.#copy(connection, overrides);
    if (isClient(connection)) return connection;
    return { ...connection, ...overrides, ...this.#retries(connection) };
  }

  #copy(model: RedisLike, overrides: object): object {
    const { redisOptions, clusterRetryStrategy } = model.options ?? {};
    const client =
      model.isCluster === true
        ? model.duplicate([], {
            lazyConnect: true,
            clusterRetryStrategy: this.#whileOpen(clusterRetryStrategy),
            redisOptions: { ...redisOptions, ...overrides },
          })
        : model.duplicate({ ...overrides, ...this.#retries(model.options ?? {}), lazyConnect: true });
    client.on('error', () => undefined);
    this.#clients.add(client);
    return client;
  }

  #retries({ retryStrategy }: RedisOptions): RedisOptions {
    return { retryStrategy: this.#whileOpen(retryStrategy) };
  }

  /** Ends attempts to connect once all is closed: of what is not connected then, ioredis does not let go by itself. */
  #whileOpen(strategy: RetryStrategy = retryMs): RetryStrategy {
    return (...args) => (this.#isClosed ? null : strategy(...args));
  }
}

/**
 * Checks that the installed version of BullMQ can do what is asked of it.
 *
 * @throws `InvalidOptionError` when it has no PostgreSQL
 */
export function checkSource({ createPostgresBackend }: BullMQ, { source }: ResolvedQueueOptions): void {
  if (source.kind === 'postgres' && createPostgresBackend === undefined)
    throw new InvalidOptionError(
      'options.postgres',
      'absent: the installed bullmq has no PostgreSQL, version 6 has',
      '…',
    );
}

/** Gives how often workers that have died are looked for. */
export function stalledIntervalMs(lockMs: number): number {
  return Math.round(lockMs / 4);
}

function abortQueue(queue: string): string {
  return `${queue}-aborts`;
}

/** BullMQ makes its tables only if it is told to, and where it is not given a pool. */
function postgresConnection(connection: string | object): object {
  if (typeof connection === 'string') return { ...POOL, connectionString: connection, migrate: true };
  if ('connect' in connection && typeof connection.connect === 'function') return connection;
  const isToldTo = 'migrate' in connection || 'skipMigrations' in connection;
  return { ...POOL, ...connection, ...(!isToldTo && { migrate: true }) };
}

function retryMs(times: number): number {
  return Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.min(times, 10));
}

function isClient(connection: object): connection is RedisLike {
  return 'duplicate' in connection && typeof connection.duplicate === 'function';
}

function isIoRedis(connection: object): connection is RedisLike {
  return isClient(connection) && 'defineCommand' in connection;
}

async function closePart(part: QueuePart): Promise<void> {
  // It waits for answers, which a server that is gone does not give.
  if (await settlesWithin(systemClock, part.close(), CLOSE_LIMIT_MS)) return;
  await settlesWithin(systemClock, part.disconnect(), DISCONNECT_LIMIT_MS);
}
