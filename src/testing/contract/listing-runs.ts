import assert from 'node:assert/strict';
import type { RunQuery } from '../../stores/job-store.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aRetry, aRun, SUCCESS } from './records.js';
import { found, idsOf } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows how runs are listed and old ones deleted. */
export const listingRuns: readonly StoreContractCase[] = [
  contractCase(
    'listRuns gives the newest runs first: by creation, then by id, both descending',
    async (bench) => {
      const created: readonly (readonly [string, number])[] = [
        ['b', 5],
        ['c', 10_000_000_000_000],
        ['a', 5],
        ['B', 5],
        ['e', 999],
        ['d', 1000],
      ];
      await bench.store.addRuns(created.map(([id, createdAt]) => aRun(bench.now, { id, createdAt })));
      assert.deepEqual(await listed(bench, {}), ['c', 'd', 'e', 'b', 'a', 'B']);
    },
  ),

  contractCase(
    'listRuns selects by job, task, status, origin and parent, alone and together',
    async (bench) => {
      const job = await bench.addJob({ id: 'job', state: 'paused' });
      const other = await bench.addJob({ id: 'Job', state: 'paused' });
      await bench.addRunOf(job, { id: '1', createdAt: 1 });
      await bench.addRunOf(job, {
        id: '2',
        createdAt: 2,
        origin: 'backfill',
        availableAt: bench.now + 60_000,
      });
      await bench.addRunOf(other, { id: '3', createdAt: 3, task: 'Task' });
      await bench.addRun({ id: '4', createdAt: 4, parentRunId: '1', origin: 'chained' });
      await bench.addRun({ id: '5', createdAt: 5, parentRunId: '4', origin: 'chained' });
      const { runs } = await bench.claim();
      await bench.finish(found(runs.find(({ id }) => id === '4')));
      assert.deepEqual(await listed(bench, {}), ['5', '4', '3', '2', '1']);
      assert.deepEqual(await listed(bench, { jobId: 'job' }), ['2', '1']);
      assert.deepEqual(await listed(bench, { task: 'task' }), ['5', '4', '2', '1']);
      assert.deepEqual(await listed(bench, { statuses: ['running'] }), ['5', '1']);
      assert.deepEqual(await listed(bench, { statuses: ['queued', 'succeeded'] }), ['4', '3', '2']);
      assert.deepEqual(await listed(bench, { statuses: [] }), []);
      assert.deepEqual(await listed(bench, { origin: 'chained' }), ['5', '4']);
      assert.deepEqual(await listed(bench, { parentRunId: '1' }), ['4']);
      assert.deepEqual(await listed(bench, { jobId: 'job', statuses: ['running'], task: 'task' }), ['1']);
      assert.deepEqual(await listed(bench, { jobId: 'job', parentRunId: '1' }), []);
      assert.deepEqual(await listed(bench, { jobId: 'nobody' }), []);
    },
  ),

  contractCase('listRuns of a job id gives the runs of removed jobs of that id too', async (bench) => {
    const old = await bench.addJob({ id: 'job', state: 'paused' });
    await bench.addRunOf(old, { id: '1', createdAt: 1 });
    await bench.store.removeJob('job');
    const job = await bench.addJob({ id: 'job', state: 'paused' });
    await bench.addRunOf(job, { id: '2', createdAt: 2 });
    assert.deepEqual(await listed(bench, { jobId: 'job' }), ['2', '1']);
  }),

  contractCase('listRuns gives pages that together hold each run once', async (bench) => {
    const runs = Array.from({ length: 10 }, (_, at) =>
      aRun(bench.now, {
        id: `run ${String(at)}`,
        createdAt: Math.floor(at / 3),
        origin: at % 2 === 0 ? 'manual' : 'enqueued',
      }),
    );
    await bench.store.addRuns(runs);
    const all = idsOf(runs).reverse();
    assert.deepEqual(
      await pages(bench, { limit: 3 }),
      [3, 3, 3, 1].map((size, at) => all.slice(at * 3, at * 3 + size)),
    );
    assert.deepEqual(await pages(bench, { limit: 5 }), [all.slice(0, 5), all.slice(5)]);
    assert.deepEqual(await pages(bench, { limit: 10 }), [all]);
    const manual = all.filter((_, at) => at % 2 === 1);
    assert.deepEqual(await pages(bench, { limit: 4, origin: 'manual' }), [
      manual.slice(0, 4),
      manual.slice(4),
    ]);
    assert.deepEqual(await pages(bench, { limit: 4, task: 'nobody' }), [[]]);
  }),

  contractCase('listRuns goes on from a page though newer runs came', async (bench) => {
    for (let at = 0; at < 4; at++) await bench.addRun({ id: String(at), createdAt: bench.now + at });
    const { next } = await bench.store.listRuns({ limit: 2 });
    await bench.addRun({ id: '9', createdAt: bench.now + 9 });
    assert.deepEqual(idsOf((await bench.store.listRuns({ limit: 9, after: next ?? '' })).items), ['1', '0']);
  }),

  contractCase('pruneRuns deletes runs that ended before an instant, and no others', async (bench) => {
    for (const id of ['old', 'new', 'running', 'retried', 'queued']) await bench.addRun({ id });
    await bench.store.requestCancel('queued');
    await bench.addRun({ id: 'waiting', availableAt: bench.now + 60_000 });
    const { runs } = await bench.claim();
    const claimed = (id: string) => found(runs.find((run) => run.id === id));
    await bench.finish(claimed('old'));
    await bench.finish(claimed('retried'), { outcome: aRetry(bench.now + 60_000) });
    await bench.pass(20);
    const between = await bench.store.now();
    await bench.pass(20);
    await bench.finish(claimed('new'));
    assert.equal(await bench.store.pruneRuns(between, 100), 2);
    assert.equal(await bench.store.getRun('old'), null);
    assert.deepEqual((await listed(bench, {})).sort(), ['new', 'retried', 'running', 'waiting']);
    assert.equal(await bench.store.pruneRuns(between, 100), 0);
    await bench.finish(claimed('running'));
  }),

  contractCase('pruneRuns deletes no more than its limit', async (bench) => {
    for (let at = 0; at < 5; at++) await bench.addRun();
    for (const run of (await bench.claim()).runs) await bench.finish(run);
    await bench.pass(5);
    const after = await bench.store.now();
    assert.deepEqual([await bench.store.pruneRuns(after, 2), await bench.store.pruneRuns(after, 2)], [2, 2]);
    assert.deepEqual([await bench.store.pruneRuns(after, 2), await bench.store.pruneRuns(after, 2)], [1, 0]);
  }),

  contractCase('pruneRuns goes by when a run ended, not by when its handler settled', async (bench) => {
    await bench.addRun({ id: 'early' });
    await bench.addRun({ id: 'late' });
    const { runs } = await bench.claim();
    const early = found(runs.find(({ id }) => id === 'early'));
    await bench.finish(early, { outcome: SUCCESS, settled: false });
    await bench.pass(20);
    const between = await bench.store.now();
    await bench.pass(20);
    await bench.finish(found(runs.find(({ id }) => id === 'late')));
    await bench.finish(early, { outcome: null });
    assert.equal(await bench.store.pruneRuns(between, 100), 1);
    assert.deepEqual(await listed(bench, {}), ['late']);
  }),

  contractCase('pruneRuns keeps a run whose handler has not settled', async (bench) => {
    const { run } = await bench.fire();
    await bench.finish(run, { settled: false });
    await bench.pass(5);
    assert.equal(await bench.store.pruneRuns(await bench.store.now(), 100), 0);
    await bench.finish(run, { outcome: null });
    assert.equal(await bench.store.pruneRuns(await bench.store.now(), 100), 1);
  }),

  contractCase(
    'pruneJobs deletes jobs that were finished before an instant, and no others',
    async (bench) => {
      const finished = { state: 'finished', nextRunAt: null, dueAt: null } as const;
      await bench.addJob({ id: 'old', ...finished, finishedAt: bench.now - 10 });
      await bench.addJob({ id: 'older', ...finished, finishedAt: bench.now - 20 });
      await bench.addJob({ id: 'new', ...finished, finishedAt: bench.now });
      for (const state of ['active', 'paused', 'parked'] as const) await bench.addJob({ id: state, state });
      assert.equal(await bench.store.pruneJobs(bench.now - 5, 1), 1);
      assert.equal(await bench.store.pruneJobs(bench.now - 5, 10), 1);
      assert.equal(await bench.store.pruneJobs(bench.now - 5, 10), 0);
      const { items } = await bench.store.listJobs({
        states: ['active', 'paused', 'parked', 'finished'],
        limit: 10,
      });
      assert.deepEqual(idsOf(items), ['active', 'new', 'parked', 'paused']);
    },
  ),
];

async function listed(bench: StoreBench, query: Omit<RunQuery, 'limit'>): Promise<string[]> {
  return idsOf((await bench.store.listRuns({ ...query, limit: 100 })).items);
}

async function pages(bench: StoreBench, query: RunQuery): Promise<string[][]> {
  const all: string[][] = [];
  let after: string | null | undefined;
  while (after !== null && all.length < 20) {
    const page = await bench.store.listRuns(after === undefined ? query : { ...query, after });
    all.push(idsOf(page.items));
    after = page.next;
  }
  return all;
}
