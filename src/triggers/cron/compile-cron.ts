import { InvalidTriggerError } from '../../errors/input-errors.js';
import { CronTimes } from './cron-times.js';
import { DayRule } from './day-rule.js';
import { DaySet, FIRST_YEAR, LAST_YEAR } from './day-set.js';
import { parseExpression, type CronParts } from './parse-expression.js';
import { parsePlain } from './parse-plain.js';
import { TimeSet } from './time-set.js';

// A memo of pure answers, so that a thousand jobs with the same expression parse it once and share its masks. It is
// emptied when it is full, because text that users type knows no bound.
const memo = new Map<string, CronTimes>();
const MEMO_SIZE = 4096;

/**
 * Compiles an expression without `H` and nicknames.
 *
 * @throws {@link InvalidTriggerError} when it does not parse, or no day ever matches it
 */
export function compileCron(expression: string): CronTimes {
  const known = memo.get(expression);
  if (known !== undefined) return known;
  const times = compileParts(parsePlain(expression) ?? parseExpression(expression), null, expression);
  if (memo.size >= MEMO_SIZE) memo.clear();
  memo.set(expression, times);
  return times;
}

/**
 * Makes the evaluator of parsed fields.
 *
 * @param weeks - the ISO weeks, or `null` for every one
 * @param source - what was parsed, for the error
 * @throws {@link InvalidTriggerError} when no day from 1970 to 2099 matches
 */
export function compileParts(parts: CronParts, weeks: readonly number[] | null, source: unknown): CronTimes {
  const days = new DaySet({
    years: parts.years,
    months: parts.months,
    weeks,
    dates: new DayRule(parts.dates),
    weekdays: new DayRule(parts.weekdays),
    either: parts.either,
  });
  if (days.next(0) === Infinity) {
    const expected = `a time that comes: no day from ${String(FIRST_YEAR)} to ${String(LAST_YEAR)} matches`;
    throw new InvalidTriggerError({ field: 'cron', expected, received: source });
  }
  return new CronTimes(days, new TimeSet(parts.hours, parts.minutes, parts.seconds));
}
