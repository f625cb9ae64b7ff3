import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, HAND_BACK, HOUR } from './records.js';
import { found } from './store-bench.js';

/** Shows that the fencing tokens of a job only grow. */
export const drawingTokens: readonly StoreContractCase[] = [
  contractCase('the fencing tokens of a job begin at the store’s time', async (bench) => {
    const { run } = await bench.fire({ lastToken: 0 });
    assert.ok(run.fencingToken >= bench.now);
    await bench.addRun();
    assert.ok((await bench.claimRun()).fencingToken >= bench.now);
  }),

  contractCase('every attempt of a job draws a greater fencing token than all before', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 3 } });
    const tokens = [run.fencingToken];
    await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    const second = await bench.claimRun();
    tokens.push(second.fencingToken);
    await bench.finish(second, { outcome: HAND_BACK });
    tokens.push((await bench.claimRun({ node: 'b' })).fencingToken);
    await bench.addRunOf(job);
    tokens.push((await bench.claimRun()).fencingToken);
    const claimed = await bench.claimAgain(job.id, bench.now - 5);
    const runs = [bench.aFiring(job, bench.now - 6), bench.aFiring(job, bench.now - 5)];
    const { started } = await bench.commit(claimed, { runs });
    tokens.push(...started.map(({ fencingToken }) => fencingToken));
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
    assert.equal((await bench.job(job.id)).lastToken, tokens.at(-1));
  }),

  contractCase('every attempt of a run without a job draws a greater fencing token', async (bench) => {
    await bench.addRun();
    const tokens: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      const run = await bench.claimRun();
      tokens.push(run.fencingToken);
      await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
  }),

  contractCase('the fencing tokens of a job removed and added again go on growing', async (bench) => {
    let last = 0;
    for (let life = 0; life < 3; life++) {
      const { job } = await bench.fire({ id: 'job', lastToken: bench.now, definition: { maxInstances: 50 } });
      for (let at = 0; at < 40; at++) await bench.addRunOf(job);
      const { runs } = await bench.claim();
      const tokens = runs.map(({ fencingToken }) => fencingToken);
      assert.equal(tokens.length, 40);
      assert.ok(Math.min(...tokens) > last, 'a token of the new job is not greater than all of the old one');
      last = Math.max(...tokens);
      await bench.store.removeJob('job');
    }
  }),

  contractCase('the fencing tokens of a job that was replaced go on growing', async (bench) => {
    const { run } = await bench.fire({ id: 'job', definition: { maxInstances: 2 } });
    await bench.put(bench.aJob({ id: 'job', lastToken: 0 }), 'replace');
    const { started } = await bench.commit(await bench.claimJob());
    assert.ok(found(started[0]).fencingToken > run.fencingToken);
  }),

  contractCase('an edit leaves the last fencing token', async (bench) => {
    const { job } = await bench.fire();
    await bench.store.patchJob(job.id, { nextRunAt: bench.now + HOUR, dueAt: bench.now + HOUR });
    assert.equal((await bench.job(job.id)).lastToken, job.lastToken);
  }),
];
