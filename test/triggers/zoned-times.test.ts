import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSpans, type ZoneSpan } from '../../src/time/zone-span.js';
import { compileCron } from '../../src/triggers/cron/compile-cron.js';
import { ZonedTimes, type ZoneSpans } from '../../src/triggers/zoned-times.js';
import { dstRules, minuteExpressions } from './support/arbitrary-cron.js';

const HOUR_S = 3600;
const DAY_S = 86_400;
const CHANGE_AT = Date.UTC(2025, 5, 15, 12) / 1000;
const FROM = Date.UTC(1969, 11, 1) / 1000;
const TO = Date.UTC(2100, 1, 1) / 1000;

// Cuts that keep the long stretches from being searched for changes.
const FAR = [CHANGE_AT - 20 * DAY_S, CHANGE_AT + 20 * DAY_S];

/** Makes a zone with one change, whose spans are cut at these instants besides. */
function zoneOf(before: number, after: number, cuts: readonly number[]): ZoneSpans {
  const offsetAt = (instant: number): number => (instant < CHANGE_AT ? before : after);
  const ends = [FROM, ...cuts, TO].sort((a, b) => a - b);
  const near = (end: number): boolean => Math.abs(end - CHANGE_AT) < 30 * DAY_S;
  const spans: ZoneSpan[] = ends.slice(1).flatMap((end, index) => {
    const start = ends[index] ?? end;
    if (start === end) return [];
    if (near(start) || near(end)) return findSpans(offsetAt, start, end);
    return [{ ...findSpans(offsetAt, start, start + DAY_S)[0]!, to: end }];
  });
  return {
    spanAt: (instant) => spans.find((span) => instant >= span.from && instant < span.to) ?? spans.at(-1)!,
  };
}

describe('wall times in a zone', () => {
  it('come at the same instants however the spans of the zone are cut', () => {
    const offsets = fc.constantFrom(-12, -5, 0, 0.5, 1, 10, 14).map((hours) => hours * HOUR_S);
    const cut = fc.integer({ min: -2 * DAY_S, max: 2 * DAY_S }).map((distance) => CHANGE_AT + distance);
    // Every day, or only on the day of the change, so that a search jumps over years.
    const dated = fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 23 }));
    const expressions = fc.oneof(
      minuteExpressions.filter((expression) => expression.endsWith('* * *')),
      dated.map(([minute, hour]) => `${minute} ${hour} 15 6 *`),
    );
    fc.assert(
      fc.property(
        fc.tuple(offsets, offsets),
        fc.array(cut, { minLength: 1, maxLength: 3 }),
        expressions,
        dstRules,
        fc.array(fc.integer({ min: -3 * DAY_S, max: 3 * DAY_S }), { minLength: 10, maxLength: 10 }),
        ([before, after], cuts, expression, { gap = 'after', overlap = 'first' }, distances) => {
          const times = compileCron(expression);
          const whole = new ZonedTimes(times, zoneOf(before, after, FAR), { gap, overlap });
          const pieces = new ZonedTimes(times, zoneOf(before, after, [...FAR, ...cuts]), { gap, overlap });
          for (const distance of distances) {
            const at = CHANGE_AT + distance;
            expect(pieces.next(at)).toBe(whole.next(at));
            expect(pieces.previous(at)).toBe(whole.previous(at));
            expect(pieces.count(CHANGE_AT - 3 * DAY_S, at)).toBe(whole.count(CHANGE_AT - 3 * DAY_S, at));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('come late across a cut of the spans', () => {
    const change = fc.constantFrom([0, 1], [-5, 0], [-12, 12], [10, 10.5]);
    const part = fc.double({ min: 0, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(change, part, part, part, fc.boolean(), ([from = 0, to = 0], lost, cut, asked, daily) => {
        const gap = (to - from) * HOUR_S;
        const wall = new Date((CHANGE_AT + from * HOUR_S + Math.floor((lost * gap) / 60) * 60) * 1000);
        const date = daily ? '* *' : `${wall.getUTCDate()} ${wall.getUTCMonth() + 1}`;
        const minute = wall.getUTCMinutes();
        const hour = daily ? '*' : String(wall.getUTCHours());
        const times = compileCron(`${minute},${(minute + 20) % 60} ${hour} ${date} *`);
        const rules = { gap: 'shift', overlap: 'first' } as const;
        const cutAt = CHANGE_AT + 1 + Math.floor(cut * gap);
        const whole = new ZonedTimes(times, zoneOf(from * HOUR_S, to * HOUR_S, FAR), rules);
        const pieces = new ZonedTimes(times, zoneOf(from * HOUR_S, to * HOUR_S, [...FAR, cutAt]), rules);
        const at = CHANGE_AT + Math.floor(asked * 2 * gap);
        for (const instant of [CHANGE_AT - 1, CHANGE_AT, cutAt - 1, cutAt, at]) {
          expect(pieces.next(instant)).toBe(whole.next(instant));
          expect(pieces.previous(instant)).toBe(whole.previous(instant));
          expect(pieces.count(CHANGE_AT, instant)).toBe(whole.count(CHANGE_AT, instant));
        }
      }),
    );
  });
});
