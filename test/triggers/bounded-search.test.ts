import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zoneOffsets } from '../../src/time/zone-offsets.js';
import { CalendarSteps } from '../../src/triggers/calendar-steps.js';
import { compileCron } from '../../src/triggers/cron/compile-cron.js';
import { DayRule } from '../../src/triggers/cron/day-rule.js';
import { DaySet } from '../../src/triggers/cron/day-set.js';
import { noDays } from '../../src/triggers/cron/parse-days.js';
import type { WallTimes } from '../../src/triggers/wall-times.js';
import { ZonedTimes } from '../../src/triggers/zoned-times.js';
import { dstRules, minuteExpressions } from './support/arbitrary-cron.js';
import { ZONES } from './support/zones.js';

const MONTHS = 130 * 12;

/** Counts the months that are looked into. */
class CountingRule extends DayRule {
  months = 0;

  override daysOf(firstWeekday: number, length: number): number {
    this.months += 1;
    return super.daysOf(firstWeekday, length);
  }
}

/** Counts what is asked of wall times. */
class CountingTimes implements WallTimes {
  questions = 0;
  readonly #times: WallTimes;

  constructor(times: WallTimes) {
    this.#times = times;
  }

  next(wall: number): number {
    this.questions += 1;
    return this.#times.next(wall);
  }

  previous(wall: number): number {
    this.questions += 1;
    return this.#times.previous(wall);
  }

  count(from: number, to: number): number {
    this.questions += 1;
    return this.#times.count(from, to);
  }
}

const days = fc.integer({ min: -1_000_000, max: 1_000_000 });
const instants = fc.oneof(
  fc.integer({ min: 0, max: 4_102_444_800 }),
  fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 }),
  fc.constantFrom(-Infinity, Infinity),
);

describe('a search for a day', () => {
  it('looks into each month from 1970 to 2099 once at most', () => {
    const dates = fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1 });
    const months = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1 });
    const weeks = fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 53 }), { minLength: 1, maxLength: 2 }));
    const years = fc.option(
      fc.uniqueArray(fc.integer({ min: 1970, max: 2099 }), { minLength: 1, maxLength: 3 }),
    );
    fc.assert(
      fc.property(dates, months, weeks, years, days, (inMonth, inYear, inWeeks, only, day) => {
        const rule = new CountingRule({ ...noDays(), dates: inMonth });
        const set = new DaySet({
          years: only,
          months: inYear,
          weeks: inWeeks,
          dates: rule,
          weekdays: new DayRule({ ...noDays(), weekdays: [0, 1, 2, 3, 4, 5, 6] }),
          either: false,
        });
        for (const search of [() => set.next(day), () => set.previous(day), () => set.count(-1e9, 1e9)]) {
          rule.months = 0;
          search();
          expect(rule.months).toBeLessThanOrEqual(MONTHS + 1);
        }
      }),
    );
  });

  it('for one that never comes ends after the 130 Februaries', () => {
    const rule = new CountingRule({ ...noDays(), dates: [31] });
    const set = new DaySet({
      years: null,
      months: [2],
      weeks: null,
      dates: rule,
      weekdays: new DayRule({ ...noDays(), weekdays: [0, 1, 2, 3, 4, 5, 6] }),
      either: false,
    });
    expect(set.next(0)).toBe(Infinity);
    expect(rule.months).toBe(130);
  });
});

describe('a search through the spans of a zone', () => {
  const expressions = fc.oneof(minuteExpressions, fc.constantFrom('0 0 29 2 *', '30 2 31 12 *', '0 0 1 1 *'));

  it('asks about each span from 1970 to 2099 a few times at most', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        expressions,
        dstRules,
        instants,
        (zone, expression, dst, instant) => {
          let times: CountingTimes;
          try {
            times = new CountingTimes(compileCron(expression));
          } catch {
            return;
          }
          const { gap = 'after', overlap = 'first' } = dst;
          const zoned = new ZonedTimes(times, zoneOffsets(zone), { gap, overlap });
          for (const search of [() => zoned.next(instant), () => zoned.previous(instant)]) {
            times.questions = 0;
            search();
            // Two changes a year at most and the cuts of the cache, three questions each.
            expect(times.questions).toBeLessThanOrEqual(130 * 4 * 3);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('asks rarely even where the wall time found lies decades ahead', () => {
    const times = new CountingTimes(compileCron('0 0 0 1 1 * 2099'));
    const zoned = new ZonedTimes(times, zoneOffsets('Europe/London'), { gap: 'after', overlap: 'first' });
    zoned.next(0);
    expect(times.questions).toBeLessThanOrEqual(8);
  });
});

describe('a search along calendar steps', () => {
  it('ends, whatever the step, the start and the wall time', () => {
    const parts = fc.record({
      start: fc.integer({ min: 0, max: 4_102_444_799 }),
      time: fc.integer({ min: 0, max: 86_399 }),
      months: fc.oneof(fc.nat(30), fc.nat(1_300_000)),
      days: fc.oneof(fc.nat(30), fc.nat(800_000)),
      missingDay: fc.constantFrom('skip' as const, 'last' as const),
    });
    const walls = fc.integer({ min: -200_000, max: 4_102_600_000 });
    fc.assert(
      fc.property(parts, walls, walls, (given, one, other) => {
        if (given.months + given.days === 0) return;
        const steps = new CalendarSteps(given);
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const next = steps.next(from);
        expect(next).toBeGreaterThanOrEqual(from);
        if (next !== Infinity) expect(steps.previous(next)).toBe(next);
        expect(steps.previous(from)).toBeLessThanOrEqual(from);
        expect(steps.count(from, to)).toBeGreaterThanOrEqual(next <= to ? 1 : 0);
      }),
      { numRuns: 2000 },
    );
  });
});
