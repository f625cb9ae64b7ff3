import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { InvalidOptionError } from '../../src/index.js';
import { MAX_INSTANT, instantMs, isLocalTime } from '../../src/time/instants.js';

const NOON = Date.UTC(2026, 5, 1, 12);

describe('instantMs', () => {
  test.each<[string, unknown, string, number]>([
    ['a Date', new Date(NOON), 'UTC', NOON],
    ['a luxon DateTime', DateTime.fromMillis(NOON), 'UTC', NOON],
    ['text in UTC', '2026-06-01T12:00:00Z', 'Asia/Tokyo', NOON],
    ['text with an offset', '2026-06-01T14:00+02:00', 'Asia/Tokyo', NOON],
    ['text with a short offset', '2026-06-01T14:00+02', 'Asia/Tokyo', NOON],
    ['text with milliseconds', '2026-06-01T12:00:00.123Z', 'UTC', NOON + 123],
    ['wall time in a zone', '2026-06-01T14:00', 'Europe/Paris', NOON],
    ['wall time with milliseconds', '2026-06-01T14:00:00.5', 'Europe/Paris', NOON + 500],
    ['a date in a zone', '2026-06-01', 'Asia/Tokyo', Date.UTC(2026, 4, 31, 15)],
    ['wall time that a change skips', '2026-03-29T02:30', 'Europe/Paris', Date.UTC(2026, 2, 29, 1, 30)],
    ['wall time that comes twice', '2026-10-25T02:30', 'Europe/Paris', Date.UTC(2026, 9, 25, 0, 30)],
    ['an instant before the epoch', '1960-01-01T00:00Z', 'UTC', Date.UTC(1960, 0, 1)],
    [
      'wall time before the epoch with a fraction',
      '1960-01-01T00:00:00.250',
      'UTC',
      Date.UTC(1960, 0, 1) + 250,
    ],
    ['the farthest instant', new Date(MAX_INSTANT), 'UTC', MAX_INSTANT],
  ])('reads %s', (_what, input, zone, ms) => {
    expect(instantMs(input, 'at', zone)).toBe(ms);
  });

  test.each<[string, unknown]>([
    ['an invalid Date', new Date(NaN)],
    ['an invalid DateTime', DateTime.invalid('broken')],
    ['a number', NOON],
    ['null', null],
    ['an object', {}],
    ['empty text', ''],
    ['other text', 'tomorrow'],
    ['a day that does not exist', '2026-02-30T00:00Z'],
    ['an hour that does not exist', '2026-02-01T25:00Z'],
    ['a time alone', '12:00'],
    ['text with a zone in brackets', '2026-06-01T12:00[Europe/Paris]'],
    ['text in another form', 'Mon, 01 Jun 2026 12:00:00 GMT'],
  ])('refuses %s', (_what, input) => {
    expect(() => instantMs(input, 'at', 'UTC')).toThrow(InvalidOptionError);
    expect(() => instantMs(input, 'at', 'UTC')).toThrow(/^Expected `at` to be an instant/);
  });

  test('reads back every instant that ISO text can show', () => {
    const instants = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(2200, 0) });
    fc.assert(
      fc.property(instants, fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'), (ms, zone) => {
        expect(instantMs(new Date(ms).toISOString(), 'at', zone)).toBe(ms);
        const withOffset = DateTime.fromMillis(ms, { zone }).toISO({ includeOffset: true });
        expect(Math.abs(instantMs(withOffset, 'at', 'UTC') - ms)).toBeLessThan(60_000);
      }),
    );
  });

  test('reads wall time as luxon does where it is unambiguous', () => {
    const instants = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2035, 0) });
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom('Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe'),
        (ms, zone) => {
          const wall = DateTime.fromMillis(ms, { zone });
          fc.pre(wall.getPossibleOffsets().length === 1);
          expect(instantMs(wall.toISO({ includeOffset: false }), 'at', zone)).toBe(ms);
        },
      ),
    );
  });
});

test.each([
  ['2026-06-01T12:00', true],
  ['2026-06-01', true],
  ['2026-06-01T12:00Z', false],
  ['2026-06-01T12:00-05:00', false],
])('isLocalTime of %s is %s', (text, isLocal) => {
  expect(isLocalTime(text)).toBe(isLocal);
});
