import assert from 'node:assert/strict';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobStore } from '../../stores/job-store.js';
import { contractCase, unlessRecovered } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { together, request } from './racing-jobs.js';
import { aDecision, aFiring, aManualRun, aRun, HOUR, SUCCESS } from './records.js';
import { only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Is how often nodes may find nothing to do, one after another, while runs wait. */
const MAX_IDLE_ROUNDS = 2000;

/** Shows that slots, ends and recoveries stay right when several nodes act at once. */
export const racingRuns: readonly StoreContractCase[] = [
  contractCase(
    '10 nodes that run 60 queued runs of one job never exceed its slots, and run them all',
    async (bench) => {
      const job = await bench.addJob({ state: 'paused', definition: { maxInstances: 3 } });
      await bench.store.addRuns(Array.from({ length: 60 }, () => aManualRun(bench.now, job)));
      const slots = new SlotWatch(bench, 3);
      await together(bench, 10, async (store, node) => {
        while (slots.done.size < 60)
          await slots.work(store, node, (await store.claim(request(node, 2))).runs);
      });
      assert.equal(slots.done.size, 60);
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase(
    'nodes that commit and claim at once never exceed the slots of a job, nor lose a fire time',
    async (bench) => {
      const count = 40;
      const { id, uid } = await bench.addJob({ definition: { maxInstances: 2 } });
      const slots = new SlotWatch(bench, 2);
      await together(bench, 8, async (store, node) => {
        while (slots.done.size < count) {
          const { jobs, runs } = await store.claim(request(node, 3));
          const started = [...runs];
          for (const job of jobs) started.push(...(await commitNext(bench, store, node, job, count)));
          await slots.work(store, node, started);
        }
      });
      const { runCount, state } = await bench.job(id);
      assert.deepEqual([runCount, state], [count, 'active']);
      const { items } = await bench.store.listRuns({ jobId: id, limit: 100 });
      assert.ok(items.every((run) => run.status === 'succeeded' && run.attempt === 1 && run.jobUid === uid));
      assert.equal(new Set(items.map(({ scheduledAt }) => scheduledAt)).size, count);
    },
  ),

  contractCase('a finish sent many times at once is written once, with its follow-ups', async (bench) => {
    const { run } = await bench.fire({ id: 'job' }, { nextRunAt: null, dueAt: null });
    const results = await together(bench, 10, async (store) => {
      const followUps = [aRun(bench.now)];
      return only(
        await store.finishRuns('a', [
          { runId: run.id, attempt: 1, settled: true, outcome: SUCCESS, followUps },
        ]),
      );
    });
    assert.ok(results.every(({ outcome, run: after }) => outcome === 'ok' && after?.status === 'succeeded'));
    assert.equal(results.filter(({ ended }) => ended !== null).length, 1);
    await bench.claimRun();
  }),

  contractCase('runs of one job that end at once end the job once', async (bench) => {
    const job = await bench.addJob({ definition: { maxInstances: 10 } });
    const runs = Array.from({ length: 10 }, (_, at) => aFiring(bench.now, job, bench.now - at));
    const { started } = await bench.commit(await bench.claimJob(), { nextRunAt: null, dueAt: null, runs });
    const results = await together(bench, 10, async (store, _node, at) => {
      const runId = started[at]?.id ?? '';
      return only(
        await store.finishRuns('a', [{ runId, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] }]),
      );
    });
    assert.equal(results.filter(({ ended }) => ended !== null).length, 1);
    assert.equal((await bench.job(job.id)).state, 'finished');
  }),

  contractCase('a cancel and a claim at once: a run is cancelled or started, never both', async (bench) => {
    const runs = Array.from({ length: 20 }, () => aRun(bench.now));
    await bench.store.addRuns(runs);
    const started = new Set<string>();
    const cancelled = new Set<string>();
    await together(bench, 22, async (store, node, at) => {
      const run = runs[at];
      if (run === undefined) {
        for (const { id } of (await store.claim(request(node, 10))).runs) started.add(id);
      } else if ((await store.requestCancel(run.id)).outcome === 'cancelled') cancelled.add(run.id);
    });
    for (const { id } of (await bench.claim()).runs) started.add(id);
    assert.equal(started.size + cancelled.size, 20);
    for (const id of cancelled) assert.equal((await bench.run(id)).status, 'cancelled');
  }),

  contractCase(
    'of many nodes that recover a dead one at once, one gets its runs',
    async (bench) => {
      await bench.store.heartbeat('dead', HOUR);
      const added = Array.from({ length: 5 }, () => aRun(bench.now));
      await bench.store.addRuns(added);
      await bench.store.claim(request('dead', 10));
      const results = await together(bench, 10, async (store) => store.recover('dead'));
      assert.deepEqual(results.map(({ length }) => length).sort(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 5]);
      for (const { id } of added) assert.equal((await bench.run(id)).recoveries, 1);
    },
    unlessRecovered,
  ),

  contractCase(
    'a finish and a recovery at once: a run has ended or is run again, never both',
    async (bench) => {
      await bench.store.heartbeat('dead', HOUR);
      await bench.store.addRuns(Array.from({ length: 20 }, () => aRun(bench.now)));
      const { runs } = await bench.store.claim(request('dead', 50));
      const ended = new Set<string>();
      const recovered: RunRecord[] = [];
      await together(bench, 21, async (store, _node, at) => {
        const run = runs[at];
        if (run === undefined) {
          recovered.push(...(await store.recover('dead')));
          return;
        }
        const finish = { runId: run.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
        if (only(await store.finishRuns('dead', [finish])).outcome === 'ok') ended.add(run.id);
      });
      assert.equal(ended.size + recovered.length, 20);
      for (const { id, status } of recovered) assert.deepEqual([ended.has(id), status], [false, 'queued']);
      assert.equal((await bench.claim()).runs.length, recovered.length);
    },
    unlessRecovered,
  ),
];

/** Commits the next of so many fire times of a job, one at a time, each due as soon as the one before is committed. */
async function commitNext(
  bench: StoreBench,
  store: JobStore,
  node: string,
  job: JobRecord,
  count: number,
): Promise<readonly RunRecord[]> {
  const nextRunAt = job.runCount + 1 < count ? bench.now - 1 : bench.now + HOUR;
  const runs = [aFiring(bench.now, job, bench.now - HOUR + job.runCount)];
  const decision = { nextRunAt, dueAt: nextRunAt, runs, startable: 1, overlap: 'queueAll' } as const;
  const result = only(await store.commitFirings(node, [aDecision(bench.now, job, decision)]));
  assert.ok(result.outcome === 'committed', 'a commit was lost though its claim was in force');
  assert.deepEqual(result.skipped, []);
  return result.started;
}

/** Works off runs of one job as nodes do, and sees to it that none has a slot too many. */
class SlotWatch {
  readonly done = new Set<string>();
  readonly #bench: StoreBench;
  readonly #slots: number;
  readonly #held = new Map<number, string>();
  #idleRounds = 0;

  constructor(bench: StoreBench, slots: number) {
    this.#bench = bench;
    this.#slots = slots;
  }

  /** Runs what a node has started, and ends it. */
  async work(store: JobStore, node: string, runs: readonly RunRecord[]): Promise<void> {
    for (const run of runs) this.#take(run);
    this.#idleRounds = runs.length === 0 ? this.#idleRounds + 1 : 0;
    assert.ok(
      this.#idleRounds < MAX_IDLE_ROUNDS,
      `after ${String(this.done.size)} runs no node gets another`,
    );
    // A run must last, or it gives its slot back before another node could be given it too.
    await this.#bench.pass(1);
    const { items } = await store.listRuns({ statuses: ['running'], limit: 100 });
    assert.ok(items.length <= this.#slots, `${String(items.length)} runs hold ${String(this.#slots)} slots`);
    for (const { id, slot, attempt } of runs) {
      this.#held.delete(slot ?? -1);
      const finish = { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
      assert.equal(only(await store.finishRuns(node, [finish])).outcome, 'ok');
      this.done.add(id);
    }
  }

  #take({ id, slot }: RunRecord): void {
    assert.ok(slot !== null && slot >= 0 && slot < this.#slots, `run ${id} has slot ${String(slot)}`);
    assert.equal(this.#held.get(slot), undefined, `slot ${String(slot)} has two runs`);
    this.#held.set(slot, id);
  }
}
