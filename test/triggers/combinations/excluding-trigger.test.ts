import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../../src/errors/input-errors.js';
import { excluding } from '../../../src/triggers/combinations/excluding-trigger.js';
import { cron } from '../../../src/triggers/cron-trigger.js';
import { date } from '../../../src/triggers/date-trigger.js';
import { interval } from '../../../src/triggers/interval-trigger.js';
import { parseTrigger } from '../../../src/triggers/parse-trigger.js';
import type { Trigger } from '../../../src/triggers/trigger.js';
import type { ExclusionCalendar } from '../../../src/triggers/trigger-input.js';
import { zonedSpans } from '../support/arbitrary-cron.js';
import { CountingTrigger, datesOf, firesBackOf, firesOf } from '../support/walk.js';
import { wallClock } from '../support/zones.js';

const DAY_MS = 86_400_000;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const at = (expression: string, timezone = 'UTC'): Trigger => cron(expression, { timezone });

/** Lists the days of the first fire times after 20 November 2026, a Friday. */
function days(calendar: ExclusionCalendar, count: number, from = '2026-11-20T00:00Z'): readonly string[] {
  return datesOf(excluding(at('0 9 * * *'), calendar), count, from).map((one) => one.slice(5, 10));
}

describe('a calendar', () => {
  it('excludes dates, ranges of dates, and dates of every year', () => {
    expect(days({ dates: ['2026-11-21', { from: '2026-11-23', to: '2026-11-25' }] }, 4)).toEqual([
      '11-20',
      '11-22',
      '11-26',
      '11-27',
    ]);
    expect(days({ dates: ['12-25'] }, 2, '2030-12-24T00:00Z')).toEqual(['12-24', '12-26']);
    expect(days({ dates: [{ from: '12-24', to: '01-02' }] }, 3, '2029-12-23T00:00Z')).toEqual([
      '12-23',
      '01-03',
      '01-04',
    ]);
    expect(days({ dates: ['02-29'] }, 2, '2028-02-28T00:00Z')).toEqual(['02-28', '03-01']);
  });

  it('excludes weekdays', () => {
    expect(days({ weekdays: ['sat', 'SUN'] }, 3)).toEqual(['11-20', '11-23', '11-24']);
    expect(days({ weekdays: ['fri-sun'] }, 3)).toEqual(['11-23', '11-24', '11-25']);
  });

  it('excludes windows of the day, around midnight too', () => {
    const night = excluding(at('0 */2 * * *'), { times: [{ from: '22:00', to: '06:00' }] });
    const hours = datesOf(night, 9, '2026-11-20T00:00Z').map((one) => one.slice(8, 13));
    expect(hours).toEqual(['20T06', '20T08', '20T10', '20T12', '20T14', '20T16', '20T18', '20T20', '21T06']);
    const joined = excluding(at('0 * * * *'), {
      times: [
        { from: '0:00', to: '12:00' },
        { from: '11:00', to: '20:00' },
        { from: '22:00:01', to: '24:00' },
      ],
    });
    expect(datesOf(joined, 4, '2026-11-20T00:00Z').map((one) => one.slice(8, 13))).toEqual([
      '20T20',
      '20T21',
      '20T22',
      '21T20',
    ]);
  });

  it('excludes the days of another trigger, or its instants', () => {
    expect(days({ daysOf: at('30 17 22 * *') }, 3)).toEqual(['11-20', '11-21', '11-23']);
    const offHour = excluding(at('*/20 * * * *'), at('0 * * * *'));
    expect(datesOf(offHour, 3, '2026-11-20T00:00Z').map((one) => one.slice(11))).toEqual([
      '00:20Z',
      '00:40Z',
      '01:20Z',
    ]);
    expect(JSON.stringify(offHour)).toBe(
      JSON.stringify(excluding(at('*/20 * * * *'), { instantsOf: at('0 * * * *') })),
    );
  });

  it('may be empty, and is read back', () => {
    const trigger = excluding(at('0 9 * * *'), { dates: [], times: [] });
    expect(trigger.toJSON()['calendar']).toEqual({ dates: [] });
    expect(parseTrigger(trigger.toJSON()).next(0)).toBe(32_400_000);
  });

  it('excludes what any of its rules names', () => {
    const calendar = { weekdays: ['sat'], dates: ['2026-11-23'], daysOf: at('0 0 22 * *') };
    expect(days(calendar, 2)).toEqual(['11-20', '11-24']);
  });
});

