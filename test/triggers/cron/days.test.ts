import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { cron } from '../../../src/triggers/cron-trigger.js';
import type { NamedCronFields } from '../../../src/triggers/cron/named-fields.js';

const DAY_MS = 86_400_000;

/** Lists the days of fires in a span, as `2026-02-28`, each fire being at midnight UTC. */
function days(source: string | NamedCronFields, from: string, to: string): readonly string[] {
  const trigger = cron(source, { timezone: 'UTC' });
  const found: string[] = [];
  let at = trigger.next(Date.parse(from) - 1);
  for (; at !== null && at <= Date.parse(to); at = trigger.next(at))
    found.push(new Date(at).toISOString().slice(0, 10));
  return found;
}

const dates = (found: readonly string[]): readonly string[] => found.map((day) => day.slice(5));

describe('the day of month', () => {
  it.each([
    ['0 0 L * *', ['01-31', '02-28', '03-31', '04-30', '05-31', '06-30']],
    ['0 0 L-3 * *', ['01-28', '02-25', '03-28', '04-27', '05-28', '06-27']],
    ['0 0 LW * *', ['01-30', '02-27', '03-31', '04-30', '05-29', '06-30']],
    ['0 0 L-2W * *', ['01-29', '02-26', '03-30', '04-28', '05-29', '06-29']],
    ['0 0 15W * *', ['01-15', '02-16', '03-16', '04-15', '05-15', '06-15']],
    ['0 0 1W * *', ['01-01', '02-02', '03-02', '04-01', '05-01', '06-01']],
    ['0 0 31W * *', ['01-30', '03-31', '05-29']],
    [
      '0 0 1,l * *',
      [
        '01-01',
        '01-31',
        '02-01',
        '02-28',
        '03-01',
        '03-31',
        '04-01',
        '04-30',
        '05-01',
        '05-31',
        '06-01',
        '06-30',
      ],
    ],
    ['0 0 31 * *', ['01-31', '03-31', '05-31']],
  ])('is read in %s', (expression, expected) => {
    expect(dates(days(expression, '2026-01-01', '2026-06-30'))).toEqual(expected);
  });

  it('does not leave the month for the nearest working day', () => {
    // 1 August 2026 is a Saturday, and 31 May 2026 a Sunday.
    expect(days('0 0 1W 8 *', '2026-08-01', '2026-08-31')).toEqual(['2026-08-03']);
    expect(days('0 0 31W 5 *', '2026-05-01', '2026-06-30')).toEqual(['2026-05-29']);
  });
});

describe('the day of week', () => {
  it.each([
    ['0 0 * * 5#3', ['01-16', '02-20', '03-20', '04-17', '05-15', '06-19']],
    ['0 0 * * fri#2', ['01-09', '02-13', '03-13', '04-10', '05-08', '06-12']],
    ['0 0 * * mon#5', ['03-30', '06-29']],
    ['0 0 * * 5L', ['01-30', '02-27', '03-27', '04-24', '05-29', '06-26']],
    ['0 0 * * SUNL', ['01-25', '02-22', '03-29', '04-26', '05-31', '06-28']],
    ['0 0 * * 7#1', ['01-04', '02-01', '03-01', '04-05', '05-03', '06-07']],
    ['0 0 13 * fri', ['01-02', '01-09', '01-13', '01-16', '01-23', '01-30']],
  ])('is read in %s', (expression, expected) => {
    const to = expression.startsWith('0 0 13') ? '2026-01-31' : '2026-06-30';
    expect(dates(days(expression, '2026-01-01', to))).toEqual(expected);
  });

  it('narrows the dates when the day of month begins with a star', () => {
    expect(dates(days('0 0 */10 * mon', '2026-01-01', '2026-12-31'))).toEqual([
      '05-11',
      '06-01',
      '08-31',
      '09-21',
      '12-21',
    ]);
  });
});

describe('the year', () => {
  it('bounds the fires', () => {
    expect(days('0 0 0 1 1 ? 2026,2030-2032/2', '1970-01-01', '2099-12-31')).toEqual([
      '2026-01-01',
      '2030-01-01',
      '2032-01-01',
    ]);
    expect(cron('0 0 0 1 1 ? 2020').next(Date.UTC(2026, 0, 1))).toBeNull();
    expect(cron('0 0 0 1 1 ? 2020', { timezone: 'UTC' }).previous(Date.UTC(2026, 0, 1))).toBe(
      Date.UTC(2020, 0, 1),
    );
  });

  it('runs from 1970 to 2099', () => {
    const yearly = cron('0 0 1 1 *', { timezone: 'UTC' });
    expect(yearly.next(-Infinity)).toBe(0);
    expect(yearly.previous(0)).toBeNull();
    expect(yearly.next(Date.UTC(2098, 11, 31))).toBe(Date.UTC(2099, 0, 1));
    expect(yearly.next(Date.UTC(2099, 0, 1))).toBeNull();
    expect(yearly.previous(Infinity)).toBe(Date.UTC(2099, 0, 1));
    expect(yearly.next(Infinity)).toBeNull();
    expect(yearly.count(-Infinity, Infinity)).toBe(130);
    expect(cron('0 0 29 2 *', { timezone: 'UTC' }).count(-Infinity, Infinity)).toBe(32);
  });
});

