import { CronExpressionParser } from 'cron-parser';
import { CRON_FIELDS, type FieldSpec } from './field-spec.js';
import { noDays } from './parse-days.js';
import { isRestricted, splitExpression, type CronParts } from './parse-expression.js';

// What cron-parser and we read alike: numbers, names, lists, ranges and steps.
const PLAIN_ITEM = /^(?:\*|(?:\d{1,2}|[a-z]{3})(?:-(?:\d{1,2}|[a-z]{3}))?)(?:\/(\d{1,2}))?$/i;

const EPOCH = new Date(0);

/**
 * Reads an expression of 5 or 6 fields through cron-parser, or gives `null` when it is not one that cron-parser knows
 * as we do, or accepts: it is {@link parseExpression}'s then, which also says what is wrong and where.
 */
export function parsePlain(expression: string): CronParts | null {
  const words = splitExpression(expression);
  if (words.length !== 6 || !words.every((word, index) => isPlain(CRON_FIELDS[index], word.text)))
    return null;
  const fields = parseFields(words.map((word) => word.text).join(' '));
  if (fields === null) return null;
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = fields;
  return {
    seconds: second.values,
    minutes: minute.values,
    hours: hour.values,
    dates: { ...noDays(), dates: dayOfMonth.values.map(Number) },
    months: month.values,
    weekdays: { ...noDays(), weekdays: dayOfWeek.values.map((value) => Number(value) % 7) },
    years: null,
    either: isRestricted(words[3]) && isRestricted(words[5]),
  };
}

/** Tells whether all items are of the common kind. A step longer than the field, which cron-parser allows, is not. */
function isPlain(spec: FieldSpec | undefined, field: string): boolean {
  if (spec === undefined) return false;
  return field.split(',').every((item) => {
    const match = PLAIN_ITEM.exec(item);
    return match !== null && Number(match[1] ?? 1) <= spec.max - spec.min + 1;
  });
}

function parseFields(expression: string): ReturnType<typeof CronExpressionParser.parse>['fields'] | null {
  try {
    // A fixed date keeps it from reading the clock.
    return CronExpressionParser.parse(expression, { currentDate: EPOCH, tz: 'UTC' }).fields;
  } catch {
    return null;
  }
}
