import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../../src/errors/input-errors.js';
import { cron } from '../../../src/triggers/cron-trigger.js';
import { parseExpression, type CronParts } from '../../../src/triggers/cron/parse-expression.js';
import { parsePlain } from '../../../src/triggers/cron/parse-plain.js';
import { minuteExpressions, secondExpressions } from '../support/arbitrary-cron.js';

const sorted = (values: readonly number[] | null): readonly number[] | null =>
  values === null ? null : [...new Set(values)].sort((a, b) => a - b);

/** Shows parts with each list in order and without repeats, as the masks see them. */
function shape(parts: CronParts): unknown {
  const { seconds, minutes, hours, months, years, weekdays, either } = parts;
  // cron-parser leaves out the dates that no month of the expression has.
  const longest = Math.max(...months.map((month) => new Date(Date.UTC(2024, month, 0)).getUTCDate()));
  const dates = parts.dates.dates.filter((date) => date <= longest);
  return {
    lists: [seconds, minutes, hours, months, years, dates, weekdays.weekdays].map(sorted),
    either,
  };
}

describe('our reading of an expression', () => {
  it('is that of cron-parser, for whatever both know', () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.oneof(minuteExpressions, secondExpressions), (expression) => {
        const plain = parsePlain(expression);
        if (plain === null) return;
        compared += 1;
        expect(shape(parseExpression(expression))).toEqual(shape(plain));
      }),
      { numRuns: 500 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it.each([
    ['*/5 * * * *', 'minutes', [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]],
    ['5/15 * * * *', 'minutes', [5, 20, 35, 50]],
    ['50-10/5 * * * *', 'minutes', [0, 5, 10, 50, 55]],
    ['1,2,1,30-32 * * * *', 'minutes', [1, 2, 30, 31, 32]],
    ['0 22-2 * * *', 'hours', [0, 1, 2, 22, 23]],
    ['0 0 * NOV-feb *', 'months', [1, 2, 11, 12]],
    ['0 0 * jan,Jul *', 'months', [1, 7]],
    ['30 0 0 * * *', 'seconds', [30]],
    ['0 0 0 1 1 ? 2026-2030/2', 'years', [2026, 2028, 2030]],
    ['0 0 0 1 1 ? *', 'years', null],
  ] as const)('takes %s apart: %s', (expression, field, values) => {
    expect(sorted(parseExpression(expression)[field])).toEqual(values);
  });

  it.each([
    ['fri-mon', [0, 1, 5, 6]],
    ['5-7', [0, 5, 6]],
    ['7', [0]],
    ['0-7', [0, 1, 2, 3, 4, 5, 6]],
    ['SUN,Wed', [0, 3]],
    ['sat-tue/2', [1, 6]],
    ['1/2', [0, 1, 3, 5]],
  ])('knows the weekdays %s', (weekday, values) => {
    expect(sorted(parseExpression(`0 0 * * ${weekday}`).weekdays.weekdays)).toEqual(values);
  });

  it('means either day when both are restricted, and both when one begins with a star', () => {
    const either = ([date, weekday]: readonly [string, string]): boolean =>
      parseExpression(`0 0 ${date} * ${weekday}`).either;
    expect(either(['13', 'fri'])).toBe(true);
    expect(either(['1-31', 'mon'])).toBe(true);
    expect(either(['*/2', 'mon'])).toBe(false);
    expect(either(['13', '*/2'])).toBe(false);
    expect(either(['?', 'mon'])).toBe(false);
    expect(either(['L', '5L'])).toBe(true);
  });
});

describe('an expression that does not parse', () => {
  it.each([
    ['60 * * * *', 'minute', 0, 'values from 0 to 59'],
    ['* 24 * * *', 'hour', 2, 'values from 0 to 23'],
    ['1,2,x * * * *', 'minute', 4, 'values from 0 to 59'],
    ['* * 0 * *', 'dayOfMonth', 4, 'values from 1 to 31'],
    ['* * 32W * *', 'dayOfMonth', 4, 'values from 1 to 31'],
    ['* * L-31 * *', 'dayOfMonth', 4, 'at most 30 days'],
    ['* * W * *', 'dayOfMonth', 4, 'one of L, L-3, LW, 15W'],
    ['* * LL * *', 'dayOfMonth', 4, 'one of L, L-3, LW, 15W'],
    ['* * * 13 *', 'month', 6, 'values from 1 to 12 or jan-dec'],
    ['* * * foo *', 'month', 6, 'values from 1 to 12 or jan-dec'],
    ['* * * * 8', 'dayOfWeek', 8, 'values from 0 to 7 or sun-sat'],
    ['* * * * mon#6', 'dayOfWeek', 12, 'a number from 1 to 5 after #'],
    ['* * * * mon#', 'dayOfWeek', 12, 'a number from 1 to 5 after #'],
    ['* * * * L', 'dayOfWeek', 8, 'a weekday before L'],
    ['* * * * fooL', 'dayOfWeek', 8, 'values from 0 to 7 or sun-sat'],
    ['*/0 * * * *', 'minute', 2, 'a step from 1 to 60'],
    ['*/90 * * * *', 'minute', 2, 'a step from 1 to 60'],
    ['*/5/5 * * * *', 'minute', 0, 'one step at most'],
    ['1-2-3 * * * *', 'minute', 0, 'values from 0 to 59'],
    ['? * * * *', 'minute', 0, 'values from 0 to 59'],
    [', * * * *', 'minute', 0, 'values from 0 to 59'],
    ['1, * * * *', 'minute', 2, 'values from 0 to 59'],
    ['-5 * * * *', 'minute', 0, 'values from 0 to 59'],
    ['1e1 * * * *', 'minute', 0, 'values from 0 to 59'],
    ['0 0 0 1 1 * 1969', 'year', 12, 'values from 1970 to 2099'],
    ['0 0 0 1 1 * 2030-2026', 'year', 12, 'ends no earlier than it starts'],
    ['H(5) * * * *', 'minute', 2, 'H(0-59)'],
    ['H(30-5) * * * *', 'minute', 2, 'ends no earlier than it starts'],
    ['0 H(0-99) * * *', 'hour', 6, 'values from 0 to 23'],
    ['H/0 * * * *', 'minute', 2, 'a step from 1 to 60'],
    ['H( * * * *', 'minute', 0, 'H(0-59)'],
    ['0 0 0 1 1 * H', 'year', 12, 'without H'],
    ['  60 * * * *', 'minute', 2, 'values from 0 to 59'],
    ['* * * *', 'cron', 7, '5 fields'],
    ['* * * * * * * *', 'cron', 14, '5 fields'],
    ['', 'cron', 0, '5 fields'],
    [' @reboot', 'cron', 1, '@yearly'],
    ['@every', 'cron', 6, 'a duration such as 5m'],
    ['@every 5x', 'cron', 7, 'a duration such as 5m'],
    ['@every 0s', 'cron', 7, 'a duration such as 5m'],
    [`${'1,'.repeat(600)}1 * * * *`, 'cron', 1024, 'at most 1024 characters'],
  ])(
    'is refused, with its field, its place and what was expected: %s',
    (expression, field, position, expected) => {
      expect(() => cron(expression)).toThrow(
        expect.objectContaining({
          code: 'ESC_INVALID_TRIGGER',
          field,
          position,
          message: expect.stringContaining(expected) as string,
        }),
      );
    },
  );

  it('is shown in full', () => {
    expect(() => cron('0 25 * * *')).toThrow(
      'Expected `hour` to be values from 0 to 23, ranges, steps, or *, got `"25"` (string). At position 2.',
    );
  });
});

describe('an expression that can never fire', () => {
  it.each(['0 0 31 2 *', '0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 0 29 2 * 2023', '0 0 31W 2 *'])(
    'is refused: %s',
    (expression) => {
      expect(() => cron(expression)).toThrow('a time that comes: no day from 1970 to 2099 matches');
    },
  );

  it('is not one that fires rarely, or by the weekday alone', () => {
    expect(cron('0 0 29 2 *').next(Date.UTC(2096, 2, 1))).toBeNull();
    expect(cron('0 0 31 2 mon').next(Date.UTC(2026, 1, 1))).toBe(Date.UTC(2026, 1, 2));
  });
});

describe('any text', () => {
  const alphabet = fc.constantFrom(...Array.from('0123456789*/-,?LWH#()@ \tmonfrijaneverydaily'));
  const cronLike = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: alphabet, maxLength: 40 }),
    fc
      .array(fc.string({ unit: alphabet, minLength: 1, maxLength: 8 }), { minLength: 5, maxLength: 7 })
      .map((words) => words.join(' ')),
    fc
      .tuple(minuteExpressions, fc.nat(30), fc.string({ unit: alphabet, maxLength: 3 }))
      .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at + 1)),
  );

  it('parses, or is refused with the one error for it', () => {
    fc.assert(
      fc.property(cronLike, (text) => {
        try {
          const trigger = cron(text, { timezone: 'Europe/London' });
          const next = trigger.next(0);
          expect(next === null || next > 0).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidTriggerError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
