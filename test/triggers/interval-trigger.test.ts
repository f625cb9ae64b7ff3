import * as fc from 'fast-check';
import { Duration } from 'luxon';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { interval, type IntervalOptions } from '../../src/triggers/interval-trigger.js';
import { parseTrigger } from '../../src/triggers/parse-trigger.js';

const binding = { now: 1_000_000, jobId: 'job' };

describe('an interval with a start', () => {
  const trigger = interval({ seconds: 10 }, { start: new Date(5000), end: new Date(40_000) });

  it('fires on the grid of start + n × period, from the start to the end', () => {
    expect(trigger.next(-1)).toBe(5000);
    expect(trigger.next(5000)).toBe(15_000);
    expect(trigger.next(14_999)).toBe(15_000);
    expect(trigger.next(30_000)).toBe(35_000);
    expect(trigger.next(35_000)).toBeNull();
  });

  it('looks back on the same grid', () => {
    expect(trigger.previous(1e12)).toBe(35_000);
    expect(trigger.previous(35_000)).toBe(25_000);
    expect(trigger.previous(5000)).toBeNull();
  });

  it('counts with both ends included', () => {
    expect(trigger.count(5000, 35_000)).toBe(4);
    expect(trigger.count(5001, 34_999)).toBe(2);
    expect(trigger.count(6000, 7000)).toBe(0);
    expect(trigger.count(7000, 6000)).toBe(0);
  });

  it('agrees with a walk along the grid', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: -200, max: 200 }),
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: -300, max: 500 }),
        fc.integer({ min: 0, max: 300 }),
        (period, start, span, from, length) => {
          const grid: number[] = [];
          for (let at = start; at <= start + span; at += period) grid.push(at);
          const made = interval(period, { start: new Date(start), end: new Date(start + span) });
          expect(made.next(from)).toBe(grid.find((at) => at > from) ?? null);
          expect(made.previous(from)).toBe(grid.filter((at) => at < from).at(-1) ?? null);
          const inside = grid.filter((at) => at >= from && at <= from + length);
          expect(made.count(from, from + length)).toBe(inside.length);
        },
      ),
    );
  });

  it('is exact far from its start', () => {
    const fast = interval(7, { start: new Date(0) });
    expect(fast.next(4e15)).toBe(4e15 - (4e15 % 7) + 7);
    expect(fast.count(0, 4e15)).toBe(Math.floor(4e15 / 7) + 1);
  });
});

describe('an interval without a start', () => {
  it('answers for the grid of the Unix epoch until it is bound', () => {
    const trigger = interval({ minutes: 5 });
    expect(trigger.next(1)).toBe(300_000);
    expect(trigger.previous(0)).toBe(-300_000);
    expect(trigger.count(1, 600_000)).toBe(2);
  });

  it('starts one period after the job is added, or at once with immediate', () => {
    expect(interval(60_000).bind(binding).next(binding.now)).toBe(1_060_000);
    const immediate = interval(60_000, { immediate: true }).bind(binding);
    expect(immediate.next(binding.now - 1)).toBe(1_000_000);
    expect(immediate.next(binding.now)).toBe(1_060_000);
  });

  it('keeps its grid out of its record until it is bound, and in it afterwards', () => {
    const trigger = interval({ minutes: 1 }, { immediate: true });
    expect(trigger.toJSON()).toEqual({ interval: 60_000, immediate: true });
    expect(trigger.bind(binding).toJSON()).toEqual({ interval: 60_000, start: '1970-01-01T00:16:40.000Z' });
    expect(interval({ minutes: 1 }).toJSON()).toEqual(interval(60_000).toJSON());
  });

  it('is not moved by a second binding', () => {
    const bound = interval(60_000).bind(binding);
    expect(bound.bind({ now: 5e9, jobId: 'other' }).toJSON()).toEqual(bound.toJSON());
  });

  it.each([true, false])('has nothing left when its end is past, with immediate %s', (immediate) => {
    const trigger = interval(60_000, { end: new Date(500_000), immediate }).bind(binding);
    expect(trigger.next(binding.now - 1)).toBeNull();
    expect(parseTrigger(trigger.toJSON()).toJSON()).toEqual(trigger.toJSON());
  });
});

describe('the ends of an interval', () => {
  it('are read in the zone of the trigger, or that of the binding', () => {
    const open = interval(1000, { start: '2026-01-01T00:00', end: '2026-02-01T00:00' });
    expect(open.toJSON()).toEqual({ interval: 1000, start: '2026-01-01T00:00', end: '2026-02-01T00:00' });
    const expected = { interval: 1000, start: '2025-12-31T16:00:00.000Z', end: '2026-01-31T16:00:00.000Z' };
    expect(open.bind({ ...binding, timezone: 'Asia/Shanghai' }).toJSON()).toEqual(expected);
    const zoned = interval(1000, {
      start: '2026-01-01T00:00',
      end: '2026-02-01T00:00',
      timezone: 'Asia/Shanghai',
    });
    expect(zoned.toJSON()).toEqual(expected);
  });
});

describe('the period of an interval', () => {
  it('may be milliseconds, an object of units, or a luxon Duration', () => {
    expect(interval({ hours: 1, minutes: 30 }).periodMs).toBe(5_400_000);
    expect(interval(Duration.fromObject({ seconds: 2 })).periodMs).toBe(2000);
  });

  it.each([[0], [-5], [NaN], [Infinity], ['5m'], [{ minutez: 5 }], [{}], [null], [{ minutes: '5' }]])(
    'is refused when it is %o',
    (period) => {
      expect(() => interval(period as number)).toThrow(InvalidTriggerError);
    },
  );
});

describe('an interval that contradicts itself', () => {
  it.each<[string, unknown]>([
    ['end', { start: new Date(2), end: new Date(1) }],
    ['immediate', { start: new Date(2), immediate: true }],
    ['immediate', { immediate: 'yes' }],
    ['start', { start: 'soon' }],
    ['timezone', { timezone: 'Mars/Olympus' }],
    ['evry', { evry: 5 }],
  ])('is refused, and the error names %s', (field, options) => {
    expect(() => interval(5, options as IntervalOptions)).toThrow(
      expect.objectContaining({ code: 'ESC_INVALID_TRIGGER', field }),
    );
  });
});
