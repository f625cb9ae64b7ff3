import { DAY_S, dayOfDate, monthLength, packedDateOf } from '../time/civil-date.js';
import { LAST_YEAR } from './cron/day-set.js';
import type { WallTimes } from './wall-times.js';

/** Says what becomes of a month that lacks the day: it is left out, or its last day is taken. */
export type MissingDay = 'skip' | 'last';

/** Says which dates a calendar interval has. */
export interface CalendarStepsParts {
  /** Is the first wall-clock time at which it may fire, in seconds; its date is step 0. */
  readonly start: number;
  /** Is the time of day, in seconds since midnight. */
  readonly time: number;
  /** Counts the months of a step. */
  readonly months: number;
  /** Counts the days of a step, added after the months. */
  readonly days: number;
  /** Rules months that lack the day of the start. */
  readonly missingDay: MissingDay;
}

/** Is the mean length of a month, in days: 400 Gregorian years have 146,097 days. */
const MEAN_MONTH = 146_097 / 4800;

const LAST_DAY = dayOfDate(LAST_YEAR, 12, 31);

/** Is a day of the month that every month has. */
const SAFE_DATE = 28;

/**
 * Is the set of wall-clock times at one time of day on the dates start + n × step. The nth date is reached from the
 * start in one go (its day of the month, n × months later, and n × days after that), so that a short month on the way
 * leaves no trace. No date lies past 2099. Dates are found by division, not by walking from the start.
 */
export class CalendarSteps implements WallTimes {
  readonly #parts: CalendarStepsParts;
  readonly #startDay: number;
  readonly #monthIndex: number;
  readonly #date: number;
  readonly #meanDays: number;
  readonly #first: number;

  /** Makes the set; a step has at least one month or day. */
  constructor(parts: CalendarStepsParts) {
    this.#parts = parts;
    this.#startDay = Math.floor(parts.start / DAY_S);
    const packed = packedDateOf(this.#startDay);
    this.#monthIndex = (packed >>> 9) * 12 + ((packed >>> 5) & 15) - 1;
    this.#date = packed & 31;
    this.#meanDays = parts.months * MEAN_MONTH + parts.days;
    this.#first = this.#startDay * DAY_S + parts.time < parts.start ? 1 : 0;
  }

  next(wall: number): number {
    const step = this.#stepFrom(Math.ceil((wall - this.#parts.time) / DAY_S));
    const day = this.#dayAt(step);
    return day > LAST_DAY ? Infinity : day * DAY_S + this.#parts.time;
  }

  previous(wall: number): number {
    const step = this.#stepUpTo(Math.floor((wall - this.#parts.time) / DAY_S));
    return step < this.#first ? -Infinity : this.#dayAt(step) * DAY_S + this.#parts.time;
  }

  count(from: number, to: number): number {
    const first = this.#stepFrom(Math.ceil((from - this.#parts.time) / DAY_S));
    const last = this.#stepUpTo(Math.floor((to - this.#parts.time) / DAY_S));
    if (last < first) return 0;
    if (this.#parts.months === 0 || this.#date <= SAFE_DATE || this.#parts.missingDay === 'last')
      return last - first + 1;
    let count = 0;
    for (let step = first; step <= last; step += 1) if (this.#dayAt(step) >= 0) count += 1;
    return count;
  }

  /** Gives the first step whose date exists and is not before `day`. */
  #stepFrom(day: number): number {
    let step = Math.max(Math.ceil((day - this.#startDay) / this.#meanDays) - 2, this.#first);
    while (this.#dayAt(step) < day) step += 1;
    // A date that does not exist counts as before every day, so that the step found has one.
    return step;
  }

  /** Gives the last step whose date exists and is not after `until`; one before the first if there is none. */
  #stepUpTo(until: number): number {
    const day = Math.min(until, LAST_DAY);
    let step = Math.floor((day - this.#startDay) / this.#meanDays) + 2;
    while (step >= this.#first && !(this.#dayAt(step) >= 0 && this.#dayAt(step) <= day)) step -= 1;
    return step;
  }

  /** Gives the day of a step; `-Infinity` when its month has no such day. */
  #dayAt(step: number): number {
    const { months, days, missingDay } = this.#parts;
    if (months === 0) return this.#startDay + step * days;
    const index = this.#monthIndex + step * months;
    const year = Math.floor(index / 12);
    const month = index - year * 12 + 1;
    const length = this.#date <= SAFE_DATE ? SAFE_DATE : monthLength(year, month);
    if (this.#date > length && missingDay === 'skip') return -Infinity;
    return dayOfDate(year, month, Math.min(this.#date, length)) + step * days;
  }
}
