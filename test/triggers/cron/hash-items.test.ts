import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashText } from '../../../src/internal/hash.js';
import { cron } from '../../../src/triggers/cron-trigger.js';
import { resolveHashes } from '../../../src/triggers/cron/hash-items.js';

describe('H in an expression', () => {
  it('becomes a value of its field that the job decides, the same at every binding', () => {
    const trigger = cron('H H(0-5) * * mon-fri');
    const bound = trigger.bind({ now: 0, jobId: 'nightly-report', timezone: 'Asia/Shanghai' });
    expect(bound.toJSON()).toEqual({ cron: '25 3 * * mon-fri', timezone: 'Asia/Shanghai' });
    expect(trigger.bind({ now: 5e12, jobId: 'nightly-report', timezone: 'Asia/Shanghai' }).toJSON()).toEqual(
      bound.toJSON(),
    );
    expect(bound.bind({ now: 0, jobId: 'other', timezone: 'UTC' })).toBe(bound);
    expect(trigger.toJSON()).toEqual({ cron: 'H H(0-5) * * mon-fri' });
  });

  it('stays within its range, its step and its field', () => {
    fc.assert(
      fc.property(fc.string(), (jobId) => {
        const text = resolveHashes('H H(10-20) H H H', jobId);
        const [minute = -1, hour = -1, date = -1, month = -1, weekday = -1] = text.split(' ').map(Number);
        expect(minute).toBeLessThanOrEqual(59);
        expect(hour).toBeGreaterThanOrEqual(10);
        expect(hour).toBeLessThanOrEqual(20);
        expect(date).toBeGreaterThanOrEqual(1);
        expect(date).toBeLessThanOrEqual(28);
        expect(month).toBeGreaterThanOrEqual(1);
        expect(month).toBeLessThanOrEqual(12);
        expect(weekday).toBeLessThanOrEqual(6);
        expect(resolveHashes('H(0-29)/10 * * * *', jobId)).toMatch(/^\d-29\/10 /);
        expect(resolveHashes('0 h/6 * * *', jobId)).toMatch(/^0 [0-5]-23\/6 /);
      }),
    );
  });

  it('spreads jobs evenly over the values', () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 6000; index += 1) {
      const minute = resolveHashes('H * * * *', `job-${index}`).split(' ')[0] ?? '';
      counts.set(minute, (counts.get(minute) ?? 0) + 1);
    }
    expect(counts.size).toBe(60);
    expect(Math.min(...counts.values())).toBeGreaterThan(50);
    expect(Math.max(...counts.values())).toBeLessThan(160);
  });

  it('leaves the H of thu and the rest of the expression alone', () => {
    expect(resolveHashes('0 0 * mar thu', 'job')).toBe('0 0 * mar thu');
    expect(resolveHashes('0 0 0,H * * thu', 'job')).toMatch(/^0 0 0,\d+ \* \* thu$/);
  });
});

describe('the hash', () => {
  it('keeps its values for ever, because jobs keep the times they took from it', () => {
    expect(['', 'a', 'minute:nightly-report', 'é', '任务'].map(hashText)).toEqual([
      2872998923, 2448022055, 2246508325, 2705881783, 1026054837,
    ]);
  });
});
