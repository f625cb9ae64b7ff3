import { StoreTimedOutError } from '../../errors/store-errors.js';
import { Deferred } from '../../internal/deferred.js';
import type { Logger } from '../../internal/logger.js';
import type { Clock, Timer } from '../../time/clock.js';
import { settlesWithin } from '../../time/long-timer.js';

/** Is what a {@link QueueHealth} needs. */
export interface QueueHealthOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names the queue, in what is logged. */
  readonly queue: string;
  /** Asks the queue something. */
  readonly probe: () => Promise<unknown>;
  /** Is called when the queue is reached again. */
  readonly onBack: () => void;
}

const ANSWER_LIMIT_MS = 3000;
const MIN_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2000;

/**
 * Knows whether a queue can be reached, and says so once when that changes.
 *
 * States: `up` ⇄ `down`; both → `closed`. While it is down the queue is asked again and again, after pauses that grow.
 */
export class QueueHealth {
  readonly #options: QueueHealthOptions;
  #down: Deferred<void> | null = null;
  #failures = 0;
  #timer: Timer | null = null;
  #isClosed = false;

  /** Makes it for a queue that is up. */
  constructor(options: QueueHealthOptions) {
    this.#options = options;
  }

  /** Hears that something went wrong; the queue is asked whether it is there. */
  failed(error: unknown): void {
    if (this.#isClosed || this.#down !== null) return;
    this.#down = new Deferred<void>();
    this.#failures = 0;
    void this.#probe(error);
  }

  /** Waits until the queue is up. */
  async whenUp(): Promise<void> {
    await this.#down?.promise;
  }

  /** Ceases to ask, and to say anything. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#down?.resolve();
    this.#down = null;
  }

  async #probe(cause: unknown): Promise<void> {
    const { clock, logger, queue, onBack } = this.#options;
    try {
      await this.#ask();
    } catch (error) {
      if (this.#isClosed) return;
      if (this.#failures === 0)
        logger.warn({ err: cause, queue }, 'The queue cannot be reached; runs wait for it');
      const pauseMs = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
      this.#failures++;
      this.#timer = clock.setTimer(() => void this.#probe(error), pauseMs * (0.5 + Math.random() / 2));
      return;
    }
    if (this.#isClosed) return;
    if (this.#failures > 0) logger.warn({ queue }, 'The queue is reached again');
    this.#down?.resolve();
    this.#down = null;
    onBack();
  }

  async #ask(): Promise<void> {
    const { clock, probe } = this.#options;
    const answer = probe();
    if (await settlesWithin(clock, answer, ANSWER_LIMIT_MS)) await answer;
    else throw new StoreTimedOutError('answer', ANSWER_LIMIT_MS);
  }
}
