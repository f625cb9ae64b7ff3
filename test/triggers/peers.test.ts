import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { CronTrigger } from '../../src/triggers/cron-trigger.js';
import { minuteExpressions, secondExpressions } from './support/arbitrary-cron.js';
import { wallClock, ZONES } from './support/zones.js';

const DAY_MS = 86_400_000;

type Next = (after: number) => number | null;

/** Reads an expression with a peer; `null` when the peer does not understand it. */
type Read = (expression: string, zone: string, begin: number) => Next | null;

const cronerNext: Read = (expression, zone) => {
  try {
    const schedule = new Cron(expression, { timezone: zone, paused: true });
    return (after) => schedule.nextRun(new Date(after))?.getTime() ?? null;
  } catch {
    return null;
  }
};

const cronParserNext: Read = (expression, zone, begin) => {
  try {
    const schedule = CronExpressionParser.parse(expression, { tz: zone, currentDate: new Date(begin) });
    return () => schedule.next().getTime();
  } catch {
    return null;
  }
};

/** Tells whether the offset stands still from two days before an instant to two days after another. */
function isCalm(zone: string, from: number, to: number): boolean {
  const offset = (instant: number): number => wallClock(zone, instant) - instant;
  for (let day = from - 2 * DAY_MS; day <= to + 2 * DAY_MS; day += DAY_MS) {
    if (offset(day) !== offset(from)) return false;
  }
  return true;
}

/** Gives expressions that all of us read: no range that goes round, which neither of the two does alike. */
const expressions = fc
  .oneof(minuteExpressions, secondExpressions)
  .filter((expression) => !/\d-\d/.test(expression) || expression.split(/[ ,]/).every(isOrdered));

function isOrdered(item: string): boolean {
  const match = /^(\d+)-(\d+)/.exec(item);
  return match === null || Number(match[1]) <= Number(match[2]);
}

/** Is a kind of expression that peers read otherwise, with the reason why ours is right. */
interface Difference {
  readonly reason: string;
  readonly is: (date: string, weekday: string) => boolean;
}

const DIFFERENCES: readonly Difference[] = [
  {
    reason:
      'crontab(5) and its source: a day field that begins with a star, such as */2, is not restricted, so that both ' +
      'fields have to match; croner and cron-parser take it for restricted, so that either may.',
    is: (date, weekday) =>
      date !== '*' && weekday !== '*' && (date.startsWith('*') || weekday.startsWith('*')),
  },
];

function isListed(expression: string): boolean {
  const [date = '', , weekday = ''] = expression.split(' ').slice(-3);
  return DIFFERENCES.some((difference) => difference.is(date, weekday));
}

describe.each([
  ['croner', cronerNext],
  ['cron-parser', cronParserNext],
] as const)('%s, away from changes of the clock', (_peer, read) => {
  it('gives the fire times that we give', () => {
    let compared = 0;
    const instants = fc.integer({ min: Date.UTC(2001, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), expressions, instants, (zone, expression, second) => {
        if (isListed(expression)) return;
        let ours: CronTrigger;
        try {
          ours = new CronTrigger(expression, { timezone: zone });
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTriggerError);
          return;
        }
        const begin = second * 1000;
        const next = read(expression, zone, begin);
        if (next === null) return;
        let at = begin;
        for (let step = 0; step < 10; step += 1) {
          const expected = ours.next(at);
          if (expected === null || expected > begin + 40 * DAY_MS || !isCalm(zone, begin, expected)) break;
          expect(next(at), `${expression} in ${zone} after ${new Date(at).toISOString()}`).toBe(expected);
          compared += 1;
          at = expected;
        }
      }),
      { numRuns: 1000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});

describe('the difference that is listed', () => {
  it('is one: */2 with a weekday means both to us, either to them', () => {
    const begin = Date.UTC(2026, 5, 1);
    const expression = '0 0 */2 * mon';
    const trigger = new CronTrigger(expression, { timezone: 'UTC' });
    expect(trigger.next(begin)).toBe(Date.UTC(2026, 5, 15));
    expect(cronerNext(expression, 'UTC', begin)?.(begin)).toBe(Date.UTC(2026, 5, 3));
    expect(cronParserNext(expression, 'UTC', begin)?.(begin)).toBe(Date.UTC(2026, 5, 3));
  });
});
