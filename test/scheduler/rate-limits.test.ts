import { describe, expect, test } from 'vitest';
import { AsyncExecutor, Scheduler, chain, defineTask, interval } from '../../src/index.js';
import type { JobStore, Task, TaskOptions } from '../../src/index.js';
import { answering } from '../support/answering-store.js';
import { Gate } from '../support/gate.js';
import { failing, hookedStore } from '../support/hooked-store.js';
import type { StoreMethod } from '../support/hooked-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

const PER_SECOND = { max: 10, per: { seconds: 1 } };
const PER_HOUR = { max: 1, per: { hours: 1 } };

function noted(name: string, options: TaskOptions = {}): { task: Task<unknown>; starts: unknown[] } {
  const starts: unknown[] = [];
  const task = defineTask(
    name,
    ({ data }) => {
      starts.push(data);
    },
    options,
  );
  return { task, starts };
}

async function enqueueAll({ scheduler }: Stage, task: Task<unknown>, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await scheduler.enqueue(task, n);
}

/** Counts the calls of a store from now on. */
function counting(calls: StoreMethod[]): (method: StoreMethod) => number {
  calls.length = 0;
  return (method) => calls.filter((called) => called === method).length;
}

describe('a task with a rate limit', () => {
  test('starts as many attempts in a span as the limit allows, and the rest in the spans after it', async () => {
    const { task, starts } = noted('call-api', { rateLimit: PER_SECOND });
    const made = await startedStage();
    await enqueueAll(made, task, 25);
    await made.clock.settle();
    expect(starts).toHaveLength(10);
    await made.clock.advance(999);
    expect(starts).toHaveLength(10);
    await made.clock.advance(1);
    expect(starts).toHaveLength(20);
    await made.clock.advance(1000);
    expect(starts).toEqual(Array.from({ length: 25 }, (_, n) => n));
  });

  test('counts in a span that slides: no burst at the turn of a second', async () => {
    const { task, starts } = noted('call-api', { rateLimit: PER_SECOND });
    const made = await startedStage();
    await made.clock.advance(900);
    await enqueueAll(made, task, 10);
    await made.clock.advance(100);
    await enqueueAll(made, task, 10);
    await made.clock.advance(899);
    expect(starts).toHaveLength(10);
    await made.clock.advance(1);
    expect(starts).toHaveLength(20);
  });

  test('is limited whichever of its jobs fire, and by runs that are enqueued', async () => {
    const { task, starts } = noted('call-api', { rateLimit: { max: 3, per: { seconds: 10 } } });
    const made = await startedStage({ tasks: [task] });
    for (const id of ['a', 'b', 'c', 'd'])
      await made.scheduler.addJob(task, interval({ seconds: 60 }, { immediate: true }), { id });
    await enqueueAll(made, task, 2);
    await made.clock.settle();
    expect(starts).toHaveLength(3);
    await made.clock.advance({ seconds: 10 });
    expect(starts).toHaveLength(6);
  });

  test('starts no more runs of one backlog than the limit allows', async () => {
    const { task, starts } = noted('call-api', { rateLimit: { max: 3, per: { minutes: 1 } } });
    const made = await startedStage();
    const options = { id: 'a', coalesce: false, maxInstances: 20 } as const;
    await made.scheduler.addJob(task, interval({ seconds: 1 }), options);
    await made.scheduler.pause();
    await made.clock.advance({ seconds: 10 });
    await made.scheduler.resume();
    await made.clock.settle();
    expect(starts).toHaveLength(3);
    await made.scheduler.pauseJob('a');
    await made.clock.advance({ minutes: 1 });
    expect(starts).toHaveLength(6);
    await made.clock.advance({ minutes: 2 });
    expect(starts).toHaveLength(10);
  });

  test('has retries counted as starts', async () => {
    let attempts = 0;
    const task = defineTask(
      'call-api',
      () => {
        attempts++;
        throw new Error('no');
      },
      { rateLimit: { max: 2, per: { seconds: 10 } }, retry: { attempts: 5, delay: 0 } },
    );
    const made = await startedStage();
    await made.scheduler.enqueue(task);
    await made.clock.settle();
    expect(attempts).toBe(2);
    await made.clock.advance({ seconds: 10 });
    expect(attempts).toBe(4);
    await made.clock.advance({ seconds: 10 });
    expect(attempts).toBe(5);
  });

  test('has its runs queued while they wait, until they expire', async () => {
    const { task, starts } = noted('call-api', { rateLimit: { max: 1, per: { seconds: 10 } } });
    const made = await startedStage();
    await made.scheduler.enqueue(task, 'first');
    const { id } = await made.scheduler.enqueue(task, 'second', { expiresAfter: { seconds: 5 } });
    await made.scheduler.enqueue(task, 'third');
    await made.clock.advance({ seconds: 4 });
    expect(await made.scheduler.getRun(id)).toMatchObject({ status: 'queued', attempt: 0 });
    await made.clock.advance({ seconds: 6 });
    expect(await made.scheduler.getRun(id)).toMatchObject({ status: 'missed' });
    expect(starts).toEqual(['first', 'third']);
  });

  test('leaves fire times of jobs unclaimed while it waits, and lateness is judged when they are', async () => {
    const { task, starts } = noted('call-api', { rateLimit: { max: 1, per: { seconds: 10 } } });
    const made = await startedStage();
    await made.scheduler.enqueue(task, 'first');
    const options = { data: 'late', misfireGraceTime: { seconds: 5 } };
    await made.scheduler.addJob(task, { date: new Date(made.clock.now() + 1000) }, { ...options, id: 'a' });
    await made.clock.advance({ seconds: 20 });
    expect(starts).toEqual(['first']);
    expect((await made.scheduler.getJob('a'))?.missed).toMatchObject({ total: 1 });
  });

  test('that is registered late is limited at once, though its runs were queued before', async () => {
    const store = new SharedMemoryStore();
    const { task, starts } = noted('call-api', { rateLimit: { max: 2, per: { seconds: 1 } } });
    const before = await startedStage({ stores: { default: store } });
    await before.scheduler.pause();
    await enqueueAll(before, task, 6);
    const made = await startedStage({ stores: { other: store } });
    made.scheduler.registerTask(noted('another').task);
    await made.clock.settle();
    expect(starts).toHaveLength(0);
    made.scheduler.registerTask(task);
    await made.clock.settle();
    expect(starts).toHaveLength(2);
  });

  test('that becomes known while a claim is under way is not started by that claim', async () => {
    const { store, hooks } = answering(new SharedMemoryStore());
    const { task, starts } = noted('call-api', { rateLimit: { max: 2, per: { seconds: 1 } } });
    const before = await startedStage({ stores: { default: store } });
    await before.scheduler.pause();
    await enqueueAll(before, task, 6);
    await before.scheduler.addJob(task, interval({ hours: 1 }, { immediate: true }), { id: 'a', data: 'a' });
    const made = await startedStage({ stores: { other: store } });
    hooks.before = (method) => {
      if (method !== 'claim') return;
      hooks.before = null;
      made.scheduler.registerTask(task);
    };
    made.scheduler.registerTask(noted('another').task);
    await made.clock.settle();
    expect(starts).toHaveLength(2);
    for (let second = 0; second < 4; second++) {
      await before.clock.advance({ seconds: 1.1 });
      await made.clock.advance({ seconds: 1.1 });
    }
    expect(starts).toHaveLength(7);
  });
});

