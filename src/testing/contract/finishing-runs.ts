import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aManualRun, aRetry, aRun, FAILURE, HAND_BACK, HOUR, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';

/** Shows how attempts end. */
export const finishingRuns: readonly StoreContractCase[] = [
  contractCase('finishRuns ends a run with its outcome, and frees its slot', async (bench) => {
    const { run } = await bench.fire();
    const outcome = { kind: 'end', status: 'succeeded', result: '{"sent":1}', error: null } as const;
    const { outcome: answer, run: ended, unblocked } = await bench.tryFinish(run, { outcome });
    assert.deepEqual([answer, unblocked], ['ok', false]);
    const { finishedAt } = found(ended);
    assert.ok(found(finishedAt) >= bench.now);
    const end = { status: 'succeeded', result: '{"sent":1}', held: false, slot: null, finishedAt };
    assert.deepEqual(ended, { ...run, ...end });
    assert.deepEqual(await bench.run(run.id), ended);
  }),

  contractCase('finishRuns without an outcome is refused while there is none', async (bench) => {
    const { run } = await bench.fire();
    assert.equal((await bench.tryFinish(run, { outcome: null })).outcome, 'lost');
    assert.deepEqual(await bench.run(run.id), run);
  }),

  contractCase('finishRuns cancels a run that failed after somebody asked to cancel it', async (bench) => {
    const { run } = await bench.fire();
    await bench.store.requestCancel(run.id);
    assert.equal((await bench.finish(run, { outcome: aRetry(bench.now) })).status, 'cancelled');
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  contractCase(
    'finishRuns cancels a run that is handed back after somebody asked to cancel it',
    async (bench) => {
      const { run } = await bench.fire();
      await bench.store.requestCancel(run.id);
      assert.equal((await bench.finish(run, { outcome: HAND_BACK })).status, 'cancelled');
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase('finishRuns records every way to end', async (bench) => {
    for (const status of ['succeeded', 'failed', 'cancelled', 'missed', 'lost', 'skipped'] as const) {
      await bench.addRun();
      const error = status === 'succeeded' ? null : `{"message":"${status}"}`;
      const ended = await bench.finish(await bench.claimRun(), {
        outcome: { kind: 'end', status, result: null, error },
      });
      assert.deepEqual([ended.status, ended.error, ended.held], [status, error, false]);
    }
  }),

  contractCase('finishRuns answers each finish, in order', async (bench) => {
    for (const id of ['b', 'a', 'c']) await bench.addRun({ id });
    await bench.claim();
    const finish = { attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
    const results = await bench.store.finishRuns(
      'a',
      ['c', 'nobody', 'a', 'b'].map((runId) => ({ ...finish, runId })),
    );
    assert.deepEqual(
      results.map(({ outcome, run }) => [outcome, run?.id ?? null]),
      [
        ['ok', 'c'],
        ['lost', null],
        ['ok', 'a'],
        ['ok', 'b'],
      ],
    );
    assert.deepEqual(await bench.store.finishRuns('a', []), []);
  }),

  contractCase('finishRuns of another node or another attempt is lost and changes nothing', async (bench) => {
    const { run } = await bench.fire();
    for (const finish of [await bench.tryFinish(run, {}, 'b'), await bench.tryFinish(run, { attempt: 2 })]) {
      assert.deepEqual(finish, { outcome: 'lost', run, ended: null, unblocked: false, parent: null });
    }
    assert.equal((await bench.tryFinish(run, { attempt: 0 })).outcome, 'lost');
    assert.deepEqual(await bench.run(run.id), run);
  }),

  contractCase(
    'finishRuns of an earlier attempt is lost, though its node runs the next one',
    async (bench) => {
      await bench.addRun();
      const first = await bench.claimRun();
      await bench.finish(first, { outcome: aRetry(bench.now - 1) });
      const second = await bench.claimRun();
      assert.deepEqual([second.owner, second.attempt], [first.owner, 2]);
      for (const settled of [true, false])
        assert.equal((await bench.tryFinish(first, { settled })).outcome, 'lost');
      assert.equal((await bench.tryFinish(first, { outcome: null })).outcome, 'lost');
      assert.deepEqual(await bench.run(second.id), second);
    },
  ),

  contractCase('finishRuns of a run that nobody has started is lost', async (bench) => {
    const run = await bench.addRun();
    assert.equal((await bench.tryFinish(run, {}, 'a')).outcome, 'lost');
    assert.deepEqual(await bench.run(run.id), run);
  }),

  contractCase('finishRuns repeated with the same outcome answers ok and changes nothing', async (bench) => {
    for (const outcome of [SUCCESS, FAILURE, aRetry(bench.now + HOUR), HAND_BACK]) {
      await bench.addRun();
      const run = await bench.claimRun();
      const first = await bench.finish(run, { outcome, followUps: [aRun(bench.now, { executor: 'other' })] });
      const again = await bench.finish(run, { outcome, followUps: [aRun(bench.now, { executor: 'other' })] });
      assert.deepEqual(again, first);
      assert.deepEqual(await bench.run(run.id), first);
      if (outcome.kind === 'hand-back') await bench.claimRun();
    }
    assert.equal((await bench.claim({ executor: 'other' })).runs.length, 4);
  }),

  contractCase('finishRuns with another outcome than the one recorded is lost', async (bench) => {
    const { run } = await bench.fire();
    const ended = await bench.finish(run, { outcome: FAILURE });
    for (const outcome of [SUCCESS, aRetry(bench.now), HAND_BACK]) {
      const result = await bench.tryFinish(run, { outcome });
      assert.deepEqual([result.outcome, result.run], ['lost', ended]);
    }
    const retried = await bench.fire();
    await bench.finish(retried.run, { outcome: aRetry(bench.now + HOUR) });
    assert.equal((await bench.tryFinish(retried.run, { outcome: SUCCESS })).outcome, 'lost');
    assert.equal((await bench.run(retried.run.id)).status, 'queued');
  }),

  contractCase(
    'finishRuns before the handler has settled keeps the run held and its slot taken',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job, { id: 'waiting' });
      const ended = await bench.finish(run, { outcome: FAILURE, settled: false });
      assert.deepEqual([ended.status, ended.held, ended.slot], ['failed', true, run.slot]);
      assert.notEqual(ended.finishedAt, null);
      assert.deepEqual((await bench.claim()).runs, []);
      const settled = await bench.tryFinish(run, { outcome: null });
      assert.deepEqual([settled.outcome, settled.unblocked], ['ok', true]);
      assert.deepEqual(settled.run, { ...ended, held: false, slot: null });
      assert.equal((await bench.claimRun()).id, 'waiting');
    },
  ),

  contractCase('finishRuns settles a run once, and later settling answers ok', async (bench) => {
    const { run } = await bench.fire();
    await bench.finish(run, { settled: false });
    const settled = await bench.finish(run, { outcome: null });
    assert.deepEqual(await bench.finish(run, { outcome: null }), settled);
    assert.deepEqual(await bench.finish(run), settled);
  }),

  contractCase(
    'finishRuns repeated with settled true settles a run whose outcome was recorded before',
    async (bench) => {
      const { run } = await bench.fire();
      const ended = await bench.finish(run, { settled: false });
      const settled = await bench.finish(run, { settled: true });
      assert.deepEqual(settled, { ...ended, held: false, slot: null });
    },
  ),

  contractCase(
    'finishRuns frees what a run holds though its outcome is refused, because it was cancelled meanwhile',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job, { id: 'waiting' });
      const outcome = aRetry(bench.now - 1);
      await bench.finish(run, { outcome, settled: false });
      await bench.store.requestCancel(run.id);
      const refused = await bench.tryFinish(run, { outcome, settled: false });
      assert.deepEqual([refused.outcome, refused.run?.held], ['lost', true]);
      const settled = await bench.tryFinish(run, { outcome });
      assert.deepEqual([settled.outcome, settled.unblocked], ['lost', true]);
      const { status, held, slot } = found(settled.run);
      assert.deepEqual([status, held, slot], ['cancelled', false, null]);
      assert.deepEqual(await bench.run(run.id), settled.run);
      assert.equal((await bench.claimRun()).id, 'waiting');
    },
  ),

  contractCase(
    'finishRuns with a retry queues the run again, with a failure more and without a slot',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      const waiting = await bench.finish(run, { outcome: aRetry(bench.now + HOUR, '{"message":"one"}') });
      const retry = {
        status: 'queued',
        held: false,
        slot: null,
        failures: 1,
        availableAt: bench.now + HOUR,
      } as const;
      assert.deepEqual(waiting, { ...run, ...retry, error: '{"message":"one"}' });
      assert.equal((await bench.claim()).nextAt, bench.now + HOUR);
      await bench.addRunOf(job);
      assert.equal((await bench.claimRun()).jobUid, job.uid);
    },
  ),

  contractCase('a retry is another attempt of the same run, by any node', async (bench) => {
    const { run } = await bench.fire();
    await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    const second = await bench.claimRun({ node: 'b' });
    assert.deepEqual([second.id, second.attempt, second.owner, second.failures], [run.id, 2, 'b', 1]);
    assert.ok(second.fencingToken > run.fencingToken);
    const ended = await bench.finish(second, { outcome: FAILURE });
    assert.deepEqual([ended.status, ended.failures, ended.attempt], ['failed', 1, 2]);
  }),

  contractCase('a new attempt starts without the progress of the one before', async (bench) => {
    await bench.addRun();
    const run = await bench.claimRun();
    await bench.store.reportProgress('a', [{ runId: run.id, attempt: 1, progress: '{"fraction":0.9}' }]);
    await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    assert.equal((await bench.claimRun()).progress, null);
  }),

  contractCase('finishRuns hands a run back at no cost', async (bench) => {
    const { run } = await bench.fire();
    const waiting = await bench.finish(run, { outcome: HAND_BACK });
    const { status, failures, recoveries, held, slot, error } = waiting;
    assert.deepEqual([status, failures, recoveries, held, slot, error], ['queued', 0, 0, false, null, null]);
    assert.ok(waiting.availableAt <= (await bench.store.now()));
    const again = await bench.claimRun({ node: 'b' });
    assert.deepEqual([again.id, again.attempt, again.failures], [run.id, 2, 0]);
  }),

  contractCase('finishRuns inserts follow-ups with the outcome', async (bench) => {
    const { job, run } = await bench.fire();
    const retry = aManualRun(bench.now, job, { parentRunId: run.id });
    const chained = aRun(bench.now, {
      origin: 'chained',
      parentRunId: run.id,
      data: '{"previous":1}',
    });
    await bench.finish(run, { followUps: [retry, chained] });
    assert.deepEqual(await bench.run(retry.id), retry);
    assert.deepEqual(await bench.run(chained.id), chained);
    assert.deepEqual(idsOf((await bench.claim()).runs).sort(), [retry.id, chained.id].sort());
  }),

  contractCase('finishRuns that is lost inserts no follow-ups', async (bench) => {
    const { run } = await bench.fire();
    const followUps = [aRun(bench.now)];
    assert.equal((await bench.tryFinish(run, { followUps }, 'b')).outcome, 'lost');
    await bench.finish(run, { outcome: FAILURE });
    assert.equal((await bench.tryFinish(run, { followUps })).outcome, 'lost');
    assert.equal(await bench.store.getRun(only(followUps).id), null);
  }),

  contractCase('finishRuns leaves out follow-ups whose key exists or whose job is gone', async (bench) => {
    await bench.addRun({ uniqueKey: 'key', executor: 'other' });
    await bench.addRun();
    const run = await bench.claimRun();
    const followUps = [
      aRun(bench.now, { uniqueKey: 'key' }),
      aManualRun(bench.now, bench.aJob()),
      aRun(bench.now),
    ];
    await bench.finish(run, { followUps });
    assert.equal(await bench.store.getRun(found(followUps[0]).id), null);
    assert.equal(await bench.store.getRun(found(followUps[1]).id), null);
    assert.equal((await bench.claimRun()).id, followUps[2]?.id);
  }),

  contractCase('finishRuns tells that a run which waited for the slot may be claimed now', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job);
    await bench.addRunOf(job);
    assert.deepEqual((await bench.claim()).runs, []);
    assert.equal((await bench.tryFinish(run)).unblocked, true);
    assert.ok(found((await bench.claim({ limit: 0 })).nextAt) <= (await bench.store.now()));
    const second = await bench.claimRun();
    assert.equal((await bench.tryFinish(second)).unblocked, true);
    assert.equal((await bench.tryFinish(await bench.claimRun())).unblocked, false);
  }),

  contractCase(
    'finishRuns tells so too when nobody has looked at what waits since it was queued',
    async (bench) => {
      const job = await bench.addJob({ definition: { maxInstances: 1 } });
      const runs = [2, 1].map((minutes) => bench.aFiring(job, bench.now - minutes * 60_000));
      const { started } = await bench.commit(await bench.claimJob(), { runs });
      assert.equal((await bench.tryFinish(only(started))).unblocked, true);
      await bench.claimRun();
    },
  ),

  contractCase('finishRuns does not tell so for a run that waits for its time', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job, { availableAt: bench.now + HOUR });
    assert.equal((await bench.tryFinish(run)).unblocked, false);
  }),
];
