import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aManualRun, aRetry, HAND_BACK } from './records.js';
import { found, idsOf, only } from './store-bench.js';

/** Shows what removing a job does, and what of it reaches a new job of the same id. */
export const removingJobs: readonly StoreContractCase[] = [
  contractCase('removeJob gives the job as it was, and it is gone', async (bench) => {
    const job = await bench.addJob({ id: 'job' });
    assert.deepEqual(await bench.store.removeJob('job'), { job, cancelled: [] });
    assert.equal(await bench.store.getJob('job'), null);
    assert.deepEqual((await bench.store.listJobs({ limit: 10 })).items, []);
    await bench.nothingToClaim();
    assert.equal(await bench.store.removeJob('job'), null);
    assert.equal(await bench.store.removeJob('nobody'), null);
  }),

  contractCase(
    'removeJob cancels the queued runs of the job, with a record, and no others',
    async (bench) => {
      const { job, run: running } = await bench.fire({ id: 'job' });
      const other = await bench.addRunOf(await bench.addJob({ id: 'other', state: 'paused' }));
      const waiting = await bench.addRunOf(job);
      const later = await bench.addRunOf(job, { availableAt: bench.now + 60_000 });
      const { cancelled } = found(await bench.store.removeJob('job'));
      assert.deepEqual(idsOf(cancelled).sort(), [waiting.id, later.id].sort());
      for (const run of cancelled) {
        assert.deepEqual([run.status, run.attempt, run.owner], ['cancelled', 0, null]);
        assert.ok(found(run.finishedAt) >= bench.now);
        assert.deepEqual(await bench.run(run.id), run);
      }
      assert.deepEqual(await bench.run(running.id), running);
      assert.equal((await bench.claimRun()).id, other.id);
    },
  ),

  contractCase('removeJob cancels a run that waits for its retry', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    const { cancelled } = found(await bench.store.removeJob(job.id));
    assert.deepEqual([only(cancelled).id, only(cancelled).status], [run.id, 'cancelled']);
    await bench.nothingToClaim();
  }),

  contractCase('a run that was held when its job was removed ends with its own outcome', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.store.removeJob(job.id);
    const { outcome, run: ended, ended: endedJob } = await bench.tryFinish(run);
    assert.deepEqual([outcome, ended?.status, endedJob], ['ok', 'succeeded', null]);
    assert.equal((await bench.run(run.id)).status, 'succeeded');
  }),

  contractCase('a run whose job was removed is not tried again', async (bench) => {
    const failed = await bench.fire();
    const handedBack = await bench.fire();
    await bench.store.removeJob(failed.job.id);
    await bench.store.removeJob(handedBack.job.id);
    assert.equal((await bench.finish(failed.run, { outcome: aRetry(bench.now - 1) })).status, 'failed');
    assert.equal((await bench.finish(handedBack.run, { outcome: HAND_BACK })).status, 'cancelled');
    await bench.nothingToClaim();
  }),

  contractCase('a job added again under a removed id has nothing of the old one', async (bench) => {
    const { job: old, run } = await bench.fire({ id: 'job', definition: { maxRuns: 1 } });
    await bench.store.removeJob('job');
    const added = await bench.addJob({ id: 'job' });
    assert.notEqual(added.uid, old.uid);
    const { outcome, ended, unblocked } = await bench.tryFinish(run);
    assert.deepEqual([outcome, ended, unblocked], ['ok', null, false]);
    assert.deepEqual(await bench.job('job'), added);
    assert.equal((await bench.claimJob()).uid, added.uid);
  }),

  contractCase('a running run of a removed job holds no slot of the job added again', async (bench) => {
    const { run } = await bench.fire({ id: 'job' });
    await bench.store.removeJob('job');
    const again = await bench.fire({ id: 'job' });
    assert.equal(again.run.status, 'running');
    await bench.addRunOf(again.job);
    await bench.finish(run);
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  contractCase(
    'a claim of a removed job commits and releases nothing, though the id was added again',
    async (bench) => {
      await bench.addJob({ id: 'job' });
      const claimed = await bench.claimJob();
      await bench.store.removeJob('job');
      assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
      const added = await bench.addJob({ id: 'job', fence: claimed.fence });
      assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
      const { uid, fence } = claimed;
      await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: null, error: '{"message":"no"}' }]);
      assert.deepEqual(await bench.job('job'), added);
      assert.deepEqual((await bench.store.listRuns({ limit: 10 })).items, []);
    },
  ),

  contractCase('runs of a removed job are not added, though its id was added again', async (bench) => {
    const old = await bench.addJob({ id: 'job' });
    await bench.store.removeJob('job');
    await bench.addJob({ id: 'job', state: 'paused' });
    const run = aManualRun(bench.now, old);
    assert.deepEqual(await bench.store.addRuns([run]), [{ outcome: 'missing', run }]);
    assert.equal(await bench.store.getRun(run.id), null);
    await bench.nothingToClaim();
  }),
];
