import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import {
  calendarInterval,
  type CalendarIntervalOptions,
} from '../../src/triggers/calendar-interval-trigger.js';
import { parseTrigger } from '../../src/triggers/parse-trigger.js';
import { dstRules, zonedSpans } from './support/arbitrary-cron.js';
import { literalInstants } from './support/literal-instants.js';
import { datesOf, firesBackOf, firesOf } from './support/walk.js';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** Lists the dates of the steps up to a day, one after another, each from the start, as luxon adds them. */
function literalDates(options: CalendarIntervalOptions, start: string, until: string): ReadonlySet<string> {
  const { years = 0, months = 0, weeks = 0, days = 0, missingDay = 'skip' } = options;
  const first = DateTime.fromISO(start, { zone: 'UTC' });
  const dates = new Set<string>();
  for (let step = 0; step < 100_000; step += 1) {
    const month = first.plus({ months: step * (years * 12 + months) });
    const date = month.plus({ days: step * (weeks * 7 + days) }).toISODate() ?? '';
    if (date > until) break;
    if (missingDay === 'last' || month.day === first.day) dates.add(date);
  }
  return dates;
}

const steps: fc.Arbitrary<CalendarIntervalOptions> = fc
  .record({
    years: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 2 })),
    months: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5 })),
    weeks: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 3 })),
    days: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 10 })),
    missingDay: fc.constantFrom(undefined, 'skip' as const, 'last' as const),
  })
  .filter(({ years, months, weeks, days }) => years + months + weeks + days > 0);

const times = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 23 })),
    fc.constantFrom(0, 15, 30, 45),
  )
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);

