import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors/input-errors.js';
import { InvalidStateError } from '../../../src/errors/scheduler-errors.js';
import { StoreInUseError } from '../../../src/errors/scheduler-errors.js';
import type { RunRecord } from '../../../src/job/run-record.js';
import type { FinishResult, JobStore, RunFinish } from '../../../src/stores/job-store.js';
import { MemoryJobStore } from '../../../src/stores/memory/memory-job-store.js';
import type { MemoryJobStoreOptions } from '../../../src/stores/memory/memory-job-store.js';
import { aRun, aStep, AWAIT, SUCCESS } from '../../../src/testing/contract/records.js';
import { jobStoreContract } from '../../../src/testing/index.js';
import type { JobStoreFactory } from '../../../src/testing/index.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { systemClock } from '../../../src/time/system-clock.js';
import { nextTurn } from '../../../src/time/turns.js';

const quiet = () => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const dispose = async () => undefined;

describe('the job store contract, on the memory store', () => {
  const factory: JobStoreFactory = async () => {
    const clock = new ManualClock();
    return { store: new MemoryJobStore(), context: { clock, logger }, clock, dispose };
  };

  // The store serves one scheduler, but keeps the rules of a shared one too.
  for (const { name, run } of jobStoreContract) it(name, () => run(factory));

  it('has cases of different names', () => {
    expect(new Set(jobStoreContract.map(({ name }) => name)).size).toBe(jobStoreContract.length);
  });

  it('excuses the memory store from what only several nodes need, and from nothing else', () => {
    const excused = jobStoreContract.filter(({ skipReason }) => skipReason(new MemoryJobStore()) !== null);
    expect(
      excused.map(({ name }) => name).filter((name) => !/recover|heartbeat|leave|dead/.test(name)),
    ).toEqual([]);
  });

  it('holds for a store with a clock that the tests cannot move', async () => {
    for (const { run } of jobStoreContract) {
      await run(async () => ({
        store: new MemoryJobStore(),
        context: { clock: systemClock, logger },
        clock: null,
        dispose,
      }));
    }
  });

  it('holds for a store whose answers are copies and take their time, through several instances', async () => {
    for (const { run } of jobStoreContract) {
      await run(async () => {
        const clock = new ManualClock();
        const inner = new MemoryJobStore();
        const peers = [remote(inner), remote(inner)];
        return { store: remote(inner), peers, context: { clock, logger }, clock, dispose };
      });
    }
  });
});

describe('MemoryJobStore', () => {
  it('is neither durable nor shared', () => {
    expect(new MemoryJobStore().capabilities).toEqual({ durable: false, shared: false });
  });

  it('refuses options that are unknown or not what they should be', () => {
    const wrong: readonly unknown[] = [
      null,
      { histroy: {} },
      { history: { max: 1 } },
      { history: { maxRuns: -1 } },
      { history: { maxRuns: 1.5 } },
      { history: { maxRuns: Infinity } },
      { history: { maxAge: -1 } },
      { history: { maxAge: 'a week' } },
      { history: [] },
    ];
    for (const options of wrong) {
      expect(() => new MemoryJobStore(options as MemoryJobStoreOptions)).toThrow(InvalidOptionError);
    }
  });

  it('names the option at fault', () => {
    expect(() => new MemoryJobStore({ history: { maxRuns: -1 } })).toThrow(/history\.maxRuns.*-1/);
  });

  it('serves one scheduler at a time', async () => {
    const store = new MemoryJobStore();
    const context = { clock: new ManualClock(), logger };
    await store.open(context);
    await expect(store.open({ ...context })).rejects.toThrow(StoreInUseError);
    await store.open(context);
    await store.close();
    await store.open({ ...context });
  });

  it('keeps its jobs and runs while it is closed', async () => {
    const { store, clock } = await openStore();
    await store.addRuns([aRun(clock.now(), { id: 'run' })]);
    await store.close();
    await store.open({ clock, logger });
    expect((await store.getRun('run'))?.status).toBe('queued');
  });

  it('tells no time while it is closed', async () => {
    await expect(new MemoryJobStore().now()).rejects.toThrow(InvalidStateError);
  });

  it('keeps as many ended runs as its history may have, the latest ones', async () => {
    const { store, clock } = await openStore({ history: { maxRuns: 3 } });
    for (let at = 0; at < 7; at++) await runOne(store, clock, `run ${String(at)}`);
    expect(await keptRuns(store)).toEqual(['run 4', 'run 5', 'run 6']);
  });

  it('keeps no ended run with a history of 0', async () => {
    const { store, clock } = await openStore({ history: { maxRuns: 0 } });
    await runOne(store, clock, 'run');
    expect(await keptRuns(store)).toEqual([]);
  });

  it('forgets ended runs that are too old when another one ends', async () => {
    const { store, clock } = await openStore({ history: { maxAge: { hours: 1 } } });
    await runOne(store, clock, 'first');
    await clock.advance({ minutes: 50 });
    await runOne(store, clock, 'second');
    await clock.advance({ minutes: 20 });
    await runOne(store, clock, 'third');
    expect(await keptRuns(store)).toEqual(['second', 'third']);
  });

  it('keeps runs that wait or run out of the history', async () => {
    const { store, clock } = await openStore({ history: { maxRuns: 1 } });
    const waiting = ['a', 'b', 'c'].map((id) => aRun(clock.now(), { id, executor: 'other' }));
    await store.addRuns(waiting);
    await runOne(store, clock, 'd');
    await runOne(store, clock, 'e');
    expect(await keptRuns(store)).toEqual(['a', 'b', 'c', 'e']);
  });

  it('keeps the steps of a run until it has ended, however few runs its history may have', async () => {
    for (const maxRuns of [0, 1, 2, 10]) {
      const { store, clock } = await openStore({ history: { maxRuns } });
      const run = await startOne(store, clock, 'parent');
      const steps = ['a', 'b', 'c'].map((id, at) => aStep(clock.now(), run, at, { id }));
      await finishOne(store, run, { outcome: AWAIT, followUps: steps });
      const parents = [];
      for (let count = 0; count < steps.length; count++) {
        const { parent } = await finishOne(store, await claimOne(store), { takesParent: true });
        parents.push(parent);
        expect(await keptRuns(store)).toEqual(['a', 'b', 'c', 'parent']);
      }
      const [parent] = parents.filter((taken) => taken !== null);
      await finishOne(store, expectRun(parent), {});
      expect(await keptRuns(store)).toHaveLength(Math.min(maxRuns, 4));
      await runOne(store, clock, 'later');
      expect(await keptRuns(store)).toHaveLength(Math.min(maxRuns, 5));
      expect((await store.listRuns({ parentRunId: 'parent', limit: 10 })).items).toHaveLength(
        maxRuns === 10 ? 3 : Math.max(0, maxRuns - 1),
      );
    }
  });

  it('frees the key of a run that has left the history', async () => {
    const { store, clock } = await openStore({ history: { maxRuns: 1 } });
    await runOne(store, clock, 'first', 'key');
    expect(await addWithKey(store, clock)).toBe('exists');
    await runOne(store, clock, 'second');
    expect(await addWithKey(store, clock)).toBe('queued');
  });

  it('keeps thousands of ended runs in order as the oldest leave', async () => {
    const { store, clock } = await openStore({ history: { maxRuns: 100 } });
    for (let at = 0; at < 1000; at++) await runOne(store, clock, `run ${String(at).padStart(4, '0')}`);
    const expected = Array.from({ length: 100 }, (_, at) => `run 0${String(900 + at)}`);
    expect(await keptRuns(store)).toEqual(expected);
  });
});

