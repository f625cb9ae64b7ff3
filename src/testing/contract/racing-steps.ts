import assert from 'node:assert/strict';
import { isAwaiting } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobStore, RunFinish } from '../../stores/job-store.js';
import { contractCase, unlessRecovered } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { request, together } from './racing-jobs.js';
import { aManualRun, aRun, aStep, AWAIT, HOUR, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Is how often nodes may find nothing to do, one after another, while chains wait. */
const MAX_IDLE_ROUNDS = 2000;

/** Shows that runs that await their steps go on once, when several nodes act at once. */
export const racingSteps: readonly StoreContractCase[] = [
  contractCase('steps that end at once let the run that awaits them go on once', async (bench) => {
    const parents = await awaiting(
      bench,
      4,
      Array.from({ length: 8 }, () => ({})),
    );
    const { runs: steps } = await bench.claim();
    assert.equal(steps.length, 32);
    const results = await together(bench, 32, async (store, _node, at) => {
      const finish = aFinish(found(steps[at]), { takesParent: at % 2 === 0 });
      return only(await store.finishRuns('a', [finish]));
    });
    const given = results.flatMap(({ parent }) => (parent === null ? [] : [parent]));
    assert.deepEqual(idsOf(given).sort(), idsOf(parents).sort());
    for (const parent of given) {
      assert.deepEqual(await bench.run(parent.id), parent);
      assert.deepEqual([parent.held, parent.attempt], [parent.status === 'running', 1]);
    }
  }),

  contractCase(
    'a step’s end and a request to cancel its parent at once: the next step is begun, or the parent goes on',
    async (bench) => {
      const parents = await awaiting(bench, 20, [{}]);
      const { runs: steps } = await bench.claim();
      await together(bench, 40, async (store, _node, at) => {
        const step = found(steps[Math.floor(at / 2)]);
        const parentId = step.parentRunId ?? '';
        if (at % 2 === 1) return store.requestCancel(parentId);
        const next = aStep(bench.now, found(parents.find(({ id }) => id === parentId)), 1);
        const { parent } = only(await store.finishRuns('a', [aFinish(step, { followUps: [next] })]));
        assert.equal(parent === null, (await store.getRun(next.id)) !== null);
        return null;
      });
      for (const { id } of parents) {
        const parent = await bench.run(id);
        const { items } = await bench.store.listRuns({ parentRunId: id, limit: 10 });
        assert.deepEqual([parent.cancelRequested, isAwaiting(parent)], [true, items.length === 2]);
      }
    },
  ),

  contractCase(
    '8 nodes that work off 12 chains of one job at once run each step once, and exceed no slots',
    async (bench) => {
      const job = await bench.addJob({ state: 'paused', definition: { maxInstances: 3 } });
      const chains = Array.from({ length: 12 }, () => aManualRun(bench.now, job));
      await bench.store.addRuns(chains);
      const watch = new ChainWatch(bench, chains, 3);
      await together(bench, 8, async (store, node) => watch.work(store, node));
      const { items } = await bench.store.listRuns({ jobId: job.id, limit: 100 });
      assert.equal(items.length, chains.length * (1 + STEPS));
      assert.ok(items.every(({ status }) => status === 'succeeded'));
      assert.ok(items.every(({ step, attempt }) => step === null || attempt === 1));
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase(
    'the last steps of a run, one that ends and one that recover loses at once, let it go on once',
    async (bench) => {
      await bench.store.heartbeat('dead', HOUR);
      const parents = await awaiting(bench, 10, [{}, { executor: 'other', recovery: 'abandon' }]);
      const steps = (await bench.claim()).runs;
      assert.equal((await bench.claim({ node: 'dead', executor: 'other' })).runs.length, 10);
      const finishes = together(bench, 11, async (store, _node, at) => {
        const step = steps[at];
        if (step === undefined) return (await store.recover('dead')).length;
        return only(await store.finishRuns('a', [aFinish(step)])).outcome;
      });
      assert.deepEqual(new Set(await finishes), new Set(['ok', 10]));
      const { runs } = await bench.claim({ node: 'b' });
      assert.deepEqual(idsOf(runs).sort(), idsOf(parents).sort());
      assert.ok(runs.every(({ attempt }) => attempt === 2));
    },
    unlessRecovered,
  ),
];

/** Is how many steps a chain has here. */
const STEPS = 3;

/** Works off chains as nodes do, and sees to it that no step is run twice and no slot is had twice. */
class ChainWatch {
  readonly #bench: StoreBench;
  readonly #slots: number;
  readonly #chains: ReadonlyMap<string, RunRecord>;
  readonly #held = new Map<number, string>();
  readonly #steps = new Map<string, number>();
  #ended = 0;
  #idleRounds = 0;

  constructor(bench: StoreBench, chains: readonly RunRecord[], slots: number) {
    this.#bench = bench;
    this.#slots = slots;
    this.#chains = new Map(chains.map((run) => [run.id, run]));
  }

  async work(store: JobStore, node: string): Promise<void> {
    while (this.#ended < this.#chains.size) {
      const { runs } = await store.claim(request(node, 3));
      this.#idleRounds = runs.length === 0 ? this.#idleRounds + 1 : 0;
      assert.ok(this.#idleRounds < MAX_IDLE_ROUNDS, `chains wait after ${String(this.#ended)} have ended`);
      for (const run of runs) if (run.step === null) this.#take(run);
      await this.#bench.pass(1);
      for (const run of runs) {
        if (run.step === null) await this.#goOn(store, node, run);
        else await this.#endStep(store, node, run, run.step);
      }
    }
  }

  #take({ id, slot }: RunRecord): void {
    assert.ok(slot !== null && slot >= 0 && slot < this.#slots, `run ${id} has slot ${String(slot)}`);
    assert.equal(this.#held.get(slot), undefined, `slot ${String(slot)} has two runs`);
    this.#held.set(slot, id);
  }

  /** Begins the steps of a run, or ends it after them. */
  async #goOn(store: JobStore, node: string, run: RunRecord): Promise<void> {
    const done = this.#steps.get(run.id) ?? 0;
    assert.ok(done === 0 || done === STEPS, `a run goes on after ${String(done)} of its steps`);
    const isOver = done === STEPS;
    if (isOver) this.#held.delete(run.slot ?? -1);
    const begin = { outcome: AWAIT, followUps: [aStep(this.#bench.now, run, 0)] };
    await this.#finish(store, node, run, isOver ? {} : begin);
    if (isOver) this.#ended++;
  }

  async #endStep(store: JobStore, node: string, step: RunRecord, at: number): Promise<void> {
    const chain = found(this.#chains.get(step.parentRunId ?? ''));
    assert.equal(this.#steps.get(chain.id) ?? 0, at, 'a step was run out of turn');
    this.#steps.set(chain.id, at + 1);
    const takesParent = [...this.#chains.keys()].indexOf(chain.id) % 2 === 0;
    const isLast = at + 1 === STEPS;
    const followUps = isLast ? [] : [aStep(this.#bench.now, chain, at + 1)];
    // The slot of a run that is queued may be another's before the answer is here.
    if (isLast && !takesParent) this.#free(chain.id);
    const parent = await this.#finish(store, node, step, { followUps, takesParent });
    assert.equal(parent?.status, isLast ? (takesParent ? 'running' : 'queued') : undefined);
    if (parent?.held === true) await this.#goOn(store, node, parent);
  }

  #free(id: string): void {
    for (const [slot, holder] of this.#held) if (holder === id) this.#held.delete(slot);
  }

  async #finish(
    store: JobStore,
    node: string,
    run: RunRecord,
    part: Partial<RunFinish>,
  ): Promise<RunRecord | null> {
    const { outcome, parent } = only(await store.finishRuns(node, [aFinish(run, part)]));
    assert.equal(outcome, 'ok');
    return parent;
  }
}

/** Lets so many runs without a job, of node `a`, await these steps each. */
async function awaiting(
  bench: StoreBench,
  runs: number,
  steps: readonly Partial<RunRecord>[],
): Promise<RunRecord[]> {
  await bench.store.addRuns(Array.from({ length: runs }, () => aRun(bench.now)));
  const started = (await bench.claim()).runs;
  const parents: RunRecord[] = [];
  for (const run of started) {
    const followUps = steps.map((overrides, at) => aStep(bench.now, run, at, overrides));
    parents.push(await bench.finish(run, { outcome: AWAIT, followUps }));
  }
  return parents;
}

function aFinish({ id, attempt }: RunRecord, overrides: Partial<RunFinish> = {}): RunFinish {
  return { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [], ...overrides };
}
