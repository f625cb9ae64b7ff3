import * as fc from 'fast-check';
import { Duration } from 'luxon';
import { describe, expect, test } from 'vitest';
import { InvalidOptionError } from '../../src/index.js';
import type { DurationInput } from '../../src/index.js';
import { durationMs } from '../../src/time/durations.js';

describe('durationMs', () => {
  test.each<[DurationInput, number]>([
    [0, 0],
    [1500, 1500],
    [0.4, 0],
    [1.6, 2],
    [{ seconds: 1 }, 1000],
    [{ minutes: 1.5 }, 90_000],
    [{ hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }, 3_661_001],
    [{ days: 1 }, 86_400_000],
    [{ weeks: 1 }, 604_800_000],
    [{ hours: 1, minutes: -30 }, 1_800_000],
    [Duration.fromObject({ minutes: 2 }), 120_000],
  ])('reads %o as %i ms', (input, ms) => {
    expect(durationMs(input, 'timeout')).toBe(ms);
  });

  test("reads luxon's units as luxon does", () => {
    const amount = fc.integer({ min: 0, max: 1000 });
    const objects = fc.record(
      { weeks: amount, days: amount, hours: amount, minutes: amount, seconds: amount, milliseconds: amount },
      { requiredKeys: ['seconds'] },
    );
    fc.assert(
      fc.property(objects, (object) => {
        expect(durationMs(object, 'timeout')).toBe(Duration.fromObject(object).toMillis());
      }),
    );
  });

  test.each<[unknown, RegExp]>([
    [-1, /no negative duration, got `-1` \(number\)/],
    [NaN, /a duration/],
    [Infinity, /a duration/],
    [-Infinity, /a duration/],
    [2 ** 60, /2\^53/],
    ['5', /a duration .* got `"5"` \(string\)/],
    [null, /a duration/],
    [undefined, /a duration/],
    [{}, /a duration/],
    [[], /a duration/],
    [{ months: 1 }, /`timeout\.months` to be one of weeks/],
    [{ second: 1 }, /`timeout\.second`/],
    [{ seconds: '1' }, /`timeout\.seconds` to be a finite number, got `"1"`/],
    [{ seconds: NaN }, /`timeout\.seconds`/],
    [{ seconds: undefined }, /`timeout\.seconds`/],
    [{ seconds: -1 }, /no negative duration/],
    [Duration.invalid('broken'), /a duration/],
    [() => 5, /a duration/],
  ])('refuses %o', (input, message) => {
    expect(() => durationMs(input, 'timeout')).toThrow(InvalidOptionError);
    expect(() => durationMs(input, 'timeout')).toThrow(message);
  });

  test('allows Infinity and a least span where it is told to', () => {
    expect(durationMs(Infinity, 'timeout', { infinite: true })).toBe(Infinity);
    expect(durationMs(5, 'timeout', { minMs: 5 })).toBe(5);
    expect(() => durationMs(4, 'timeout', { minMs: 5 })).toThrow(/at least 5 ms/);
    expect(() => durationMs(-Infinity, 'timeout', { infinite: true })).toThrow(InvalidOptionError);
  });
});
