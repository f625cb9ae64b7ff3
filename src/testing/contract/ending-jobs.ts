import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, FAILURE, HOUR, MINUTE } from './records.js';
import { found, only } from './store-bench.js';

const NO_MORE = { nextRunAt: null, dueAt: null };

/** Shows when a job is at its end, and what becomes of it. */
export const endingJobs: readonly StoreContractCase[] = [
  contractCase(
    'a job without a next fire time ends with its last run: a named one is finished',
    async (bench) => {
      const { job, run } = await bench.fire({ id: 'job' }, NO_MORE);
      assert.deepEqual([job.state, job.nextRunAt, job.wakeAt], ['active', null, null]);
      const { ended } = await bench.tryFinish(run);
      const finished = found(ended);
      const { finishedAt } = finished;
      assert.ok(found(finishedAt) >= bench.now);
      assert.deepEqual([finished.state, finished.wakeAt, finished.nextRunAt], ['finished', null, null]);
      assert.deepEqual(await bench.job('job'), finished);
      assert.equal(finished.version, job.version);
      await bench.nothingToClaim();
    },
  ),

  contractCase(
    'a job without a next fire time ends with its last run: an unnamed one is deleted',
    async (bench) => {
      const { job, run } = await bench.fire({ named: false }, NO_MORE);
      const { ended } = await bench.tryFinish(run);
      assert.equal(ended?.uid, job.uid);
      assert.equal(await bench.store.getJob(job.id), null);
      const all = { states: ['active', 'paused', 'parked', 'finished'], limit: 10 } as const;
      assert.deepEqual((await bench.store.listJobs(all)).items, []);
      assert.equal((await bench.run(run.id)).jobId, job.id);
    },
  ),

  contractCase('a job without a next fire time and without a run ends with the commit', async (bench) => {
    await bench.addJob({ id: 'named' });
    const named = await bench.commit(await bench.claimJob(), { ...NO_MORE, runs: [] });
    assert.deepEqual([named.ended?.state, named.ended?.id], ['finished', 'named']);
    assert.deepEqual(await bench.job('named'), named.ended);
    await bench.addJob({ id: 'unnamed', named: false });
    const unnamed = await bench.commit(await bench.claimJob(), { ...NO_MORE, runs: [] });
    assert.equal(unnamed.ended?.id, 'unnamed');
    assert.equal(await bench.store.getJob('unnamed'), null);
  }),

  contractCase('a job ends once, with the last of its runs', async (bench) => {
    const job = await bench.addJob({ id: 'job', definition: { maxInstances: 3 } });
    const runs = [3, 2, 1].map((minutes) => bench.aFiring(job, bench.now - minutes * MINUTE));
    const { started } = await bench.commit(await bench.claimJob(), { ...NO_MORE, runs });
    const ends = [];
    for (const run of started) ends.push((await bench.tryFinish(run)).ended !== null);
    assert.deepEqual(ends, [false, false, true]);
    const again = await bench.tryFinish(found(started[2]));
    assert.deepEqual([again.outcome, again.ended], ['ok', null]);
  }),

  contractCase('a job that has had as many runs as it may have has no next fire time', async (bench) => {
    const { job, run } = await bench.fire({ id: 'job', runCount: 2, definition: { maxRuns: 3 } });
    assert.deepEqual([job.runCount, job.nextRunAt, job.dueAt, job.wakeAt], [3, null, null, null]);
    assert.equal((await bench.tryFinish(run)).ended?.state, 'finished');
  }),

  contractCase('a job that may have more runs goes on', async (bench) => {
    const { job, run } = await bench.fire({ runCount: 1, definition: { maxRuns: 3 } });
    assert.deepEqual([job.runCount, job.nextRunAt], [2, bench.now + HOUR]);
    assert.equal((await bench.tryFinish(run)).ended, null);
  }),

  contractCase(
    'runs by hand, duplicates and skipped fire times do not use up the runs of a job',
    async (bench) => {
      const { job, run } = await bench.fire({ id: 'job', definition: { maxRuns: 2 } });
      await bench.addRunOf(job);
      const duplicate = await bench.claimAgain('job', run.scheduledAt);
      await bench.commit(duplicate, { runs: [bench.aFiring(job, run.scheduledAt)] });
      const skipped = await bench.claimAgain('job', bench.now - 1);
      assert.equal(
        (await bench.commit(skipped, { runs: [bench.aFiring(job, bench.now - 1)] })).skipped.length,
        1,
      );
      const { runCount, nextRunAt } = await bench.job('job');
      assert.deepEqual([runCount, nextRunAt], [1, bench.now + HOUR]);
    },
  ),

  contractCase('a job does not end while a run of it is queued, by hand or for its retry', async (bench) => {
    const { job, run } = await bench.fire({ id: 'job' }, NO_MORE);
    await bench.addRunOf(job, { id: 'manual', availableAt: bench.now + HOUR });
    assert.equal((await bench.tryFinish(run, { outcome: aRetry(bench.now - 1) })).ended, null);
    const retried = await bench.claimRun();
    assert.equal((await bench.tryFinish(retried, { outcome: FAILURE })).ended, null);
    assert.equal((await bench.job('job')).state, 'active');
    const cancelled = await bench.store.requestCancel('manual');
    assert.equal(cancelled.outcome === 'cancelled' && cancelled.ended?.id, 'job');
    assert.equal((await bench.job('job')).state, 'finished');
  }),

  contractCase('a job does not end while a handler of it has not settled', async (bench) => {
    const { run } = await bench.fire({ id: 'job' }, NO_MORE);
    assert.equal((await bench.tryFinish(run, { settled: false })).ended, null);
    assert.equal((await bench.job('job')).state, 'active');
    assert.equal((await bench.tryFinish(run, { outcome: null })).ended?.id, 'job');
    assert.equal((await bench.job('job')).state, 'finished');
  }),

  contractCase('a job ends though its runs failed', async (bench) => {
    const { run } = await bench.fire({ id: 'job' }, NO_MORE);
    assert.equal((await bench.tryFinish(run, { outcome: FAILURE })).ended?.state, 'finished');
  }),

  contractCase('a follow-up of the last run keeps its job from ending', async (bench) => {
    const { job, run } = await bench.fire({ id: 'job' }, NO_MORE);
    const next = bench.aFiring(job, bench.now, { origin: 'chained', parentRunId: run.id });
    assert.equal((await bench.tryFinish(run, { followUps: [next] })).ended, null);
    assert.equal((await bench.tryFinish(await bench.claimRun())).ended?.id, 'job');
  }),

  contractCase('a run by hand of a finished job runs, and the job stays finished', async (bench) => {
    const { run } = await bench.fire({ id: 'job' }, NO_MORE);
    const finished = found((await bench.tryFinish(run)).ended);
    await bench.addRunOf(finished);
    const { outcome, ended } = await bench.tryFinish(await bench.claimRun());
    assert.deepEqual([outcome, ended], ['ok', null]);
    const { finishedAt, state } = await bench.job('job');
    assert.deepEqual([state, finishedAt], ['finished', finished.finishedAt]);
  }),

  contractCase(
    'a job paused before its last run ended comes to its end when it is resumed',
    async (bench) => {
      const { run } = await bench.fire({ id: 'job' }, NO_MORE);
      await bench.store.patchJob('job', { state: 'paused' });
      assert.equal((await bench.tryFinish(run)).ended, null);
      assert.equal((await bench.job('job')).state, 'paused');
      const resumed = await bench.store.patchJob('job', { state: 'active' });
      assert.ok(typeof resumed !== 'string');
      assert.equal(resumed.state, 'finished');
    },
  ),

  contractCase('a job at its end keeps its counts, its runs and its history', async (bench) => {
    const { job, run } = await bench.fire({ id: 'job' }, NO_MORE);
    const { runCount, lastFireAt, counts } = found((await bench.tryFinish(run)).ended);
    assert.deepEqual([runCount, lastFireAt, counts], [1, run.scheduledAt, job.counts]);
    assert.equal(only((await bench.store.listRuns({ jobId: 'job', limit: 10 })).items).id, run.id);
  }),
];
