import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Trigger } from '../../src/index.js';
import {
  fireTimeBefore,
  newestFireTime,
  newestFireTimes,
  spanOfFireTimes,
} from '../../src/scheduler/fire-times.js';
import { nextAfter, previousBefore } from '../../src/scheduler/sound-times.js';
import { ListTrigger, counted } from '../support/custom-triggers.js';

const EPOCH = Date.parse('2026-01-01T00:00:00Z');

/** Gives ascending fire times, with a trigger that names them and has all, some or none of the optional methods. */
const listed = fc
  .record({
    gaps: fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1e7 })), {
      minLength: 1,
      maxLength: 80,
    }),
    previous: fc.boolean(),
    count: fc.boolean(),
  })
  .map(({ gaps, ...has }) => {
    let at = EPOCH;
    const times = gaps.map((gap) => (at += gap));
    return { times, trigger: new ListTrigger(times, has) };
  });

/** Gives two places in a list, the first no later than the second. */
function places(
  times: readonly number[],
  a: number,
  b: number,
): { first: number; last: number; between: number[] } {
  const [from, to] = [a % times.length, b % times.length].sort((x, y) => x - y) as [number, number];
  const between = times.slice(from, to + 1);
  return { first: between[0] ?? NaN, last: between.at(-1) ?? NaN, between };
}

describe('with any trigger', () => {
  test('the newest fire time up to an instant is found', () => {
    fc.assert(
      fc.property(listed, fc.nat(), fc.nat(), fc.nat(1000), ({ times, trigger }, a, b, extra) => {
        const { first, last } = places(times, a, b);
        const at = last + extra;
        expect(newestFireTime(trigger, first, at)).toBe(times.filter((time) => time <= at).at(-1));
      }),
    );
  });

  test('the newest few fire times are found, ascending', () => {
    fc.assert(
      fc.property(
        listed,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 100 }),
        ({ times, trigger }, a, b, limit) => {
          const { first, last, between } = places(times, a, b);
          expect(newestFireTimes(trigger, first, last, limit)).toEqual(between.slice(-limit));
        },
      ),
    );
  });

  test('the fire time before another is found', () => {
    fc.assert(
      fc.property(listed, fc.nat(), fc.nat(), ({ times, trigger }, a, b) => {
        const { first, last, between } = places(times, a, b);
        fc.pre(first < last);
        expect(fireTimeBefore(trigger, first, last)).toBe(between.at(-2));
      }),
    );
  });

  test('a span is counted', () => {
    fc.assert(
      fc.property(listed, fc.nat(), fc.nat(), ({ times, trigger }, a, b) => {
        const { first, last, between } = places(times, a, b);
        expect(spanOfFireTimes(trigger, first, last)).toEqual({
          count: between.length,
          exact: true,
          firstAt: first,
          lastAt: last,
        });
      }),
    );
  });
});

describe('with a trigger that can only look ahead', () => {
  const every = (ms: number): Trigger => ({
    kind: 'bare',
    next: (after) => Math.floor(after / ms) * ms + ms,
    toJSON: () => ({ bare: true }),
  });

  test.each([1, 7, 1000, 86_400_000])(
    'a long gap is searched in a bounded number of calls, at a period of %i ms',
    (period) => {
      const { trigger, calls } = counted(every(period));
      const first = Math.floor(EPOCH / period) * period;
      const at = first + 300_000 * period;
      expect(newestFireTime(trigger, first, at + period - 1)).toBe(at);
      expect(newestFireTimes(trigger, first, at, 10)).toHaveLength(10);
      expect(spanOfFireTimes(trigger, first, at)).toMatchObject({ exact: false, firstAt: first, lastAt: at });
      expect(calls()).toBeLessThan(10_000);
    },
  );
});

test('the newest fire times of a burst long ago are found by looking ahead alone', () => {
  const end = EPOCH + 5000;
  const burst: Trigger = {
    kind: 'burst',
    next: (after) => (after < end ? Math.floor(after) + 1 : null),
    toJSON: () => ({ burst: true }),
  };
  expect(newestFireTime(burst, EPOCH, EPOCH + 3e10)).toBe(end);
  expect(newestFireTimes(burst, EPOCH, end, 5)).toEqual([end - 4, end - 3, end - 2, end - 1, end]);
});

describe('an answer that is no fire time', () => {
  test.each([NaN, Infinity, -Infinity, 1.5, 9e15, undefined, '5', new Date(), 10, 9, Promise.resolve(11)])(
    'is refused when it should be the next after 10: %s',
    (answer) => {
      const trigger = { kind: 'wild', next: () => answer, toJSON: () => ({}) } as unknown as Trigger;
      expect(() => nextAfter(trigger, 10)).toThrow(/trigger\.next\(\)/);
    },
  );

  test.each([NaN, Infinity, -Infinity, 1.5, undefined, '5', new Date(), 10, 11])(
    'is refused when it should be the last before 10: %s',
    (answer) => {
      const trigger = { previous: () => answer } as never;
      expect(() => previousBefore(trigger, 10)).toThrow(/trigger\.previous\(\)/);
    },
  );
});
