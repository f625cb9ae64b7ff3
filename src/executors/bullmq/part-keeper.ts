import type { Clock, Timer } from '../../time/clock.js';
import { Deferred } from '../../internal/deferred.js';
import type { BullMQ } from './bullmq.js';
import type { ResolvedQueueOptions } from './queue-options.js';
import { QueueParts } from './queue-parts.js';

/** Is what a {@link PartKeeper} needs. */
export interface PartKeeperOptions<T> {
  readonly bullmq: BullMQ;
  readonly options: ResolvedQueueOptions;
  readonly clock: Clock;
  /** Makes what is kept, and settles when it can be used. */
  readonly open: (parts: QueueParts) => Promise<T>;
  /** Hears of what goes wrong with connections, before and after they are open. */
  readonly onError: (error: unknown) => void;
}

const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 5000;

/**
 * Makes BullMQ's parts, and makes them anew when they cannot begin: one of BullMQ's that failed to begin never tries again.
 *
 * States: `opening` → `open`; both → `closed`.
 */
export class PartKeeper<T> {
  readonly #options: PartKeeperOptions<T>;
  readonly #opened = new Deferred<T>();
  #parts: QueueParts | null = null;
  #current: T | null = null;
  #failures = 0;
  #timer: Timer | null = null;
  #isClosed = false;

  /** Makes a keeper, which begins at once. */
  constructor(options: PartKeeperOptions<T>) {
    this.#options = options;
    void this.#open();
  }

  /** Is what is kept, once it is open and until it is closed. */
  get current(): T | null {
    return this.#current;
  }

  /** Waits until it is open; for ever, when it is closed before. */
  opened(): Promise<T> {
    return this.#opened.promise;
  }

  /** Makes further parts; they are closed with the others. */
  get parts(): QueueParts | null {
    return this.#parts;
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#current = null;
    this.#timer?.cancel();
    await this.#parts?.close();
  }

  async #open(): Promise<void> {
    const { bullmq, options, clock, open, onError } = this.#options;
    const parts = new QueueParts(bullmq, options, onError);
    this.#parts = parts;
    try {
      const made = await open(parts);
      if (this.#isClosed) return;
      this.#current = made;
      this.#opened.resolve(made);
    } catch (error) {
      if (this.#isClosed) return;
      onError(error);
      await parts.close();
      const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
      this.#timer = clock.setTimer(() => void this.#open(), pauseMs);
    }
  }
}