describe('named fields', () => {
  it.each<[NamedCronFields, readonly string[]]>([
    [{ day: 'last' }, ['01-31', '02-28', '03-31', '04-30']],
    [{ day: 'last fri' }, ['01-30', '02-27', '03-27', '04-24']],
    [{ day: '2nd mon, 1st Tue' }, ['01-06', '01-12', '02-03', '02-09', '03-03', '03-09', '04-07', '04-13']],
    [{ month: '1,3', day: '15-16' }, ['01-15', '01-16', '03-15', '03-16']],
    [{ week: 2, dayOfWeek: 'mon-wed' }, ['01-05', '01-06', '01-07']],
    [{ week: 9 }, ['02-23', '02-24', '02-25', '02-26', '02-27', '02-28', '03-01']],
    [{ day: 13, dayOfWeek: 'fri' }, ['02-13', '03-13']],
    [{ month: 'feb-mar' }, ['02-01', '03-01']],
    [{ year: 2026 }, ['01-01']],
    [
      { day: '*/15', hour: 0 },
      ['01-01', '01-16', '01-31', '02-01', '02-16', '03-01', '03-16', '03-31', '04-01', '04-16'],
    ],
  ])('all have to match, the finer ones at their least value: %j', (fields, expected) => {
    expect(dates(days(fields, '2026-01-01', '2026-04-30'))).toEqual(expected);
  });

  it('leave coarser fields open', () => {
    const trigger = cron({ minute: '30', hour: undefined }, { timezone: 'UTC' });
    expect(trigger.next(0)).toBe(1_800_000);
    expect(trigger.next(1_800_000)).toBe(5_400_000);
    expect(cron({ second: '*/20' }, { timezone: 'UTC' }).count(0, 59_999)).toBe(3);
    expect(cron({ dayOfWeek: 'mon' }, { timezone: 'UTC' }).next(0)).toBe(4 * DAY_MS);
  });

  it('know ISO weeks as luxon does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 53 }), fc.integer({ min: 0, max: 47_000 }), (week, day) => {
        const expected = DateTime.fromMillis(day * DAY_MS, { zone: 'UTC' }).weekNumber === week ? 1 : 0;
        const trigger = cron({ week }, { timezone: 'UTC' });
        expect(trigger.count(day * DAY_MS, day * DAY_MS)).toBe(expected);
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['dayOfWeek', { dayOfWeek: 1 }, 'a weekday by its name (sun-sat), a range of them, or *'],
    ['dayOfWeek', { dayOfWeek: '1' }, 'a weekday by its name'],
    ['dayOfWeek', { dayOfWeek: 'mon-5' }, 'a weekday by its name'],
    ['day', { day: '6th mon' }, 'last, or a weekday such as 2nd mon'],
    ['day', { day: '2nd foo' }, 'a weekday by its name'],
    ['day', { day: '?' }, 'values from 1 to 31'],
    ['hour', { hour: 24 }, 'values from 0 to 23'],
    ['hour', { hour: 1.5 }, 'values from 0 to 23'],
    ['hour', { hour: true }, 'values from 0 to 23'],
    ['week', { week: 54 }, 'values from 1 to 53'],
    ['weekday', { weekday: 'mon' }, 'absent: the fields are year, month, day'],
    ['cron', {}, 'an object with at least one field'],
    ['cron', [], 'a cron expression, or an object of named fields'],
    ['cron', null, 'a cron expression, or an object of named fields'],
    ['cron', { month: 2, day: 30 }, 'a time that comes'],
  ])('are refused with the name of the field: %s %j', (field, fields, expected) => {
    expect(() => cron(fields as NamedCronFields)).toThrow(
      expect.objectContaining({
        code: 'ESC_INVALID_TRIGGER',
        field,
        message: expect.stringContaining(expected) as string,
      }),
    );
  });
});

describe('nicknames', () => {
  it.each([
    ['@yearly', Date.UTC(2027, 0, 1)],
    ['@Annually', Date.UTC(2027, 0, 1)],
    ['@monthly', Date.UTC(2026, 2, 1)],
    ['@weekly', Date.UTC(2026, 1, 15)],
    ['@daily', Date.UTC(2026, 1, 11)],
    ['@MIDNIGHT', Date.UTC(2026, 1, 11)],
    [' @hourly ', Date.UTC(2026, 1, 10, 13)],
  ])('stand for expressions: %s', (nickname, expected) => {
    expect(cron(nickname, { timezone: 'UTC' }).next(Date.UTC(2026, 1, 10, 12))).toBe(expected);
  });

  it.each([
    ['@every 5m', 300_000],
    ['@every 1h30m', 5_400_000],
    ['@EVERY 1.5s', 1500],
    ['@every 250ms', 250],
    ['@every 1w2d', 777_600_000],
  ])('make an interval: %s', (text, periodMs) => {
    expect(cron(text).toJSON()).toEqual({ interval: periodMs });
  });
});
