import { describe, expect, test } from 'vitest';
import { defineTask, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { failing, hookedStore } from '../support/hooked-store.js';
import type { Hooks, StoreMethod } from '../support/hooked-store.js';
import { START, moving, stage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';
import { within } from '../support/within.js';

const START_MS = Date.parse(START);

/** Starts a stage on a store that can be made to fail. */
async function frail(): Promise<Stage & { hooks: Hooks; calls: StoreMethod[] }> {
  const { store, hooks, calls } = hookedStore();
  const made = stage({ stores: { default: store } });
  await made.scheduler.start();
  await made.clock.settle();
  return { ...made, hooks, calls };
}

describe.each(['before', 'after'] as const)(
  'a store that fails %s it has done what it was asked',
  (where) => {
    test.each<[StoreMethod, number]>([
      ['claim', 1],
      ['claim', 5],
      ['commitFirings', 1],
      ['commitFirings', 5],
      ['finishRuns', 1],
      ['finishRuns', 5],
    ])('at %s, %i times, loses nothing and runs nothing twice', async (method, times) => {
      const { clock, scheduler, events, hooks } = await frail();
      const ran: number[] = [];
      await scheduler.addJob(
        ({ scheduledAt }) => ran.push((scheduledAt.getTime() - START_MS) / 60_000),
        interval({ minutes: 1 }),
        {
          id: 'a',
          coalesce: false,
          overlap: 'queueAll',
        },
      );
      hooks[where] = failing(times, method);
      await clock.advance({ minutes: 5 });
      hooks[where] = null;
      await clock.advance({ minutes: 5, seconds: 30 });
      expect(ran).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(events.of('run:started')).toHaveLength(10);
      expect(events.of('run:succeeded')).toHaveLength(10);
      expect(await scheduler.getJob('a')).toMatchObject({ runCount: 10 });
      const { items } = await scheduler.getRuns();
      expect(items.every(({ status, held }) => status === 'succeeded' && !held)).toBe(true);
    });
  },
);

describe('a store that does not answer', () => {
  test('is told of once, and so is its recovery', async () => {
    const { clock, scheduler, events, hooks, log } = await frail();
    await scheduler.addJob(() => undefined, interval({ seconds: 1 }), { id: 'a' });
    hooks.before = () => {
      throw new Error('down');
    };
    await clock.advance({ minutes: 3 });
    expect(events.of('store:error')).toMatchObject([{ store: 'default', error: { message: 'down' } }]);
    expect(events.of('store:recovered')).toHaveLength(0);
    hooks.before = null;
    await clock.advance({ minutes: 1 });
    expect(events.of('store:recovered')).toEqual([{ store: 'default' }]);
    hooks.before = failing(1, 'claim');
    await clock.advance({ minutes: 1 });
    expect(events.of('store:error')).toHaveLength(2);
    expect(events.of('store:recovered')).toHaveLength(2);
    expect(log.at('error')).toMatchObject([{ fields: { store: 'default' } }, {}]);
  });

  test('is tried again ever more rarely, at most every 10 s', async () => {
    const { clock, scheduler, hooks } = await frail();
    await scheduler.addJob(() => undefined, interval({ hours: 1 }), { id: 'a' });
    const triedAt: number[] = [];
    hooks.before = (method) => {
      if (method !== 'claim') return;
      triedAt.push(clock.now());
      throw new Error('down');
    };
    await clock.advance({ hours: 1, minutes: 5 });
    const tries = triedAt.filter((at) => at >= START_MS + 3_600_000);
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(gaps[0]).toSatisfy((gap: number) => gap >= 125 && gap <= 250);
    expect(gaps[1]).toSatisfy((gap: number) => gap >= 250 && gap <= 500);
    expect(gaps.slice(8).every((gap) => gap >= 5000 && gap <= 10_000)).toBe(true);
    expect(new Set(gaps.slice(8)).size).toBeGreaterThan(3);
  });

  test('lets handlers go on, and takes their results when it is back', async () => {
    const { clock, scheduler, events, hooks } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 1 });
    hooks.before = () => {
      throw new Error('down');
    };
    gate.release('done');
    await clock.advance({ minutes: 1 });
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    expect(events.of('run:succeeded')).toHaveLength(0);
    hooks.before = null;
    await clock.advance({ seconds: 30 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });

  test('does not keep another store from being served', async () => {
    const bad = hookedStore();
    const { clock, scheduler, events } = stage({ stores: { bad: bad.store } });
    await scheduler.start();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'good' });
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'bad', store: 'bad' });
    bad.hooks.before = () => {
      throw new Error('down');
    };
    await clock.advance({ minutes: 3 });
    expect(events.of('run:succeeded').map(({ run }) => run.jobId)).toEqual(['good', 'good', 'good']);
    expect(events.of('store:error')).toMatchObject([{ store: 'bad' }]);
  });

  test('rejects the calls of users with its own error', async () => {
    const { scheduler, hooks, events } = await frail();
    hooks.before = () => {
      throw new Error('down');
    };
    await expect(scheduler.addJob(() => undefined, interval(1000))).rejects.toThrow('down');
    await expect(scheduler.getJob('a')).rejects.toThrow('down');
    await expect(scheduler.enqueue(defineTask('t', () => 1))).rejects.toThrow('down');
    expect(events.names.filter((name) => name === 'job:added')).toHaveLength(0);
  });

  test('does not keep a shutdown with a timeout from ending, and leaves no timer behind', async () => {
    const { clock, scheduler, hooks } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 1 });
    hooks.before = () => {
      throw new Error('down');
    };
    gate.release('done');
    await moving(clock, scheduler.shutdown({ timeout: 1000 }));
    expect(scheduler.state).toBe('stopped');
    await clock.advance({ minutes: 1 });
    expect(clock.timerCount).toBe(0);
  });

  test('does not keep pause from returning', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    hooks.before = failing(3, 'commitFirings');
    await clock.advance({ minutes: 1 });
    await moving(clock, scheduler.pause());
    const started = events.of('run:started').length;
    await clock.advance({ minutes: 2 });
    expect(events.of('run:started')).toHaveLength(started);
    await scheduler.resume();
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded').length).toBeGreaterThan(started);
  });
});

