import { bitsOf } from './bits.js';

/** Lists the ways in which days of a month can be named; a day that any of them names is meant. */
export interface DayNames {
  /** Days of the month, from 1. */
  readonly dates: readonly number[];
  /** Weekdays, Sunday as 0. */
  readonly weekdays: readonly number[];
  /** Days before the last of the month: 0 is the last (`L`), 3 is three days before it (`L-3`). */
  readonly fromEnd: readonly number[];
  /** Days of the month whose nearest working day is meant (`15W`). */
  readonly nearest: readonly number[];
  /** Days before the last of the month whose nearest working day is meant (`LW` is 0). */
  readonly nearestFromEnd: readonly number[];
  /** Weekdays with their number in the month: `5#3` is weekday 5, nth 3. */
  readonly nth: readonly NthWeekday[];
  /** Weekdays of which the last in the month is meant (`5L`). */
  readonly last: readonly number[];
}

/** Is a weekday by its number in the month. */
export interface NthWeekday {
  /** Is the weekday, Sunday as 0. */
  readonly weekday: number;
  /** Counts the weekdays of this name in the month up to the one meant, from 1. */
  readonly nth: number;
}

const SATURDAY = 6;
const SUNDAY = 0;

/**
 * Tells which days of a month are named. Sets of days are bits, the first of the month being bit 0.
 *
 * `W` is Quartz's: the working day (Monday to Friday) nearest to the date, within the month. A month that has no such
 * date has no such day.
 */
export class DayRule {
  readonly #dates: number;
  readonly #weekdays: number;
  readonly #special: DayNames | null;

  /** Makes the rule. */
  constructor(names: DayNames) {
    this.#dates = bitsOf(names.dates, 1);
    this.#weekdays = bitsOf(names.weekdays);
    const { fromEnd, nearest, nearestFromEnd, nth, last } = names;
    const special = fromEnd.length + nearest.length + nearestFromEnd.length + nth.length + last.length > 0;
    this.#special = special ? names : null;
  }

  /**
   * Gives the days of a month that are named.
   *
   * @param firstWeekday - the weekday of the first of the month
   * @param length - how many days the month has
   */
  daysOf(firstWeekday: number, length: number): number {
    let days = this.#dates;
    if (this.#weekdays !== 0) days |= everyWeek(this.#weekdays, firstWeekday);
    if (this.#special !== null) days |= specialDays(this.#special, firstWeekday, length);
    return days & (-1 >>> (32 - length));
  }
}

/** Gives the days of 31 that fall on these weekdays. */
function everyWeek(weekdays: number, firstWeekday: number): number {
  const week = ((weekdays >>> firstWeekday) | (weekdays << (7 - firstWeekday))) & 0x7f;
  return week | (week << 7) | (week << 14) | (week << 21) | (week << 28);
}

function specialDays(names: DayNames, firstWeekday: number, length: number): number {
  let days = 0;
  for (const before of names.fromEnd) days |= dayBit(length - before, length);
  for (const date of names.nearest) days |= dayBit(nearestWorkingDay(date, firstWeekday, length), length);
  for (const before of names.nearestFromEnd) {
    days |= dayBit(nearestWorkingDay(length - before, firstWeekday, length), length);
  }
  for (const { weekday, nth } of names.nth)
    days |= dayBit(firstOf(weekday, firstWeekday) + 7 * (nth - 1), length);
  for (const weekday of names.last) {
    const first = firstOf(weekday, firstWeekday);
    days |= dayBit(first + 28 <= length ? first + 28 : first + 21, length);
  }
  return days;
}

function dayBit(date: number, length: number): number {
  return date >= 1 && date <= length ? 1 << (date - 1) : 0;
}

/** Gives the date of the first such weekday of the month. */
function firstOf(weekday: number, firstWeekday: number): number {
  return 1 + ((weekday - firstWeekday + 7) % 7);
}

function nearestWorkingDay(date: number, firstWeekday: number, length: number): number {
  if (date < 1 || date > length) return 0;
  const weekday = (firstWeekday + date - 1) % 7;
  if (weekday === SATURDAY) return date === 1 ? 3 : date - 1;
  if (weekday === SUNDAY) return date === length ? date - 2 : date + 1;
  return date;
}
