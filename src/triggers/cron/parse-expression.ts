import { InvalidTriggerError } from '../../errors/input-errors.js';
import type { DayNames } from './day-rule.js';
import { HOUR, MINUTE, MONTH, SECOND, YEAR, type FieldSpec } from './field-spec.js';
import { addDayOfMonth, addDayOfWeek, noDays } from './parse-days.js';
import { parseValues } from './parse-values.js';
import { splitSlice, wordsOf, type TextSlice } from './text-slice.js';

/** Is a cron expression taken apart: the values that each field allows. */
export interface CronParts {
  /** The seconds. */
  readonly seconds: readonly number[];
  /** The minutes. */
  readonly minutes: readonly number[];
  /** The hours. */
  readonly hours: readonly number[];
  /** The days of the month. */
  readonly dates: DayNames;
  /** The months, from 1. */
  readonly months: readonly number[];
  /** The days of the week. */
  readonly weekdays: DayNames;
  /** The years, or `null` for every one. */
  readonly years: readonly number[] | null;
  /** Says that day of month and day of week are both restricted, so that a day which either names is meant. */
  readonly either: boolean;
}

/** Is the length past which no expression means anything: every value of every field, listed, is shorter. */
const MAX_LENGTH = 1024;

const EXPECTED =
  'a cron expression of 5 fields (minute, hour, day of month, month, day of week), 6 (seconds first) or 7 (year last)';

/**
 * Splits an expression into its seven fields, seconds first and year last, as far as they are given.
 *
 * @throws {@link InvalidTriggerError} when there are not 5, 6 or 7
 */
export function splitExpression(expression: string): readonly TextSlice[] {
  if (expression.length > MAX_LENGTH) {
    const expected = `a cron expression of at most ${String(MAX_LENGTH)} characters`;
    throw new InvalidTriggerError({ field: 'cron', expected, received: expression, position: MAX_LENGTH });
  }
  const words = wordsOf(expression);
  if (words.length >= 5 && words.length <= 7)
    return words.length === 5 ? [{ text: '0', position: 0 }, ...words] : words;
  const position = words[7]?.position ?? expression.length;
  throw new InvalidTriggerError({ field: 'cron', expected: EXPECTED, received: expression, position });
}

/**
 * Reads an expression without `H` and nicknames. This is the whole grammar, ours included, and where errors get their
 * places from; {@link parsePlain} is asked first.
 *
 * @throws {@link InvalidTriggerError} when it does not parse, with the field and the position
 */
export function parseExpression(expression: string): CronParts {
  const [second, minute, hour, date, month, weekday, year] = splitExpression(expression);
  return {
    seconds: parseList(SECOND, second),
    minutes: parseList(MINUTE, minute),
    hours: parseList(HOUR, hour),
    dates: parseDays(addDayOfMonth, date),
    months: parseList(MONTH, month),
    weekdays: parseDays(addDayOfWeek, weekday),
    years: year === undefined || year.text === '*' ? null : parseList(YEAR, year),
    either: isRestricted(date) && isRestricted(weekday),
  };
}

/** Tells whether a day field restricts the days: one that begins with `*` does not, as in Vixie cron, nor does `?`. */
export function isRestricted(field: TextSlice | undefined): boolean {
  return field !== undefined && !/^[*?]/.test(field.text);
}

function parseList(spec: FieldSpec, field: TextSlice | undefined): readonly number[] {
  return field === undefined ? [] : splitSlice(field, ',').flatMap((item) => parseValues(spec, item));
}

function parseDays(add: typeof addDayOfMonth, field: TextSlice | undefined): DayNames {
  const days = noDays();
  if (field !== undefined) for (const item of splitSlice(field, ',')) add(days, item);
  return days;
}
