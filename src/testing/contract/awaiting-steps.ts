import assert from 'node:assert/strict';
import type { RunRecord } from '../../job/run-record.js';
import { contractCase, unlessRecovered } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, aSkippedStep, aStep, AWAIT, DIED, FAILURE, HAND_BACK, HOUR, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';

const NO_MORE = { nextRunAt: null, dueAt: null };

/** Shows what a run is, and is not, while it awaits its steps. */
export const awaitingSteps: readonly StoreContractCase[] = [
  contractCase(
    'a run that awaits its steps is running and not held, and keeps its slot and its owner',
    async (bench) => {
      const { run } = await bench.fire();
      const step = aStep(bench.now, run, 0, { input: '{"to":"ops"}' });
      const followUps = [step];
      const { outcome, run: after, ...rest } = await bench.tryFinish(run, { outcome: AWAIT, followUps });
      assert.deepEqual(rest, { ended: null, unblocked: false, parent: null });
      assert.equal(outcome, 'ok');
      assert.deepEqual(after, { ...run, held: false });
      assert.deepEqual(await bench.run(run.id), after);
      assert.deepEqual(await bench.run(step.id), step);
    },
  ),

  contractCase('a run that awaits its steps cannot be claimed, nor given back by its node', async (bench) => {
    const { parent, step } = await bench.chain();
    await bench.store.leave('a', [{ runId: parent.id, attempt: 1, action: 'lose' }]);
    assert.equal((await bench.claimRun({ node: 'b' })).id, step.id);
    assert.deepEqual((await bench.claim()).runs, []);
    assert.deepEqual(await bench.run(parent.id), parent);
  }),

  contractCase(
    'heartbeat gives no run that awaits its steps, nor its owner as one that holds runs',
    async (bench) => {
      const { parent } = await bench.chain();
      assert.deepEqual((await bench.store.heartbeat('b', HOUR)).peers, []);
      assert.deepEqual((await bench.store.heartbeat('a', HOUR)).mine, []);
      assert.deepEqual(await bench.run(parent.id), parent);
    },
  ),

  contractCase(
    'recover leaves a run that awaits its steps as it is, though its owner is dead',
    async (bench) => {
      await bench.store.heartbeat('a', HOUR);
      const { parent, step } = await bench.chain();
      assert.deepEqual(await bench.store.recover('a'), []);
      assert.deepEqual(await bench.run(parent.id), parent);
      const begun = await bench.claimRun({ node: 'b' });
      assert.equal(begun.id, step.id);
      assert.equal((await bench.tryFinish(begun)).parent?.id, parent.id);
    },
    unlessRecovered,
  ),

  contractCase('a run that awaits its steps holds its job slot, and no step needs one', async (bench) => {
    const { job, parent, step } = await bench.chain({ definition: { maxInstances: 1 } });
    const waiting = await bench.addRunOf(job, { availableAt: bench.now - HOUR });
    const begun = await bench.claimRun({ node: 'b' });
    assert.deepEqual([begun.id, begun.slot, begun.jobId], [step.id, null, job.id]);
    const claimed = await bench.claimAgain(job.id, bench.now - 1);
    const { skipped } = await bench.commit(claimed, { runs: [bench.aFiring(job, bench.now - 1)] });
    assert.equal(skipped.length, 1);
    assert.equal((await bench.tryFinish(begun, { takesParent: true })).parent?.slot, parent.slot);
    assert.deepEqual((await bench.claim()).runs, []);
    await bench.finish(await bench.run(parent.id));
    assert.equal((await bench.claimRun()).id, waiting.id);
  }),

  contractCase('the slot of a run that awaits its steps is given to no other', async (bench) => {
    const { job, parent, step } = await bench.chain({ definition: { maxInstances: 3 } });
    for (const id of ['first', 'second', 'third']) await bench.addRunOf(job, { id });
    const { runs } = await bench.claim();
    const slots = runs.filter(({ id }) => id !== step.id).map(({ slot }) => slot);
    assert.deepEqual([...slots, parent.slot].sort(), [0, 1, 2]);
  }),

  contractCase('a run that awaits its steps keeps its job from ending', async (bench) => {
    const { job, parent } = await bench.chain({ id: 'job' }, NO_MORE);
    assert.equal((await bench.patch('job', { owner: 'edited' })).state, 'active');
    const step = await bench.claimRun({ node: 'b' });
    assert.equal((await bench.tryFinish(step, { takesParent: true })).ended, null);
    assert.equal((await bench.job('job')).state, 'active');
    const { ended } = await bench.tryFinish(await bench.run(parent.id));
    assert.deepEqual([ended?.uid, ended?.state], [job.uid, 'finished']);
  }),

  contractCase('a run that awaits its steps awaits them still when that is said again', async (bench) => {
    const { parent, step } = await bench.chain();
    const followUps = [aStep(bench.now, parent, 1)];
    const again = await bench.tryFinish(parent, { outcome: AWAIT, followUps });
    assert.deepEqual(again, { outcome: 'ok', run: parent, ended: null, unblocked: false, parent: null });
    assert.equal((await bench.tryFinish(parent, { outcome: AWAIT }, 'b')).outcome, 'lost');
    assert.equal((await bench.tryFinish(parent, { outcome: AWAIT, attempt: 2 })).outcome, 'lost');
    assert.deepEqual(await bench.run(parent.id), parent);
    assert.equal((await bench.claimRun({ node: 'b' })).id, step.id);
  }),

  contractCase('finishRuns of a run that awaits its steps is lost, whatever else it says', async (bench) => {
    const { parent, step } = await bench.chain();
    const followUps = [aStep(bench.now, parent, 1)];
    for (const outcome of [SUCCESS, FAILURE, HAND_BACK, DIED, aRetry(bench.now - 1), null]) {
      const answer = await bench.tryFinish(parent, { outcome, followUps });
      assert.deepEqual([answer.outcome, answer.run], ['lost', parent]);
    }
    assert.deepEqual(await bench.run(parent.id), parent);
    assert.equal((await bench.claimRun({ node: 'b' })).id, step.id);
  }),

  contractCase('a run that is to await its steps and has no open one stays with its node', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job);
    const followUps: RunRecord[][] = [[], [aSkippedStep(bench.now, run, 0), aSkippedStep(bench.now, run, 1)]];
    for (const steps of followUps) {
      const { outcome, run: after } = await bench.tryFinish(run, { outcome: AWAIT, followUps: steps });
      assert.deepEqual([outcome, after], ['ok', run]);
      assert.deepEqual(await bench.run(run.id), run);
    }
    assert.deepEqual((await bench.claim({ node: 'b' })).runs, []);
    assert.deepEqual((await bench.store.heartbeat('a', HOUR)).mine, [run]);
    assert.equal((await bench.finish(run)).status, 'succeeded');
  }),

  contractCase('a run may await its steps again', async (bench) => {
    const { parent, step } = await bench.begunChain();
    const { parent: taken } = await bench.tryFinish(step, { takesParent: true });
    assert.deepEqual(taken, { ...parent, owner: 'b', held: true });
    const followUps = [aStep(bench.now, parent, 1)];
    const again = await bench.finish(found(taken), { outcome: AWAIT, followUps });
    assert.deepEqual(again, { ...parent, owner: 'b' });
    assert.equal((await bench.claimRun()).id, only(followUps).id);
  }),

  contractCase(
    'requestCancel asks a run that awaits its steps, which is asked still when it goes on',
    async (bench) => {
      const { parent, step } = await bench.begunChain();
      const asked = { outcome: 'requested', run: { ...parent, cancelRequested: true } };
      assert.deepEqual(await bench.store.requestCancel(parent.id), asked);
      assert.deepEqual(await bench.run(parent.id), asked.run);
      const { parent: queued } = await bench.tryFinish(step);
      assert.deepEqual([queued?.status, queued?.cancelRequested], ['queued', true]);
      const next = await bench.claimRun({ node: 'c' });
      assert.deepEqual([next.id, next.attempt, next.cancelRequested], [parent.id, 2, true]);
      assert.equal((await bench.run(parent.id)).cancelRequested, true);
      assert.equal((await bench.finish(next, { outcome: HAND_BACK })).status, 'cancelled');
    },
  ),

  contractCase('commitFirings asks earlier runs to make room that await their steps', async (bench) => {
    const { job, parent } = await bench.chain({ definition: { maxInstances: 1 } });
    const claimed = await bench.claimAgain(job.id, bench.now - 1);
    const runs = [bench.aFiring(job, bench.now - 1)];
    const { cancelRequested, queued } = await bench.commit(claimed, { overlap: 'cancelRunning', runs });
    assert.deepEqual(cancelRequested, [{ ...parent, cancelRequested: true }]);
    assert.deepEqual(idsOf(queued), idsOf(runs));
  }),

  contractCase('removeJob leaves a run that awaits its steps, and the steps', async (bench) => {
    const { job, parent } = await bench.chain({ id: 'job', definition: { maxInstances: 1 } });
    assert.deepEqual(found(await bench.store.removeJob('job')).cancelled, []);
    const step = await bench.claimRun({ node: 'b' });
    const { parent: queued } = await bench.tryFinish(step);
    assert.deepEqual([queued?.id, queued?.status, queued?.jobUid], [parent.id, 'queued', job.uid]);
    const again = await bench.claimRun({ node: 'c' });
    assert.deepEqual([again.id, again.attempt, again.slot], [parent.id, 2, null]);
    assert.equal((await bench.finish(again)).status, 'succeeded');
  }),
];