describe('an executor with a rate limit', () => {
  test('limits all that runs on it, and nothing that runs elsewhere', async () => {
    const executors = { default: new AsyncExecutor({ rateLimit: PER_SECOND }), other: new AsyncExecutor() };
    const here = [noted('a'), noted('b')];
    const elsewhere = noted('c', { executor: 'other' });
    const made = await startedStage({ executors });
    for (const { task } of [...here, elsewhere]) await enqueueAll(made, task, 15);
    await made.clock.settle();
    const count = (): number => here.reduce((sum, { starts }) => sum + starts.length, 0);
    expect([count(), elsewhere.starts.length]).toEqual([10, 15]);
    await made.clock.advance({ seconds: 1 });
    expect(count()).toBe(20);
    await made.clock.advance({ seconds: 1 });
    expect(count()).toBe(30);
  });

  test('limits plain functions, also those that come later', async () => {
    const made = await startedStage({
      executors: { default: new AsyncExecutor({ rateLimit: { max: 2, per: { seconds: 1 } } }) },
    });
    let calls = 0;
    for (let n = 0; n < 3; n++) await made.scheduler.addJob(() => calls++);
    await made.clock.settle();
    expect(calls).toBe(2);
    await made.clock.advance({ seconds: 1 });
    expect(calls).toBe(3);
    for (let n = 0; n < 3; n++) await made.scheduler.addJob(() => calls++);
    await made.clock.settle();
    expect(calls).toBe(4);
    await made.clock.advance({ seconds: 1 });
    expect(calls).toBe(6);
  });

  test('applies beside the limit of a task: the tighter one holds, and the other loses nothing by it', async () => {
    const rateLimit = { max: 4, per: { seconds: 10 } };
    const tight = noted('tight', { rateLimit: { max: 1, per: { seconds: 10 } } });
    const wide = noted('wide', { rateLimit: { max: 100, per: { seconds: 10 } } });
    const made = await startedStage({ executors: { default: new AsyncExecutor({ rateLimit }) } });
    await enqueueAll(made, tight.task, 3);
    await made.clock.settle();
    expect(tight.starts).toHaveLength(1);
    await enqueueAll(made, wide.task, 10);
    await made.clock.settle();
    expect(wide.starts).toHaveLength(3);
    await made.clock.advance({ seconds: 40 });
    expect([tight.starts.length, wide.starts.length]).toEqual([3, 10]);
  });

  test('does not count a chain, but its steps', async () => {
    const steps = [noted('one'), noted('two'), noted('three')] as const;
    const [one, two, three] = steps;
    const made = await startedStage({
      executors: { default: new AsyncExecutor({ rateLimit: { max: 1, per: { seconds: 10 } } }) },
    });
    await made.scheduler.enqueue(chain([one.task, two.task, three.task]), 1);
    const counts: number[] = [];
    for (let n = 0; n < 3; n++) {
      await made.clock.settle();
      counts.push(steps.reduce((sum, { starts }) => sum + starts.length, 0));
      await made.clock.advance({ seconds: 10 });
    }
    expect(counts).toEqual([1, 2, 3]);
    expect(made.events.of('run:succeeded')).toHaveLength(4);
  });
});

