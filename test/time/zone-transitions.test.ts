import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { ZoneOffsets, zoneOffsets } from '../../src/time/zone-offsets.js';
import { wallClock, ZONES } from '../triggers/support/zones.js';

const YEAR_1970 = 0;
const YEAR_2100 = Date.UTC(2100, 0, 1) / 1000;
const DAY_S = 86_400;

const offsetAt = (zone: string, instant: number): number => wallClock(zone, instant * 1000) / 1000 - instant;

/** Lists the instants from 1970 to 2099 at which a zone's offset changes, by the cache. */
function changesOf(zone: string): readonly number[] {
  const offsets = new ZoneOffsets(zone);
  const changes: number[] = [];
  for (let span = offsets.spanAt(YEAR_1970); span.to < YEAR_2100; span = offsets.spanAt(span.to)) {
    if (offsets.spanAt(span.to).offset !== span.offset) changes.push(span.to);
  }
  return changes;
}

describe('the changes of a zone from 1970 to 2099', () => {
  it.each([...ZONES])('are those of the runtime in %s, to the second', (zone) => {
    const changes = changesOf(zone);
    const offsets = zoneOffsets(zone);
    for (const at of changes) {
      expect(offsets.spanAt(at - 1).offset).toBe(offsetAt(zone, at - 1));
      expect(offsets.spanAt(at).offset).toBe(offsetAt(zone, at));
      expect(offsetAt(zone, at)).not.toBe(offsetAt(zone, at - 1));
    }
    // Between two of them nothing changes, looked at every ten days.
    let before = offsetAt(zone, YEAR_1970);
    let index = 0;
    for (let at = YEAR_1970; at < YEAR_2100; at += 10 * DAY_S) {
      while (index < changes.length && (changes[index] ?? 0) <= at) {
        before = offsetAt(zone, changes[index] ?? 0);
        index += 1;
      }
      if (offsetAt(zone, at) !== before)
        expect.fail(`${zone} changed before ${new Date(at * 1000).toISOString()}`);
    }
  });

  it('are those of luxon in any zone that the runtime knows', () => {
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    fc.assert(
      fc.property(zones, fc.integer({ min: YEAR_1970, max: YEAR_2100 }), (zone, instant) => {
        const offsets = zoneOffsets(zone);
        const span = offsets.spanAt(instant);
        for (const at of [instant, span.from, span.to - 1, span.to].filter(Number.isFinite)) {
          expect(offsets.spanAt(at).offset).toBeCloseTo(DateTime.fromSeconds(at, { zone }).offset * 60, 6);
        }
      }),
      { numRuns: 300 },
    );
  });
});
