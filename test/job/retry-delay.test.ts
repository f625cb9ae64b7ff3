import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backoff, RetryPolicy } from '../../src/job/job-policy.js';
import { retryDelayMs } from '../../src/job/job-policy.js';

const policy: RetryPolicy = { attempts: 5, delayMs: 1000, backoff: 'fixed', maxDelayMs: 1e9, jitter: 0 };

describe('retryDelayMs', () => {
  it.each<[Backoff, number[]]>([
    ['fixed', [1000, 1000, 1000, 1000]],
    ['linear', [1000, 2000, 3000, 4000]],
    ['exponential', [1000, 2000, 4000, 8000]],
  ])('grows as a %s back-off does', (backoff, delays) => {
    expect([1, 2, 3, 4].map((failures) => retryDelayMs({ ...policy, backoff }, failures, 0))).toEqual(delays);
  });

  it('never exceeds the greatest delay, however many failures there were', () => {
    for (const failures of [4, 100, 2000, 1e9]) {
      expect(retryDelayMs({ ...policy, backoff: 'exponential', maxDelayMs: 5000 }, failures, 0)).toBe(5000);
    }
  });

  it('cuts off a share of the delay by chance', () => {
    expect(retryDelayMs({ ...policy, jitter: 0.5 }, 1, 0)).toBe(1000);
    expect(retryDelayMs({ ...policy, jitter: 0.5 }, 1, 0.5)).toBe(750);
    expect(retryDelayMs({ ...policy, jitter: 1 }, 1, 0.9)).toBe(100);
  });

  it('is a whole number of milliseconds within its bounds', () => {
    const policies = fc.record({
      attempts: fc.nat(),
      delayMs: fc.nat(1e6),
      backoff: fc.constantFrom<Backoff>('fixed', 'linear', 'exponential'),
      maxDelayMs: fc.nat(1e9),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 10_000 }), chance, (any, failures, drawn) => {
        const delay = retryDelayMs(any, failures, drawn);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(any.maxDelayMs);
        expect(retryDelayMs(any, failures + 1, drawn)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});
