import assert from 'node:assert/strict';
import { RECORD_FORMAT } from '../../job/job-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, HOUR, MINUTE, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';

/** Shows which queued runs a claim starts, and what becomes of those that it cannot. */
export const claimingRuns: readonly StoreContractCase[] = [
  contractCase(
    'claim starts a queued run: running, held, owned, with an attempt, a token and a slot',
    async (bench) => {
      const job = await bench.addJob({ state: 'paused' });
      const queued = await bench.addRunOf(job);
      const { runs, now } = await bench.claim({ node: 'b' });
      const run = only(runs);
      assert.deepEqual(run, {
        ...queued,
        status: 'running',
        owner: 'b',
        held: true,
        slot: 0,
        attempt: 1,
        fencingToken: run.fencingToken,
        startedAt: now,
      });
      assert.ok(run.fencingToken > 0);
      assert.deepEqual(await bench.run(run.id), run);
    },
  ),

  contractCase('claim starts a run without a job, which takes no slot', async (bench) => {
    await bench.addRun();
    await bench.addRun();
    const { runs } = await bench.claim();
    assert.deepEqual(
      runs.map(({ slot, held, status }) => [slot, held, status]),
      [
        [null, true, 'running'],
        [null, true, 'running'],
      ],
    );
  }),

  contractCase('claim starts a run once', async (bench) => {
    await bench.addRun();
    await bench.claimRun();
    await bench.nothingToClaim({ node: 'b' });
  }),

  contractCase('claim leaves a run that is not available yet, and tells when it will be', async (bench) => {
    await bench.addRun({ scheduledAt: bench.now - HOUR, availableAt: bench.now + HOUR });
    const { runs, nextAt } = await bench.claim();
    assert.deepEqual([runs, nextAt], [[], bench.now + HOUR]);
  }),

  contractCase(
    'claim leaves runs of other executors, unknown tasks and newer formats, also in nextAt',
    async (bench) => {
      await bench.addRun({ executor: 'other' });
      await bench.addRun({ task: 'unknown' });
      await bench.addRun({ format: RECORD_FORMAT + 1 });
      await bench.nothingToClaim();
      await bench.claimRun({ tasks: new Set(['unknown']) });
      await bench.claimRun({ executor: 'other' });
    },
  ),

  contractCase(
    'claim starts a run whatever kind of trigger its job has, and whatever state its job is in',
    async (bench) => {
      for (const state of ['active', 'paused', 'parked', 'finished'] as const) {
        const definition = { triggerKind: 'unknown' };
        await bench.addRunOf(await bench.addJob({ state, definition }), { id: state });
      }
      assert.deepEqual(idsOf((await bench.claim()).runs).sort(), ['active', 'finished', 'parked', 'paused']);
    },
  ),

  contractCase(
    'claim starts runs of higher priority first, and at equal priority those available first',
    async (bench) => {
      await bench.addRun({ id: 'late', availableAt: bench.now - 1 * MINUTE });
      await bench.addRun({ id: 'low', priority: -1, availableAt: bench.now - 9 * MINUTE });
      await bench.addRun({ id: 'early', availableAt: bench.now - 5 * MINUTE });
      await bench.addRun({ id: 'high', priority: 2, availableAt: bench.now - 1 });
      assert.deepEqual(idsOf((await bench.claim()).runs), ['high', 'early', 'late', 'low']);
    },
  ),

  contractCase('claim ends a run that expired before its first attempt as missed', async (bench) => {
    const run = await bench.addRun({ expiresAt: bench.now - 1000 });
    const { runs, missed } = await bench.claim();
    assert.deepEqual([runs, idsOf(missed)], [[], [run.id]]);
    const ended = only(missed);
    assert.deepEqual(ended, { ...run, status: 'missed', finishedAt: ended.finishedAt });
    assert.ok(found(ended.finishedAt) >= bench.now);
    assert.deepEqual(await bench.run(run.id), ended);
    await bench.nothingToClaim();
  }),

  contractCase(
    'claim starts a run that has not expired, and one that expired after its first attempt',
    async (bench) => {
      await bench.addRun({ id: 'fresh', expiresAt: bench.now + HOUR });
      await bench.addRun({ id: 'retried', attempt: 1, failures: 1, expiresAt: bench.now - HOUR });
      const { runs, missed } = await bench.claim();
      assert.deepEqual(missed, []);
      assert.deepEqual(runs.map(({ id, attempt }) => [id, attempt]).sort(), [
        ['fresh', 1],
        ['retried', 2],
      ]);
    },
  ),

  contractCase('claim gives the job that came to its end because its last run expired', async (bench) => {
    const job = await bench.addJob({ id: 'job', definition: { maxRuns: 1 } });
    const run = bench.aFiring(job, bench.now, { expiresAt: bench.now - 1000 });
    await bench.commit(await bench.claimJob(), { runs: [run], startable: 0 });
    const { missed, ended } = await bench.claim();
    assert.deepEqual(idsOf(missed), [run.id]);
    assert.deepEqual([only(ended).id, only(ended).state], ['job', 'finished']);
    assert.deepEqual(await bench.job('job'), only(ended));
  }),

  contractCase('claim leaves the runs of a job whose slots are all held, also in nextAt', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    const waiting = await bench.addRunOf(job);
    const { runs, nextAt } = await bench.claim();
    assert.deepEqual([runs, nextAt], [[], job.dueAt]);
    await bench.finish(run);
    assert.equal((await bench.claimRun()).id, waiting.id);
  }),

  contractCase(
    'claim leaves a run out of nextAt that came due while all slots were held, asked for that alone',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      const waiting = await bench.addRunOf(job, { availableAt: bench.now + 20 });
      await bench.pass(30);
      assert.equal((await bench.claim({ limit: 0 })).nextAt, job.dueAt);
      await bench.finish(run);
      assert.equal((await bench.claim({ limit: 0 })).nextAt, waiting.availableAt);
      assert.equal((await bench.claimRun()).id, waiting.id);
    },
  ),

  contractCase('claim passes over runs that wait for a slot, to those that need not', async (bench) => {
    const { job } = await bench.fire({ definition: { maxInstances: 1 } });
    for (let at = 0; at < 5; at++) await bench.addRunOf(job, { priority: 2, availableAt: bench.now - HOUR });
    const free = await bench.addRun({ priority: -2 });
    assert.equal((await bench.claimRun({ limit: 1 })).id, free.id);
  }),

  contractCase(
    'claim starts as many runs of a job as it has slots, each in a slot of its own',
    async (bench) => {
      const job = await bench.addJob({ state: 'paused', definition: { maxInstances: 3 } });
      for (let at = 0; at < 5; at++) await bench.addRunOf(job);
      const { runs, nextAt } = await bench.claim();
      assert.deepEqual(runs.map(({ slot }) => slot).sort(), [0, 1, 2]);
      assert.equal(nextAt, null);
      const freed = found(runs[1]);
      await bench.finish(freed);
      assert.equal((await bench.claimRun()).slot, freed.slot);
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase(
    'claim starts the waiting runs of a job by priority, then by time, as slots get free',
    async (bench) => {
      const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
      await bench.addRunOf(job, { id: 'late', availableAt: bench.now - MINUTE });
      await bench.addRunOf(job, { id: 'early', availableAt: bench.now - HOUR });
      await bench.addRunOf(job, { id: 'high', priority: 1, availableAt: bench.now - 1 });
      assert.deepEqual((await bench.claim()).runs, []);
      const order: string[] = [];
      for (let last = run, at = 0; at < 3; at++) {
        await bench.finish(last);
        last = await bench.claimRun();
        order.push(last.id);
      }
      assert.deepEqual(order, ['high', 'early', 'late']);
    },
  ),

  contractCase(
    'claim starts the next waiting run when the one that got the slot is cancelled first',
    async (bench) => {
      const { job, run } = await bench.fire();
      await bench.addRunOf(job, { id: 'first', availableAt: bench.now - HOUR });
      await bench.addRunOf(job, { id: 'second' });
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.finish(run);
      await bench.store.requestCancel('first');
      assert.equal((await bench.claimRun()).id, 'second');
    },
  ),

  contractCase(
    'claim starts the next waiting run when the one that got the slot has expired',
    async (bench) => {
      const { job, run } = await bench.fire();
      await bench.addRunOf(job, { id: 'first', availableAt: bench.now - HOUR, expiresAt: bench.now + 300 });
      await bench.addRunOf(job, { id: 'second' });
      assert.deepEqual((await bench.claim()).runs, []);
      await bench.pass(350);
      await bench.finish(run);
      const { runs, missed } = await bench.claim();
      const started = runs.length === 0 ? (await bench.claim()).runs : runs;
      assert.deepEqual([idsOf(missed), idsOf(started)], [['first'], ['second']]);
    },
  ),

  contractCase('claim tells to go on when a run that expired was ahead of one that waits', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.addRunOf(job, { availableAt: bench.now - 20, expiresAt: bench.now - 10 });
    const waiting = await bench.addRunOf(job, { availableAt: bench.now - 5 });
    await bench.finish(run);
    for (let tries = 0; tries < 3; tries++) {
      const { runs, nextAt, now } = await bench.claim();
      if (runs[0]?.id === waiting.id) return;
      assert.ok(nextAt !== null && nextAt <= now + 100, 'the claim tells of nothing that is due');
    }
    assert.fail('the waiting run was not claimed');
  }),

  contractCase(
    'claim leaves a run that waits for its retry while its last handler has not settled',
    async (bench) => {
      await bench.addRun();
      const run = await bench.claimRun();
      await bench.finish(run, { outcome: aRetry(bench.now - 1), settled: false });
      await bench.nothingToClaim();
      await bench.finish(run, { outcome: null });
      assert.equal((await bench.claimRun()).attempt, 2);
    },
  ),

  contractCase('claiming and ending the runs of a job leave a claim of the job valid', async (bench) => {
    const job = await bench.addJob({ definition: { maxInstances: 2 } });
    const claimed = await bench.claimJob();
    await bench.addRunOf(job);
    const run = await bench.claimRun({ node: 'b' });
    await bench.finish(run, { outcome: SUCCESS });
    assert.equal((await bench.tryCommit(claimed)).outcome, 'committed');
  }),
];
