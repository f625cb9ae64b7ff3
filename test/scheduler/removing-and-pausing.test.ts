import { describe, expect, test } from 'vitest';
import { date, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import type { StoreMethod } from '../support/hooked-store.js';
import { START, stage, startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';
import { within } from '../support/within.js';

const START_MS = Date.parse(START);

describe('a job that is removed and added again while it runs', () => {
  test('is not touched by the end of the old run', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const add = (): Promise<unknown> => scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await add();
    await clock.advance({ minutes: 1 });
    await scheduler.removeJob('a');
    await add();
    const fresh = (await scheduler.getJob('a'))?.toJSON();
    gate.release('old');
    await clock.settle();
    expect((await scheduler.getJob('a'))?.toJSON()).toEqual(fresh);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'old' }]);
    expect(events.of('job:finished')).toHaveLength(0);
  });

  test('has its slots for itself', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const add = (): Promise<unknown> => scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await add();
    await clock.advance({ minutes: 1 });
    await scheduler.removeJob('a');
    await add();
    await clock.advance({ minutes: 1 });
    expect(gate.inside).toBe(2);
    gate.release();
    await clock.advance({ minutes: 1 });
    expect(gate.inside).toBe(1);
    expect((await scheduler.getJob('a'))?.skipped.total).toBe(1);
  });

  test('gets no retry of the old run', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const options = { id: 'a', retry: { attempts: 5, delay: 1000 } };
    await scheduler.addJob(gate.handler, date(new Date(START_MS)), options);
    await clock.settle();
    await scheduler.removeJob('a');
    await scheduler.addJob(gate.handler, date('2026-02-01T00:00:00Z'), options);
    gate.fail(new Error('no'));
    await clock.advance({ minutes: 10 });
    expect(gate.entered).toBe(1);
    expect(events.of('run:failed')).toHaveLength(1);
    expect(events.of('run:retrying')).toHaveLength(0);
  });

  test('draws fencing tokens above those of the old one', async () => {
    const { clock, scheduler } = await startedStage();
    const tokens: number[] = [];
    const add = (): Promise<unknown> =>
      scheduler.addJob(({ fencingToken }) => tokens.push(fencingToken), interval(1), { id: 'a' });
    await add();
    await clock.advance(5);
    await scheduler.removeJob('a');
    clock.set(new Date(START_MS - 86_400_000));
    await add();
    await clock.advance(5);
    expect(tokens).toHaveLength(10);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });
});

describe('removeJob', () => {
  test('cancels the waiting runs with a record, and lets running ones go on', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', overlap: 'queueAll' });
    await clock.advance({ minutes: 3 });
    expect(await scheduler.removeJob('a')).toBe(true);
    expect(events.of('run:cancelled')).toHaveLength(2);
    expect((await scheduler.getRuns({ statuses: ['cancelled'] })).items).toHaveLength(2);
    gate.release('done');
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
    expect(await scheduler.removeJob('a')).toBe(false);
  });

  test('works for every job at once from inside its own handler', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => scheduler.removeJob('a'), interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 3 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: true }]);
    expect(await scheduler.getJob('a')).toBeNull();
  });
});

/** Starts a stage whose store holds a call up until it is let go. */
async function heldAt(
  method: StoreMethod,
  where: 'before' | 'after',
  state: 'running' | 'paused' = 'running',
): Promise<Stage & { reached: Promise<void>; letGo(): void; calls: StoreMethod[] }> {
  const { store, hooks, calls } = hookedStore();
  const made = stage({ stores: { default: store } });
  await made.scheduler.start({ paused: state === 'paused' });
  await made.clock.settle();
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    hooks[where] = async (called) => {
      if (called !== method) return;
      resolve();
      await held;
    };
  });
  return { ...made, reached, letGo, calls };
}

describe('pause', () => {
  test.each<[StoreMethod, 'before' | 'after']>([
    ['claim', 'before'],
    ['claim', 'after'],
    ['commitFirings', 'before'],
    ['commitFirings', 'after'],
  ])('during %s, held up %s it, commits nothing once it has returned', async (method, where) => {
    const { clock, scheduler, events, reached, letGo, calls } = await heldAt(method, where);
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    void clock.advance({ minutes: 1 });
    await within(reached);
    let isPaused = false;
    const paused = scheduler.pause().then(() => {
      isPaused = true;
    });
    await clock.settle();
    expect(isPaused).toBe(false);
    letGo();
    await within(paused);
    calls.length = 0;
    const startedBefore = events.of('run:started').length;
    await clock.advance({ minutes: 5 });
    expect(calls).not.toContain('commitFirings');
    expect(calls).not.toContain('claim');
    expect(events.of('run:started')).toHaveLength(startedBefore);
    await scheduler.resume();
    await clock.settle();
    expect(events.of('run:started').length).toBe(startedBefore + 1);
  });

  test('gives claimed jobs back, so that they fire at once after resume', async () => {
    const { clock, scheduler, events, reached, letGo } = await heldAt('claim', 'after');
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    void clock.advance({ minutes: 1 });
    await within(reached);
    const paused = scheduler.pause();
    await Promise.resolve();
    letGo();
    await within(paused);
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.resume();
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ run: { scheduledAt: new Date(START_MS + 60_000) } }]);
  });

  test('lets committed runs go on', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }));
    await clock.advance({ minutes: 1 });
    await scheduler.pause();
    gate.release('done');
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });
});

test('an edit while a job is claimed takes effect: the claim writes nothing', async () => {
  const { clock, scheduler, events, reached, letGo } = await heldAt('claim', 'after');
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
  void clock.advance({ minutes: 1 });
  await within(reached);
  await scheduler.pauseJob('a');
  letGo();
  await clock.settle();
  expect(events.of('run:started')).toHaveLength(0);
  expect(await scheduler.getJob('a')).toMatchObject({ state: 'paused', skipped: { total: 1 } });
});

test('a removal while a job is claimed takes effect', async () => {
  const { clock, scheduler, events, reached, letGo } = await heldAt('claim', 'after');
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
  void clock.advance({ minutes: 1 });
  await within(reached);
  await scheduler.removeJob('a');
  letGo();
  await clock.advance({ minutes: 5 });
  expect(events.of('run:started')).toHaveLength(0);
});

test('a cancellation while a run is being claimed takes effect', async () => {
  const { clock, scheduler, events, reached, letGo } = await heldAt('claim', 'after', 'paused');
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ days: 1 }), { id: 'a' });
  const handle = await scheduler.runJob('a');
  void scheduler.resume();
  await within(reached);
  expect((await handle.run())?.status).toBe('running');
  expect(await handle.cancel()).toBe(true);
  letGo();
  await clock.settle();
  expect(events.of('run:cancelled')).toHaveLength(1);
  expect(gate.contexts.every(({ signal }) => signal.aborted)).toBe(true);
});