async function openStore(options?: MemoryJobStoreOptions): Promise<{ store: JobStore; clock: ManualClock }> {
  const store = new MemoryJobStore(options);
  const clock = new ManualClock();
  await store.open({ clock, logger });
  return { store, clock };
}

async function runOne(
  store: JobStore,
  clock: ManualClock,
  id: string,
  uniqueKey: string | null = null,
): Promise<void> {
  await finishOne(store, await startOne(store, clock, id, uniqueKey), {});
}

async function startOne(
  store: JobStore,
  clock: ManualClock,
  id: string,
  uniqueKey: string | null = null,
): Promise<RunRecord> {
  await store.addRuns([aRun(clock.now(), { id, uniqueKey })]);
  return claimOne(store);
}

async function claimOne(store: JobStore): Promise<RunRecord> {
  const tasks = new Set(['task']);
  const { runs } = await store.claim({
    node: 'a',
    executor: 'default',
    tasks,
    triggerKinds: new Set(),
    limit: 1,
    claimMs: 1000,
  });
  return expectRun(runs[0]);
}

async function finishOne(
  store: JobStore,
  run: RunRecord,
  overrides: Partial<RunFinish>,
): Promise<FinishResult> {
  const finish = { runId: run.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
  const [result] = await store.finishRuns('a', [{ ...finish, ...overrides }]);
  if (result?.outcome !== 'ok') throw new Error(`The end of run ${run.id} was lost`);
  return result;
}

function expectRun(run: RunRecord | null | undefined): RunRecord {
  if (run === null || run === undefined) throw new Error('A run is missing');
  return run;
}

async function addWithKey(store: JobStore, clock: ManualClock): Promise<string | undefined> {
  const [added] = await store.addRuns([aRun(clock.now(), { uniqueKey: 'key', executor: 'other' })]);
  return added?.outcome;
}

async function keptRuns(store: JobStore): Promise<string[]> {
  return (await store.listRuns({ limit: 10_000 })).items.map(({ id }) => id).sort();
}

/** Puts a store far away: calls take some turns there and back, in no order, and answers are copies. */
function remote(store: JobStore): JobStore {
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function' || key === 'subscribe') return bound(member, target);
      return async (...args: unknown[]) => {
        await turns();
        const answer: unknown = await Reflect.apply(member, target, args);
        await turns();
        return answer === undefined ? undefined : (JSON.parse(JSON.stringify(answer)) as unknown);
      };
    },
  });
}

function bound(member: unknown, target: object): unknown {
  return typeof member === 'function' ? (member.bind(target) as unknown) : member;
}

async function turns(): Promise<void> {
  for (let left = Math.floor(Math.random() * 4); left > 0; left--) await nextTurn();
}
