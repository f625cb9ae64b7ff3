import assert from 'node:assert/strict';
import type { RunRecord } from '../../job/run-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, aRun, aSkippedStep, aStep, AWAIT, HOUR } from './records.js';
import { found, idsOf } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows how steps follow each other, and which are begun, listed and kept. */
export const stepping: readonly StoreContractCase[] = [
  contractCase(
    'a step inserts the next one with its end, and their parent awaits that too',
    async (bench) => {
      const { parent, step } = await bench.begunChain();
      const next = aStep(bench.now, parent, 1, { input: '{"previous":1}' });
      const answer = await bench.tryFinish(step, { followUps: [next], takesParent: true });
      assert.deepEqual([answer.outcome, answer.parent], ['ok', null]);
      assert.deepEqual([await bench.run(parent.id), await bench.run(next.id)], [parent, next]);
      const begun = await bench.claimRun({ node: 'c' });
      assert.deepEqual([begun.id, begun.input], [next.id, next.input]);
    },
  ),

  contractCase('no step is begun of a run that somebody asked to cancel', async (bench) => {
    await bench.addRun();
    const run = await bench.claimRun();
    await bench.store.requestCancel(run.id);
    const spawned = [aStep(bench.now, run, 0), aSkippedStep(bench.now, run, 1)];
    const kept = await bench.finish(run, { outcome: AWAIT, followUps: spawned });
    assert.deepEqual(kept, { ...run, cancelRequested: true });
    assert.deepEqual(await childrenOf(bench, run), [found(spawned[1])]);

    const { parent, step } = await bench.begunChain();
    await bench.store.requestCancel(parent.id);
    const followUps = [aStep(bench.now, parent, 1), aSkippedStep(bench.now, parent, 2)];
    const { outcome, parent: taken } = await bench.tryFinish(step, { followUps, takesParent: true });
    assert.equal(outcome, 'ok');
    assert.deepEqual(taken, { ...parent, owner: 'b', held: true, cancelRequested: true });
    assert.deepEqual(
      (await childrenOf(bench, parent)).map(({ id }) => id).sort(),
      [step.id, followUps[1]?.id].sort(),
    );
    await bench.nothingToClaim();
  }),

  contractCase('no step is begun of a run that is not running, or not there', async (bench) => {
    const ended = await bench.finish(await started(bench));
    const queued = await bench.finish(await started(bench), { outcome: aRetry(bench.now + HOUR) });
    const itself = await started(bench);
    const followUps = [ended, queued, itself, aRun(bench.now)].map((parent) => aStep(bench.now, parent, 0));
    const chained = aRun(bench.now, { parentRunId: ended.id });
    await bench.finish(itself, { followUps: [...followUps, chained] });
    for (const { id } of followUps) assert.equal(await bench.store.getRun(id), null);
    assert.deepEqual(await bench.run(chained.id), chained);
    assert.equal((await bench.claimRun()).id, chained.id);
  }),

  contractCase('follow-ups that come as ended are kept as they are, and wait nowhere', async (bench) => {
    const run = await started(bench);
    const skipped = [0, 1].map((at) => aSkippedStep(bench.now - at, run, at));
    const failed = aStep(bench.now, run, 2, {
      status: 'failed',
      finishedAt: bench.now,
      error: '{"message":"no"}',
    });
    const orphan = aSkippedStep(bench.now, aRun(bench.now), 0);
    await bench.finish(run, { followUps: [...skipped, failed, orphan] });
    for (const step of [...skipped, failed, orphan]) assert.deepEqual(await bench.run(step.id), step);
    const { items } = await bench.store.listRuns({ statuses: ['skipped'], limit: 10 });
    assert.deepEqual(idsOf(items).sort(), idsOf([...skipped, orphan]).sort());
    await bench.nothingToClaim();
    await bench.pass(5);
    assert.equal(await bench.store.pruneRuns(await bench.store.now(), 100), 5);
    assert.deepEqual(await childrenOf(bench, run), []);
  }),

  contractCase('a follow-up is passed over whose id exists', async (bench) => {
    const { parent, step } = await bench.begunChain();
    const other = await bench.addRun({ executor: 'other' });
    const followUps = [
      aStep(bench.now, parent, 1, { id: other.id }),
      aSkippedStep(bench.now, parent, 0),
      { ...aSkippedStep(bench.now, parent, 0), id: other.id },
      { ...aSkippedStep(bench.now, parent, 0), id: parent.id },
    ];
    const { parent: queued } = await bench.tryFinish(step, { followUps });
    assert.deepEqual([queued?.id, queued?.status], [parent.id, 'queued']);
    assert.deepEqual(await bench.run(other.id), other);
    assert.equal((await childrenOf(bench, parent)).length, 2);
  }),

  contractCase('listRuns gives the steps of one run, and of no other', async (bench) => {
    const { job, run } = await bench.fire({ id: 'job', definition: { name: 'Job', tags: ['tag'] } });
    const steps = [0, 1, 2, 3, 4].map((at) => aStep(bench.now, run, at, { createdAt: bench.now + at }));
    await bench.finish(run, { outcome: AWAIT, followUps: steps });
    await bench.begunChain();
    const newest = [...steps].reverse();
    const first = await bench.store.listRuns({ parentRunId: run.id, limit: 3 });
    const second = await bench.store.listRuns({ parentRunId: run.id, limit: 3, after: first.next ?? '' });
    assert.deepEqual(
      [idsOf(first.items), idsOf(second.items)],
      [idsOf(newest.slice(0, 3)), idsOf(newest.slice(3))],
    );
    assert.equal(second.next, null);
    const ofJob = await bench.store.listRuns({ jobId: job.id, limit: 10 });
    assert.deepEqual(idsOf(ofJob.items).sort(), idsOf([run, ...steps]).sort());
  }),

  contractCase('pruneRuns keeps the ended steps of a run that has not ended', async (bench) => {
    const { parent, step } = await bench.begunChain();
    const steps = [aStep(bench.now, parent, 1), aSkippedStep(bench.now - HOUR, parent, 2)];
    await bench.finish(step, { followUps: steps });
    const prune = async (): Promise<number> => {
      await bench.pass(5);
      return bench.store.pruneRuns(await bench.store.now(), 100);
    };
    assert.equal(await prune(), 0);
    await bench.finish(await bench.claimRun({ node: 'b' }));
    assert.equal(await prune(), 0);
    const again = await bench.claimRun();
    assert.equal(again.id, parent.id);
    assert.equal(await prune(), 0);
    await bench.finish(again);
    assert.equal(await prune(), 4);
    assert.deepEqual((await bench.store.listRuns({ limit: 10 })).items, []);
  }),

  contractCase(
    'pruneRuns counts each run once, in whichever order a run and its steps settle',
    async (bench) => {
      const { step } = await bench.begunChain();
      const { parent } = await bench.tryFinish(step, { settled: false, takesParent: true });
      await bench.finish(found(parent), { settled: false });
      await bench.finish(step, { outcome: null });
      await bench.finish(found(parent), { outcome: null });
      await bench.pass(5);
      assert.equal(await bench.store.pruneRuns(await bench.store.now(), 100), 2);
      assert.equal(await bench.store.pruneRuns(await bench.store.now(), 100), 0);
    },
  ),
];

/** Adds a run without a job, and starts it as node `a`. */
async function started(bench: StoreBench): Promise<RunRecord> {
  await bench.addRun();
  return bench.claimRun();
}

async function childrenOf(bench: StoreBench, { id }: RunRecord): Promise<readonly RunRecord[]> {
  return (await bench.store.listRuns({ parentRunId: id, limit: 100 })).items;
}