describe('a calendar interval', () => {
  it('steps over months of any length, and leaves out a day that does not exist', () => {
    const trigger = calendarInterval({ months: 1, start: '2026-01-31', time: '09:00', timezone: 'UTC' });
    expect(datesOf(trigger, 4, '2026-01-01T00:00Z')).toEqual([
      '2026-01-31T09:00Z',
      '2026-03-31T09:00Z',
      '2026-05-31T09:00Z',
      '2026-07-31T09:00Z',
    ]);
  });

  it('takes the last day of a short month instead when asked to, and returns to its own', () => {
    const trigger = calendarInterval({ months: 1, start: '2026-01-31', missingDay: 'last', timezone: 'UTC' });
    expect(datesOf(trigger, 4, '2026-01-01T00:00Z').map((date) => date.slice(0, 10))).toEqual([
      '2026-01-31',
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
    ]);
    const yearly = { years: 1, start: '2024-02-29', timezone: 'UTC' } as const;
    expect(datesOf(calendarInterval(yearly), 2, '2024-01-01T00:00Z')).toEqual([
      '2024-02-29T00:00Z',
      '2028-02-29T00:00Z',
    ]);
    expect(datesOf(calendarInterval({ ...yearly, missingDay: 'last' }), 2, '2024-01-01T00:00Z')).toEqual([
      '2024-02-29T00:00Z',
      '2025-02-28T00:00Z',
    ]);
  });

  it('keeps its time of day through clock changes', () => {
    const daily = calendarInterval({ days: 1, start: '2025-03-08T09:00', timezone: 'America/New_York' });
    expect(datesOf(daily, 3, '2025-03-08T00:00Z')).toEqual([
      '2025-03-08T14:00Z',
      '2025-03-09T13:00Z',
      '2025-03-10T13:00Z',
    ]);
  });

  it.each([
    [undefined, '2025-03-09T07:00Z'],
    [{ gap: 'after' }, '2025-03-09T07:00Z'],
    [{ gap: 'shift' }, '2025-03-09T07:30Z'],
    [{ gap: 'skip' }, '2025-03-10T06:30Z'],
  ] as const)('comes after a gap by the rules %j', (dst, expected) => {
    const trigger = calendarInterval({
      days: 1,
      time: '02:30',
      start: '2025-03-01',
      timezone: 'America/New_York',
      dst,
    });
    expect(datesOf(trigger, 1, '2025-03-08T12:00Z')).toEqual([expected]);
  });

  it('fires when a literal reading of each minute says so, forwards, backwards and counted', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        steps,
        times,
        dstRules,
        fc.integer({ min: 0, max: 2000 }),
        ({ zone, from, to }, step, time, dst, before) => {
          const start = new Date(Math.max(from - before * DAY_MS, 0)).toISOString().slice(0, 10);
          const trigger = calendarInterval({ ...step, start, time, timezone: zone, dst });
          const until = new Date(to + 2 * DAY_MS).toISOString().slice(0, 10);
          const dates = literalDates(step, start, until);
          const expected = literalInstants(
            {
              zone,
              gap: dst.gap ?? 'after',
              overlap: dst.overlap ?? 'first',
              seconds: [0],
              matchesMinute: (wall) => {
                const text = wall.toISOString();
                return text.slice(11, 16) === time && dates.has(text.slice(0, 10));
              },
            },
            from,
            to,
          );
          expect(firesOf(trigger, from, to)).toEqual(expected);
          expect(firesBackOf(trigger, from, to)).toEqual(expected);
          expect(trigger.count(from, to)).toBe(expected.length);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('has next and previous as inverses, counts what lies between, and is the same read back', () => {
    const instants = fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2090, 0, 1) });
    fc.assert(
      fc.property(
        zonedSpans,
        steps,
        times,
        dstRules,
        instants,
        instants,
        ({ zone }, step, time, dst, start, instant) => {
          const trigger = calendarInterval({ ...step, time, timezone: zone, dst, start: new Date(start) });
          const copy = parseTrigger(JSON.parse(JSON.stringify(trigger)) as never);
          expect(JSON.stringify(copy)).toBe(JSON.stringify(trigger));
          const first = trigger.next(instant);
          let at = first;
          let count = 1;
          for (; at !== null && count < 12; count += 1) {
            const next = trigger.next(at);
            if (next === null) break;
            expect(next).toBeGreaterThan(at);
            expect(trigger.previous(next)).toBe(at);
            expect(copy.next(at + Math.floor((next - at) / 2))).toBe(next);
            at = next;
          }
          if (first !== null && at !== null) expect(trigger.count(instant + 1, at)).toBe(count);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('finds its way from far off without walking', () => {
    const trigger = calendarInterval({ days: 1, start: '1970-01-01', timezone: 'UTC' });
    expect(trigger.next(Date.UTC(2099, 11, 30))).toBe(Date.UTC(2099, 11, 31));
    expect(trigger.next(Date.UTC(2099, 11, 31))).toBeNull();
    expect(trigger.previous(8e15)).toBe(Date.UTC(2099, 11, 31));
    expect(trigger.previous(0)).toBeNull();
    expect(trigger.count(-8e15, 8e15)).toBe(47_482);
    const monthly = calendarInterval({ months: 1, start: '1970-01-31', timezone: 'UTC' });
    expect(monthly.count(-8e15, 8e15)).toBe(130 * 7);
  });
});

describe('a calendar interval without a start', () => {
  const NOON = Date.parse('2026-11-20T12:00Z');
  const bind = (options: CalendarIntervalOptions, now = NOON, timezone = 'UTC'): string | undefined => {
    const bound = calendarInterval(options).bind({ now, jobId: 'job', timezone });
    expect(bound.bind({ now: now + 5 * YEAR_MS, jobId: 'other', timezone: 'Asia/Tokyo' })).toBe(bound);
    return bound.toJSON()['start'] as string;
  };

  it('keeps its start out of its record until it is bound', () => {
    const trigger = calendarInterval({ months: 1, time: '09:00' });
    expect(trigger.toJSON()).toEqual({ calendarInterval: { months: 1 }, time: '09:00' });
    expect(trigger.bind({ now: NOON, jobId: 'job', timezone: 'Asia/Shanghai' }).toJSON()).toEqual({
      calendarInterval: { months: 1 },
      time: '09:00',
      timezone: 'Asia/Shanghai',
      start: '2026-11-21T09:00:00',
    });
  });

  it('starts at the next time of day: today, or tomorrow when it is over', () => {
    expect(bind({ months: 1, time: '12:00' })).toBe('2026-11-20T12:00:00');
    expect(bind({ months: 1, time: '11:59:59' })).toBe('2026-11-21T11:59:59');
    expect(bind({ months: 1, time: '12:00' }, NOON + 1)).toBe('2026-11-21T12:00:00');
    expect(bind({ months: 1 })).toBe('2026-11-21');
    expect(bind({ months: 1, time: '00:00' }, NOON, 'Pacific/Apia')).toBe('2026-11-22');
  });

  it('starts today when today comes late, and tomorrow when today is left out or was had already', () => {
    const gapDay = Date.parse('2025-03-09T06:00Z');
    const days = { days: 7, time: '02:30', timezone: 'America/New_York' } as const;
    expect(bind(days, gapDay)).toBe('2025-03-09T02:30:00');
    expect(bind({ ...days, dst: { gap: 'skip' } }, gapDay)).toBe('2025-03-10T02:30:00');
    const secondPass = Date.parse('2025-11-02T06:10Z');
    expect(bind({ ...days, time: '01:30' }, secondPass)).toBe('2025-11-03T01:30:00');
    expect(bind({ ...days, time: '01:30', dst: { overlap: 'last' } }, secondPass)).toBe(
      '2025-11-02T01:30:00',
    );
  });

  it('has nothing left when its end is past, and its record is sound', () => {
    const bound = calendarInterval({ days: 1, end: '2020-01-01' }).bind({ now: NOON, jobId: 'job' });
    expect(bound.next(NOON)).toBeNull();
    expect(parseTrigger(bound.toJSON()).toJSON()).toEqual(bound.toJSON());
  });
});

describe('the start of a calendar interval', () => {
  it('gives its time of day, unless another is given, and is the earliest time', () => {
    const start = '2026-01-05T18:00';
    expect(datesOf(calendarInterval({ weeks: 2, start, timezone: 'UTC' }), 2, '2026-01-01T00:00Z')).toEqual([
      '2026-01-05T18:00Z',
      '2026-01-19T18:00Z',
    ]);
    expect(
      datesOf(calendarInterval({ weeks: 2, start, time: '9:00', timezone: 'UTC' }), 1, '2026-01-01T00:00Z'),
    ).toEqual(['2026-01-19T09:00Z']);
  });

  it('is read in the zone: an instant becomes the wall-clock time there', () => {
    const start = new Date('2026-01-30T17:00Z');
    const open = calendarInterval({ months: 1, start });
    expect(open.toJSON()['start']).toBe('2026-01-30T17:00:00.000Z');
    const bound = open.bind({ now: 0, jobId: 'job', timezone: 'Asia/Shanghai' });
    expect(bound.toJSON()['start']).toBe('2026-01-31T01:00:00');
    expect(bound.next(0)).toBe(start.getTime());
  });

  it('and the end, both included, bound it', () => {
    const trigger = calendarInterval({
      days: 1,
      start: '2026-01-02',
      end: '2026-01-04T00:00Z',
      timezone: 'UTC',
    });
    expect(trigger.count(-8e15, 8e15)).toBe(3);
    expect(trigger.previous(8e15)).toBe(Date.UTC(2026, 0, 4));
  });
});

describe('a calendar interval that is not one', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['calendarInterval', {}],
    ['calendarInterval', { months: 0 }],
    ['months', { months: -1 }],
    ['months', { months: 1.5 }],
    ['days', { days: 1e9 }],
    ['days', { days: '1' }],
    ['hours', { hours: 1 }],
    ['time', { days: 1, time: '24:00' }],
    ['time', { days: 1, time: '9' }],
    ['time', { days: 1, time: 9 }],
    ['start', { days: 1, start: 'soon' }],
    ['start', { days: 1, start: '1969-01-01' }],
    ['start', { days: 1, start: '2100-01-01' }],
    ['end', { days: 1, end: 'never' }],
    ['timezone', { days: 1, timezone: 'Mars/Olympus' }],
    ['missingDay', { days: 1, missingDay: 'first' }],
    ['dst.gap', { days: 1, dst: { gap: 'jump' } }],
  ])('is refused, and the error names %s: %j', (field, options) => {
    const make = (): unknown => calendarInterval(options);
    expect(make).toThrow(InvalidTriggerError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });

  it('is refused as a record too, whose units stand under the key', () => {
    expect(() => parseTrigger({ calendarInterval: { months: 1, time: '09:00' } })).toThrow('`time`');
    expect(() => parseTrigger({ calendarInterval: { months: 1 }, months: 1 })).toThrow('`months`');
    expect(() => parseTrigger({ calendarInterval: 5 })).toThrow(InvalidTriggerError);
  });
});
