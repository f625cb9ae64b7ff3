import assert from 'node:assert/strict';
import type { RunRecord } from '../../job/run-record.js';
import type { StoreHint } from '../../stores/job-store.js';
import { contractCase, unlessRecovered, unlessSubscribed } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, aRun, aStep, AWAIT, DIED, FAILURE, HAND_BACK, HOUR, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

const CANCELLED = { kind: 'end', status: 'cancelled', result: null, error: null } as const;

/** Shows how a run goes on that awaited its steps. */
export const goingOn: readonly StoreContractCase[] = [
  contractCase('the end of the last open step queues its parent, whose slot is free then', async (bench) => {
    const { job, parent } = await bench.chain({ definition: { maxInstances: 1 } });
    const waiting = await bench.addRunOf(job, { availableAt: bench.now - HOUR });
    const step = await bench.claimRun({ node: 'b' });
    const { parent: queued } = await bench.tryFinish(step);
    const { availableAt } = found(queued);
    assert.ok(availableAt >= bench.now && availableAt <= (await bench.store.now()));
    assert.deepEqual(queued, { ...parent, status: 'queued', slot: null, availableAt });
    assert.deepEqual(await bench.run(parent.id), queued);
    const first = await bench.claimRun({ node: 'c' });
    assert.equal(first.id, waiting.id);
    await bench.finish(first);
    const again = await bench.claimRun({ node: 'c' });
    assert.deepEqual([again.id, again.attempt, again.owner, again.slot], [parent.id, 2, 'c', 0]);
    assert.ok(again.fencingToken > parent.fencingToken);
  }),

  contractCase(
    'the node that ends the last open step takes the parent, if it asked for it',
    async (bench) => {
      const { parent } = await bench.chain({ definition: { maxInstances: 1 } });
      const step = await bench.claimRun({ node: 'b' });
      const { parent: taken } = await bench.tryFinish(step, { takesParent: true });
      assert.deepEqual(taken, { ...parent, owner: 'b', held: true });
      assert.deepEqual(await bench.run(parent.id), taken);
      assert.deepEqual((await bench.claim()).runs, []);
      assert.deepEqual((await bench.store.heartbeat('a', HOUR)).mine, []);
      assert.deepEqual((await bench.store.heartbeat('b', HOUR)).mine, [taken]);
      assert.equal((await bench.tryFinish(parent)).outcome, 'lost');
      const { status, held, slot } = await bench.finish(found(taken));
      assert.deepEqual([status, held, slot], ['succeeded', false, null]);
    },
  ),

  contractCase('a run goes on once all of its steps have ended, not before', async (bench) => {
    const { run } = await bench.fire();
    const steps = [0, 1, 2].map((at) => aStep(bench.now, run, at));
    const parent = await bench.finish(run, { outcome: AWAIT, followUps: steps });
    const { runs } = await bench.claim({ node: 'b', limit: 2 });
    const [first, second] = [found(runs[0]), found(runs[1])];
    assert.equal((await bench.tryFinish(first, { takesParent: true })).parent, null);
    const third = await bench.claimRun({ node: 'c' });
    assert.equal((await bench.tryFinish(third, { takesParent: true })).parent, null);
    assert.deepEqual(await bench.run(parent.id), parent);
    assert.equal((await bench.tryFinish(second, { takesParent: true })).parent?.owner, 'b');
  }),

  contractCase('a run awaits its steps, and none of the other runs that follow it', async (bench) => {
    const run = await started(bench);
    const follower = aRun(bench.now, { parentRunId: run.id, executor: 'other' });
    assert.deepEqual(await bench.finish(run, { outcome: AWAIT, followUps: [follower] }), run);
    const { parent } = await bench.awaitStep(run);
    const step = await bench.claimRun({ node: 'b' });
    assert.equal((await bench.tryFinish(step)).parent?.id, parent.id);
    assert.deepEqual(await bench.run(follower.id), follower);
  }),

  contractCase('of the last steps that end in one batch one gives their parent', async (bench) => {
    const { run } = await bench.fire();
    const followUps = [0, 1, 2].map((at) => aStep(bench.now, run, at));
    await bench.finish(run, { outcome: AWAIT, followUps });
    const { runs } = await bench.claim({ node: 'b' });
    const finish = { attempt: 1, settled: true, outcome: SUCCESS, followUps: [], takesParent: true };
    const results = await bench.store.finishRuns(
      'b',
      runs.map(({ id }) => ({ ...finish, runId: id })),
    );
    assert.ok(results.every(({ outcome }) => outcome === 'ok'));
    const given = results.flatMap(({ parent }) => (parent === null ? [] : [parent]));
    assert.deepEqual(only(given), await bench.run(run.id));
    assert.deepEqual([only(given).owner, only(given).held], ['b', true]);
  }),

  contractCase('however a step ends, the run that awaits it goes on', async (bench) => {
    for (const outcome of [SUCCESS, FAILURE, CANCELLED]) {
      const { parent, step } = await bench.begunChain();
      assert.equal((await bench.tryFinish(step, { outcome })).parent?.id, parent.id);
      const again = await bench.claimRun();
      assert.equal(again.id, parent.id);
      await bench.finish(again);
    }
    const abandoned = await bench.begunChain({ recovery: 'abandon' });
    assert.equal((await bench.tryFinish(abandoned.step, { outcome: DIED })).parent?.id, abandoned.parent.id);
  }),

  contractCase('a step that is to run again keeps its parent waiting', async (bench) => {
    for (const outcome of [aRetry(bench.now - 1), HAND_BACK, DIED]) {
      const { parent, step } = await bench.begunChain();
      const answer = await bench.tryFinish(step, { outcome, takesParent: true });
      assert.deepEqual([answer.run?.status, answer.parent], ['queued', null]);
      assert.deepEqual(await bench.run(parent.id), parent);
      const again = await bench.claimRun({ node: 'c' });
      assert.deepEqual([again.id, again.attempt], [step.id, 2]);
      assert.equal((await bench.tryFinish(again, { takesParent: true })).parent?.owner, 'c');
    }
  }),

  contractCase('a step that is cancelled instead of running again lets its parent go on', async (bench) => {
    for (const outcome of [aRetry(bench.now - 1), HAND_BACK, DIED]) {
      const { parent, step } = await bench.begunChain();
      await bench.store.requestCancel(step.id);
      const { run, parent: taken } = await bench.tryFinish(step, { outcome, takesParent: true });
      assert.deepEqual([run?.status, taken?.id, taken?.held], ['cancelled', parent.id, true]);
    }
  }),

  contractCase(
    'a run goes on when its last step has ended, though the handler of that has not settled',
    async (bench) => {
      const { parent, step } = await bench.begunChain();
      const { parent: taken } = await bench.tryFinish(step, { settled: false, takesParent: true });
      assert.deepEqual(taken, { ...parent, owner: 'b', held: true });
      const settled = await bench.tryFinish(step, { outcome: null, takesParent: true });
      assert.deepEqual([settled.outcome, settled.run?.held, settled.parent], ['ok', false, null]);
      assert.deepEqual(await bench.run(parent.id), taken);
    },
  ),

  contractCase('the end of a step that is repeated or lost moves nothing', async (bench) => {
    const { parent, step } = await bench.begunChain();
    const followUps = [aStep(bench.now, parent, 1)];
    assert.equal((await bench.tryFinish(step, { followUps }, 'a')).outcome, 'lost');
    assert.deepEqual(await bench.run(parent.id), parent);
    const { parent: taken } = await bench.tryFinish(step, { takesParent: true });
    const again = await bench.tryFinish(step, { followUps, takesParent: true });
    assert.deepEqual([again.outcome, again.parent], ['ok', null]);
    assert.deepEqual(await bench.run(parent.id), taken);
    assert.equal(await bench.store.getRun(only(followUps).id), null);
  }),

  contractCase('the end of a step leaves a run alone that does not await it', async (bench) => {
    const running = await started(bench);
    const ended = await bench.finish(await started(bench), { settled: false });
    const queued = await bench.finish(await started(bench), { outcome: aRetry(bench.now + HOUR) });
    for (const run of [running, ended, queued]) {
      await bench.queue(aStep(bench.now, run, 0));
      const step = await bench.claimRun({ node: 'b' });
      assert.equal((await bench.tryFinish(step, { takesParent: true })).parent, null);
      await bench.store.requestCancel((await bench.queue(aStep(bench.now, run, 1))).id);
      assert.deepEqual(await bench.run(run.id), run);
    }
  }),

  contractCase('requestCancel of the last open step queues its parent', async (bench) => {
    const { job, parent, step } = await bench.chain({ definition: { maxInstances: 1 } });
    const result = await bench.store.requestCancel(step.id);
    assert.deepEqual([result.outcome, (await bench.run(step.id)).status], ['cancelled', 'cancelled']);
    const { status, held, slot, cancelRequested } = await bench.run(parent.id);
    assert.deepEqual([status, held, slot, cancelRequested], ['queued', false, null, false]);
    const again = await bench.claimRun({ node: 'b' });
    assert.deepEqual([again.id, again.attempt, again.jobUid], [parent.id, 2, job.uid]);
  }),

  contractCase('requestCancel ends a run at once that is queued after its steps', async (bench) => {
    const { parent } = await bench.chain({ id: 'job' }, { nextRunAt: null, dueAt: null });
    await bench.tryFinish(await bench.claimRun({ node: 'b' }));
    const result = await bench.store.requestCancel(parent.id);
    assert.ok(result.outcome === 'cancelled');
    assert.deepEqual([result.run.id, result.ended?.state], [parent.id, 'finished']);
    await bench.nothingToClaim();
  }),

  contractCase('a step that is missed lets its parent go on', async (bench) => {
    await bench.addRun();
    const run = await bench.claimRun();
    const { parent, step } = await bench.awaitStep(run, { expiresAt: bench.now - 1 });
    const first = await bench.claim({ node: 'b' });
    assert.deepEqual(idsOf(first.missed), [step.id]);
    // The parent may be had by the same claim, or by the next.
    const again = first.runs[0] ?? (await bench.claimRun({ node: 'b' }));
    assert.deepEqual([again.id, again.attempt], [parent.id, 2]);
  }),

  contractCase('leave that loses the last open step queues its parent', async (bench) => {
    const lost = await bench.begunChain();
    await bench.store.leave('b', [{ runId: lost.step.id, attempt: 1, action: 'lose' }]);
    assert.equal((await bench.run(lost.step.id)).status, 'lost');
    const again = await bench.claimRun({ node: 'c' });
    assert.deepEqual([again.id, again.attempt], [lost.parent.id, 2]);
    const back = await bench.begunChain();
    await bench.store.leave('b', [{ runId: back.step.id, attempt: 1, action: 'hand-back' }]);
    assert.deepEqual(await bench.run(back.parent.id), back.parent);
    assert.equal((await bench.claimRun({ node: 'c' })).id, back.step.id);
  }),

  contractCase(
    'recover that loses the last open step queues its parent, and one that queues it again does not',
    async (bench) => {
      await bench.store.heartbeat('b', HOUR);
      const lost = await bench.begunChain({ recovery: 'abandon' });
      const rerun = await bench.begunChain();
      const cancelled = await bench.begunChain();
      await bench.store.requestCancel(cancelled.step.id);
      const ids = (await bench.store.recover('b')).map(({ id, status }) => [id, status]);
      const expected = [
        [lost.step.id, 'lost'],
        [rerun.step.id, 'queued'],
        [cancelled.step.id, 'cancelled'],
      ];
      assert.deepEqual(new Map(ids as [string, string][]), new Map(expected as [string, string][]));
      assert.deepEqual(await bench.run(rerun.parent.id), rerun.parent);
      const { runs } = await bench.claim({ node: 'c' });
      const goingOn = [lost.parent.id, rerun.step.id, cancelled.parent.id];
      assert.deepEqual(idsOf(runs).sort(), goingOn.sort());
    },
    unlessRecovered,
  ),

  contractCase(
    'subscribe tells of work when a run is queued after its steps',
    async (bench) => {
      const { step } = await bench.begunChain();
      const hints: StoreHint[] = [];
      const unsubscribe = await found(bench.store.subscribe?.((hint) => hints.push(hint)));
      const finish = { runId: step.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
      await (bench.stores.at(-1) ?? bench.store).finishRuns('b', [finish]);
      const isHint = ({ kind }: StoreHint): boolean => kind === 'work';
      for (let tries = 0; !hints.some(isHint) && tries < 200; tries++) await bench.hear(20);
      assert.ok(hints.some(isHint));
      await unsubscribe();
    },
    unlessSubscribed,
  ),
];

/** Adds a run without a job, and starts it as node `a`. */
async function started(bench: StoreBench): Promise<RunRecord> {
  await bench.addRun();
  return bench.claimRun();
}
