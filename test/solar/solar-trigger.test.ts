import { readFileSync } from 'node:fs';
import { Body, Equator, Horizon, MakeTime, Observer } from 'astronomy-engine';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { solar, solarCodec, type SolarEvent, type SolarOptions } from '../../src/solar/index.js';
import { TriggerRegistry } from '../../src/triggers/trigger-registry.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface SolarCase {
  readonly place: string;
  readonly lat: number;
  readonly lon: number;
  readonly after: string;
  readonly event: SolarEvent;
  readonly next: string;
}

// Computed by PyEphem: pressure 0, horizon '-0:34' for the upper limb, and the centre for twilights.
const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/solar-cases.json', import.meta.url), 'utf8'),
) as { readonly cases: readonly SolarCase[] };

const HEIGHTS: Readonly<Partial<Record<SolarEvent, readonly [degrees: number, direction: 1 | -1]>>> = {
  dawn_astronomical: [-18, 1],
  dawn_nautical: [-12, 1],
  dawn_civil: [-6, 1],
  sunrise: [-34 / 60, 1],
  sunset: [-34 / 60, -1],
  dusk_civil: [-6, -1],
  dusk_nautical: [-12, -1],
  dusk_astronomical: [-18, -1],
};
const EVENTS = Object.keys(HEIGHTS) as SolarEvent[];

/** Gives the height of the sun in degrees: of its upper limb for rise and set, of its centre otherwise. */
function heightAt(event: SolarEvent, place: SolarOptions, instant: number): number {
  const time = MakeTime(new Date(instant));
  const observer = new Observer(place.latitude, place.longitude, 0);
  const sun = Equator(Body.Sun, time, observer, true, true);
  const centre = Horizon(time, observer, sun.ra, sun.dec).altitude;
  const radius = (Math.asin(695_700 / (sun.dist * 149_597_870.7)) * 180) / Math.PI;
  return event === 'sunrise' || event === 'sunset' ? centre + radius : centre;
}

/** Lists the events of a span the slow way: it looks at the sun every two minutes. */
function literalEvents(event: SolarEvent, place: SolarOptions, from: number, to: number): readonly number[] {
  const [degrees, direction] = HEIGHTS[event]!;
  const events: number[] = [];
  let before = direction * (heightAt(event, place, from) - degrees);
  for (let at = from + 2 * MINUTE_MS; at <= to; at += 2 * MINUTE_MS) {
    const now = direction * (heightAt(event, place, at) - degrees);
    if (before < 0 && now >= 0) events.push(at - 2 * MINUTE_MS + (2 * MINUTE_MS * -before) / (now - before));
    before = now;
  }
  return events;
}

