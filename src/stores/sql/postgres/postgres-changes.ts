import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Logger } from '../../../internal/logger.js';
import type { Timer } from '../../../time/clock.js';
import { systemClock } from '../../../time/system-clock.js';
import type { SqlChanges } from '../sql-connection.js';
import { makeListenClient } from './listen-client.js';
import type { PgPoolLike } from './pg-pool-like.js';
import { isRefusedByPostgres } from './postgres-errors.js';
import { PostgresListener } from './postgres-listener.js';

/** Is how long the connection may take to answer. */
const ANSWER_MS = 5000;
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/** Is what {@link PostgresChanges} needs. */
export interface PostgresChangesOptions {
  /** Is the pool whose database is listened to. */
  readonly pool: PgPoolLike;
  /** Sends notifications. */
  readonly db: Kysely<unknown>;
  /** Names the channel. */
  readonly channel: string;
  /** Is how long a statement may take, in milliseconds. */
  readonly limitMs: number;
  /** Takes what there is to say. */
  readonly logger: Logger;
}

/**
 * Tells of changes by LISTEN, on a connection of its own that is made anew whenever it breaks.
 *
 * States: `off` → `connecting` → `listening`; a broken connection leads to `waiting`, and from there to `connecting`
 * again. Where nothing can be heard the state is `deaf`, for good: behind a pooler, and on a server without LISTEN.
 */
export class PostgresChanges implements SqlChanges {
  readonly #options: PostgresChangesOptions;
  #onChange: ((payload: string | null) => void) | null = null;
  #state: 'off' | 'connecting' | 'listening' | 'waiting' | 'deaf' = 'off';
  #listener: PostgresListener | null = null;
  #retry: Timer | null = null;
  #failures = 0;

  /** Makes it; it does nothing until somebody listens. */
  constructor(options: PostgresChangesOptions) {
    this.#options = options;
  }

  async listen(onChange: (payload: string | null) => void): Promise<() => Promise<void>> {
    this.#onChange = onChange;
    await this.#connect();
    return () => this.close();
  }

  async check(): Promise<void> {
    const listener = this.#listener;
    if (listener === null || this.#state !== 'listening') return;
    try {
      await listener.check();
    } catch (error) {
      this.#lose(listener, error);
    }
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#state = 'off';
    this.#retry?.cancel();
    this.#retry = null;
    this.#onChange = null;
    const listener = this.#listener;
    this.#listener = null;
    await listener?.close();
  }

  async #connect(): Promise<void> {
    this.#state = 'connecting';
    const { pool, db, channel, limitMs } = this.#options;
    const listener: PostgresListener = new PostgresListener(
      makeListenClient(pool),
      channel,
      Math.min(ANSWER_MS, limitMs),
      (payload) => this.#onChange?.(payload),
      (error) => this.#lose(listener, error),
    );
    this.#listener = listener;
    try {
      await listener.open();
      const isHeard = await listener.hears((probe) => sql`select pg_notify(${probe}, '')`.execute(db));
      if (this.#listener !== listener) return;
      if (isHeard) this.#listens();
      else this.#giveUp('no notification arrives; is there a pooler between?');
    } catch (error) {
      if (this.#listener !== listener) return;
      if (isRefusedByPostgres(error)) this.#giveUp(error);
      else this.#lose(listener, error);
    }
  }

  #listens(): void {
    this.#state = 'listening';
    if (this.#failures > 0) this.#options.logger.info({}, 'Notifications of PostgreSQL arrive again');
    this.#failures = 0;
    // Something may have been missed.
    this.#onChange?.(null);
  }

  #giveUp(error: unknown): void {
    this.#state = 'deaf';
    this.#discard();
    this.#options.logger.warn(
      { err: error },
      'PostgreSQL does not tell this process of changes; they are noticed at the next poll',
    );
  }

  #lose(listener: PostgresListener, error: unknown): void {
    if (this.#listener !== listener) return;
    this.#discard();
    this.#state = 'waiting';
    if (this.#failures === 0) {
      this.#options.logger.warn(
        { err: error },
        'Lost the connection for notifications of PostgreSQL; trying again',
      );
    }
    const pause = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#retry = systemClock.setTimer(() => void this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  /** Lets go of the listener; its connection closes by itself. */
  #discard(): void {
    void this.#listener?.close();
    this.#listener = null;
  }
}
