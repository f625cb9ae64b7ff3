import { describe, expect, test } from 'vitest';
import { AsyncExecutor, InvalidStateError, MemoryJobStore, interval } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { answering } from '../support/answering-store.js';
import { hookedStore } from '../support/hooked-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { moving, stage, startedStage, unattendedStage } from '../support/stage.js';

describe('a start that fails half-way', () => {
  test('leaves no node that beats on the stores that answered later', async () => {
    const refusing = hookedStore();
    refusing.hooks.before = (method) => {
      if (method === 'open') throw new InvalidStateError('The schema is that of a later version');
    };
    const slow = new SharedMemoryStore();
    const { store, hooks } = answering(slow);
    const { clock, scheduler } = stage({ stores: { default: refusing.store, slow: store } });
    const answered = new Deferred<void>();
    let beats = 0;
    hooks.before = async (method) => {
      if (method !== 'heartbeat') return;
      beats++;
      await answered.promise;
    };
    const started = scheduler.start().catch((error: unknown) => error);
    await clock.settle();
    answered.resolve();
    expect(await moving(clock, started)).toMatchObject({ code: 'ESC_INVALID_STATE' });
    const before = beats;
    await clock.advance({ hours: 1 });
    expect([scheduler.state, beats - before, clock.timerCount]).toEqual(['stopped', 0, 0]);
    expect((await slow.heartbeat('observer', 1)).peers).toEqual([]);
  });
});

test('a store and an executor that are added while the scheduler starts are served', async () => {
  const { store, hooks } = hookedStore();
  const opened = new Deferred<void>();
  hooks.before = async (method) => {
    if (method === 'open') await opened.promise;
  };
  const { clock, scheduler, events } = stage({ stores: { default: store } });
  class Counting extends AsyncExecutor {
    starts = 0;
    override async start(): Promise<void> {
      this.starts++;
    }
  }
  const executor = new Counting();
  const started = scheduler.start();
  await clock.settle();
  const added = [scheduler.addStore('more', new MemoryJobStore()), scheduler.addExecutor('more', executor)];
  await clock.settle();
  opened.resolve();
  await moving(clock, Promise.all([started, ...added]));
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { store: 'more', executor: 'more' });
  await clock.advance({ minutes: 2 });
  expect(executor.starts).toBe(1);
  expect(events.of('run:succeeded')).toHaveLength(2);
});

test('a shutdown that does not wait ends although a claim never answers', async () => {
  const { store, hooks } = hookedStore();
  const { clock, scheduler } = unattendedStage({ stores: { default: store } });
  await scheduler.start();
  hooks.before = async (method) => {
    if (method === 'claim') await new Promise(() => undefined);
  };
  await scheduler.addJob(() => undefined, interval({ seconds: 1 }));
  await clock.advance(5000);
  const before = clock.now();
  await moving(clock, scheduler.shutdown({ wait: false }));
  expect(scheduler.state).toBe('stopped');
  expect(clock.now() - before).toBeLessThanOrEqual(20_000);
});

test('a question that is asked while the store closes does not break the next start', async () => {
  const { store, hooks } = hookedStore();
  const { clock, scheduler, events } = await startedStage({ stores: { default: store } });
  const closed = new Deferred<void>();
  hooks.before = async (method) => {
    if (method === 'close') await closed.promise;
  };
  const shutdown = scheduler.shutdown();
  await clock.settle();
  const asked = scheduler.getJobs();
  await clock.settle();
  closed.resolve();
  await moving(clock, shutdown);
  hooks.before = null;
  expect((await moving(clock, asked)).items).toEqual([]);
  expect((await scheduler.getJobs()).items).toEqual([]);
  await scheduler.start();
  await scheduler.addJob(() => undefined);
  await clock.settle();
  expect(events.of('run:succeeded')).toHaveLength(1);
});
