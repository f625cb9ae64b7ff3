import { dayOfDate, monthLength, packedDateOf, weekdayOf } from '../../time/civil-date.js';
import { bitsOf, countBits, lowestBit } from './bits.js';
import type { DayRule } from './day-rule.js';
import { daysInWeeks } from './iso-weeks.js';

/** Is the first year that is searched. */
export const FIRST_YEAR = 1970;
/** Is the last year that is searched. */
export const LAST_YEAR = 2099;

const LAST_DAY = dayOfDate(LAST_YEAR, 12, 31);

/** Says which days are meant. */
export interface DaySetParts {
  /** The years, or `null` for every one. */
  readonly years: readonly number[] | null;
  /** The months, from 1. */
  readonly months: readonly number[];
  /** The ISO 8601 weeks, or `null` for every one. */
  readonly weeks: readonly number[] | null;
  /** The days of the month, by date. */
  readonly dates: DayRule;
  /** The days of the month, by weekday. */
  readonly weekdays: DayRule;
  /** Says that a day which one of the two rules names is meant; otherwise both have to name it. */
  readonly either: boolean;
}

/** Is a set of days between 1970 and 2099, each the number of days since 1970-01-01. */
export class DaySet {
  readonly #years: ReadonlySet<number> | null;
  readonly #months: number;
  readonly #weeks: readonly number[] | null;
  readonly #dates: DayRule;
  readonly #weekdays: DayRule;
  readonly #either: boolean;

  // Remembers the month that was looked at last, because the next question is most often about it.
  #firstDay = 0;
  #endDay = 0;
  #days = 0;

  /** Makes the set. */
  constructor(parts: DaySetParts) {
    this.#years = parts.years === null ? null : new Set(parts.years);
    this.#months = bitsOf(parts.months);
    this.#weeks = parts.weeks;
    this.#dates = parts.dates;
    this.#weekdays = parts.weekdays;
    this.#either = parts.either;
  }

  /** Gives the first day that is not before `day`, or `Infinity`. */
  next(day: number): number {
    if (day > LAST_DAY) return Infinity;
    const from = day > 0 ? day : 0;
    this.#lookAt(from);
    const rest = this.#days & (-1 << (from - this.#firstDay));
    return rest === 0 ? this.#nextMonth() : this.#firstDay + lowestBit(rest);
  }

  /** Gives the last day that is not after `day`, or `-Infinity`. */
  previous(day: number): number {
    if (day < 0) return -Infinity;
    const until = day < LAST_DAY ? day : LAST_DAY;
    this.#lookAt(until);
    const rest = this.#days & (-1 >>> (31 - (until - this.#firstDay)));
    return rest === 0 ? this.#previousMonth() : this.#firstDay + 31 - Math.clz32(rest);
  }

  /** Tells whether the day is in the set. */
  has(day: number): boolean {
    if (day < 0 || day > LAST_DAY) return false;
    this.#lookAt(day);
    return ((this.#days >>> (day - this.#firstDay)) & 1) === 1;
  }

  /** Counts the days in `[from, to]`, both included. */
  count(from: number, to: number): number {
    const until = to < LAST_DAY ? to : LAST_DAY;
    let day = from > 0 ? from : 0;
    let total = 0;
    while (day <= until) {
      this.#lookAt(day);
      let days = this.#days & (-1 << (day - this.#firstDay));
      if (until < this.#endDay) days &= -1 >>> (31 - (until - this.#firstDay));
      total += countBits(days);
      day = this.#endDay;
    }
    return total;
  }

  #lookAt(day: number): void {
    if (day >= this.#firstDay && day < this.#endDay) return;
    const date = packedDateOf(day);
    const year = date >>> 9;
    const month = (date >>> 5) & 15;
    this.#enter(year, month, this.#allows(year, month));
  }

  #allows(year: number, month: number): boolean {
    return ((this.#months >>> month) & 1) === 1 && (this.#years === null || this.#years.has(year));
  }

  #enter(year: number, month: number, allowed: boolean): void {
    const length = monthLength(year, month);
    this.#firstDay = dayOfDate(year, month, 1);
    this.#endDay = this.#firstDay + length;
    this.#days = allowed ? this.#daysOf(this.#firstDay, length) : 0;
  }

  #daysOf(firstDay: number, length: number): number {
    const firstWeekday = weekdayOf(firstDay);
    const byDate = this.#dates.daysOf(firstWeekday, length);
    const byWeekday = this.#weekdays.daysOf(firstWeekday, length);
    const days = this.#either ? byDate | byWeekday : byDate & byWeekday;
    return this.#weeks === null || days === 0 ? days : days & daysInWeeks(this.#weeks, firstDay, length);
  }

  /** Searches the months after the one looked at. */
  #nextMonth(): number {
    const date = packedDateOf(this.#firstDay);
    let year = date >>> 9;
    let later = this.#months & (-2 << ((date >>> 5) & 15));
    while (year <= LAST_YEAR) {
      if (this.#years === null || this.#years.has(year)) {
        for (; later !== 0; later &= later - 1) {
          this.#enter(year, lowestBit(later), true);
          if (this.#days !== 0) return this.#firstDay + lowestBit(this.#days);
        }
      }
      year += 1;
      later = this.#months;
    }
    return Infinity;
  }

  /** Searches the months before the one looked at. */
  #previousMonth(): number {
    const date = packedDateOf(this.#firstDay);
    let year = date >>> 9;
    let earlier = this.#months & ~(-1 << ((date >>> 5) & 15));
    while (year >= FIRST_YEAR) {
      if (this.#years === null || this.#years.has(year)) {
        while (earlier !== 0) {
          const month = 31 - Math.clz32(earlier);
          this.#enter(year, month, true);
          if (this.#days !== 0) return this.#firstDay + 31 - Math.clz32(this.#days);
          earlier ^= 1 << month;
        }
      }
      year -= 1;
      earlier = this.#months;
    }
    return -Infinity;
  }
}