describe('the zone of a calendar', () => {
  const newYear = { dates: ['2026-01-01'] };

  it('is its own, or that of the trigger, or that of the scheduler', () => {
    const evening = at('0 20 31 12 *', 'America/New_York');
    expect(evening.next(Date.parse('2025-12-01T00:00Z'))).toBe(Date.parse('2026-01-01T01:00Z'));
    expect(datesOf(excluding(evening, newYear), 1, '2025-12-01T00:00Z')).toEqual(['2026-01-01T01:00Z']);
    expect(datesOf(excluding(evening, { ...newYear, timezone: 'UTC' }), 1, '2025-12-01T00:00Z')).toEqual([
      '2027-01-01T01:00Z',
    ]);
    const everyHour = interval({ hours: 1 }, { start: '2025-12-31T00:00Z' });
    const bound = excluding(everyHour, newYear).bind({ now: 0, jobId: 'job', timezone: 'Asia/Shanghai' });
    expect(bound.toJSON()['calendar']).toEqual({ ...newYear, timezone: 'Asia/Shanghai' });
    expect(bound.next(Date.parse('2025-12-31T15:00Z'))).toBe(Date.parse('2026-01-01T16:00Z'));
    expect(bound.bind({ now: 1, jobId: 'other', timezone: 'UTC' })).toBe(bound);
  });

  it('is that of its triggers too, where they name none', () => {
    const trigger = excluding(at('0 9 * * *', 'America/New_York'), { daysOf: '0 0 4 12 *' });
    expect(datesOf(trigger, 2, '2026-12-03T00:00Z')).toEqual(['2026-12-03T14:00Z', '2026-12-05T14:00Z']);
    const record = {
      excluding: { cron: '0 9 * * *', timezone: 'America/New_York' },
      calendar: { daysOf: '0 0 4 12 *' },
    };
    expect(parseTrigger(record, { timezone: 'Asia/Tokyo' }).toJSON()).toEqual(trigger.toJSON());
    const calendar = { daysOf: '0 0 4 12 *', timezone: 'America/New_York' };
    const own = parseTrigger({ excluding: '0 14 * * *', calendar }, { timezone: 'UTC' });
    expect(datesOf(own, 2, '2026-12-03T00:00Z')).toEqual(['2026-12-03T14:00Z', '2026-12-05T14:00Z']);
  });
});

describe('a trigger without what a calendar excludes', () => {
  const window = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 23 }))
    .filter(([from, to]) => from !== to)
    .map(([from, to]) => ({ from: `${String(from)}:30`, to: `${String(to)}:30` }));

  it('fires when a look at each fire time and the wall clock says so, forwards and backwards', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        fc.constantFrom('*/30 * * * *', '15 * * * *', '0 0,1,2,3 * * *'),
        fc.array(window, { maxLength: 2 }),
        fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(2), fc.nat(1)), { maxLength: 2 }),
        ({ zone, from, to }, expression, times, weekdays, offsets) => {
          const dates = offsets.map(([start, length]) => {
            const day = (count: number): string => new Date(from + count * DAY_MS).toISOString().slice(0, 10);
            return { from: day(start), to: day(start + length) };
          });
          const base = at(expression, zone);
          let trigger: Trigger;
          try {
            trigger = excluding(base, { times, weekdays, dates });
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidTriggerError);
            return;
          }
          const isExcluded = (fire: number): boolean => {
            const wall = new Date(wallClock(zone, fire));
            const text = wall.toISOString();
            return (
              weekdays.includes(WEEKDAYS[wall.getUTCDay()] ?? '') ||
              dates.some((range) => text.slice(0, 10) >= range.from && text.slice(0, 10) <= range.to) ||
              times.some((one) => {
                const [start, end, now] = [
                  one.from.padStart(5, '0'),
                  one.to.padStart(5, '0'),
                  text.slice(11, 16),
                ];
                return start < end ? now >= start && now < end : now >= start || now < end;
              })
            );
          };
          const expected = firesOf(base, from, to).filter((fire) => !isExcluded(fire));
          expect(firesOf(trigger, from, to)).toEqual(expected);
          expect(firesBackOf(trigger, from, to)).toEqual(expected);
          const copy = parseTrigger(JSON.parse(JSON.stringify(trigger)) as never);
          expect(JSON.stringify(copy)).toBe(JSON.stringify(trigger));
          expect(firesOf(copy, from + DAY_MS, to)).toEqual(expected.filter((fire) => fire >= from + DAY_MS));
        },
      ),
      { numRuns: 80 },
    );
  });

  it('keeps fire times in the hour that comes twice, by what the clock shows', () => {
    const trigger = excluding(at('*/30 * * * *', 'America/New_York'), {
      times: [{ from: '01:30', to: '02:00' }],
    });
    expect(datesOf(trigger, 4, '2025-11-02T05:00Z')).toEqual([
      '2025-11-02T05:00Z',
      '2025-11-02T06:00Z',
      '2025-11-02T07:00Z',
      '2025-11-02T07:30Z',
    ]);
  });

  it('judges by the wall clock where midnight comes twice', () => {
    // St. John's went back from 00:01 on 4 November to 23:01 on the 3rd.
    const zone = 'America/St_Johns';
    const trigger = excluding(at('*/20 * * * *', zone), { dates: ['2007-11-04'] });
    const from = Date.parse('2007-11-04T02:00Z');
    const expected = firesOf(at('*/20 * * * *', zone), from, from + DAY_MS).filter(
      (fire) => new Date(wallClock(zone, fire)).getUTCDate() === 3,
    );
    expect(expected).toHaveLength(3);
    expect(firesOf(trigger, from, from + DAY_MS)).toEqual(expected);
    expect(firesBackOf(trigger, from, from + DAY_MS)).toEqual(expected);
  });

  it('skips long stretches without looking at each fire time', () => {
    const every = new CountingTrigger(at('* * * * * *'));
    const calendar = { dates: [{ from: '2026-01-01', to: '2090-12-31' }], timezone: 'UTC' };
    const trigger = excluding(every, calendar);
    every.questions = 0;
    expect(trigger.next(Date.UTC(2026, 5, 1))).toBe(Date.UTC(2091, 0, 1));
    expect(trigger.previous?.(Date.UTC(2090, 5, 1))).toBe(Date.UTC(2026, 0, 1) - 1000);
    expect(every.questions).toBeLessThan(1000);
  });

  it('ends as exhausted when the search cannot tell, after a counted number of questions', () => {
    const every = new CountingTrigger(interval(1000, { start: new Date(0) }));
    const same = new CountingTrigger(interval(1000, { start: new Date(0) }));
    const trigger = excluding(every, { instantsOf: same, timezone: 'UTC' });
    every.questions = 0;
    same.questions = 0;
    expect(trigger.next(0)).toBeNull();
    expect(every.questions + same.questions).toBeLessThanOrEqual(100_000);
  });
});

