import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../src/errors/input-errors.js';
import { findZone, ZoneOffsets, zoneOffsets } from '../../src/time/zone-offsets.js';
import { ZONES } from '../triggers/support/zones.js';

/** Lists the changes from one instant to another: when, and the offsets in minutes before and after. */
function changes(zone: string, from: string, to: string): readonly (readonly [string, number, number])[] {
  const offsets = new ZoneOffsets(zone);
  const found: [string, number, number][] = [];
  let span = offsets.spanAt(Date.parse(from) / 1000);
  while (span.to < Date.parse(to) / 1000) {
    const next = offsets.spanAt(span.to);
    if (next.offset !== span.offset) {
      found.push([new Date(next.from * 1000).toISOString(), span.offset / 60, next.offset / 60]);
    }
    span = next;
  }
  return found;
}

describe('zone offsets', () => {
  it('agree with luxon at any instant from 1970 to 2100', () => {
    const zones = fc.constantFrom(...ZONES, 'Africa/Monrovia', 'America/Recife', 'Asia/Gaza', 'Asia/Tehran');
    const instants = fc.integer({ min: 0, max: Date.UTC(2100, 11, 31) / 1000 });
    fc.assert(
      fc.property(zones, instants, (zone, instant) => {
        const expected = DateTime.fromSeconds(instant, { zone }).offset * 60;
        expect(zoneOffsets(zone).spanAt(instant).offset).toBeCloseTo(expected, 6);
      }),
      { numRuns: 400 },
    );
  });

  it('know the half hour of Lord Howe', () => {
    expect(changes('Australia/Lord_Howe', '2025-01-01', '2026-01-01')).toEqual([
      ['2025-04-05T15:00:00.000Z', 660, 630],
      ['2025-10-04T15:30:00.000Z', 630, 660],
    ]);
  });

  it('know the two hours of Troll', () => {
    expect(changes('Antarctica/Troll', '2025-01-01', '2026-01-01')).toEqual([
      ['2025-03-30T01:00:00.000Z', 0, 120],
      ['2025-10-26T01:00:00.000Z', 120, 0],
    ]);
  });

  it('know the day that Apia left out', () => {
    expect(changes('Pacific/Apia', '2011-11-01', '2012-02-01')).toEqual([
      ['2011-12-30T10:00:00.000Z', -600, 840],
    ]);
  });

  it('know the month of Ramadan in Casablanca', () => {
    expect(changes('Africa/Casablanca', '2025-01-01', '2026-01-01')).toEqual([
      ['2025-02-23T02:00:00.000Z', 60, 0],
      ['2025-04-06T02:00:00.000Z', 0, 60],
    ]);
  });

  it('know offsets with seconds in them', () => {
    expect(changes('Africa/Monrovia', '1970-01-01', '1973-01-01')).toEqual([
      ['1972-01-07T00:44:30.000Z', -44.5, 0],
    ]);
  });

  it('know changes that lie a week apart', () => {
    expect(changes('America/Recife', '2000-10-01', '2000-10-31')).toEqual([
      ['2000-10-08T03:00:00.000Z', -180, -120],
      ['2000-10-15T02:00:00.000Z', -120, -180],
    ]);
  });

  it('follow rules up to 2099', () => {
    expect(changes('America/New_York', '2099-01-01', '2100-01-01')).toEqual([
      ['2099-03-08T07:00:00.000Z', -300, -240],
      ['2099-11-01T06:00:00.000Z', -240, -300],
    ]);
  });

  it('hold at the ends of time', () => {
    const zone = zoneOffsets('Europe/London');
    expect([0, 3600]).toContain(zone.spanAt(8.64e12).offset);
    expect(zone.spanAt(-8.64e12).offset).toBe(-75);
  });

  it('are the same object for the same zone, and are refused for an unknown one', () => {
    expect(zoneOffsets('Asia/Shanghai')).toBe(zoneOffsets('Asia/Shanghai'));
    expect(findZone('Mars/Olympus')).toBeNull();
    expect(() => zoneOffsets('Mars/Olympus')).toThrow(InvalidOptionError);
  });
});

describe('the instant of a wall time', () => {
  const instantOf = (zone: string, wall: string): string =>
    new Date(zoneOffsets(zone).instantOf(Date.parse(`${wall}Z`) / 1000) * 1000).toISOString();

  it('is the one at which the wall clock shows it', () => {
    const instants = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) / 1000 });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), instants, (name, instant) => {
        const zone = zoneOffsets(name);
        const first = zone.instantOf(instant + zone.spanAt(instant).offset);
        expect(first).toBeLessThanOrEqual(instant);
        expect(first + zone.spanAt(first).offset).toBe(instant + zone.spanAt(instant).offset);
      }),
      { numRuns: 300 },
    );
  });

  it('moves on by the length of the gap when the wall clock skips it', () => {
    expect(instantOf('America/New_York', '2025-03-09T02:30:00')).toBe('2025-03-09T07:30:00.000Z');
    expect(instantOf('Australia/Lord_Howe', '2025-10-05T02:15:00')).toBe('2025-10-04T15:45:00.000Z');
    expect(instantOf('Pacific/Apia', '2011-12-30T12:00:00')).toBe('2011-12-30T22:00:00.000Z');
  });

  it('is the first of the two when the wall clock repeats it', () => {
    expect(instantOf('America/New_York', '2025-11-02T01:30:00')).toBe('2025-11-02T05:30:00.000Z');
    expect(instantOf('Australia/Lord_Howe', '2025-04-06T01:45:00')).toBe('2025-04-05T14:45:00.000Z');
    expect(instantOf('Antarctica/Troll', '2025-10-26T02:00:00')).toBe('2025-10-26T00:00:00.000Z');
  });
});
