import { FIRST_YEAR, LAST_YEAR } from './day-set.js';

/** Says what values a field of a cron expression may have, and how they are spelt. */
export interface FieldSpec {
  /** Names the field in errors. */
  readonly name: string;
  /** Is the least value. */
  readonly min: number;
  /** Is the greatest value; in the day of the week, 7 is read as 0. */
  readonly max: number;
  /** Lists the names of the values from `min` on, three letters each. */
  readonly names?: readonly string[];
  /** Says that numbers are refused, because a name alone is safe. */
  readonly namesOnly?: boolean;
  /** Says that a range whose end lies before its start goes round: `22-2`. */
  readonly cyclic: boolean;
  /** Says that `?` may stand for every value. */
  readonly questionMark?: boolean;
  /** Is the greatest value that `H` may take. @defaultValue max */
  readonly hashMax?: number;
}

/** Lists the months, by the names that crontab(5) gives them. */
const MONTH_NAMES: readonly string[] = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
];

/** Lists the weekdays from Sunday, by the names that crontab(5) gives them. */
export const WEEKDAY_NAMES: readonly string[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Is the field of seconds. */
export const SECOND: FieldSpec = { name: 'second', min: 0, max: 59, cyclic: true };
/** Is the field of minutes. */
export const MINUTE: FieldSpec = { name: 'minute', min: 0, max: 59, cyclic: true };
/** Is the field of hours. */
export const HOUR: FieldSpec = { name: 'hour', min: 0, max: 23, cyclic: true };
/** Is the field of days of the month. `H` stays below 29, as in Jenkins, so that it comes every month. */
export const DAY_OF_MONTH: FieldSpec = {
  name: 'dayOfMonth',
  min: 1,
  max: 31,
  cyclic: true,
  questionMark: true,
  hashMax: 28,
};
/** Is the field of months. */
export const MONTH: FieldSpec = { name: 'month', min: 1, max: 12, names: MONTH_NAMES, cyclic: true };
/** Is the field of weekdays; 7 is Sunday too. */
export const DAY_OF_WEEK: FieldSpec = {
  name: 'dayOfWeek',
  min: 0,
  max: 6,
  names: WEEKDAY_NAMES,
  cyclic: true,
  questionMark: true,
};
/** Is the field of years. */
export const YEAR: FieldSpec = { name: 'year', min: FIRST_YEAR, max: LAST_YEAR, cyclic: false };

/** Lists the fields of a cron expression in their order: seconds first and the year last, where they are given. */
export const CRON_FIELDS: readonly FieldSpec[] = [
  SECOND,
  MINUTE,
  HOUR,
  DAY_OF_MONTH,
  MONTH,
  DAY_OF_WEEK,
  YEAR,
];
