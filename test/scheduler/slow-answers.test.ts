import { describe, expect, onTestFinished, test } from 'vitest';
import { AsyncExecutor, MemoryJobStore, Scheduler, date, defineTask, interval } from '../../src/index.js';
import type { JobStore, RunContext, Task } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import type { ManualClock } from '../../src/testing/manual-clock.js';
import { answering, gives } from '../support/answering-store.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { START, moving, startedStage, stop } from '../support/stage.js';

const START_MS = Date.parse(START);

function endless(): { task: Task<unknown>; contexts: RunContext[] } {
  const contexts: RunContext[] = [];
  const task = defineTask('endless', (context: RunContext) => {
    contexts.push(context);
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        reject(context.signal.reason as Error);
      });
    });
  });
  return { task, contexts };
}

/** Gives the nodes that a store has on its list, as somebody sees it who comes by. */
async function nodesOf(store: JobStore): Promise<readonly string[]> {
  const { peers } = await store.heartbeat('observer', 30_000);
  await store.leave('observer', []);
  return peers.map(({ node }) => node);
}

function nodeOn(clock: ManualClock, store: JobStore, task: Task<unknown>): Scheduler {
  const logger = new RecordingLogger();
  const scheduler = new Scheduler({ clock, logger, stores: { default: store }, tasks: [task] });
  onTestFinished(() => stop({ scheduler, clock }));
  return scheduler;
}

test.each(['commitFirings', 'claim'] as const)(
  'an attempt is executed once when the answer of %s comes after heartbeats have told of it',
  async (method) => {
    const { store, hooks } = answering(new SharedMemoryStore());
    const attempts: string[] = [];
    const task = defineTask('note', ({ runId, attempt }) => {
      attempts.push(`${runId} ${attempt}`);
    });
    // More slots than a claim asks for, so that a run can be adopted while one is under way.
    const executors = { default: new AsyncExecutor({ concurrency: 1000 }) };
    const { clock, scheduler } = await startedStage({ stores: { default: store }, executors, tasks: [task] });
    const answered = new Deferred<void>();
    let isHeld = false;
    hooks.after = async (called, answer) => {
      if (called !== method || isHeld || !gives(answer)) return;
      isHeld = true;
      await answered.promise;
    };
    if (method === 'claim') await scheduler.enqueue(task);
    else await scheduler.addJob(task, date(new Date(START_MS + 1000)));
    await clock.advance(25_000);
    expect(isHeld).toBe(true);
    answered.resolve();
    await clock.settle();
    await clock.advance(60_000);
    expect(new Set(attempts).size).toBe(attempts.length);
    expect((await scheduler.getRuns()).items).toMatchObject([{ status: 'succeeded' }]);
  },
);

test('a node that has given itself up starts nothing under an id that no list has, though a late heartbeat answers', async () => {
  const inner = new SharedMemoryStore();
  const { store, hooks } = answering(inner);
  const { task, contexts } = endless();
  const { clock, scheduler, log } = await startedStage({ stores: { default: store }, tasks: [task] });
  const answered = new Deferred<void>();
  await clock.advance(9000);
  let isHeld = false;
  hooks.after = async (method) => {
    if (method !== 'heartbeat' || isHeld) return;
    isHeld = true;
    await answered.promise;
  };
  await clock.advance(17_000);
  expect(isHeld).toBe(true);
  answered.resolve();
  await clock.settle();
  const handle = await scheduler.enqueue(task);
  await clock.settle();
  for (let seconds = 0; seconds < 120; seconds++) {
    const run = await handle.run();
    if (typeof run?.node === 'string') expect(await nodesOf(inner)).toContain(run.node);
    await clock.advance(1000);
  }
  expect(await handle.run()).toMatchObject({ status: 'running', attempt: 1 });
  expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
  expect(log.at('error').length).toBeLessThanOrEqual(1);
});

test('a commit that failed is not repeated by a node that has lost its lease meanwhile', async () => {
  const { store, hooks } = answering(new SharedMemoryStore());
  const { task, contexts } = endless();
  const { clock, scheduler } = await startedStage({
    stores: { default: store },
    tasks: [task],
    claimTimeout: 120_000,
  });
  await scheduler.addJob(task, date(new Date(START_MS + 5000)), { id: 'a', misfireGraceTime: Infinity });
  hooks.before = (method) => {
    if (method === 'heartbeat' || method === 'commitFirings') throw new Error('down');
  };
  await clock.advance(28_000);
  hooks.before = (method) => {
    if (method === 'heartbeat') throw new Error('down');
  };
  await clock.advance(11_000);
  expect(contexts).toHaveLength(0);
  expect((await scheduler.getRuns()).items).toHaveLength(0);
  hooks.before = null;
  await clock.advance(300_000);
  expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
});

test.each([true, false])(
  'a run whose claim was never answered is handed back by a shutdown (shared store: %s)',
  async (isShared) => {
    const inner = isShared ? new SharedMemoryStore() : new MemoryJobStore();
    const { store, hooks } = answering(inner);
    let executed = 0;
    const task = defineTask('note', () => {
      executed++;
    });
    const { clock, scheduler } = await startedStage({ stores: { default: store }, tasks: [task] });
    let isLost = false;
    hooks.after = (method, answer) => {
      if (method !== 'claim' || isLost || !gives(answer)) return;
      isLost = true;
      throw new Error('The answer is lost');
    };
    const { id } = await scheduler.enqueue(task);
    await clock.settle();
    await moving(clock, scheduler.shutdown());
    expect([isLost, executed]).toEqual([true, 0]);
    const next = isShared ? nodeOn(clock, inner, task) : scheduler;
    await next.start();
    await clock.advance({ minutes: 1 });
    expect(await next.getRun(id)).toMatchObject({ status: 'succeeded', held: false });
    expect(executed).toBe(1);
  },
);

describe('a plain function', () => {
  test('is run still when its job was removed before its commit answered', async () => {
    const { store, hooks } = answering(new MemoryJobStore());
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    let executed = 0;
    await scheduler.addJob(
      () => {
        executed++;
      },
      interval({ minutes: 1 }),
      { id: 'a' },
    );
    const answered = new Deferred<void>();
    hooks.after = async (method) => {
      if (method === 'commitFirings') await answered.promise;
    };
    await clock.advance({ minutes: 1 });
    await scheduler.removeJob('a');
    answered.resolve();
    await clock.settle();
    expect(executed).toBe(1);
    expect((await scheduler.getRuns()).items).toMatchObject([{ status: 'succeeded' }]);
  });
});
