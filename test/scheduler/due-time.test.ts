import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cron, date, interval } from '../../src/index.js';
import { dueTime } from '../../src/scheduler/due-time.js';
import { ListTrigger } from '../support/custom-triggers.js';

const EPOCH = Date.parse('2026-01-01T00:00:00Z');
const ids = fc.string({ minLength: 1, maxLength: 20 });

test('without jitter a fire time is due at once', () => {
  expect(dueTime('a', interval(1000), EPOCH, 0)).toBe(EPOCH);
});

test('the jitter is the same whoever asks, and however often', () => {
  fc.assert(
    fc.property(ids, fc.nat(), fc.integer({ min: 1, max: 1e9 }), (id, offset, jitterMs) => {
      const trigger = cron('*/10 * * * *');
      const again = cron('*/10 * * * *');
      expect(dueTime(id, trigger, EPOCH + offset, jitterMs)).toBe(
        dueTime(id, again, EPOCH + offset, jitterMs),
      );
    }),
  );
});

test('the jitter stays below its bound and below the gap to the following fire time', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(ids, gaps, fc.integer({ min: 1, max: 200_000 }), (id, steps, jitterMs) => {
      let at = EPOCH;
      const times = [at, ...steps.map((step) => (at += step))];
      const trigger = new ListTrigger(times);
      const due = times.map((time) => dueTime(id, trigger, time, jitterMs));
      times.forEach((time, index) => {
        const dueAt = due[index] ?? NaN;
        expect(Number.isInteger(dueAt)).toBe(true);
        expect(dueAt).toBeGreaterThanOrEqual(time);
        expect(dueAt).toBeLessThan(time + jitterMs);
        expect(dueAt).toBeLessThan(times[index + 1] ?? Infinity);
      });
    }),
  );
});

test('the jitter of a date is bounded by its own span only', () => {
  const trigger = date(new Date(EPOCH));
  const due = Array.from({ length: 200 }, (_, at) => dueTime(`job-${at}`, trigger, EPOCH, 60_000) - EPOCH);
  expect(Math.max(...due)).toBeGreaterThan(50_000);
  expect(Math.max(...due)).toBeLessThan(60_000);
});

test('jobs with one fire time are spread evenly', () => {
  const trigger = interval(3_600_000, { start: new Date(EPOCH) });
  const buckets = new Array<number>(10).fill(0);
  for (let job = 0; job < 10_000; job++) {
    const share = (dueTime(`job-${job}`, trigger, EPOCH, 1000) - EPOCH) / 1000;
    const bucket = Math.floor(share * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  for (const filled of buckets) expect(filled).toSatisfy((count: number) => count > 850 && count < 1150);
});
