import assert from 'node:assert/strict';
import { NO_COUNTS } from '../../job/job-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aSpan, HOUR, MINUTE } from './records.js';
import { found, idsOf } from './store-bench.js';

/** Shows what edits at run time do. */
export const editingJobs: readonly StoreContractCase[] = [
  contractCase('patchJob replaces the fields that it has, and tells the edit', async (bench) => {
    const stored = await bench.addJob({ id: 'job', owner: 'app' });
    const patch = {
      definition: { ...stored.definition, name: 'Name', data: '[1]' },
      declaration: null,
      owner: null,
      nextRunAt: bench.now + HOUR,
      dueAt: bench.now + HOUR + 1,
      runCount: 7,
    };
    const job = await bench.patch('job', patch);
    assert.ok(job.updatedAt >= bench.now);
    assert.deepEqual(job, {
      ...stored,
      ...patch,
      wakeAt: patch.dueAt,
      version: stored.version + 1,
      fence: stored.fence + 1,
      updatedAt: job.updatedAt,
    });
    assert.deepEqual(await bench.job('job'), job);
  }),

  contractCase('patchJob with nothing to replace still bumps the version and the fence', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const job = await bench.patch('job', {});
    const { updatedAt } = job;
    assert.deepEqual(job, { ...stored, version: stored.version + 1, fence: stored.fence + 1, updatedAt });
  }),

  contractCase('patchJob says that there is no such job', async (bench) => {
    assert.equal(await bench.store.patchJob('nobody', { state: 'paused' }), 'missing');
    assert.equal(await bench.store.patchJob('nobody', { state: 'paused' }, 1), 'missing');
  }),

  contractCase('patchJob with a fence writes while the job has it, and nothing afterwards', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const paused = await bench.store.patchJob('job', { state: 'paused' }, stored.fence);
    assert.equal(await bench.store.patchJob('job', { state: 'active' }, stored.fence), 'conflict');
    assert.deepEqual(await bench.job('job'), paused);
  }),

  contractCase('patchJob with a fence notices a claim and a commit', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const claimed = await bench.claimJob();
    assert.equal(await bench.store.patchJob('job', {}, stored.fence), 'conflict');
    await bench.commit(claimed);
    assert.equal(await bench.store.patchJob('job', {}, claimed.fence), 'conflict');
  }),

  contractCase('patchJob sets the wake time by the state and the due time', async (bench) => {
    const { dueAt } = await bench.addJob({ id: 'job' });
    assert.equal((await bench.patch('job', { state: 'paused' })).wakeAt, null);
    await bench.nothingToClaim();
    assert.equal((await bench.patch('job', { dueAt: bench.now + HOUR })).wakeAt, null);
    assert.equal((await bench.patch('job', { state: 'active' })).wakeAt, bench.now + HOUR);
    assert.equal((await bench.claim()).nextAt, bench.now + HOUR);
    assert.equal((await bench.patch('job', { dueAt })).wakeAt, dueAt);
    assert.equal((await bench.claimJob()).id, 'job');
  }),

  contractCase(
    'patchJob under a claim makes the job claimable at once, and the claim void',
    async (bench) => {
      const { dueAt } = await bench.addJob({ id: 'job' });
      const claimed = await bench.claimJob({ claimMs: HOUR });
      assert.equal((await bench.patch('job', { error: null })).wakeAt, dueAt);
      const again = await bench.claimJob({ node: 'b' });
      assert.ok(again.fence > claimed.fence);
      assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
      assert.equal((await bench.tryCommit(again, {}, 'b')).outcome, 'committed');
    },
  ),

  contractCase(
    'a pause during a claim lets no run be committed, and keeps the next fire time',
    async (bench) => {
      const { id, nextRunAt } = await bench.addJob();
      const claimed = await bench.claimJob();
      const paused = await bench.patch(id, { state: 'paused' });
      assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
      assert.deepEqual(await bench.job(id), paused);
      assert.deepEqual([paused.state, paused.nextRunAt, paused.runCount], ['paused', nextRunAt, 0]);
      assert.deepEqual((await bench.store.listRuns({ limit: 10 })).items, []);
    },
  ),

  contractCase('patchJob adds the fire times that it drops to those skipped', async (bench) => {
    await bench.addJob({ id: 'job' });
    const first = aSpan(bench.now - HOUR, 5);
    const second = aSpan(bench.now - MINUTE, 2, false);
    await bench.patch('job', { dropped: first });
    await bench.patch('job', { dropped: null });
    const { counts } = await bench.patch('job', { dropped: second });
    assert.deepEqual(counts, { ...NO_COUNTS, skipped: { total: 7, exact: false, last: second } });
  }),

  contractCase(
    'patchJob moves a job to another executor, task, kind of trigger and priority',
    async (bench) => {
      const { definition } = await bench.addJob({ id: 'job' });
      await bench.addJob({ id: 'middle', definition: { priority: 1, executor: 'other', task: 'known' } });
      const moved = { ...definition, executor: 'other', task: 'known', triggerKind: 'cron', priority: 2 };
      await bench.patch('job', { definition: moved });
      await bench.nothingToClaim();
      const request = {
        executor: 'other',
        tasks: new Set(['known']),
        triggerKinds: new Set(['interval', 'cron']),
      };
      assert.equal((await bench.claimJob({ ...request, limit: 1 })).id, 'job');
      assert.equal((await bench.claimJob(request)).id, 'middle');
    },
  ),

  contractCase(
    'patchJob of an unknown job to a known one makes that one claimable, and none like it',
    async (bench) => {
      for (const field of ['task', 'triggerKind']) {
        const first = await bench.addJob({ id: `first ${field}`, definition: { [field]: 'unknown' } });
        await bench.addJob({ id: `second ${field}`, definition: { [field]: 'unknown' } });
        await bench.nothingToClaim();
        await bench.patch(first.id, {
          definition: { ...first.definition, task: 'task', triggerKind: 'interval' },
        });
        assert.equal((await bench.claimJob({ claimMs: HOUR })).id, first.id);
        await bench.store.removeJob(first.id);
        await bench.nothingToClaim();
      }
    },
  ),

  contractCase('patchJob that leaves a job without a next fire time ends it', async (bench) => {
    const clock = { nextRunAt: null, dueAt: null };
    await bench.addJob({ id: 'named' });
    const named = await bench.patch('named', clock);
    assert.equal(named.state, 'finished');
    assert.ok(found(named.finishedAt) >= bench.now);
    assert.deepEqual(await bench.job('named'), named);
    await bench.addJob({ id: 'unnamed', named: false });
    assert.equal((await bench.patch('unnamed', clock)).state, 'finished');
    assert.equal(await bench.store.getJob('unnamed'), null);
  }),

  contractCase('patchJob brings a parked job back', async (bench) => {
    await bench.addJob({ id: 'job', state: 'parked', error: '{"message":"broken"}' });
    await bench.nothingToClaim();
    const job = await bench.patch('job', { state: 'active', error: null });
    assert.deepEqual([job.state, job.error, job.wakeAt], ['active', null, job.dueAt]);
    assert.equal((await bench.claimJob()).id, 'job');
  }),

  contractCase('patchJob that gives a job more slots lets its waiting runs be claimed', async (bench) => {
    const { job } = await bench.fire();
    const waiting = [await bench.addRunOf(job), await bench.addRunOf(job), await bench.addRunOf(job)];
    assert.deepEqual((await bench.claim()).runs, []);
    await bench.patch(job.id, { definition: { ...job.definition, maxInstances: 3 } });
    const { runs } = await bench.claim();
    assert.equal(runs.length, 2);
    assert.ok(runs.every(({ id }) => idsOf(waiting).includes(id)));
  }),

  contractCase(
    'patchJob that takes slots from a job leaves its runs, and lets none start until enough ended',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 3 } });
      await bench.addRunOf(job);
      const second = await bench.claimRun();
      await bench.patch(job.id, { definition: { ...job.definition, maxInstances: 1 } });
      const waiting = await bench.addRunOf(job);
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.finish(run);
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.finish(second);
      const third = await bench.claimRun();
      assert.deepEqual([third.id, third.slot], [waiting.id, 0]);
    },
  ),
];