describe('work without a limit', () => {
  test('gets all slots while limited work waits for permits', async () => {
    const limited = noted('limited', { rateLimit: PER_HOUR });
    const free = noted('free');
    const made = await startedStage({ executors: { default: new AsyncExecutor({ concurrency: 2 }) } });
    await enqueueAll(made, limited.task, 50);
    await enqueueAll(made, free.task, 50);
    await made.clock.settle();
    expect([limited.starts.length, free.starts.length]).toEqual([1, 50]);
  });

  test.each([1, 3])('in a long backlog lets limited work have its turn, on %i slots', async (concurrency) => {
    const gate = new Gate();
    const order: string[] = [];
    const working = (name: string, options: TaskOptions = {}): Task<unknown> =>
      defineTask(
        name,
        (context) => {
          order.push(name);
          return gate.handler(context);
        },
        options,
      );
    const free = working('free');
    const limited = [1, 2, 3].map((n) => working(`limited-${n}`, { rateLimit: PER_SECOND }));
    const made = await startedStage({ executors: { default: new AsyncExecutor({ concurrency }) } });
    await enqueueAll(made, free, 40);
    for (const task of limited) await enqueueAll(made, task, 2);
    for (let n = 0; n < 46; n++) {
      await made.clock.settle();
      gate.release();
    }
    await made.clock.settle();
    expect(order).toHaveLength(46);
    for (const { name } of limited) expect(order.indexOf(name)).toBeLessThan(8 * concurrency);
    expect(order.lastIndexOf('limited-3')).toBeLessThan(30);
    expect(order.slice(0, 20).filter((name) => name === 'free').length).toBeGreaterThan(4);
  });

  test('costs no calls more than without limits', async () => {
    const { store, calls } = hookedStore();
    const { task, starts } = noted('free');
    const made = await startedStage({ stores: { default: store } });
    await made.clock.settle();
    const count = counting(calls);
    await made.scheduler.addJob(task, interval({ seconds: 1 }), { id: 'a' });
    await made.clock.advance({ seconds: 10 });
    expect(starts).toHaveLength(10);
    expect([count('takePermits'), count('returnPermits'), count('commitFirings')]).toEqual([0, 0, 10]);
    expect(count('claim')).toBeLessThanOrEqual(31);
  });
});

