import assert from 'node:assert/strict';
import type { StoreHint } from '../../stores/job-store.js';
import { contractCase, unlessSubscribed } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, HOUR, SUCCESS } from './records.js';
import { found } from './store-bench.js';

/** Shows how runs are cancelled, and how their progress is noted. */
export const cancellingRuns: readonly StoreContractCase[] = [
  contractCase('requestCancel ends a queued run at once', async (bench) => {
    const run = await bench.addRun();
    const result = await bench.store.requestCancel(run.id);
    assert.ok(result.outcome === 'cancelled');
    assert.ok(found(result.run.finishedAt) >= bench.now);
    assert.deepEqual(result.run, { ...run, status: 'cancelled', finishedAt: result.run.finishedAt });
    assert.equal(result.ended, null);
    assert.deepEqual(await bench.run(run.id), result.run);
    await bench.nothingToClaim();
  }),

  contractCase(
    'requestCancel asks the node of a running run, which goes on until that has answered',
    async (bench) => {
      const { run } = await bench.fire();
      const asked = { outcome: 'requested', run: { ...run, cancelRequested: true } };
      assert.deepEqual(await bench.store.requestCancel(run.id), asked);
      assert.deepEqual(await bench.store.requestCancel(run.id), asked);
      assert.deepEqual(await bench.run(run.id), asked.run);
      const outcome = { kind: 'end', status: 'cancelled', result: null, error: null } as const;
      assert.equal((await bench.finish(run, { outcome })).status, 'cancelled');
    },
  ),

  contractCase('requestCancel of a run that is over, or that nobody knows, says so', async (bench) => {
    const { run } = await bench.fire();
    const ended = await bench.finish(run, { outcome: SUCCESS, settled: false });
    assert.deepEqual(await bench.store.requestCancel(run.id), { outcome: 'over', run: ended });
    const settled = await bench.finish(run, { outcome: null });
    assert.deepEqual(await bench.store.requestCancel(run.id), { outcome: 'over', run: settled });
    assert.deepEqual(await bench.store.requestCancel('nobody'), { outcome: 'missing' });
  }),

  contractCase('requestCancel ends a run that waits for its retry', async (bench) => {
    const { run } = await bench.fire();
    await bench.finish(run, { outcome: aRetry(bench.now - 1, '{"message":"kept"}') });
    const result = await bench.store.requestCancel(run.id);
    assert.ok(result.outcome === 'cancelled');
    assert.deepEqual([result.run.attempt, result.run.error], [1, '{"message":"kept"}']);
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  contractCase(
    'requestCancel ends a run that waits for its retry though its handler still holds its slot',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job, { id: 'waiting' });
      await bench.finish(run, { outcome: aRetry(bench.now - 1), settled: false });
      const result = await bench.store.requestCancel(run.id);
      assert.ok(result.outcome === 'cancelled');
      assert.deepEqual([result.run.held, result.run.slot], [true, run.slot]);
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.finish(run, { outcome: null });
      assert.equal((await bench.run(run.id)).status, 'cancelled');
      assert.equal((await bench.claimRun()).id, 'waiting');
    },
  ),

  contractCase('requestCancel of a run that waits for a slot leaves the others waiting', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job, { id: 'first', availableAt: bench.now - HOUR });
    await bench.addRunOf(job, { id: 'second' });
    assert.deepEqual((await bench.claim()).runs, []);
    assert.equal((await bench.store.requestCancel('first')).outcome, 'cancelled');
    assert.deepEqual((await bench.claim()).runs, []);
    await bench.finish(run);
    assert.equal((await bench.claimRun()).id, 'second');
  }),

  contractCase(
    'subscribe tells the node of a running run that it is to be cancelled, until it is ended',
    async (bench) => {
      const { run } = await bench.fire();
      const hints: StoreHint[] = [];
      const unsubscribe = await found(bench.store.subscribe?.((hint) => hints.push(hint)));
      await (bench.stores.at(-1) ?? bench.store).requestCancel(run.id);
      const isHint = (hint: StoreHint): boolean => hint.kind === 'cancel' && hint.runId === run.id;
      for (let tries = 0; !hints.some(isHint) && tries < 200; tries++) await bench.hear(20);
      assert.ok(hints.some(isHint));
      await unsubscribe();
      hints.length = 0;
      await bench.store.requestCancel(run.id);
      await bench.hear(50);
      assert.deepEqual(hints, []);
    },
    unlessSubscribed,
  ),

  contractCase('reportProgress notes how far a run is', async (bench) => {
    const { run } = await bench.fire();
    await bench.store.reportProgress('a', [{ runId: run.id, attempt: 1, progress: '{"fraction":0.25}' }]);
    await bench.store.reportProgress('a', [
      { runId: run.id, attempt: 1, progress: '{"fraction":0.5,"note":"½"}' },
    ]);
    assert.deepEqual(await bench.run(run.id), { ...run, progress: '{"fraction":0.5,"note":"½"}' });
    assert.equal((await bench.finish(run)).progress, '{"fraction":0.5,"note":"½"}');
  }),

  contractCase(
    'reportProgress passes over reports of other nodes, other attempts, ended and unknown runs',
    async (bench) => {
      const { run } = await bench.fire();
      const progress = '{"fraction":1}';
      await bench.store.reportProgress('b', [{ runId: run.id, attempt: 1, progress }]);
      await bench.store.reportProgress('a', [
        { runId: run.id, attempt: 2, progress },
        { runId: 'nobody', attempt: 1, progress },
      ]);
      assert.deepEqual(await bench.run(run.id), run);
      const ended = await bench.finish(run, { settled: false });
      await bench.store.reportProgress('a', [{ runId: run.id, attempt: 1, progress }]);
      assert.deepEqual(await bench.run(run.id), ended);
      await bench.store.reportProgress('a', []);
    },
  ),
];
