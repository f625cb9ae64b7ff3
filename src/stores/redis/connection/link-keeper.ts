import { InvalidStateError } from '../../../errors/scheduler-errors.js';
import { StoreTimedOutError } from '../../../errors/store-errors.js';
import { Deferred } from '../../../internal/deferred.js';
import type { Logger } from '../../../internal/logger.js';
import type { Timer } from '../../../time/clock.js';
import { settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import type { ClientSource } from './client-source.js';
import { RedisLink } from './redis-link.js';

const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2000;
/** Is how long a call waits for a lost connection to be back. */
const PATIENCE_MS = 1000;

/** Is what a {@link LinkKeeper} needs. */
export interface LinkKeeperOptions {
  /** Makes clients. */
  readonly source: ClientSource;
  /** Is how long connecting may take, and each command, in milliseconds. */
  readonly limitMs: number;
  /** Takes what there is to say. */
  readonly logger: Logger;
  /** Says what the connection is for, in what is logged. */
  readonly purpose: string;
  /** Is called with each new connection before it is used; if it rejects, the connection is given up. */
  readonly onOpen?: (link: RedisLink, isFirst: boolean) => Promise<void>;
  /** Hears of what is published. */
  readonly onMessage?: (channel: string, payload: string) => void;
}

/**
 * Keeps a connection up: one that is lost is made anew, after pauses that grow, until it is closed.
 *
 * States: `connecting` → `up`; a lost connection, and an attempt that failed, lead to `waiting`, and from there to
 * `connecting` again; all → `closed`.
 */
export class LinkKeeper {
  readonly #options: LinkKeeperOptions;
  #link: RedisLink | null = null;
  /** Is the connection that is being made. */
  #attempt: RedisLink | null = null;
  #opening: Promise<void> | null = null;
  #up = new Deferred<void>();
  #retry: Timer | null = null;
  #failures = 0;
  #upSince = 0;
  #failure: { readonly error: unknown } | null = null;
  #isClosed = false;

  /** Makes a keeper that has no connection yet. */
  constructor(options: LinkKeeperOptions) {
    this.#options = options;
  }

  /** Connects for the first time; the keeper is closed if that fails. Calling it again waits for the same. */
  open(): Promise<void> {
    this.#opening ??= this.#openFirst();
    return this.#opening;
  }

  /** Is the connection, if there is one now. */
  get current(): RedisLink | null {
    return this.#link?.isUsable() === true ? this.#link : null;
  }

  /** Gives the connection; waits a moment for one that was lost. */
  async link(): Promise<RedisLink> {
    if (this.current === null && !this.#isClosed) {
      await settlesWithin(systemClock, this.#up.promise, PATIENCE_MS);
    }
    const link = this.current;
    if (link !== null) return link;
    if (this.#isClosed) throw new InvalidStateError('The connection to Redis is closed.');
    if (this.#failure !== null) throw this.#failure.error;
    throw new StoreTimedOutError('connection', PATIENCE_MS);
  }

  /** Closes the connection, at whatever point it is; what waits for an answer is rejected. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.cancel();
    const reason = new InvalidStateError('The connection to Redis was closed.');
    this.#attempt?.drop(reason);
    const link = this.#link;
    this.#link = null;
    link?.drop(reason);
    this.#up.resolve();
  }

  async #openFirst(): Promise<void> {
    try {
      await this.#connect(true);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #connect(isFirst: boolean): Promise<void> {
    const { source, limitMs, onOpen, onMessage = ignore } = this.#options;
    const link: RedisLink = new RedisLink({
      source,
      limitMs,
      onMessage,
      onLost: (error) => this.#lose(link, error),
    });
    this.#attempt = link;
    try {
      await link.open();
      await onOpen?.(link, isFirst);
      link.assertUp();
    } catch (error) {
      link.drop(error);
      throw error;
    } finally {
      this.#attempt = null;
    }
    if (!isFirst) this.#options.logger.debug({}, `Connected to Redis again for ${this.#options.purpose}`);
    this.#link = link;
    this.#upSince = systemClock.monotonic();
    this.#up.resolve();
  }

  #lose(link: RedisLink, error: unknown): void {
    // One that is lost before it is up fails its attempt.
    if (this.#link !== link) return;
    this.#link = null;
    this.#up = new Deferred();
    if (systemClock.monotonic() - this.#upSince > MAX_PAUSE_MS) this.#failures = 0;
    this.#connectLater(error);
  }

  #connectLater(error: unknown): void {
    this.#failure = { error };
    const { logger, purpose } = this.#options;
    if (this.#failures === 0) logger.debug({ err: error }, `Lost the connection to Redis for ${purpose}`);
    const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#retry = systemClock.setTimer(() => void this.#tryAgain(), pauseMs * (0.5 + Math.random() / 2));
  }

  async #tryAgain(): Promise<void> {
    try {
      await this.#connect(false);
    } catch (error) {
      if (!this.#isClosed) this.#connectLater(error);
    }
  }
}

function ignore(): void {
  // Nothing is listened to.
}