describe('a solar event', () => {
  it.each(['Shanghai', 'London', 'Tromso'])('comes in %s when PyEphem says so', (place) => {
    const here = cases.filter((one) => one.place === place);
    expect(here).toHaveLength(72);
    for (const { lat, lon, after, event, next } of here) {
      const trigger = solar(event, { latitude: lat, longitude: lon });
      const tolerance = Math.abs(lat) <= 52 ? 60_000 : 300_000;
      const at = trigger.next(Date.parse(after)) ?? NaN;
      expect(Math.abs(at - Date.parse(next)), `${event} after ${after}`).toBeLessThan(tolerance);
    }
  });

  it('waits through the polar day and the polar night for the next real one', () => {
    const tromso = { latitude: 69.6492, longitude: 18.9553 };
    const sunset = solar('sunset', tromso);
    expect(new Date(sunset.next(Date.UTC(2024, 5, 1)) ?? 0).toISOString()).toMatch(/^2024-07-2[56]T22:/);
    const sunrise = solar('sunrise', tromso);
    expect(new Date(sunrise.next(Date.UTC(2024, 11, 1)) ?? 0).toISOString()).toMatch(/^2025-01-1[56]T10:/);
    expect(new Date(sunrise.previous(Date.UTC(2025, 0, 10)) ?? 0).toISOString()).toMatch(
      /^2024-11-2[67]T10:/,
    );
  });

  it('comes once a year at the poles, and a noon every day', () => {
    const pole = solar('sunrise', { latitude: 90, longitude: 0 });
    const rises = [...pole.upcoming({ from: '2024-01-01', until: '2027-01-01' })];
    expect(rises.map((at) => at.toISOString().slice(0, 7))).toEqual(['2024-03', '2025-03', '2026-03']);
    const noon = solar('solar_noon', { latitude: 90, longitude: 0 });
    expect([...noon.upcoming({ from: '2024-06-01', until: '2024-07-01' })]).toHaveLength(30);
  });

  it('agrees with a look at the sun every two minutes, at any place', () => {
    const places = fc.record({
      latitude: fc.oneof(
        fc.double({ min: -66, max: 66, noNaN: true }),
        fc.double({ min: 66, max: 89, noNaN: true }),
      ),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    const days = fc.integer({ min: Date.UTC(1971, 0, 1) / DAY_MS, max: Date.UTC(2098, 0, 1) / DAY_MS });
    fc.assert(
      fc.property(places, fc.constantFrom(...EVENTS), days, (place, event, day) => {
        const trigger = solar(event, place);
        const from = day * DAY_MS;
        const to = from + 3 * DAY_MS;
        const found = [...trigger.upcoming({ from, until: to })].map((at) => at.getTime());
        // Where the sun only grazes the height a look every two minutes may miss it.
        const sure = literalEvents(event, place, from, to);
        for (const at of sure) expect(found.some((one) => Math.abs(one - at) < 5000)).toBe(true);
        for (const at of found) {
          const before = heightAt(event, place, at - 1500);
          const after = heightAt(event, place, at + 1500);
          const [degrees, direction] = HEIGHTS[event]!;
          expect(direction * (after - before)).toBeGreaterThanOrEqual(0);
          expect(Math.abs((before + after) / 2 - degrees)).toBeLessThan(0.005);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same iterated, asked afresh, looking back, and read back from its record', () => {
    const places = fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    const events = fc.constantFrom<SolarEvent>(...EVENTS, 'solar_noon');
    const registry = new TriggerRegistry([solarCodec]);
    fc.assert(
      fc.property(
        places,
        events,
        fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2090, 0, 1) }),
        fc.integer({ min: -DAY_MS, max: DAY_MS }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (place, event, instant, offset, fraction) => {
          const trigger = solar(event, { ...place, offset });
          const copy = registry.parse(JSON.parse(JSON.stringify(trigger)));
          expect(JSON.stringify(copy)).toBe(JSON.stringify(trigger));
          let at = trigger.next(instant)!;
          for (let step = 0; step < 5; step += 1) {
            const next = trigger.next(at)!;
            expect(next).toBeGreaterThan(at);
            expect(trigger.previous(next)).toBe(at);
            const between = Math.min(Math.floor(at + fraction * (next - at)), next - 1);
            expect(copy.next(between)).toBe(next);
            expect(solar(event, { ...place, offset }).next(between)).toBe(next);
            at = next;
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is moved by the offset, either way', () => {
    const place = { latitude: 51.5, longitude: 0 };
    const at = solar('sunset', place).next(Date.UTC(2026, 5, 1)) ?? 0;
    expect(solar('sunset', { ...place, offset: { minutes: -30 } }).next(Date.UTC(2026, 5, 1))).toBe(
      at - 1_800_000,
    );
    expect(solar('sunset', { ...place, offset: 1000 }).next(at)).toBe(at + 1000);
    expect(solar('sunset', { ...place, offset: 1000 }).previous(at + 1001)).toBe(at + 1000);
  });

  it('lies between 1970 and 2099', () => {
    const noon = solar('solar_noon', { latitude: 0, longitude: 0 });
    expect(new Date(noon.next(-8.64e15) ?? 0).toISOString()).toMatch(/^1970-01-01T12:0/);
    expect(new Date(noon.previous(8.64e15) ?? 0).getUTCFullYear()).toBe(2100);
    expect(noon.next(8.64e15)).toBeNull();
    expect(noon.previous(-8.64e15)).toBeNull();
  });
});

describe('the record of a solar trigger', () => {
  it('is plain, and names the event', () => {
    const place = { latitude: 31.2304, longitude: 121.4737 };
    expect(solar('sunrise', place).toJSON()).toEqual({ solar: 'sunrise', ...place });
    expect(solar('sunrise', { ...place, offset: { minutes: -30 } }).toJSON()).toEqual({
      solar: 'sunrise',
      ...place,
      offset: -1_800_000,
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['solar', { solar: 'moonrise', latitude: 0, longitude: 0 }],
    ['solar', { solar: 'toString', latitude: 0, longitude: 0 }],
    ['latitude', { solar: 'sunrise', latitude: 91, longitude: 0 }],
    ['latitude', { solar: 'sunrise', longitude: 0 }],
    ['longitude', { solar: 'sunrise', latitude: 0, longitude: NaN }],
    ['longitude', { solar: 'sunrise', latitude: 0, longitude: '5' }],
    ['offset', { solar: 'sunrise', latitude: 0, longitude: 0, offset: { days: 2 } }],
    ['offset', { solar: 'sunrise', latitude: 0, longitude: 0, offset: 'late' }],
    ['height', { solar: 'sunrise', latitude: 0, longitude: 0, height: 5 }],
  ])('is refused, and the error names %s: %j', (field, record) => {
    const parse = (): unknown => new TriggerRegistry([solarCodec]).parse(record);
    expect(parse).toThrow(InvalidTriggerError);
    expect(parse).toThrow(expect.objectContaining({ field }));
  });
});
