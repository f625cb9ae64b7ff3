import type { Clock, Timer } from '../../../time/clock.js';
import { setLongTimer } from '../../../time/long-timer.js';
import type { QueueJob } from '../bullmq.js';

/** Is what a {@link RunLock} needs. */
export interface RunLockOptions {
  readonly clock: Clock;
  readonly job: QueueJob;
  /** Is what BullMQ knows the holder by. */
  readonly token: string;
  /** Is how long it holds without being prolonged. */
  readonly lockMs: number;
  /** Is called each time it was prolonged. */
  readonly onProlonged: () => void;
  /** Is called once, when it is lost or is about to be: others may have the run. */
  readonly onLost: () => void;
}

/**
 * Keeps the lock of a queue job, and gives it up in time when the queue does not answer.
 *
 * States: `held` → `lost`; both → `released`.
 */
export class RunLock {
  readonly #options: RunLockOptions;
  #prolonging: Timer | null = null;
  #expiring: Timer | null = null;
  #isOver = false;

  /** Takes over a lock that was had just now. */
  constructor(options: RunLockOptions) {
    this.#options = options;
    this.#expireLater(options.clock.monotonic());
    this.#prolongLater(options.lockMs / 3);
  }

  /** Ceases to prolong it. */
  release(): void {
    this.#isOver = true;
    this.#prolonging?.cancel();
    this.#expiring?.cancel();
  }

  #prolongLater(delayMs: number): void {
    this.#prolonging = setLongTimer(this.#options.clock, () => void this.#prolong(), delayMs);
  }

  async #prolong(): Promise<void> {
    const { clock, job, token, lockMs, onProlonged } = this.#options;
    const askedAt = clock.monotonic();
    try {
      const isHeld = (await job.extendLock(token, lockMs)) === 1;
      if (this.#isOver) return;
      if (!isHeld) {
        this.#lose();
        return;
      }
      this.#expireLater(askedAt);
      this.#prolongLater(lockMs / 3);
      onProlonged();
    } catch {
      // The connection is told of elsewhere.
      if (!this.#isOver) this.#prolongLater(lockMs / 10);
    }
  }

  #expireLater(sinceMs: number): void {
    const { clock, lockMs } = this.#options;
    this.#expiring?.cancel();
    const leftMs = sinceMs + (lockMs * 5) / 6 - clock.monotonic();
    this.#expiring = setLongTimer(
      clock,
      () => {
        this.#lose();
      },
      Math.max(0, leftMs),
    );
  }

  #lose(): void {
    this.release();
    this.#options.onLost();
  }
}
