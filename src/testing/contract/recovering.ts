import assert from 'node:assert/strict';
import { MAX_RECOVERIES } from '../../job/job-policy.js';
import { contractCase, unlessRecovered } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, FAILURE, HOUR, MINUTE, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows what becomes of the runs of a node that died. */
export const recovering: readonly StoreContractCase[] = [
  recoveryCase('recover queues the running runs of a dead node again at once, at no cost', async (bench) => {
    const { run } = await bench.fire();
    const recovered = only(await bench.store.recover('a'));
    const { availableAt } = recovered;
    assert.ok(availableAt <= (await bench.store.now()));
    const again = { status: 'queued', held: false, slot: null, recoveries: 1, availableAt };
    assert.deepEqual({ ...recovered, owner: run.owner }, { ...run, ...again });
    assert.deepEqual(await bench.run(run.id), recovered);
    const second = await bench.claimRun({ node: 'b' });
    assert.deepEqual([second.id, second.attempt, second.failures], [run.id, 2, 0]);
    assert.ok(second.fencingToken > run.fencingToken);
  }),

  recoveryCase('recover takes the runs of one node, and only once', async (bench) => {
    await bench.store.heartbeat('b', HOUR);
    const { run } = await bench.fire({ id: 'mine' });
    const { run: foreign } = await bench.fire({ id: 'foreign' }, {}, 'b');
    assert.deepEqual(idsOf(await bench.store.recover('a')), [run.id]);
    assert.deepEqual(await bench.store.recover('a'), []);
    assert.deepEqual(await bench.store.recover('nobody'), []);
    assert.deepEqual(await bench.run(foreign.id), foreign);
    assert.equal((await bench.run(run.id)).recoveries, 1);
  }),

  recoveryCase('recover takes the node off the list', async (bench) => {
    await bench.store.recover('a');
    assert.deepEqual((await bench.store.heartbeat('b', HOUR)).peers, []);
    assert.equal((await bench.store.heartbeat('a', HOUR)).alive, false);
  }),

  recoveryCase('recover leaves queued and ended runs as they are', async (bench) => {
    const ended = await bench.finish((await bench.fire()).run);
    const retried = await bench.finish((await bench.fire()).run, { outcome: aRetry(bench.now + HOUR) });
    assert.deepEqual(await bench.store.recover('a'), []);
    assert.deepEqual([await bench.run(ended.id), await bench.run(retried.id)], [ended, retried]);
  }),

  recoveryCase('recover loses a run that is to be abandoned', async (bench) => {
    const job = await bench.addJob();
    const runs = [bench.aFiring(job, bench.now - MINUTE, { recovery: 'abandon' })];
    await bench.commit(await bench.claimJob(), { runs });
    const lost = only(await bench.store.recover('a'));
    assert.deepEqual([lost.status, lost.held, lost.slot, lost.recoveries], ['lost', false, null, 0]);
    assert.ok(found(lost.finishedAt) >= bench.now);
    assert.deepEqual(await bench.run(lost.id), lost);
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  recoveryCase('recover runs a run again three times, and loses it then', async (bench) => {
    await bench.addRun();
    for (let death = 0; death <= MAX_RECOVERIES; death++) {
      const node = `node ${String(death)}`;
      await bench.store.heartbeat(node, HOUR);
      const run = await bench.claimRun({ node });
      assert.deepEqual([run.attempt, run.recoveries], [death + 1, death]);
      const after = only(await bench.store.recover(node));
      assert.equal(after.status, death < MAX_RECOVERIES ? 'queued' : 'lost');
    }
    await bench.nothingToClaim();
  }),

  recoveryCase('recover loses a run of which a later fire time was committed meanwhile', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 2 } });
    await bench.store.heartbeat('b', HOUR);
    const claimed = await bench.claimAgain(job.id, bench.now - 1, 'b');
    await bench.commit(claimed, { runs: [bench.aFiring(job, bench.now - 1)] }, 'b');
    assert.deepEqual(
      (await bench.store.recover('a')).map(({ id, status }) => [id, status]),
      [[run.id, 'lost']],
    );
    const later = only(await bench.store.recover('b'));
    assert.equal(later.status, 'queued');
  }),

  recoveryCase(
    'recover runs a run again that was started by hand before a later fire time',
    async (bench) => {
      const job = await bench.addJob({ definition: { maxInstances: 2 } });
      await bench.addRunOf(job, { scheduledAt: bench.now - HOUR });
      const { runs, jobs } = await bench.claim();
      await bench.commit(only(jobs));
      const statuses = (await bench.store.recover('a')).map(({ status }) => status);
      assert.deepEqual([runs.length, statuses], [1, ['queued', 'queued']]);
    },
  ),

  recoveryCase('recover takes a skipped fire time for no reason to lose a run', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    const claimed = await bench.claimAgain(job.id, bench.now - 1);
    assert.equal(
      (await bench.commit(claimed, { runs: [bench.aFiring(job, bench.now - 1)] })).skipped.length,
      1,
    );
    assert.deepEqual(
      (await bench.store.recover('a')).map(({ id, status }) => [id, status]),
      [[run.id, 'queued']],
    );
  }),

  recoveryCase('recover frees the slots of a run that had ended, which keeps its outcome', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job, { id: 'waiting' });
    const ended = await bench.finish(run, { outcome: FAILURE, settled: false });
    assert.deepEqual(await bench.store.recover('a'), [{ ...ended, held: false, slot: null }]);
    assert.equal((await bench.claimRun({ node: 'b' })).id, 'waiting');
  }),

  recoveryCase('recover lets a retry run whose handler died before it settled', async (bench) => {
    const { run } = await bench.fire();
    await bench.finish(run, { outcome: aRetry(bench.now - 1), settled: false });
    const freed = only(await bench.store.recover('a'));
    assert.deepEqual([freed.status, freed.held, freed.failures, freed.recoveries], ['queued', false, 1, 0]);
    assert.equal((await bench.claimRun({ node: 'b' })).attempt, 2);
  }),

  recoveryCase(
    'recover takes what a node left behind without saying what is to become of it',
    async (bench) => {
      const { run } = await bench.fire();
      await bench.store.leave('a', []);
      assert.deepEqual(idsOf(await bench.store.recover('a')), [run.id]);
      assert.deepEqual(await bench.store.recover('a'), []);
    },
  ),

  recoveryCase('recover cancels a run that somebody asked to cancel', async (bench) => {
    const { run } = await bench.fire();
    await bench.store.requestCancel(run.id);
    assert.equal(only(await bench.store.recover('a')).status, 'cancelled');
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  recoveryCase('recover loses a run whose job was removed', async (bench) => {
    const { job } = await bench.fire();
    await bench.store.removeJob(job.id);
    assert.equal(only(await bench.store.recover('a')).status, 'lost');
    await bench.nothingToClaim();
  }),

  recoveryCase('recover ends a job whose last run it loses or frees', async (bench) => {
    const last = { nextRunAt: null, dueAt: null };
    const job = await bench.addJob({ id: 'lost' });
    const runs = [bench.aFiring(job, bench.now - MINUTE, { recovery: 'abandon' })];
    await bench.commit(await bench.claimJob(), { ...last, runs });
    await bench.finish((await bench.fire({ id: 'settled' }, last)).run, { settled: false });
    await bench.fire({ id: 'again' }, last);
    await bench.store.recover('a');
    const states = [];
    for (const id of ['lost', 'settled', 'again']) states.push((await bench.job(id)).state);
    assert.deepEqual(states, ['finished', 'finished', 'active']);
  }),

  recoveryCase('recover lets the slots of the dead node be used', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job, { id: 'waiting', availableAt: bench.now - HOUR });
    assert.deepEqual((await bench.claim({ node: 'b' })).runs, []);
    await bench.store.recover('a');
    const first = await bench.claimRun({ node: 'b' });
    await bench.finish(first);
    const second = await bench.claimRun({ node: 'b' });
    assert.deepEqual([first.id, second.id], ['waiting', run.id]);
  }),

  recoveryCase('a node that was taken for dead can end none of its runs', async (bench) => {
    const { run } = await bench.fire();
    const recovered = only(await bench.store.recover('a'));
    for (const outcome of [SUCCESS, FAILURE, aRetry(bench.now + HOUR)]) {
      assert.equal((await bench.tryFinish(run, { outcome }, 'a')).outcome, 'lost');
    }
    assert.deepEqual(await bench.run(run.id), recovered);
    const second = await bench.claimRun({ node: 'b' });
    assert.equal((await bench.tryFinish(run, {}, 'a')).outcome, 'lost');
    await bench.store.reportProgress('a', [{ runId: run.id, attempt: 1, progress: '1' }]);
    assert.deepEqual(await bench.run(run.id), second);
    assert.deepEqual((await bench.store.heartbeat('a', HOUR)).mine, []);
  }),

  recoveryCase('recover leaves the claims of a dead node to expire', async (bench) => {
    await bench.addJob();
    await bench.claimJob({ claimMs: 30 });
    await bench.store.recover('a');
    await bench.pass(40);
    await bench.claimJob({ node: 'b' });
  }),
];

/** Makes a case in which node `a` lives. */
function recoveryCase(name: string, test: (bench: StoreBench) => Promise<void>): StoreContractCase {
  const withNode = async (bench: StoreBench): Promise<void> => {
    await bench.store.heartbeat('a', HOUR);
    await test(bench);
  };
  return contractCase(name, withNode, unlessRecovered);
}
