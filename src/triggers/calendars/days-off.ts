import { InvalidTriggerError } from '../../errors/input-errors.js';
import { dayOfDate, monthLength, packedDateOf, weekdayOf } from '../../time/civil-date.js';
import { FIRST_YEAR, LAST_YEAR } from '../cron/day-set.js';
import { refuseUnknownKeys } from '../record-keys.js';
import type { CalendarDate } from './calendar-dates.js';
import { readWeekdays } from './read-weekdays.js';

const FIRST_DAY = dayOfDate(FIRST_YEAR, 1, 1) - 1;
const LAST_DAY = dayOfDate(LAST_YEAR, 12, 31) + 1;

const FULL_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const YEARLY_DATE = /^(\d{2})-(\d{2})$/;

/** Is a year with a 29 February: in which dates without a year are counted. */
const LEAP_YEAR = 2000;

interface DayRange {
  readonly from: number;
  readonly to: number;
}

/** Is a set of days: dates, ranges of dates, dates of every year, and weekdays. */
export class DaysOff {
  readonly #weekdays: ReadonlySet<number>;
  readonly #ranges: readonly DayRange[];
  readonly #yearly: ReadonlySet<number>;

  /**
   * Makes the set.
   *
   * @throws {@link InvalidTriggerError} when a date or a weekday is not one, or every day is in the set
   */
  constructor(dates: readonly CalendarDate[], weekdays: readonly string[]) {
    this.#weekdays = new Set(weekdays.flatMap(readWeekdays));
    const ranges = dates.map((date, index) => readDates(date, `calendar.dates[${String(index)}]`));
    this.#ranges = joined(ranges.filter((range) => !isYearly(range)));
    this.#yearly = new Set(ranges.filter(isYearly).flatMap(datesOfYear));
    if (this.#weekdays.size === 7 || this.#yearly.size === 366) {
      const expected = 'a calendar that leaves some day';
      throw new InvalidTriggerError({ field: 'calendar', expected, received: { dates, weekdays } });
    }
  }

  /** Gives the first day from `day` on that is not in the set, or one past the years that are searched. */
  nextOut(day: number): number {
    let at = day;
    for (let end = this.#endOf(at); end >= at && at <= LAST_DAY; end = this.#endOf(at)) at = end + 1;
    return at;
  }

  /** Gives the last day up to `day` that is not in the set, or one before the years that are searched. */
  previousOut(day: number): number {
    let at = day;
    for (let start = this.#startOf(at); start <= at && at >= FIRST_DAY; start = this.#startOf(at))
      at = start - 1;
    return at;
  }

  /** Gives the last day of a stretch in the set that holds the day; one before it when the set does not hold it. */
  #endOf(day: number): number {
    return this.#rangeOf(day)?.to ?? (this.#recurs(day) ? day : day - 1);
  }

  #startOf(day: number): number {
    return this.#rangeOf(day)?.from ?? (this.#recurs(day) ? day : day + 1);
  }

  #recurs(day: number): boolean {
    if (this.#weekdays.has(weekdayOf(day))) return true;
    return this.#yearly.size > 0 && this.#yearly.has(packedDateOf(day) & 511);
  }

  #rangeOf(day: number): DayRange | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.to < day) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range !== undefined && range.from <= day ? range : undefined;
  }
}

/** Tells a range of dates without a year, which are counted in a year that no other date can have. */
function isYearly(range: DayRange | YearlyRange): range is YearlyRange {
  return 'yearly' in range;
}

interface YearlyRange extends DayRange {
  readonly yearly: true;
}

/** Lists the dates of a yearly range, packed without the year. */
function datesOfYear(range: YearlyRange): readonly number[] {
  const length = dayOfDate(LEAP_YEAR + 1, 1, 1) - dayOfDate(LEAP_YEAR, 1, 1);
  const count = ((range.to - range.from + length) % length) + 1;
  const first = dayOfDate(LEAP_YEAR, 1, 1);
  return Array.from({ length: count }, (_, index) => {
    return packedDateOf(first + ((range.from - first + index) % length)) & 511;
  });
}

/** Sorts ranges and joins those that meet. */
function joined(ranges: readonly DayRange[]): readonly DayRange[] {
  const result: DayRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || range.from > last.to + 1) result.push(range);
    else if (range.to > last.to) result[result.length - 1] = { from: last.from, to: range.to };
  }
  return result;
}

function readDates(input: unknown, field: string): DayRange | YearlyRange {
  if (typeof input === 'string') return readRange(input, input, field);
  refuseUnknownKeys(input, ['from', 'to']);
  const { from, to } = input as { from?: unknown; to?: unknown };
  return readRange(from, to, field);
}

function readRange(from: unknown, to: unknown, field: string): DayRange | YearlyRange {
  const first = readDate(from);
  const last = readDate(to);
  if (first !== null && last !== null && first.yearly === last.yearly) {
    if (first.yearly) return { from: first.day, to: last.day, yearly: true };
    if (first.day <= last.day) return { from: first.day, to: last.day };
  }
  const expected =
    "a date ('2026-12-25', or '12-25' for every year), or { from, to } of one kind in their order";
  throw new InvalidTriggerError({ field, expected, received: from === to ? from : { from, to } });
}

function readDate(input: unknown): { readonly day: number; readonly yearly: boolean } | null {
  if (typeof input !== 'string') return null;
  const full = FULL_DATE.exec(input);
  const [year, month, date] = (full?.slice(1) ?? ['', ...(YEARLY_DATE.exec(input)?.slice(1) ?? [])]).map(
    Number,
  );
  if (year === undefined || month === undefined || date === undefined) return null;
  const counted = full === null ? LEAP_YEAR : year;
  if (month < 1 || month > 12 || date < 1 || date > monthLength(counted, month)) return null;
  return { day: dayOfDate(counted, month, date), yearly: full === null };
}