describe('permits', () => {
  test('are not taken before anything is due', async () => {
    const { store, calls } = hookedStore();
    const { task, starts } = noted('call-api', { rateLimit: PER_SECOND });
    const made = await startedStage({ stores: { default: store } });
    await made.scheduler.addJob(task, interval({ minutes: 10 }), { id: 'a' });
    await made.clock.settle();
    const count = counting(calls);
    await made.clock.advance({ minutes: 9 });
    expect(count('takePermits')).toBe(0);
    expect(count('claim')).toBeLessThanOrEqual(2);
    await made.clock.advance({ minutes: 1 });
    expect(starts).toHaveLength(1);
    expect([count('takePermits'), count('returnPermits')]).toEqual([1, 1]);
  });

  test('that were not used are given back', async () => {
    const { task, starts } = noted('call-api', { rateLimit: { max: 5, per: { hours: 1 } } });
    const made = await startedStage();
    for (let n = 0; n < 5; n++) {
      await enqueueAll(made, task, 1);
      await made.clock.advance({ seconds: 1 });
    }
    expect(starts).toHaveLength(5);
    await enqueueAll(made, task, 1);
    await made.clock.advance({ minutes: 59 });
    expect(starts).toHaveLength(5);
    await made.clock.advance({ minutes: 1 });
    expect(starts).toHaveLength(6);
  });

  test('that another executor took and gave back are found, long before the span is over', async () => {
    const { store, calls } = hookedStore();
    const { task, starts } = noted('call-api', { rateLimit: { max: 4, per: { hours: 1 } } });
    const executors = { default: new AsyncExecutor(), other: new AsyncExecutor() };
    const made = await startedStage({ stores: { default: store }, executors });
    await made.scheduler.pause();
    for (const executor of ['default', 'other']) await made.scheduler.enqueue(task, executor, { executor });
    const count = counting(calls);
    await made.scheduler.resume();
    await made.clock.settle();
    expect([starts.length, count('takePermits')]).toEqual([1, 2]);
    await made.clock.advance({ seconds: 1 });
    expect(starts).toHaveLength(2);
  });

  test('that are missing are waited for without asking again and again', async () => {
    const { store, calls } = hookedStore();
    const limited = noted('limited', { rateLimit: PER_HOUR });
    const free = noted('free');
    const made = await startedStage({ stores: { default: store } });
    await enqueueAll(made, limited.task, 20);
    await made.clock.advance({ minutes: 1 });
    const count = counting(calls);
    await made.clock.advance({ minutes: 10 });
    expect(calls.length).toBeLessThanOrEqual(2 * 21);
    const before = count('takePermits');
    await enqueueAll(made, free.task, 30);
    await made.clock.settle();
    expect(free.starts).toHaveLength(30);
    expect(count('takePermits') - before).toBeLessThanOrEqual(1);
  });

  test('are asked for once a span where the limit is reached', async () => {
    const { store, calls } = hookedStore();
    const { task, starts } = noted('call-api', { rateLimit: PER_SECOND });
    const made = await startedStage({ stores: { default: store } });
    await enqueueAll(made, task, 300);
    const count = counting(calls);
    await made.clock.advance({ seconds: 20 });
    expect(starts.length).toBeGreaterThanOrEqual(200);
    expect(count('takePermits')).toBeLessThanOrEqual(2 * 21);
    expect(count('claim')).toBeLessThanOrEqual(4 * 21);
  });

  test('of one limit are given back when the other cannot be asked', async () => {
    const { store, hooks } = hookedStore();
    const { task, starts } = noted('call-api', { rateLimit: { max: 3, per: { hours: 1 } } });
    const made = await startedStage({
      stores: { default: store },
      executors: { default: new AsyncExecutor({ rateLimit: PER_SECOND }) },
    });
    let isToFail = true;
    hooks.before = (method, [request]) => {
      const { key } = request as { key?: string };
      if (method !== 'takePermits' || key !== 'executor\ndefault' || !isToFail) return;
      isToFail = false;
      throw new Error('does not answer');
    };
    await enqueueAll(made, task, 3);
    await made.clock.advance({ seconds: 1 });
    expect(starts).toHaveLength(3);
  });

  test.each<StoreMethod>(['claim', 'takePermits', 'commitFirings', 'returnPermits', 'finishRuns'])(
    'are never exceeded, and all work is done, though answers of %s are lost',
    async (method) => {
      const { store, hooks } = hookedStore();
      const { task, starts, times, made } = await recorded(store);
      hooks.after = failing(3, method);
      for (const id of ['a', 'b', 'c'])
        await made.scheduler.addJob(task, { date: new Date(made.clock.now()) }, { id, maxInstances: 3 });
      for (let n = 0; n < 12; n++) await made.scheduler.enqueue(task, n).catch(() => undefined);
      await made.clock.advance({ minutes: 3 });
      expect(starts.length).toBeGreaterThanOrEqual(12);
      expect(mostInSpan(times, 10_000)).toBeLessThanOrEqual(2);
    },
  );
});

/** Starts a stage on a store, with a task of which two attempts may start in 10 s. */
async function recorded(
  store: JobStore,
): Promise<{ task: Task<unknown>; starts: unknown[]; times: number[]; made: Stage }> {
  const times: number[] = [];
  const starts: unknown[] = [];
  const made = await startedStage({ stores: { default: store } });
  const task = defineTask(
    'call-api',
    ({ data }: { data: unknown }) => {
      starts.push(data);
      times.push(made.clock.now());
    },
    { rateLimit: { max: 2, per: { seconds: 10 } } },
  );
  made.scheduler.registerTask(task);
  return { task, starts, times, made };
}

/** Counts the most instants that lie in one span. */
function mostInSpan(times: readonly number[], spanMs: number): number {
  return Math.max(
    0,
    ...times.map((from) => times.filter((time) => time >= from && time < from + spanMs).length),
  );
}

test.each([null, 'x', {}, { max: 0, perMs: 1 }, { max: 1, per: 1000 }, { max: Number.NaN, perMs: 1 }])(
  "an executor of the user's own whose rate limit is %j is refused",
  (rateLimit) => {
    const executor = Object.assign(new AsyncExecutor(), { rateLimit: rateLimit as never });
    expect(() => new Scheduler({ executors: { default: executor } })).toThrow('executors.default.rateLimit');
  },
);