test('pause returns at once though a commit waits to be tried again', async () => {
  const { clock, scheduler, hooks } = await frail();
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
  hooks.before = (method) => {
    if (method === 'commitFirings') throw new Error('down');
  };
  await clock.advance({ minutes: 2 });
  await within(scheduler.pause());
  expect(scheduler.state).toBe('paused');
});

test('a commit whose answer is lost is read back at once, and its runs start', async () => {
  const { clock, scheduler, events, hooks } = await frail();
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
  hooks.after = failing(1, 'commitFirings');
  await clock.advance({ seconds: 61 });
  expect(events.of('run:succeeded')).toMatchObject([{ run: { scheduledAt: new Date(START_MS + 60_000) } }]);
});

describe('a run that the store gave to this node in an answer that was lost', () => {
  test('is executed after all when its commit was interrupted by a pause', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    hooks.after = async (method) => {
      if (method !== 'commitFirings') return;
      hooks.after = null;
      void scheduler.pause();
      await Promise.resolve();
      throw new Error('the answer is lost');
    };
    await clock.advance({ minutes: 1 });
    await moving(clock, scheduler.resume());
    await clock.advance({ minutes: 2 });
    expect((await scheduler.getRuns({ statuses: ['running'] })).items).toEqual([]);
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.getUTCMinutes())).toContain(1);
    expect(new Set(events.of('run:started').map(({ run }) => run.id)).size).toBe(
      events.of('run:started').length,
    );
  });

  test('is executed after all when it was a queued run that was claimed', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    await scheduler.addJob(() => 'done', interval({ days: 1 }), { id: 'a' });
    hooks.after = failing(1, 'claim');
    await scheduler.runJob('a');
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done', run: { attempt: 1 } }]);
    expect(clock.timerCount).toBeLessThanOrEqual(1);
  });
});
