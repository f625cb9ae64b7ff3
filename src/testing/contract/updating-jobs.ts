import assert from 'node:assert/strict';
import { NO_COUNTS } from '../../job/job-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { asPut, aSpan, HOUR, MINUTE, redeclared } from './records.js';
import { found } from './store-bench.js';

const RETIMED = '{"interval":{"hours":2}}';

/** Shows what declaring a job again does with `ifExists: 'update'`. */
export const updatingJobs: readonly StoreContractCase[] = [
  contractCase('update leaves a job whose declaration is the stored one', async (bench) => {
    const stored = await bench.addJob({ id: 'job', revision: 1, owner: 'app' });
    const again = redeclared(stored, { nextRunAt: bench.now + HOUR, updatedAt: bench.now + MINUTE });
    assert.deepEqual(await bench.put(again, 'update'), { outcome: 'unchanged', job: stored, cancelled: [] });
    assert.deepEqual(await bench.job('job'), stored);
  }),

  contractCase('update writes what the code changed, and leaves the run clock', async (bench) => {
    const { job: stored } = await bench.fire({ id: 'job' });
    const updatedAt = bench.now + MINUTE;
    const change = { data: '{"to":"b"}', tags: ['x'], priority: 1, maxInstances: 2 };
    const put = redeclared(stored, { definition: change, nextRunAt: 1, dueAt: 1, runCount: 0, updatedAt });
    const { outcome, job } = await bench.put(put, 'update');
    assert.equal(outcome, 'updated');
    assert.deepEqual(job, {
      ...stored,
      definition: { ...stored.definition, ...change },
      declaration: put.declaration,
      version: stored.version + 1,
      fence: stored.fence + 1,
      updatedAt,
    });
    assert.deepEqual(await bench.job('job'), job);
  }),

  contractCase('update leaves what an operator edited, where the code did not change it', async (bench) => {
    const stored = await bench.addJob({ id: 'job', definition: { data: '1', priority: 0, name: 'a' } });
    const edited = { ...stored.definition, priority: 2, name: 'operator' };
    await bench.store.patchJob('job', { definition: edited });
    const { job } = await bench.put(redeclared(stored, { definition: { data: '2', name: 'b' } }), 'update');
    assert.deepEqual(job.definition, { ...stored.definition, data: '2', name: 'b', priority: 2 });
  }),

  contractCase('update leaves a job paused that an operator paused', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    await bench.store.patchJob('job', { state: 'paused' });
    assert.equal((await bench.put(redeclared(stored), 'update')).outcome, 'unchanged');
    const { outcome, job } = await bench.put(redeclared(stored, { definition: { data: '1' } }), 'update');
    assert.deepEqual([outcome, job.state, job.wakeAt], ['updated', 'paused', null]);
    await bench.nothingToClaim();
  }),

  contractCase(
    'update leaves a job paused that an operator paused, though its trigger changed',
    async (bench) => {
      const stored = await bench.addJob({ id: 'job' });
      await bench.store.patchJob('job', { state: 'paused' });
      const clock = { nextRunAt: bench.now - 5, dueAt: bench.now - 5 };
      const { job } = await bench.put(
        redeclared(stored, { ...clock, definition: { trigger: RETIMED } }),
        'update',
      );
      assert.deepEqual([job.state, job.wakeAt, job.nextRunAt], ['paused', null, bench.now - 5]);
      await bench.nothingToClaim();
    },
  ),

  contractCase('update pauses and resumes a job that the code declares so', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const paused = await bench.put(redeclared(stored, { state: 'paused' }), 'update');
    assert.deepEqual([paused.job.state, paused.job.wakeAt], ['paused', null]);
    assert.equal(paused.job.nextRunAt, stored.nextRunAt);
    const dropped = aSpan(bench.now - MINUTE, 3);
    const skipReached = () => ({ nextRunAt: bench.now + HOUR, dueAt: bench.now + HOUR + 7, dropped });
    const { job } = await bench.put(redeclared(stored, { state: 'active' }), 'update', { skipReached });
    assert.deepEqual(
      [job.state, job.nextRunAt, job.dueAt],
      ['active', bench.now + HOUR, bench.now + HOUR + 7],
    );
    assert.equal(job.wakeAt, job.dueAt);
    assert.deepEqual(job.counts, { ...NO_COUNTS, skipped: { total: 3, exact: true, last: dropped } });
  }),

  contractCase(
    'update sets the run clock anew when the trigger changed, and counts what it drops',
    async (bench) => {
      const { job: stored } = await bench.fire({ id: 'job' });
      const dropped = aSpan(bench.now - MINUTE, 2);
      const skipReached = () => ({ nextRunAt: null, dueAt: null, dropped });
      const clock = { nextRunAt: bench.now + 2 * HOUR, dueAt: bench.now + 2 * HOUR + 9 };
      const put = redeclared(stored, { ...clock, runCount: 0, definition: { trigger: RETIMED } });
      const { outcome, job } = await bench.put(put, 'update', { skipReached });
      assert.equal(outcome, 'updated');
      assert.deepEqual(
        { ...job, declaration: null },
        {
          ...stored,
          ...clock,
          wakeAt: clock.dueAt,
          definition: put.definition,
          declaration: null,
          counts: { ...NO_COUNTS, skipped: { total: 2, exact: true, last: dropped } },
          version: stored.version + 1,
          fence: stored.fence + 1,
        },
      );
    },
  ),

  contractCase('update does not run a finished job again', async (bench) => {
    const finished = {
      state: 'finished',
      nextRunAt: null,
      dueAt: null,
      runCount: 1,
      finishedAt: bench.now,
    } as const;
    const stored = await bench.addJob({ id: 'job', ...finished });
    const due = {
      state: 'active',
      nextRunAt: bench.now - 1,
      dueAt: bench.now - 1,
      finishedAt: null,
    } as const;
    assert.equal((await bench.put(redeclared(stored, due), 'update')).outcome, 'unchanged');
    const { outcome, job } = await bench.put(
      redeclared(stored, { ...due, definition: { data: '1' } }),
      'update',
    );
    assert.deepEqual(
      [outcome, job.state, job.finishedAt, job.nextRunAt],
      ['updated', 'finished', bench.now, null],
    );
    assert.equal(job.definition.data, '1');
    await bench.nothingToClaim();
  }),

  contractCase(
    'update arms a finished job whose trigger changed, and counts its runs anew',
    async (bench) => {
      const finished = {
        state: 'finished',
        nextRunAt: null,
        dueAt: null,
        runCount: 4,
        finishedAt: bench.now,
      } as const;
      const stored = await bench.addJob({ id: 'job', ...finished });
      const due = {
        state: 'active',
        nextRunAt: bench.now - 1,
        dueAt: bench.now - 1,
        finishedAt: null,
      } as const;
      const { job } = await bench.put(
        redeclared(stored, { ...due, definition: { trigger: RETIMED } }),
        'update',
      );
      assert.deepEqual([job.state, job.finishedAt, job.runCount, job.uid], ['active', null, 0, stored.uid]);
      assert.equal((await bench.claimJob()).id, 'job');
    },
  ),

  contractCase('update arms a job that had used up its runs when it may have more', async (bench) => {
    const used = {
      state: 'finished',
      nextRunAt: null,
      dueAt: null,
      runCount: 2,
      finishedAt: bench.now,
    } as const;
    const stored = await bench.addJob({ id: 'job', ...used, definition: { maxRuns: 2 } });
    const due = {
      state: 'active',
      nextRunAt: bench.now - 1,
      dueAt: bench.now - 1,
      finishedAt: null,
    } as const;
    const { job } = await bench.put(redeclared(stored, { ...due, definition: { maxRuns: 3 } }), 'update');
    assert.deepEqual([job.state, job.runCount, job.nextRunAt], ['active', 2, bench.now - 1]);
    assert.equal((await bench.claimJob()).id, 'job');
  }),

  contractCase(
    'update goes on with a job that may have more runs while its last one still runs',
    async (bench) => {
      const { job: stored, run } = await bench.fire({ id: 'job', definition: { maxRuns: 1 } });
      assert.equal(stored.nextRunAt, null);
      const more = { nextRunAt: bench.now - 1, dueAt: bench.now - 1, definition: { maxRuns: 2 } };
      await bench.put(redeclared(stored, more), 'update');
      assert.equal((await bench.tryFinish(run)).ended, null);
      assert.equal((await bench.claimJob()).id, 'job');
    },
  ),

  contractCase('update ends a job that has had as many runs as it may have now', async (bench) => {
    const stored = await bench.addJob({ id: 'job', runCount: 3 });
    const { outcome, job } = await bench.put(redeclared(stored, { definition: { maxRuns: 2 } }), 'update');
    assert.deepEqual([outcome, job.state, job.nextRunAt, job.dueAt], ['updated', 'finished', null, null]);
    assert.notEqual(job.finishedAt, null);
    await bench.nothingToClaim();
  }),

  contractCase('update brings a parked job back when its declaration changed', async (bench) => {
    const stored = await bench.addJob({ id: 'job', state: 'parked', error: '{"message":"broken"}' });
    assert.equal((await bench.put(redeclared(stored), 'update')).outcome, 'unchanged');
    const put = redeclared(stored, { state: 'active', error: null, definition: { data: '1' } });
    const { job } = await bench.put(put, 'update');
    assert.deepEqual([job.state, job.error], ['active', null]);
    assert.equal((await bench.claimJob()).id, 'job');
  }),

  contractCase('update frees a job from a claim, and the claim can commit nothing', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const claimed = await bench.claimJob();
    const { job } = await bench.put(redeclared(stored, { definition: { data: '1' } }), 'update');
    assert.equal(job.wakeAt, stored.dueAt);
    assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
    assert.deepEqual(await bench.job('job'), job);
    assert.equal((await bench.claimJob()).definition.data, '1');
  }),

  contractCase('update keeps the queued and running runs of a job', async (bench) => {
    const { job: stored, run } = await bench.fire({ id: 'job', definition: { maxInstances: 2 } });
    const waiting = await bench.addRunOf(stored);
    await bench.put(redeclared(stored, { definition: { data: '1', trigger: RETIMED } }), 'update');
    assert.deepEqual([await bench.run(run.id), await bench.run(waiting.id)], [run, waiting]);
    assert.equal((await bench.tryFinish(run)).outcome, 'ok');
  }),

  contractCase('update moves a job to another executor', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    await bench.put(redeclared(stored, { definition: { executor: 'other' } }), 'update');
    await bench.nothingToClaim();
    assert.equal((await bench.claimJob({ executor: 'other' })).id, 'job');
  }),

  contractCase('update takes over a new owner and a new revision', async (bench) => {
    const stored = await bench.addJob({ id: 'job', owner: 'a', revision: 1 });
    const owned = await bench.put(redeclared(stored, { owner: 'b' }), 'update');
    assert.deepEqual([owned.outcome, owned.job.owner], ['updated', 'b']);
    const revised = await bench.put(redeclared(stored, { owner: 'b', revision: 2 }), 'update');
    assert.deepEqual([revised.outcome, revised.job.revision], ['updated', 2]);
    const { wakeAt, nextRunAt } = stored;
    assert.deepEqual(
      asPut({ ...found(revised.job), version: 0, fence: 0 }),
      asPut({
        ...stored,
        owner: 'b',
        revision: 2,
        version: 0,
        fence: 0,
      }),
    );
    assert.deepEqual([revised.job.wakeAt, revised.job.nextRunAt], [wakeAt, nextRunAt]);
  }),
];
