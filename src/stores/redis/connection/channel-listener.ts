import { InvalidStateError } from '../../../errors/scheduler-errors.js';
import type { Logger } from '../../../internal/logger.js';
import type { Clock, Timer } from '../../../time/clock.js';
import type { ClientSource } from './client-source.js';
import { LinkKeeper } from './link-keeper.js';
import type { RedisLink } from './redis-link.js';

/** Is how long the connection lies idle before it is looked whether the server is still there. */
const PING_MS = 5000;
/** Is how long the server may take to answer. */
const ANSWER_MS = 5000;

/** Is what a {@link ChannelListener} needs. */
export interface ChannelListenerOptions {
  /** Makes clients. */
  readonly source: ClientSource;
  /** Is how long connecting may take, and each command, in milliseconds. */
  readonly limitMs: number;
  /** Sets the timers of what is done from time to time. */
  readonly clock: Clock;
  /** Takes what there is to say. */
  readonly logger: Logger;
}

type Hear = (payload: string | null) => void;

/** Listens on channels, by a connection of its own that is there as long as somebody listens. */
export class ChannelListener {
  readonly #options: ChannelListenerOptions;
  readonly #channels = new Map<string, Set<Hear>>();
  #keeper: LinkKeeper | null = null;
  #ping: Timer | null = null;
  #isClosed = false;

  /** Makes a listener that is not connected. */
  constructor(options: ChannelListenerOptions) {
    this.#options = options;
  }

  /**
   * Listens on a channel until the function it gives is called; rejects if the server is not there.
   *
   * @param hear - gets `null` when the connection was lost and is back
   */
  async listen(channel: string, hear: Hear): Promise<() => Promise<void>> {
    if (this.#isClosed) throw new InvalidStateError('The connection to Redis is closed.');
    // The same function may listen twice.
    const listener: Hear = (payload) => hear(payload);
    this.#add(channel, listener);
    try {
      const keeper = (this.#keeper ??= this.#makeKeeper());
      await keeper.open();
      const link = await keeper.link();
      await link.send('subscribe', [channel]);
    } catch (error) {
      await this.#remove(channel, listener);
      throw error;
    }
    return () => this.#remove(channel, listener);
  }

  /** Closes the connection for good; nobody listens any more. */
  close(): void {
    this.#isClosed = true;
    this.#channels.clear();
    this.#disconnect();
  }

  #add(channel: string, listener: Hear): void {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined) this.#channels.set(channel, new Set([listener]));
    else listeners.add(listener);
  }

  async #remove(channel: string, listener: Hear): Promise<void> {
    const listeners = this.#channels.get(channel);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#channels.delete(channel);
    if (this.#channels.size === 0) {
      this.#disconnect();
      return;
    }
    try {
      await this.#keeper?.current?.send('unsubscribe', [channel]);
    } catch {
      // The next connection does not listen on it.
    }
  }

  #disconnect(): void {
    this.#ping?.cancel();
    this.#ping = null;
    this.#keeper?.close();
    this.#keeper = null;
  }

  #makeKeeper(): LinkKeeper {
    const { source, limitMs, logger } = this.#options;
    return new LinkKeeper({
      source,
      limitMs,
      logger,
      purpose: 'notifications',
      onOpen: (link, isFirst) => this.#begin(link, isFirst),
      onMessage: (channel, payload) => this.#tell(this.#channels.get(channel), payload),
    });
  }

  async #begin(link: RedisLink, isFirst: boolean): Promise<void> {
    if (!isFirst && this.#channels.size > 0) {
      await link.send('subscribe', [...this.#channels.keys()]);
      for (const listeners of this.#channels.values()) this.#tell(listeners, null);
    }
    this.#pingLater(link);
  }

  #tell(listeners: ReadonlySet<Hear> | undefined, payload: string | null): void {
    for (const listener of listeners ?? []) {
      try {
        listener(payload);
      } catch (error) {
        // ioredis would let it end the process.
        this.#options.logger.warn({ err: error }, 'A notification of Redis could not be taken');
      }
    }
  }

  #pingLater(link: RedisLink): void {
    this.#ping?.cancel();
    this.#ping = this.#options.clock.setTimer(() => void this.#pingNow(link), PING_MS);
  }

  async #pingNow(link: RedisLink): Promise<void> {
    try {
      await link.send('ping', [], Math.min(ANSWER_MS, this.#options.limitMs));
    } catch {
      // A refusal is an answer too; without one the link is lost, and its keeper makes another.
    }
    // Whoever closed the connection meanwhile has cancelled the timer already.
    if (this.#ping !== null && link.isUsable()) this.#pingLater(link);
  }
}
