import type { Clock } from './clock.js';

/**
 * Measures the time since a moment, by whichever of the wall and the monotonic clock says more: the one may be set, and
 * the other stands still while the machine is suspended. What must not be late errs on the safe side so.
 */
export class Elapsed {
  readonly #clock: Clock;
  readonly #wallMs: number;
  readonly #runningMs: number;

  /** Begins to measure. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallMs = clock.now();
    this.#runningMs = clock.monotonic();
  }

  /** Gives the time since the beginning, in milliseconds. */
  get ms(): number {
    return Math.max(this.#clock.now() - this.#wallMs, this.#clock.monotonic() - this.#runningMs);
  }
}
