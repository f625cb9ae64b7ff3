import assert from 'node:assert/strict';
import { QUEUE_ALL_LIMIT } from '../../job/job-policy.js';
import type { OverlapPolicy } from '../../job/job-policy.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, HOUR, MINUTE } from './records.js';
import type { Committed, StoreBench } from './store-bench.js';
import { idsOf, only } from './store-bench.js';

/** Shows what a new plan does while earlier runs hold all of a job's slots. */
export const overlapping: readonly StoreContractCase[] = [
  contractCase('overlap skip drops the plan and counts it', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    const fireTimes = [bench.now - 2000, bench.now - 1000];
    const { started, queued, skipped } = await fireAgain(bench, job, 'skip', fireTimes);
    assert.deepEqual([started, queued], [[], []]);
    assert.deepEqual(
      skipped.map(({ scheduledAt }) => scheduledAt),
      fireTimes,
    );
    for (const { id } of skipped) assert.equal(await bench.store.getRun(id), null);
    const { counts, runCount, nextRunAt } = await bench.job(job.id);
    const last = { count: 2, exact: true, firstAt: bench.now - 2000, lastAt: bench.now - 1000 };
    assert.deepEqual(counts.skipped, { total: 2, exact: true, last });
    assert.deepEqual([runCount, nextRunAt], [1, bench.now + HOUR]);
    await bench.finish(run);
    assert.deepEqual((await bench.claim()).runs, []);
  }),

  contractCase('overlap skip lets a plan in whole while one slot is free', async (bench) => {
    const { job } = await bench.fire({ definition: { maxInstances: 2 } });
    const fireTimes = [bench.now - 3000, bench.now - 2000, bench.now - 1000];
    const { started, queued, skipped } = await fireAgain(bench, job, 'skip', fireTimes);
    assert.deepEqual([started.length, queued.length, skipped.length], [1, 2, 0]);
  }),

  contractCase('overlap queue lets one run wait, and skips while it does', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    const first = await fireAgain(bench, job, 'queue', [bench.now - 5000, bench.now - 4000]);
    assert.deepEqual(
      first.queued.map(({ scheduledAt }) => scheduledAt),
      [bench.now - 5000],
    );
    assert.deepEqual(
      first.skipped.map(({ scheduledAt }) => scheduledAt),
      [bench.now - 4000],
    );
    const second = await fireAgain(bench, job, 'queue', [bench.now - 3000]);
    assert.deepEqual([second.queued, second.skipped.length], [[], 1]);
    assert.equal((await bench.job(job.id)).counts.skipped?.total, 2);
    await bench.finish(run);
    const waited = await bench.claimRun();
    assert.equal(waited.id, only(first.queued).id);
    assert.equal((await fireAgain(bench, job, 'queue', [bench.now - 2000])).queued.length, 1);
  }),

  contractCase(
    'overlap queue does not count runs by hand or by backfill as the one that waits',
    async (bench) => {
      const { job } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job);
      await bench.addRunOf(job, { origin: 'backfill' });
      assert.equal((await fireAgain(bench, job, 'queue', [bench.now - 1])).queued.length, 1);
    },
  ),

  contractCase(
    'overlap queue does not count a run that waits for its retry as the one that waits',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.finish(run, { outcome: aRetry(bench.now + HOUR) });
      const { started } = await fireAgain(bench, job, 'queue', [bench.now - 2]);
      assert.equal(started.length, 1);
      assert.equal((await fireAgain(bench, job, 'queue', [bench.now - 1])).queued.length, 1);
    },
  ),

  contractCase('overlap queueAll lets runs wait, up to a bound', async (bench) => {
    const { job } = await bench.fire({ definition: { maxInstances: 1 } });
    const fireTimes = Array.from({ length: QUEUE_ALL_LIMIT - 1 }, (_, at) => bench.now - 10_000 + at);
    const first = await fireAgain(bench, job, 'queueAll', fireTimes);
    assert.deepEqual([first.queued.length, first.skipped.length], [QUEUE_ALL_LIMIT - 1, 0]);
    const second = await fireAgain(bench, job, 'queueAll', [bench.now - 3, bench.now - 2, bench.now - 1]);
    assert.deepEqual(
      second.queued.map(({ scheduledAt }) => scheduledAt),
      [bench.now - 3],
    );
    assert.deepEqual(
      second.skipped.map(({ scheduledAt }) => scheduledAt),
      [bench.now - 2, bench.now - 1],
    );
    assert.equal((await bench.job(job.id)).runCount, QUEUE_ALL_LIMIT + 1);
  }),

  contractCase(
    'overlap cancelRunning asks the old run to stop, and the new one waits for its slot',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      const { started, queued, skipped, cancelRequested } = await fireAgain(bench, job, 'cancelRunning', [
        bench.now - 1,
      ]);
      assert.deepEqual([started, skipped, queued.length], [[], [], 1]);
      assert.deepEqual(cancelRequested, [{ ...run, cancelRequested: true }]);
      assert.deepEqual(await bench.run(run.id), only(cancelRequested));
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.finish(run, { outcome: { kind: 'end', status: 'cancelled', result: null, error: null } });
      assert.equal((await bench.claimRun()).id, only(queued).id);
    },
  ),

  contractCase('overlap cancelRunning cancels the plan that waits, with a record', async (bench) => {
    const { job } = await bench.fire({ definition: { maxInstances: 1 } });
    const manual = await bench.addRunOf(job);
    const first = await fireAgain(bench, job, 'cancelRunning', [bench.now - 2]);
    const second = await fireAgain(bench, job, 'cancelRunning', [bench.now - 1]);
    assert.deepEqual(idsOf(second.cancelled), idsOf(first.queued));
    const cancelled = only(second.cancelled);
    assert.deepEqual([cancelled.status, cancelled.finishedAt !== null], ['cancelled', true]);
    assert.deepEqual(await bench.run(cancelled.id), cancelled);
    assert.equal(second.queued.length, 1);
    assert.equal((await bench.run(manual.id)).status, 'queued');
  }),

  contractCase(
    'overlap cancelRunning starts the new run beside the old one while a slot is free',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 2 } });
      const { started, cancelRequested } = await fireAgain(bench, job, 'cancelRunning', [bench.now - 1]);
      assert.deepEqual([started.length, cancelRequested], [1, []]);
      assert.equal((await bench.run(run.id)).cancelRequested, false);
    },
  ),

  contractCase('every overlap takes a plan while its job runs nothing', async (bench) => {
    for (const overlap of ['skip', 'queue', 'queueAll', 'cancelRunning'] as const) {
      const job = await bench.addJob({ id: overlap, definition: { maxInstances: 1 } });
      const { started, skipped } = await bench.commit(await bench.claimJob(), {
        overlap,
        runs: [bench.aFiring(job, bench.now - MINUTE)],
      });
      assert.deepEqual([started.length, skipped.length], [1, 0]);
    }
  }),

  contractCase('a run that ended but has not settled holds its slot against a new plan', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.finish(run, { settled: false });
    assert.equal((await fireAgain(bench, job, 'skip', [bench.now - 2])).skipped.length, 1);
    await bench.finish(run, { outcome: null });
    assert.equal((await fireAgain(bench, job, 'skip', [bench.now - 1])).started.length, 1);
  }),

  contractCase('a run by hand holds a slot against a new plan', async (bench) => {
    const job = await bench.addJob({ nextRunAt: bench.now + HOUR, dueAt: bench.now + HOUR });
    await bench.addRunOf(job);
    const run = await bench.claimRun();
    assert.equal((await fireAgain(bench, job, 'skip', [bench.now - 2])).skipped.length, 1);
    await bench.finish(run);
    assert.equal((await fireAgain(bench, job, 'skip', [bench.now - 1])).started.length, 1);
  }),

  contractCase(
    'a run that waits for its retry holds no slot against a new plan, and is not cancelled by it',
    async (bench) => {
      for (const overlap of ['skip', 'queue', 'queueAll', 'cancelRunning'] as const) {
        const { job, run } = await bench.fire({ id: overlap, definition: { maxInstances: 1 } });
        const waiting = await bench.finish(run, { outcome: aRetry(bench.now + HOUR) });
        const { started, cancelled } = await fireAgain(bench, job, overlap, [bench.now - 1]);
        assert.deepEqual([started.length, cancelled], [1, []]);
        assert.deepEqual(await bench.run(run.id), waiting);
      }
    },
  ),
];

/** Claims a job again, and commits a plan of fire times. */
async function fireAgain(
  bench: StoreBench,
  job: JobRecord,
  overlap: OverlapPolicy,
  fireTimes: readonly number[],
): Promise<Committed> {
  await bench.store.patchJob(job.id, { nextRunAt: bench.now - 1, dueAt: bench.now - 1 });
  const { jobs } = await bench.store.claim({
    node: 'a',
    executor: job.definition.executor,
    tasks: new Set([job.definition.task]),
    triggerKinds: new Set([job.definition.triggerKind]),
    limit: 1,
    claimMs: MINUTE,
  });
  const runs: RunRecord[] = fireTimes.map((fireAt) => bench.aFiring(job, fireAt));
  return bench.commit(only(jobs), { runs, overlap });
}
