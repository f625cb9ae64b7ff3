/**
 * Calendar arithmetic on whole numbers in the proleptic Gregorian calendar, after Howard Hinnant's "chrono-Compatible
 * Low-Level Date Algorithms". Days count from 1970-01-01 as 0; months and days of the month count from 1, weekdays from
 * Sunday as 0.
 */

/** Is the length of a day in seconds, on a wall clock that nothing changes. */
export const DAY_S = 86_400;

const DAYS_PER_ERA = 146_097;
const DAYS_TO_1970 = 719_468;

/** Packs a date into one number, so that no object is made: year × 512 + month × 32 + day, for years from 0. */
export type PackedDate = number;

/** Gives the day's number. */
export function dayOfDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = (((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_TO_1970;
}

/** Gives the date of a day from the year 0 on, packed. */
export function packedDateOf(day: number): PackedDate {
  const z = day + DAYS_TO_1970;
  const era = Math.floor(z / DAYS_PER_ERA);
  const dayOfEra = z - era * DAYS_PER_ERA;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const shifted = ((5 * dayOfYear + 2) / 153) | 0;
  const date = dayOfYear - (((153 * shifted + 2) / 5) | 0) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return year * 512 + month * 32 + date;
}

/** Counts the days of a month. */
export function monthLength(year: number, month: number): number {
  if (month !== 2) return 30 + ((month + (month >> 3)) & 1);
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Gives the weekday of a day: 0 is Sunday. */
export function weekdayOf(day: number): number {
  const weekday = (day + 4) % 7;
  return weekday < 0 ? weekday + 7 : weekday;
}
