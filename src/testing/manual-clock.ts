import { InvalidOptionError } from '../errors/input-errors.js';
import type { Clock, Timer } from '../time/clock.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';
import { instantMs } from '../time/instants.js';
import type { InstantInput } from '../time/instants.js';
import { nextTurn } from '../time/turns.js';

interface ManualTimer {
  readonly callback: () => void;
  readonly dueAt: number;
}

/** Is how often the event loop goes round until what a timer set off has happened: claim, commit, start, finish. */
const SETTLING_TURNS = 4;

/**
 * Stands still until it is moved, and lets what comes due happen on the way. For tests:
 *
 * @example
 * ```ts
 * import { Scheduler, cron } from 'escapement';
 * import { ManualClock } from 'escapement/testing';
 *
 * const clock = new ManualClock('2026-01-01T12:00:00Z');
 * const scheduler = new Scheduler({ clock });
 * await scheduler.addJob(() => console.log('new day'), cron('0 0 * * *'));
 * await scheduler.start();
 * await clock.advance({ days: 2 }); // prints it twice
 * await scheduler.shutdown();
 * ```
 */
export class ManualClock implements Clock {
  readonly #timers = new Set<ManualTimer>();
  #wallMs: number;
  #runningMs: number = 0;

  /** Makes a clock that shows an instant. @defaultValue 2026-01-01T00:00:00Z */
  constructor(now: InstantInput = '2026-01-01T00:00:00Z') {
    this.#wallMs = instantMs(now, 'now', 'UTC');
  }

  /** Counts the timers that are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#runningMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { callback, dueAt: this.#runningMs + Math.max(0, delayMs) };
    this.#timers.add(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
      },
    };
  }

  holdOpen(): () => void {
    return () => undefined;
  }

  /**
   * Lets time pass: calls back every timer on the way, at its time and in order, and waits after each until what it set
   * off has happened, as far as that needs no I/O.
   */
  async advance(duration: DurationInput): Promise<void> {
    const until = this.#runningMs + durationMs(duration, 'duration');
    await this.settle();
    for (let timer = this.#next(until); timer !== null; timer = this.#next(until)) {
      this.#pass(timer.dueAt - this.#runningMs);
      this.#timers.delete(timer);
      timer.callback();
      await this.settle();
    }
    this.#pass(until - this.#runningMs);
    await this.settle();
  }

  /** Sets the wall clock, as an operator or NTP would: no time passes, and no timer notices. */
  set(now: InstantInput): void {
    this.#wallMs = instantMs(now, 'now', 'UTC');
  }

  /** Suspends the machine: the wall clock goes on, while timers and the monotonic clock stand still. */
  suspend(duration: DurationInput): void {
    this.#wallMs += durationMs(duration, 'duration');
  }

  /** Waits until what is under way has happened, as far as that needs no I/O and no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS; turn++) await nextTurn();
  }

  #pass(elapsedMs: number): void {
    if (elapsedMs < 0) throw new InvalidOptionError('duration', 'no negative duration', elapsedMs);
    this.#wallMs += elapsedMs;
    this.#runningMs += elapsedMs;
  }

  #next(until: number): ManualTimer | null {
    let first: ManualTimer | null = null;
    for (const timer of this.#timers) {
      if (timer.dueAt <= until && (first === null || timer.dueAt < first.dueAt)) first = timer;
    }
    return first;
  }
}
