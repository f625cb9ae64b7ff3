import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../src/job/job-record.js';
import type { JobRecord } from '../../src/job/job-record.js';
import { mergePut } from '../../src/stores/merge-put.js';
import type { Merge } from '../../src/stores/merge-put.js';
import type { SkippedClock } from '../../src/stores/job-store.js';
import { aJob, aPut, aSpan, declare, redeclared } from '../../src/testing/contract/records.js';
import type { JobOverrides } from '../../src/testing/contract/records.js';

const NOW = 1_800_000_000_000;
const RETIMED = { trigger: '{"interval":{"hours":2}}' };
const skipped: SkippedClock = { nextRunAt: NOW + 5, dueAt: NOW + 6, dropped: aSpan(NOW - 2000, 3) };

describe('mergePut', () => {
  it('inserts a job as it is where there is none, whatever the mode', () => {
    const job = aJob(NOW);
    for (const mode of ['error', 'keep', 'update', 'replace'] as const) {
      expect(mergePut(null, aPut(job, mode))).toEqual({ outcome: 'inserted', put: job });
    }
  });

  it('refuses with error, leaves with keep, and replaces with replace', () => {
    const [stored, job] = [aJob(NOW), aJob(NOW)];
    expect(mergePut(stored, aPut(job, 'error'))).toEqual({ outcome: 'exists', put: null });
    expect(mergePut(stored, aPut(job, 'keep'))).toEqual({ outcome: 'unchanged', put: null });
    expect(mergePut(stored, aPut(job, 'replace'))).toEqual({ outcome: 'replaced', put: job });
  });

  it.each([
    [null, null, false],
    [null, 0, false],
    [0, null, true],
    [3, 2, true],
    [3, 3, false],
    [3, 4, false],
    [-1, -2, true],
  ])('compares a stored revision %s with a new one %s', (before, after, stale) => {
    const stored = aJob(NOW, { revision: before });
    const job = redeclared(stored, { revision: after, definition: { data: '1' } });
    for (const mode of ['update', 'replace'] as const) {
      expect(mergePut(stored, aPut(job, mode)).outcome === 'stale').toBe(stale);
    }
    expect(mergePut(stored, aPut(job, 'keep')).outcome).toBe('unchanged');
    expect(mergePut(stored, aPut(job, 'error')).outcome).toBe('exists');
  });

  it('changes nothing of what it is given', () => {
    const stored = freeze(aJob(NOW));
    const job = freeze(redeclared(stored, { definition: { ...RETIMED, data: '1' } }));
    const copies = structuredClone([stored, job]);
    mergePut(stored, aPut(job, 'update'));
    expect([stored, job]).toEqual(copies);
  });

  describe('update', () => {
    it('does nothing when the declaration, the revision and the owner are the stored ones', () => {
      const stored = aJob(NOW, { revision: 1, owner: 'app' });
      const edited = {
        ...stored,
        definition: { ...stored.definition, data: '"operator"' },
        state: 'paused',
      } as const;
      expect(update(edited, {}, stored)).toEqual({ outcome: 'unchanged', put: null });
    });

    it('takes every field of the definition that the code changed, and no other', () => {
      const stored = aJob(NOW);
      const edited: JobRecord = {
        ...stored,
        definition: { ...stored.definition, name: 'operator', description: 'operator', priority: 2 },
      };
      const { put } = update(edited, { definition: { name: 'code', data: '1', tags: ['t'] } }, stored);
      expect(put?.definition).toEqual({ ...edited.definition, name: 'code', data: '1', tags: ['t'] });
    });

    it('takes tags for unchanged that are listed alike', () => {
      const stored = aJob(NOW, { definition: { tags: ['a', 'b'] } });
      const edited = { ...stored, definition: { ...stored.definition, tags: ['c'] } };
      const { put } = update(edited, { definition: { tags: ['a', 'b'], data: '1' } }, stored);
      expect(put?.definition.tags).toEqual(['c']);
    });

    it('keeps the uid, the id, the clock, the counts and the tokens', () => {
      const stored = aJob(NOW, { runCount: 5, lastFireAt: 9, lastToken: 77, counts: skippedCount() });
      const { put } = update(stored, {
        definition: { data: '1' },
        lastToken: 0,
        createdAt: 1,
        updatedAt: NOW + 9,
      });
      expect(put).toEqual({
        ...stored,
        definition: { ...stored.definition, data: '1' },
        declaration: declare({ ...stored.definition, data: '1' }),
        version: stored.version + 1,
        fence: stored.fence + 1,
        updatedAt: NOW + 9,
        wakeAt: stored.dueAt,
      });
    });

    it('drops no fire times where neither the trigger nor the pause changed', () => {
      const { put } = update(aJob(NOW), { definition: { data: '1' } });
      expect(put).toMatchObject({ counts: NO_COUNTS, nextRunAt: NOW - 60_000 });
    });

    it('takes the new clock, and counts what is dropped, when the trigger changed', () => {
      const clock = { nextRunAt: NOW + 1000, dueAt: NOW + 1001 };
      const { put } = update(aJob(NOW, { runCount: 5 }), { ...clock, definition: RETIMED });
      expect(put).toMatchObject({
        ...clock,
        wakeAt: NOW + 1001,
        runCount: 5,
        state: 'active',
        counts: skippedCount(),
      });
    });

    it('keeps the clock when the trigger was bound anew and declared the same', () => {
      const stored = aJob(NOW, { declaration: declare({ ...aJob(NOW).definition, trigger: 'unbound' }) });
      const job: JobRecord = {
        ...stored,
        definition: { ...stored.definition, trigger: 'bound anew', data: '1' },
        declaration: declare({ ...stored.definition, trigger: 'unbound', data: '1' }),
        nextRunAt: 1,
        dueAt: 1,
      };
      const { put } = mergePut(stored, aPut(job, 'update'));
      expect(put).toMatchObject({ nextRunAt: stored.nextRunAt, dueAt: stored.dueAt });
      expect(put?.definition.trigger).toBe(stored.definition.trigger);
    });

    it('takes all that is declared of a job that was stored without a declaration', () => {
      const stored = aJob(NOW, { declaration: null, definition: { data: '1', name: 'stored' } });
      const { put } = update(stored, {
        nextRunAt: NOW + 9,
        dueAt: NOW + 9,
        definition: { data: '2', name: 'code' },
      });
      expect(put?.definition).toEqual({ ...stored.definition, data: '2', name: 'code' });
      expect(put?.nextRunAt).toBe(NOW + 9);
    });

    it('pauses a job that the code declares paused now, and keeps its next fire time', () => {
      const stored = aJob(NOW);
      const { put } = update(stored, { state: 'paused', nextRunAt: NOW + 99 });
      expect(put).toMatchObject({
        state: 'paused',
        nextRunAt: stored.nextRunAt,
        wakeAt: null,
        counts: NO_COUNTS,
      });
    });

    it('resumes a job that the code declares unpaused now, from its next time on', () => {
      const stored = aJob(NOW, { state: 'paused' });
      const { nextRunAt, dueAt } = skipped;
      const { put } = update(stored, { state: 'active' });
      expect(put).toMatchObject({ state: 'active', nextRunAt, dueAt, wakeAt: dueAt, counts: skippedCount() });
    });

    it('leaves a job paused that an operator paused, though its trigger changed', () => {
      const stored = aJob(NOW);
      const { put } = update(
        { ...stored, state: 'paused' },
        { nextRunAt: NOW + 9, definition: RETIMED },
        stored,
      );
      expect(put).toMatchObject({ state: 'paused', nextRunAt: NOW + 9, wakeAt: null });
    });

    it('leaves a job going that an operator resumed, though it is declared paused as before', () => {
      const declared = aJob(NOW, { state: 'paused' });
      const { put } = update({ ...declared, state: 'active' }, { definition: { data: '1' } }, declared);
      expect(put?.state).toBe('active');
    });

    it('leaves a finished job finished unless its trigger changed or it may have more runs', () => {
      const end = { state: 'finished', nextRunAt: null, dueAt: null, finishedAt: NOW, runCount: 3 } as const;
      const again = { state: 'active', nextRunAt: NOW + 9, dueAt: NOW + 9, finishedAt: null } as const;
      const stored = aJob(NOW, { ...end, definition: { maxRuns: 3 } });
      expect(update(stored, { ...again, definition: { data: '1' } }).put).toMatchObject({
        ...end,
        wakeAt: null,
      });
      expect(update(stored, { ...again, definition: { maxRuns: 2 } }).put).toMatchObject({
        ...end,
        wakeAt: null,
      });
      // The trigger is the same: it goes on on its own grid, not on that of the declaration.
      const goneOn = { ...again, nextRunAt: NOW + 5, dueAt: NOW + 6, runCount: 3 };
      expect(update(stored, { ...again, definition: { maxRuns: 4 } }).put).toMatchObject(goneOn);
      expect(update(stored, { ...again, definition: { maxRuns: null } }).put).toMatchObject(goneOn);
      expect(update(stored, { ...again, definition: RETIMED }).put).toMatchObject({ ...again, runCount: 0 });
    });

    it('leaves a finished job finished that had runs left when its last date passed', () => {
      const end = { state: 'finished', nextRunAt: null, dueAt: null, finishedAt: NOW, runCount: 1 } as const;
      const stored = aJob(NOW, { ...end, definition: { maxRuns: 5 } });
      expect(update(stored, { state: 'active', definition: { maxRuns: 9 } }).put).toMatchObject(end);
    });

    it('gives a job a next fire time that may have more runs while its last one still runs', () => {
      const stored = aJob(NOW, { nextRunAt: null, dueAt: null, runCount: 1, definition: { maxRuns: 1 } });
      const { put } = update(stored, { nextRunAt: NOW + 9, dueAt: NOW + 9, definition: { maxRuns: 2 } });
      expect(put).toMatchObject({ state: 'active', nextRunAt: NOW + 5, dueAt: NOW + 6, runCount: 1 });
    });

    it('takes the next fire time from a job that has had all its runs', () => {
      const { put } = update(aJob(NOW, { runCount: 3 }), { definition: { maxRuns: 3 } });
      expect(put).toMatchObject({ state: 'active', nextRunAt: null, dueAt: null, wakeAt: null });
    });

    it('brings a parked job back when its declaration changed', () => {
      const stored = aJob(NOW, { state: 'parked', error: '{}' });
      const { put } = update(stored, { state: 'active', error: null, definition: { data: '1' } });
      const clock = { nextRunAt: NOW + 5, dueAt: NOW + 6, wakeAt: NOW + 6 };
      expect(put).toMatchObject({ ...clock, state: 'active', error: null });
    });
  });
});

/** Declares a job again with changes; `declared` is the job as it was declared before it was edited. */
function update(stored: JobRecord, changes: JobOverrides, declared = stored): Merge {
  return mergePut(stored, aPut(redeclared(declared, changes), 'update', { skipReached: () => skipped }));
}

function skippedCount(): JobRecord['counts'] {
  return { ...NO_COUNTS, skipped: { total: 3, exact: true, last: aSpan(NOW - 2000, 3) } };
}

function freeze(job: JobRecord): JobRecord {
  return Object.freeze({ ...job, definition: Object.freeze({ ...job.definition }) });
}
