import assert from 'node:assert/strict';
import { RECORD_FORMAT } from '../../job/job-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { HOUR, MINUTE } from './records.js';
import { found, idsOf } from './store-bench.js';

/** Shows which jobs a claim takes, and what it does to them. */
export const claimingJobs: readonly StoreContractCase[] = [
  contractCase(
    'claim takes a job that is due: a new fence, and a wake time at the end of the claim',
    async (bench) => {
      const stored = await bench.addJob({ id: 'job' });
      const { now, runs, missed, jobs, ended, nextAt } = await bench.claim({ claimMs: 30_000 });
      assert.ok(now >= bench.now);
      const claimed = { ...stored, fence: stored.fence + 1, wakeAt: now + 30_000 };
      assert.deepEqual({ runs, missed, jobs, ended }, { runs: [], missed: [], jobs: [claimed], ended: [] });
      assert.equal(nextAt, now + 30_000);
      assert.deepEqual(await bench.job('job'), claimed);
    },
  ),

  contractCase('claim takes a job once, until its claim has expired', async (bench) => {
    await bench.addJob();
    const first = await bench.claimJob({ claimMs: 5 });
    await bench.pass(10);
    const second = await bench.claimJob({ node: 'b', claimMs: HOUR });
    assert.ok(second.fence > first.fence);
    assert.deepEqual((await bench.claim({ node: 'b' })).jobs, []);
    assert.deepEqual(await bench.tryCommit(first), { outcome: 'lost' });
    assert.equal((await bench.tryCommit(second, {}, 'b')).outcome, 'committed');
  }),

  contractCase('claim leaves a job that is not due yet, and tells when it will be', async (bench) => {
    const job = await bench.addJob({ nextRunAt: bench.now - HOUR, dueAt: bench.now + HOUR });
    const later = { nextRunAt: bench.now + 2 * HOUR, dueAt: bench.now + 2 * HOUR };
    await bench.addJob(later);
    const { jobs, nextAt } = await bench.claim();
    assert.deepEqual([jobs, nextAt], [[], job.dueAt]);
  }),

  contractCase('claim takes a job once time has brought it due', async (bench) => {
    await bench.addJob({ nextRunAt: bench.now + 20, dueAt: bench.now + 20 });
    await bench.pass(30);
    await bench.claimJob();
  }),

  contractCase('claim leaves paused, parked and finished jobs, also in nextAt', async (bench) => {
    for (const state of ['paused', 'parked', 'finished'] as const) await bench.addJob({ state });
    await bench.nothingToClaim();
  }),

  contractCase(
    'claim leaves jobs of other executors, unknown tasks and unknown kinds of trigger, also in nextAt',
    async (bench) => {
      await bench.addJob({ definition: { executor: 'other' } });
      await bench.addJob({ definition: { task: 'unknown' } });
      await bench.addJob({ definition: { triggerKind: 'unknown' } });
      await bench.nothingToClaim();
      await bench.nothingToClaim({ tasks: new Set() });
      await bench.nothingToClaim({ triggerKinds: new Set(['cron']), tasks: new Set(['task', 'x']) });
      const all = { tasks: new Set(['task', 'unknown']), triggerKinds: new Set(['interval', 'unknown']) };
      assert.equal((await bench.claim(all)).jobs.length, 2);
      await bench.claimJob({ executor: 'other' });
    },
  ),

  contractCase('claim of one node does not hide from another what only that one knows', async (bench) => {
    for (const task of ['one', 'two', 'three']) await bench.addJob({ id: task, definition: { task } });
    assert.equal((await bench.claimJob({ tasks: new Set(['two']) })).id, 'two');
    assert.equal((await bench.claimJob({ node: 'b', tasks: new Set(['one', 'two']) })).id, 'one');
    assert.equal((await bench.claimJob({ node: 'c', tasks: new Set(['three', 'four']) })).id, 'three');
  }),

  contractCase('claim leaves jobs in a newer format, also in nextAt', async (bench) => {
    const job = await bench.addJob({ format: RECORD_FORMAT + 1 });
    await bench.nothingToClaim();
    assert.deepEqual(await bench.job(job.id), job);
  }),

  contractCase('claim takes no more than its limit, and tells that more is due', async (bench) => {
    for (let job = 0; job < 5; job++) await bench.addJob({ dueAt: bench.now - job * 1000 });
    const taken = new Set<string>();
    for (const expected of [2, 2, 1]) {
      const { jobs, now, nextAt } = await bench.claim({ limit: 2 });
      assert.equal(jobs.length, expected);
      assert.equal(found(nextAt) <= now, expected === 2 && taken.size < 3);
      for (const { id } of jobs) taken.add(id);
    }
    assert.equal(taken.size, 5);
  }),

  contractCase('claim with a limit of 0 takes nothing and tells when something is due', async (bench) => {
    const job = await bench.addJob();
    const run = await bench.addRun({ expiresAt: bench.now - HOUR });
    const { jobs, runs, missed, now, nextAt } = await bench.claim({ limit: 0 });
    assert.deepEqual({ jobs, runs, missed }, { jobs: [], runs: [], missed: [] });
    assert.ok(found(nextAt) <= now);
    assert.deepEqual([await bench.job(job.id), await bench.run(run.id)], [job, run]);
  }),

  contractCase(
    'claim takes jobs of higher priority first, and at equal priority those due first',
    async (bench) => {
      const due: readonly (readonly [string, number, number])[] = [
        ['low, early', -2, 50],
        ['normal, late', 0, 10],
        ['high, late', 2, 1],
        ['normal, early', 0, 20],
        ['high, early', 2, 2],
        ['below', -1, 60],
        ['above', 1, 5],
      ];
      for (const [id, priority, minutes] of due) {
        await bench.addJob({ id, dueAt: bench.now - minutes * MINUTE, definition: { priority } });
      }
      const order: string[] = [];
      for (let at = 0; at < due.length; at++) order.push((await bench.claimJob({ limit: 1 })).id);
      assert.deepEqual(order, [
        'high, early',
        'high, late',
        'above',
        'normal, early',
        'normal, late',
        'below',
        'low, early',
      ]);
    },
  ),

  contractCase(
    'claim takes queued runs before jobs at equal priority, and jobs before runs of a lower one',
    async (bench) => {
      await bench.addJob({ id: 'job', dueAt: bench.now - HOUR });
      await bench.addJob({ id: 'high job', definition: { priority: 1 } });
      await bench.addRun({ id: 'run' });
      await bench.addRun({ id: 'low run', priority: -1, availableAt: bench.now - 2 * HOUR });
      const order: string[] = [];
      for (let at = 0; at < 4; at++) {
        const { runs, jobs } = await bench.claim({ limit: 1 });
        order.push(...idsOf(runs), ...idsOf(jobs));
      }
      assert.deepEqual(order, ['high job', 'run', 'job', 'low run']);
    },
  ),

  contractCase('claim counts runs and jobs together towards its limit', async (bench) => {
    for (let at = 0; at < 3; at++) {
      await bench.addJob();
      await bench.addRun();
    }
    const { runs, jobs } = await bench.claim({ limit: 4 });
    assert.deepEqual([runs.length, jobs.length], [3, 1]);
  }),

  contractCase('nextAt is the least of what jobs and queued runs wait for', async (bench) => {
    await bench.addJob({ nextRunAt: bench.now + 2 * HOUR, dueAt: bench.now + 2 * HOUR });
    assert.equal((await bench.claim()).nextAt, bench.now + 2 * HOUR);
    const run = await bench.addRun({ availableAt: bench.now + HOUR, priority: -2 });
    assert.equal((await bench.claim()).nextAt, bench.now + HOUR);
    await bench.addJob({ nextRunAt: bench.now + 30 * MINUTE, dueAt: bench.now + 30 * MINUTE });
    assert.equal((await bench.claim()).nextAt, bench.now + 30 * MINUTE);
    await bench.store.requestCancel(run.id);
    const { jobs, nextAt, now } = await bench.claim({ executor: 'other' });
    assert.deepEqual([jobs, nextAt], [[], null]);
    assert.ok(now >= bench.now);
  }),

  contractCase('nextAt counts a claim of another node as due when it expires', async (bench) => {
    await bench.addJob();
    const { wakeAt } = await bench.claimJob({ node: 'b', claimMs: HOUR });
    assert.equal((await bench.claim()).nextAt, wakeAt);
  }),
];
