import { describe, expect, test } from 'vitest';
import { InvalidStateError, defineTask, interval } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { hookedStore } from '../support/hooked-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { moving, stage, unattendedStage } from '../support/stage.js';

const task = defineTask('note', () => 'done');

/** Makes a stage whose store does not answer yet. */
function absentStage(): ReturnType<typeof stage> & { server: SharedMemoryStore } {
  const server = new SharedMemoryStore();
  server.isDown = true;
  return { ...stage({ stores: { default: server }, tasks: [task] }), server };
}

describe('a start while the store does not answer', () => {
  test('resolves, tells of it once, and serves the store as soon as it does', async () => {
    const { clock, scheduler, events, log, server } = absentStage();
    await scheduler.start();
    expect(scheduler.state).toBe('running');
    await clock.advance({ minutes: 2 });
    expect(events.of('store:error')).toMatchObject([{ store: 'default', error: { message: /down/ } }]);
    expect(log.at('error')).toHaveLength(1);
    await expect(scheduler.addJob(task, interval({ seconds: 1 }))).rejects.toThrow('The server is down');
    await expect(scheduler.getJobs()).rejects.toThrow('The server is down');
    server.isDown = false;
    await clock.advance({ seconds: 10 });
    expect(events.of('store:recovered')).toEqual([{ store: 'default' }]);
    await scheduler.addJob(task, interval({ seconds: 1 }));
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toHaveLength(60);
    expect((await server.heartbeat('observer', 1)).peers.map(({ node }) => node)).toEqual([scheduler.node]);
    expect(events.of('store:error')).toHaveLength(1);
  });

  test('asks ever more rarely, at least every 10 s', async () => {
    const { store, hooks } = hookedStore();
    const { clock, scheduler } = stage({ stores: { default: store } });
    const askedAt: number[] = [];
    hooks.before = (method) => {
      if (method !== 'open') return;
      askedAt.push(clock.now());
      throw new Error('down');
    };
    await scheduler.start();
    await clock.advance({ minutes: 2 });
    const gaps = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0));
    expect(gaps[0]).toSatisfy((gap: number) => gap >= 125 && gap <= 250);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_000);
    expect(Math.min(...gaps.slice(8))).toBeGreaterThanOrEqual(5000);
  });

  test('serves it at once when a call of the app finds that it answers', async () => {
    const { clock, scheduler, events, server } = absentStage();
    await scheduler.start();
    await clock.advance({ minutes: 2 });
    server.isDown = false;
    await scheduler.addJob(task);
    await clock.advance(1);
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('keeps no other store from being served', async () => {
    const server = new SharedMemoryStore();
    server.isDown = true;
    const hanging = hookedStore();
    hanging.hooks.before = (method) => (method === 'open' ? new Promise(() => undefined) : undefined);
    const { clock, scheduler, events } = unattendedStage({
      stores: { absent: server, hanging: hanging.store },
    });
    await moving(clock, scheduler.start());
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded').map(({ run }) => run.store)).toEqual(['default', 'default']);
    await moving(clock, scheduler.shutdown());
  });

  test('is paused if it is to be, and fires after resume', async () => {
    const { clock, scheduler, events, server } = absentStage();
    await scheduler.start({ paused: true });
    server.isDown = false;
    await clock.advance({ seconds: 10 });
    await scheduler.addJob(task);
    await clock.advance({ seconds: 10 });
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.resume();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('can be ended at any time by a shutdown, which leaves no timer behind', async () => {
    const { clock, scheduler, server } = absentStage();
    await scheduler.start();
    await clock.advance({ minutes: 1 });
    const before = clock.now();
    await moving(clock, scheduler.shutdown(), 10);
    expect(clock.now() - before).toBeLessThanOrEqual(10);
    expect([scheduler.state, clock.timerCount]).toEqual(['stopped', 0]);
    server.isDown = false;
    await scheduler.start();
    expect((await server.heartbeat('observer', 1)).peers).toHaveLength(1);
  });

  test('is cut short by a shutdown when the store hangs', async () => {
    const { store, hooks } = hookedStore();
    const { clock, scheduler, events } = unattendedStage({ stores: { default: store } });
    const opened = new Deferred<void>();
    hooks.before = (method) => (method === 'open' ? opened.promise : undefined);
    const started = scheduler.start();
    await clock.settle();
    const before = clock.now();
    await moving(clock, Promise.all([started, scheduler.shutdown()]), 100);
    expect(clock.now() - before).toBeLessThanOrEqual(5100);
    opened.resolve();
    await clock.advance({ minutes: 1 });
    expect([scheduler.state, clock.timerCount]).toEqual(['stopped', 0]);
    expect(events.of('run:started')).toHaveLength(0);
  });

  test('tells once of a store that refuses to be used when it answers, and serves it when it does not any more', async () => {
    const { store, hooks } = hookedStore();
    const { clock, scheduler, events, log } = stage({ stores: { default: store }, tasks: [task] });
    let error: Error | null = new Error('down');
    hooks.before = (method) => {
      if (method === 'open' && error !== null) throw error;
    };
    await scheduler.start();
    await clock.advance({ seconds: 30 });
    error = new InvalidStateError('The schema is that of an earlier version');
    await clock.advance({ minutes: 2 });
    expect(log.at('error').map(({ fields }) => (fields['err'] as Error).message)).toEqual([
      'down',
      'The schema is that of an earlier version',
    ]);
    error = null;
    await clock.advance({ seconds: 10 });
    await scheduler.addJob(task);
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });
});

test('a store that is added while it does not answer is served once it does', async () => {
  const server = new SharedMemoryStore();
  server.isDown = true;
  const { clock, scheduler, events } = stage({ tasks: [task] });
  await scheduler.start();
  await scheduler.addStore('more', server);
  server.isDown = false;
  await clock.advance({ seconds: 10 });
  await scheduler.addJob(task, undefined, { store: 'more' });
  await clock.settle();
  expect(events.of('run:succeeded')).toHaveLength(1);
});

test('what a dead process ran on a store of its own is recovered when the store answers at last', async () => {
  const { store, hooks } = hookedStore();
  const { clock, scheduler, events } = stage({ stores: { default: store }, tasks: [task] });
  await scheduler.enqueue(task);
  await store.heartbeat('dead', 1);
  const lane = { executor: 'default', tasks: new Set(['note']), triggerKinds: new Set<string>() };
  await store.claim({ ...lane, node: 'dead', limit: 1, claimMs: 1000 });
  await scheduler.shutdown();
  hooks.before = (method) => {
    if (method === 'open') throw new Error('down');
  };
  await scheduler.start();
  hooks.before = null;
  await clock.advance({ seconds: 10 });
  expect(events.of('run:succeeded')).toMatchObject([{ run: { attempt: 2 } }]);
});
