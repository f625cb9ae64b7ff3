import type { Clock, Timer } from './clock.js';

/**
 * Rings once when an instant is reached, on one timer however often it is moved.
 *
 * It wakes at least every `maxSleepMs` to look at the clock again: timers wrap at 2^31 - 1 ms, ignore the time that a
 * machine is suspended, and know nothing of a wall clock that was set.
 */
export class Alarm {
  readonly #clock: Pick<Clock, 'now' | 'setTimer'>;
  readonly #maxSleepMs: number;
  readonly #onRing: () => void;
  #timer: Timer | null = null;
  #timerAt = Infinity;
  #at = Infinity;

  /** Makes an alarm that is not set. */
  constructor(clock: Pick<Clock, 'now' | 'setTimer'>, maxSleepMs: number, onRing: () => void) {
    this.#clock = clock;
    this.#maxSleepMs = maxSleepMs;
    this.#onRing = onRing;
  }

  /** Sets the alarm to an instant; `null`: to none. */
  set(at: number | null): void {
    this.#at = at ?? Infinity;
    if (this.#at === Infinity) {
      this.#stopTimer();
      return;
    }
    const now = this.#clock.now();
    const wakeAt = Math.min(this.#at, now + this.#maxSleepMs);
    // A timer that rings a little early costs one look at the clock; setting a new one each time costs more.
    if (this.#timer !== null && this.#timerAt <= wakeAt && this.#timerAt > now) return;
    this.#stopTimer();
    this.#timerAt = wakeAt;
    this.#timer = this.#clock.setTimer(this.#onTimer, wakeAt - now);
  }

  /** Unsets the alarm but leaves its timer, for the next instant that it is set to. */
  rest(): void {
    this.#at = Infinity;
  }

  /** Sets the alarm to an instant if that is before the one it is set to. */
  bringForward(at: number): void {
    if (at < this.#at) this.set(at);
  }

  /** Unsets the alarm. */
  clear(): void {
    this.set(null);
  }

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#timerAt = Infinity;
    if (this.#clock.now() < this.#at) {
      this.set(this.#at);
      return;
    }
    this.#at = Infinity;
    this.#onRing();
  };

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAt = Infinity;
  }
}