describe('a calendar that is not one', () => {
  it.each<[string, unknown]>([
    ['calendar', {}],
    ['calendar', { timezone: 'UTC' }],
    ['calendar', 5],
    ['calendar', null],
    ['calendar', ['2026-12-25']],
    ['calendar.holidays', { dates: [], holidays: [] }],
    ['calendar.dates', { dates: '2026-12-25' }],
    ['calendar.dates[0]', { dates: ['2026-02-29'] }],
    ['calendar.dates[0]', { dates: ['25.12.'] }],
    ['calendar.dates[0]', { dates: [{ from: '2026-12-25', to: '2026-12-24' }] }],
    ['calendar.dates[0]', { dates: [{ from: '2026-12-25', to: '12-26' }] }],
    ['calendar.dates[1]', { dates: ['12-25', { from: '12-26' }] }],
    ['calendar.weekdays', { weekdays: ['6'] }],
    ['calendar.weekdays', { weekdays: [6] }],
    ['calendar', { weekdays: ['mon-sun'] }],
    ['calendar', { dates: [{ from: '01-01', to: '12-31' }] }],
    ['calendar.times[0].to', { times: [{ from: '09:00' }] }],
    ['calendar.times[0].from', { times: [{ from: '24:00', to: '09:00' }] }],
    ['calendar.times[0]', { times: [{ from: '09:00', to: '09:00' }] }],
    [
      'calendar.times',
      {
        times: [
          { from: '09:00', to: '21:00' },
          { from: '21:00', to: '09:00' },
        ],
      },
    ],
    ['calendar.daysOf', { daysOf: 5 }],
    ['hour', { instantsOf: '0 25 * * *' }],
    ['timezone', { weekdays: ['sat'], timezone: 'Mars/Olympus' }],
  ])('is refused, and the error names %s: %j', (field, calendar) => {
    const make = (): unknown => excluding('0 9 * * *', calendar as ExclusionCalendar);
    expect(make).toThrow(expect.objectContaining({ code: 'ESC_INVALID_TRIGGER', field }));
  });

  it('is refused when it leaves no fire time', () => {
    expect(() => excluding(at('0 9 * * sat'), { weekdays: ['sat'] })).toThrow(
      'a calendar that leaves some fire time',
    );
    expect(() => excluding(date('2026-12-25T09:00Z'), { dates: ['12-25'], timezone: 'UTC' })).toThrow(
      InvalidTriggerError,
    );
    expect(() => excluding(at('0 9 25 12 *'), at('0 9 * * *'))).toThrow(InvalidTriggerError);
  });

  it('is not changed by what becomes of the record that it was made from', () => {
    const dates = [{ from: '2026-11-21', to: '2026-11-21' }];
    const trigger = excluding(at('0 9 * * *'), { dates });
    const before = JSON.stringify(trigger);
    dates.push({ from: '2026-11-22', to: '2026-11-22' });
    Object.assign(dates[0] ?? {}, { to: '2027-01-01' });
    expect(JSON.stringify(trigger)).toBe(before);
  });
});
