import type { Clock } from '../time/clock.js';

/**
 * Tells the time of a store, from what its calls have told of its clock.
 *
 * A shared store has a clock of its own. What a call answers lies between its sending and its answer, which bounds how
 * far that clock is ahead of this machine's running time; bounds that agree are narrowed, and ones that do not are
 * those of a clock that was set. The wall clock of this machine plays no part, so that it may be set too.
 */
export class StoreClock {
  readonly #clock: Clock;
  readonly #isShared: boolean;
  #leastAhead = -Infinity;
  #mostAhead = Infinity;

  /** Makes the clock of a store that has not been asked yet: it shows the time of this machine. */
  constructor(clock: Clock, isShared: boolean) {
    this.#clock = clock;
    this.#isShared = isShared;
  }

  /** Gives the store's time. */
  now(): number {
    if (this.#mostAhead === Infinity) return this.#clock.now();
    return Math.floor(this.#clock.monotonic() + (this.#leastAhead + this.#mostAhead) / 2);
  }

  /**
   * Takes note of the store's time as a call gave it.
   *
   * @param sentAt - when the call was made, in running time
   */
  note(storeNow: number, sentAt: number): void {
    if (!this.#isShared) return;
    const leastAhead = storeNow - this.#clock.monotonic();
    // Stores give whole milliseconds, and cut off the rest.
    const mostAhead = storeNow + 1 - sentAt;
    const doAgree = leastAhead <= this.#mostAhead && mostAhead >= this.#leastAhead;
    this.#leastAhead = doAgree ? Math.max(this.#leastAhead, leastAhead) : leastAhead;
    this.#mostAhead = doAgree ? Math.min(this.#mostAhead, mostAhead) : mostAhead;
  }

  /** Gives how far the store's clock is ahead of this machine's wall clock, in milliseconds. */
  get skewMs(): number {
    return this.now() - this.#clock.now();
  }
}
