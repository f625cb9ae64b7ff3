import assert from 'node:assert/strict';
import { MAX_RECOVERIES } from '../../job/job-policy.js';
import type { RunRecord } from '../../job/run-record.js';
import { contractCase, unlessRecovered } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRun, DIED, FAILURE, HOUR, MINUTE, SUCCESS } from './records.js';
import { found, only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows what becomes of attempts whose executor died, and of runs that are to be resumed. */
export const dying: readonly StoreContractCase[] = [
  contractCase(
    'finishRuns of an attempt that died queues the run again at once, as a recovery and at no cost',
    async (bench) => {
      const { run } = await bench.fire();
      const { outcome, run: after, ended, parent } = await bench.tryFinish(run, { outcome: DIED });
      assert.deepEqual([outcome, ended, parent], ['ok', null, null]);
      const { availableAt } = found(after);
      assert.ok(availableAt <= (await bench.store.now()));
      const again = { status: 'queued', held: false, slot: null, recoveries: 1, availableAt };
      assert.deepEqual(after, { ...run, ...again });
      assert.deepEqual(await bench.run(run.id), after);
      const second = await bench.claimRun({ node: 'b' });
      assert.deepEqual([second.id, second.attempt, second.failures], [run.id, 2, 0]);
    },
  ),

  contractCase('finishRuns of an attempt that died is fenced, and may be repeated', async (bench) => {
    const { run } = await bench.fire();
    assert.equal((await bench.tryFinish(run, { outcome: DIED }, 'b')).outcome, 'lost');
    assert.equal((await bench.tryFinish(run, { outcome: DIED, attempt: 2 })).outcome, 'lost');
    assert.deepEqual(await bench.run(run.id), run);
    const followUps = [aRun(bench.now, { executor: 'other' })];
    const after = await bench.finish(run, { outcome: DIED, followUps });
    assert.deepEqual(await bench.finish(run, { outcome: DIED, followUps: [aRun(bench.now)] }), after);
    for (const outcome of [SUCCESS, FAILURE])
      assert.equal((await bench.tryFinish(run, { outcome })).outcome, 'lost');
    assert.deepEqual(await bench.run(run.id), after);
    assert.equal((await bench.claimRun({ executor: 'other' })).id, only(followUps).id);
    await bench.claimRun();
    assert.equal((await bench.tryFinish(run, { outcome: DIED })).outcome, 'lost');
  }),

  contractCase(
    'finishRuns of an attempt that died keeps the slot until that is said to be free',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job, { id: 'waiting', availableAt: bench.now - HOUR });
      const after = await bench.finish(run, { outcome: DIED, settled: false });
      assert.deepEqual([after.status, after.held, after.slot], ['queued', true, run.slot]);
      assert.deepEqual((await bench.claim()).runs, []);
      const { outcome, run: freed, unblocked } = await bench.tryFinish(run, { outcome: null });
      assert.deepEqual([outcome, freed?.held, freed?.slot, unblocked], ['ok', false, null, true]);
      assert.equal((await bench.claimRun()).id, 'waiting');
    },
  ),

  contractCase(
    'finishRuns loses a run whose attempts died four times, and one that is to be abandoned',
    async (bench) => {
      await bench.addRun();
      for (let death = 0; death <= MAX_RECOVERIES; death++) {
        const run = await bench.claimRun();
        assert.deepEqual([run.attempt, run.recoveries], [death + 1, death]);
        const after = await bench.finish(run, { outcome: DIED });
        assert.equal(after.status, death < MAX_RECOVERIES ? 'queued' : 'lost');
        if (after.status === 'lost')
          assert.deepEqual(await bench.finish(run, { outcome: DIED }), after, 'repeating it changed the run');
      }
      await bench.addRun({ recovery: 'abandon' });
      const lost = await bench.finish(await bench.claimRun(), { outcome: DIED });
      assert.deepEqual([lost.status, lost.recoveries, lost.held], ['lost', 0, false]);
      assert.ok(found(lost.finishedAt) >= bench.now);
      await bench.nothingToClaim();
    },
  ),

  contractCase(
    'finishRuns of an attempt that died cancels a run that somebody asked to cancel',
    async (bench) => {
      const { run } = await bench.fire();
      await bench.store.requestCancel(run.id);
      assert.equal((await bench.finish(run, { outcome: DIED })).status, 'cancelled');
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase('finishRuns of an attempt that died loses a run whose job was removed', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.store.removeJob(job.id);
    assert.equal((await bench.finish(run, { outcome: DIED })).status, 'lost');
    await bench.nothingToClaim();
  }),

  contractCase('finishRuns of an attempt that died ends a job whose last run it loses', async (bench) => {
    const job = await bench.addJob({ id: 'job' });
    const runs = [bench.aFiring(job, bench.now - MINUTE, { recovery: 'abandon' })];
    const { started } = await bench.commit(await bench.claimJob(), { nextRunAt: null, dueAt: null, runs });
    const { ended } = await bench.tryFinish(only(started), { outcome: DIED });
    assert.equal(ended?.state, 'finished');
    assert.deepEqual(await bench.job('job'), ended);
  }),

  contractCase(
    'finishRuns of an attempt that died loses a run of which a later fire time was committed, unless it is to be resumed',
    async (bench) => {
      const { rerun, resumed } = await supersede(bench);
      assert.equal((await bench.finish(rerun, { outcome: DIED })).status, 'lost');
      const after = await bench.finish(resumed, { outcome: DIED });
      assert.deepEqual([after.status, after.recoveries], ['queued', 1]);
    },
  ),

  contractCase(
    'recover runs a run again that is to be resumed, though a later fire time was committed',
    async (bench) => {
      const { rerun, resumed } = await supersede(bench);
      const statuses = new Map((await bench.store.recover('a')).map(({ id, status }) => [id, status]));
      assert.deepEqual([statuses.get(rerun.id), statuses.get(resumed.id)], ['lost', 'queued']);
    },
    unlessRecovered,
  ),

  contractCase(
    'recover loses a run that is to be resumed once its job is gone, or it died too often',
    async (bench) => {
      await bench.addRun({ id: 'poison', recovery: 'resume', recoveries: MAX_RECOVERIES });
      const job = await bench.addJob();
      const orphan = await bench.addRunOf(job, { recovery: 'resume' });
      await bench.claim({ node: 'dead' });
      await bench.store.removeJob(job.id);
      await bench.store.recover('dead');
      for (const id of ['poison', orphan.id]) assert.equal((await bench.run(id)).status, 'lost');
    },
    unlessRecovered,
  ),
];

/** Runs two fire times of one job on node `a`, one of them to be resumed, and commits a third on node `b`. */
async function supersede(bench: StoreBench): Promise<{ rerun: RunRecord; resumed: RunRecord }> {
  const job = await bench.addJob({ definition: { maxInstances: 3 } });
  const runs = [
    bench.aFiring(job, bench.now - 2 * MINUTE),
    bench.aFiring(job, bench.now - 2 * MINUTE + 1, { recovery: 'resume' }),
  ];
  const { started } = await bench.commit(await bench.claimJob(), { runs });
  const claimed = await bench.claimAgain(job.id, bench.now - 1, 'b');
  await bench.commit(claimed, { runs: [bench.aFiring(job, bench.now - 1)] }, 'b');
  return { rerun: found(started[0]), resumed: found(started[1]) };
}
