import { describe, expect, it } from 'vitest';
import { countSpan, idleWakeAt, isUsedUp, NO_COUNTS } from '../../src/job/job-record.js';
import type { FireSpan } from '../../src/triggers/fire-span.js';

const first: FireSpan = { count: 3, exact: true, firstAt: 1000, lastAt: 3000 };
const second: FireSpan = { count: 2, exact: false, firstAt: 4000, lastAt: 5000 };

describe('countSpan', () => {
  it('begins a count with its first span', () => {
    expect(countSpan(NO_COUNTS, 'missed', first)).toEqual({
      missed: { total: 3, exact: true, last: first },
      skipped: null,
      coalesced: null,
    });
  });

  it('adds up spans of one kind, and keeps the last', () => {
    const counts = countSpan(countSpan(NO_COUNTS, 'skipped', first), 'skipped', { ...second, exact: true });
    expect(counts.skipped).toEqual({ total: 5, exact: true, last: { ...second, exact: true } });
  });

  it('is a lower bound from the first inexact span on', () => {
    const counts = countSpan(countSpan(NO_COUNTS, 'missed', second), 'missed', first);
    expect(counts.missed).toEqual({ total: 5, exact: false, last: first });
  });

  it('keeps the kinds apart, and leaves what it is given', () => {
    const missed = countSpan(NO_COUNTS, 'missed', first);
    const both = countSpan(missed, 'coalesced', second);
    expect([both.missed?.total, both.coalesced?.total, missed.coalesced]).toEqual([3, 2, null]);
    expect(NO_COUNTS).toEqual({ missed: null, skipped: null, coalesced: null });
  });

  it('gives the counts themselves where there is nothing to count', () => {
    expect(countSpan(NO_COUNTS, 'missed', null)).toBe(NO_COUNTS);
  });
});

describe('idleWakeAt', () => {
  it('is the due time of an active job, and none of another', () => {
    expect(idleWakeAt({ state: 'active', dueAt: 5 })).toBe(5);
    expect(idleWakeAt({ state: 'active', dueAt: null })).toBeNull();
    for (const state of ['paused', 'parked', 'finished'] as const)
      expect(idleWakeAt({ state, dueAt: 5 })).toBeNull();
  });
});

describe('isUsedUp', () => {
  it('compares the runs with how many there may be, if there is a bound', () => {
    expect([isUsedUp(2, 3), isUsedUp(3, 3), isUsedUp(4, 3), isUsedUp(1e9, null)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
