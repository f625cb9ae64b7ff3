import assert from 'node:assert/strict';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRequest, JobStore } from '../../stores/job-store.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aDecision, aFiring, aPut, aRun, HOUR, MINUTE, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows that calls at the same time, from several nodes, behave as if one came after another. */
export const racingJobs: readonly StoreContractCase[] = [
  contractCase('20 nodes that claim 500 due jobs at once get each job once', async (bench) => {
    const jobs = Array.from({ length: 500 }, (_, at) => bench.aJob({ dueAt: bench.now - (at % 7) * 1000 }));
    await bench.store.putJobs(jobs.map((job) => aPut(job)));
    const claimed: string[] = [];
    await together(bench, 20, async (store, node) => {
      for (;;) {
        const got = await store.claim(request(node, 10));
        if (got.jobs.length === 0) return;
        assert.ok(got.jobs.length <= 10);
        claimed.push(...idsOf(got.jobs));
        assert.ok(claimed.length <= jobs.length, 'a job was claimed twice');
      }
    });
    // Nodes that saw only what others had just locked may have stopped early.
    claimed.push(...idsOf((await bench.claim({ limit: 500 })).jobs));
    assert.deepEqual(claimed.sort(), idsOf(jobs).sort());
  }),

  contractCase('20 nodes that claim 300 queued runs at once start each run once', async (bench) => {
    const runs = Array.from({ length: 300 }, () => aRun(bench.now));
    await bench.store.addRuns(runs);
    const started: string[] = [];
    await together(bench, 20, async (store, node) => {
      for (;;) {
        const got = await store.claim(request(node, 7));
        if (got.runs.length === 0) return;
        assert.ok(got.runs.every(({ owner, attempt }) => owner === node && attempt === 1));
        started.push(...idsOf(got.runs));
        assert.ok(started.length <= runs.length, 'a run was started twice');
      }
    });
    started.push(...idsOf((await bench.claim({ limit: 300 })).runs));
    assert.deepEqual(started.sort(), idsOf(runs).sort());
  }),

  contractCase('of many commits of one claim one succeeds', async (bench) => {
    const stored = await bench.addJob();
    const claimed = await bench.claimJob();
    const results = await together(bench, 20, async (store) => {
      const runs = [aFiring(bench.now, stored, bench.now - MINUTE)];
      return only(await store.commitFirings('a', [aDecision(bench.now, claimed, { runs })]));
    });
    const committed = only(results.filter((result) => result.outcome === 'committed'));
    const { items } = await bench.store.listRuns({ limit: 50 });
    assert.deepEqual(items, committed.started);
    const { runCount, fence } = await bench.job(stored.id);
    assert.deepEqual([runCount, fence], [1, claimed.fence + 1]);
  }),

  contractCase('of many runs of one key that are added at once one is queued', async (bench) => {
    const results = await together(bench, 20, async (store) =>
      only(await store.addRuns([aRun(bench.now, { uniqueKey: 'key' })])),
    );
    const queued = only(results.filter(({ outcome }) => outcome === 'queued')).run;
    assert.ok(results.every(({ run }) => run.id === queued.id));
    assert.deepEqual((await bench.store.listRuns({ limit: 50 })).items, [queued]);
  }),

  contractCase('of many jobs of one id that are added at once one is inserted', async (bench) => {
    for (const ifExists of ['error', 'keep', 'update'] as const) {
      const results = await together(bench, 20, async (store) =>
        only(await store.putJobs([aPut(bench.aJob({ id: ifExists }), ifExists)])),
      );
      const inserted = only(results.filter(({ outcome }) => outcome === 'inserted')).job;
      const others = ifExists === 'error' ? 'exists' : 'unchanged';
      assert.equal(results.filter(({ outcome }) => outcome === others).length, 19);
      assert.deepEqual(await bench.job(ifExists), inserted);
    }
    assert.equal((await bench.claim()).jobs.length, 3);
  }),

  contractCase('of many jobs of one id that replace each other at once one is left', async (bench) => {
    const results = await together(bench, 20, async (store) =>
      only(await store.putJobs([aPut(bench.aJob({ id: 'job' }), 'replace')])),
    );
    assert.equal(results.filter(({ outcome }) => outcome === 'inserted').length, 1);
    assert.equal(results.filter(({ outcome }) => outcome === 'replaced').length, 19);
    const left = await bench.job('job');
    assert.ok(results.some(({ job }) => job.uid === left.uid));
    assert.equal((await bench.claimJob()).uid, left.uid);
  }),

  contractCase(
    'batches that add the same jobs in other orders at once do not wait for each other for ever',
    async (bench) => {
      const ids = Array.from({ length: 20 }, (_, at) => `job ${String(at)}`);
      const results = await together(bench, 10, async (store, _node, at) => {
        const order = at % 2 === 0 ? ids : [...ids].reverse();
        return store.putJobs(order.map((id) => aPut(bench.aJob({ id }), 'keep')));
      });
      assert.equal(results.flat().filter(({ outcome }) => outcome === 'inserted').length, 20);
      const { items } = await bench.store.listJobs({ limit: 100 });
      assert.equal(items.length, 20);
    },
  ),

  contractCase('of many edits with one fence one is written, and without one all are', async (bench) => {
    const { fence, version } = await bench.addJob({ id: 'job' });
    const fenced = await together(bench, 20, async (store) =>
      store.patchJob('job', { state: 'paused' }, fence),
    );
    assert.equal(fenced.filter((result) => result === 'conflict').length, 19);
    await together(bench, 20, async (store) => store.patchJob('job', { dropped: null }));
    const after = await bench.job('job');
    assert.deepEqual([after.version, after.fence], [version + 21, fence + 21]);
  }),

  contractCase(
    'a pause and a commit at once: a run is there if and only if the commit says so',
    async (bench) => {
      for (let at = 0; at < 20; at++) await bench.addJob({ id: `job ${String(at)}` });
      const { jobs } = await bench.claim();
      await together(bench, 40, async (store, node, at) => {
        const job = found(jobs[Math.floor(at / 2)]);
        if (at % 2 === 1) return store.patchJob(job.id, { state: 'paused' });
        const { outcome } = only(await store.commitFirings(node, [aDecision(bench.now, job)]));
        const runs = (await store.listRuns({ jobId: job.id, limit: 9 })).items;
        assert.equal(runs.length, outcome === 'committed' ? 1 : 0);
        return outcome;
      });
      for (const { id } of jobs) assert.equal((await bench.job(id)).state, 'paused');
      assert.deepEqual((await bench.claim()).jobs, []);
    },
  ),

  contractCase(
    'an edit and the last finish at once: a job that has come to its end stays so',
    async (bench) => {
      const count = 20;
      const fired: { job: JobRecord; run: RunRecord }[] = [];
      for (let at = 0; at < count; at++)
        fired.push(await bench.fire({ id: String(at) }, { nextRunAt: null, dueAt: null }));
      const finishes = await together(bench, 2 * count, async (store, _, at) => {
        const { job, run } = found(fired[Math.floor(at / 2)]);
        if (at % 2 === 0) {
          await store.patchJob(job.id, { definition: { ...job.definition, name: 'edited' } });
          return null;
        }
        const finish = { runId: run.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
        return only(await store.finishRuns('a', [finish]));
      });
      for (const { job } of fired) {
        const { state, finishedAt, definition } = await bench.job(job.id);
        assert.deepEqual([state, definition.name], ['finished', 'edited']);
        assert.notEqual(finishedAt, null);
      }
      assert.ok(finishes.some((finish) => (finish?.ended ?? null) !== null));
    },
  ),

  contractCase('a removal and a commit at once leave no queued run of the removed job', async (bench) => {
    for (let at = 0; at < 20; at++) await bench.addJob({ id: `job ${String(at)}` });
    const { jobs } = await bench.claim();
    await together(bench, 60, async (store, node, at) => {
      const job = found(jobs[Math.floor(at / 3)]);
      if (at % 3 === 0) return store.removeJob(job.id);
      if (at % 3 === 1)
        return store.addRuns([aFiring(bench.now, job, bench.now - HOUR, { origin: 'backfill' })]);
      return store.commitFirings(node, [aDecision(bench.now, job, { startable: 0 })]);
    });
    assert.deepEqual((await bench.store.listRuns({ statuses: ['queued', 'running'], limit: 100 })).items, []);
    await bench.nothingToClaim();
  }),
];

/** Does something as many nodes at once, spread over the instances of the store. */
export async function together<T>(
  bench: StoreBench,
  nodes: number,
  task: (store: JobStore, node: string, at: number) => Promise<T>,
): Promise<T[]> {
  const { stores } = bench;
  const tasks = Array.from({ length: nodes }, async (_, at) =>
    task(stores[at % stores.length] ?? bench.store, `node ${String(at)}`, at),
  );
  // A case takes its store down when it fails, so nothing of it may still be under way.
  for (const settled of await Promise.allSettled(tasks)) {
    if (settled.status === 'rejected') throw settled.reason;
  }
  return Promise.all(tasks);
}

/** Asks for work as a node. */
export function request(node: string, limit: number): ClaimRequest {
  const tasks = new Set(['task']);
  return { node, executor: 'default', tasks, triggerKinds: new Set(['interval']), limit, claimMs: HOUR };
}
