import type { Clock, Timer } from '../time/clock.js';

/** Does something again and again, one at a time, and at once when asked to. */
export class Pulse {
  readonly #clock: Clock;
  readonly #beat: () => Promise<number | null>;
  #timer: Timer | null = null;
  #beating: Promise<void> | null = null;
  #isWantedAgain = false;

  /**
   * Makes a pulse that rests.
   *
   * @param beat - is what to do; gives how long to wait with the next, `null`: rest. It does not reject
   */
  constructor(clock: Clock, beat: () => Promise<number | null>) {
    this.#clock = clock;
    this.#beat = beat;
  }

  /** Says whether nothing is under way and nothing to come. */
  get isResting(): boolean {
    return this.#timer === null && this.#beating === null;
  }

  /** Beats after a time, instead of when it would have. */
  scheduleIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = null;
      void this.now();
    }, delayMs);
  }

  /** Beats now, unless it does already; waits until that is over. */
  now(): Promise<void> {
    this.#beating ??= this.#once();
    return this.#beating;
  }

  /** Beats now; if it does already, once more after that: what is under way may not know yet what there is to know. */
  anew(): void {
    if (this.#beating === null) void this.now();
    else this.#isWantedAgain = true;
  }

  /** Beats no more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isWantedAgain = false;
    await this.#beating;
  }

  async #once(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    const delayMs = await this.#beat();
    this.#beating = null;
    if (this.#isWantedAgain) {
      this.#isWantedAgain = false;
      void this.now();
    } else if (delayMs !== null) {
      this.scheduleIn(delayMs);
    }
  }
}
