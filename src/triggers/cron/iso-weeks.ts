import { dayOfDate, packedDateOf } from '../../time/civil-date.js';

/**
 * Gives the days of a month that lie in these ISO 8601 weeks, as bits from the first of the month. A week belongs to the
 * year that holds its Thursday.
 */
export function daysInWeeks(weeks: readonly number[], firstDay: number, length: number): number {
  let days = 0;
  let monday = firstDay - weekdayFromMonday(firstDay);
  for (; monday < firstDay + length; monday += 7) {
    if (!weeks.includes(weekOf(monday))) continue;
    const start = monday - firstDay;
    days |= start < 0 ? 0x7f >>> -start : 0x7f << start;
  }
  return days & (-1 >>> (32 - length));
}

function weekdayFromMonday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

function weekOf(monday: number): number {
  const thursday = monday + 3;
  const year = packedDateOf(thursday) >>> 9;
  return Math.floor((thursday - dayOfDate(year, 1, 1)) / 7) + 1;
}
