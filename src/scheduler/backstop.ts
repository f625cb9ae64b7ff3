import type { Clock, Timer } from '../time/clock.js';

/** Is what looks at a store: a dispatcher. */
export interface Looker {
  /** Looks for work at once. */
  wake(): void;
}

/**
 * Has a shared store looked at now and then though it gave no hint: hints may be lost, or a store may give none.
 *
 * Where there are hints, the dispatchers of a store take turns, so that however many they are the store is looked at
 * once in a period. Where there are none, each looks once in a period.
 */
export class Backstop {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #doTakeTurns: boolean;
  /** Holds when each looked last, in running time, the longest ago first. */
  readonly #lookedAt = new Map<Looker, number>();
  #timer: Timer | null = null;
  #rangAt = -Infinity;

  /**
   * Makes a backstop for nobody.
   *
   * @param doTakeTurns - says whether one look in a period is to do for all
   */
  constructor(clock: Clock, periodMs: number, doTakeTurns: boolean) {
    this.#clock = clock;
    this.#periodMs = periodMs;
    this.#doTakeTurns = doTakeTurns;
  }

  /** Takes note that somebody looks now, and has to look again in time. */
  looked(looker: Looker): void {
    this.#lookedAt.delete(looker);
    this.#lookedAt.set(looker, this.#clock.monotonic());
    this.#arm();
  }

  /** Forgets somebody who does not look any more. */
  leave(looker: Looker): void {
    this.#lookedAt.delete(looker);
    if (this.#lookedAt.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    const [longestAgo] = this.#lookedAt.values();
    if (this.#timer !== null || longestAgo === undefined) return;
    const from = this.#doTakeTurns ? Math.max(longestAgo, this.#rangAt) : longestAgo;
    this.#timer = this.#clock.setTimer(this.#onTimer, from + this.#periodMs - this.#clock.monotonic());
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    const now = this.#clock.monotonic();
    const [longest] = this.#lookedAt;
    if (longest === undefined) return;
    const [looker, lookedAt] = longest;
    // Timers of the runtime may ring a fraction of a millisecond early.
    if (now - lookedAt > this.#periodMs - 1) {
      this.#rangAt = now;
      // One that cannot look now, for want of a slot or of a lease, is woken by what it wants.
      this.looked(looker);
      looker.wake();
    }
    this.#arm();
  };
}
