import { describe, expect, test } from 'vitest';
import { AsyncExecutor, MemoryJobStore, defineTask, interval } from '../../src/index.js';
import type { Execution, Executor } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import { stage, startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';

/** Executes what it gets as it is told, and keeps a diary. */
class DiaryExecutor implements Executor {
  readonly diary: string[] = [];
  freeSlots = 5;
  execute: (execution: Execution) => Promise<unknown> = async ({ task, run, context }) => {
    this.diary.push(`execute ${task.name} ${run.jobId ?? ''}`);
    return task.handler(context);
  };

  async start(): Promise<void> {
    this.diary.push('start');
  }

  async shutdown(): Promise<void> {
    this.diary.push('shutdown');
  }
}

describe('addStore', () => {
  test('serves a store at once if the scheduler runs, and from the start if not', async () => {
    for (const isStarted of [true, false]) {
      const { clock, scheduler, events } = stage();
      if (isStarted) await scheduler.start();
      await scheduler.addStore('more', new MemoryJobStore());
      await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a', store: 'more' });
      await scheduler.start();
      await clock.advance({ minutes: 1 });
      expect(events.of('run:succeeded')).toMatchObject([{ run: { jobId: 'a', store: 'more' } }]);
    }
  });

  test('serves what is in the store already', async () => {
    const store = new MemoryJobStore();
    const note = defineTask('note', () => 'done');
    const first = stage({ stores: { default: store } });
    await first.scheduler.addJob(note, undefined, { id: 'a' });
    await first.scheduler.shutdown();
    const { clock, scheduler, events } = await startedStage({ tasks: [note] });
    await scheduler.addStore('more', store);
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });

  test('that is added while paused fires nothing until resume', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.pause();
    await scheduler.addStore('more', new MemoryJobStore());
    await scheduler.addJob(() => undefined, undefined, { store: 'more' });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.resume();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });
});

describe('removeStore', () => {
  test('waits for running handlers, closes the store, and leaves its jobs in it', async () => {
    const { store, calls } = hookedStore();
    const { clock, scheduler, events } = await startedStage({ stores: { other: store } });
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', store: 'other' });
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'stays' });
    await clock.advance({ minutes: 1 });
    let isRemoved = false;
    const removed = scheduler.removeStore('other').then(() => {
      isRemoved = true;
    });
    await clock.advance({ minutes: 3 });
    expect([isRemoved, gate.entered]).toEqual([false, 1]);
    gate.release('done');
    await within(removed);
    expect(calls.at(-1)).toBe('close');
    expect(events.of('run:succeeded').some(({ result }) => result === 'done')).toBe(true);
    await expect(scheduler.getJob('a', { store: 'other' })).rejects.toMatchObject({
      code: 'ESC_UNKNOWN_STORE',
    });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded').filter(({ run }) => run.jobId === 'stays')).toHaveLength(5);
    await scheduler.addStore('other', store);
    expect(await scheduler.getJob('a', { store: 'other' })).not.toBeNull();
  });
});

describe('a store that was removed', () => {
  test('turns away those who wait for its runs', async () => {
    const { clock, scheduler } = await startedStage({ stores: { other: new MemoryJobStore() } });
    const task = defineTask('later', () => 'done');
    const handle = await scheduler.enqueue(task, undefined, { store: 'other', delay: { hours: 1 } });
    const result = rejectionOf(handle.result());
    await clock.settle();
    await scheduler.removeStore('other');
    const error = await result;
    expect(error).toMatchObject({ code: 'ESC_INVALID_STATE' });
    expect((error as Error).message).toContain('other');
  });

  test('is not opened again by handles of its runs', async () => {
    const { store, calls } = hookedStore();
    const { scheduler } = await startedStage({ stores: { other: store } });
    const handle = await scheduler.enqueue(
      defineTask('t', () => 1),
      undefined,
      { store: 'other' },
    );
    await scheduler.removeStore('other');
    for (const call of [() => handle.run(), () => handle.cancel(), () => handle.result()])
      expect(await rejectionOf(call())).toMatchObject({ code: 'ESC_INVALID_STATE' });
    expect(calls.at(-1)).toBe('close');
  });
});

describe("an executor of the user's own", () => {
  test('is started, given runs up to its free slots, and shut down', async () => {
    const executor = new DiaryExecutor();
    const { clock, scheduler } = await startedStage({ executors: { own: executor } });
    const gate = new Gate();
    executor.freeSlots = 2;
    const inner = executor.execute;
    executor.execute = async (execution) => {
      executor.freeSlots--;
      try {
        return await inner(execution);
      } finally {
        executor.freeSlots++;
      }
    };
    for (const id of ['a', 'b', 'c'])
      await scheduler.addJob(defineTask(`task-${id}`, gate.handler), undefined, { id, executor: 'own' });
    await clock.settle();
    expect(gate.inside).toBe(2);
    gate.release();
    await clock.settle();
    expect([gate.inside, gate.entered]).toEqual([2, 3]);
    gate.releaseAll();
    await scheduler.shutdown();
    expect(executor.diary).toEqual([
      'start',
      'execute task-a a',
      'execute task-b b',
      'execute task-c c',
      'shutdown',
    ]);
  });

  test.each<[string, Executor['execute']]>([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(new Error('broken executor'))],
  ])('that %s fails the run, and the others go on', async (_what, execute) => {
    const executor = new DiaryExecutor();
    executor.execute = execute;
    const { clock, scheduler, events } = await startedStage({ executors: { own: executor } });
    await scheduler.addJob(() => 1, undefined, { id: 'bad', executor: 'own' });
    await scheduler.addJob(() => 1, undefined, { id: 'good' });
    await clock.settle();
    expect(events.of('run:failed')).toMatchObject([
      { run: { jobId: 'bad', held: false }, error: { message: 'broken executor' } },
    ]);
    expect(events.of('run:succeeded')).toMatchObject([{ run: { jobId: 'good' } }]);
  });

  test('that gives no promise is taken at its word', async () => {
    const executor = new DiaryExecutor();
    executor.execute = (() => 'at once') as unknown as Executor['execute'];
    const { clock, scheduler, events } = await startedStage({ executors: { own: executor } });
    await scheduler.addJob(() => 1, undefined, { executor: 'own' });
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'at once' }]);
  });
});

describe('addExecutor and removeExecutor', () => {
  test('start and shut down what comes and goes while the scheduler runs', async () => {
    const executor = new DiaryExecutor();
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addExecutor('own', executor);
    const gate = new Gate();
    await scheduler.addJob(defineTask('gated', gate.handler), interval({ minutes: 1 }), {
      id: 'a',
      executor: 'own',
    });
    await clock.advance({ minutes: 1 });
    const removed = scheduler.removeExecutor('own');
    await clock.advance({ minutes: 5 });
    expect(executor.diary).toEqual(['start', 'execute gated a']);
    gate.release();
    await within(removed);
    expect(executor.diary.at(-1)).toBe('shutdown');
    await clock.advance({ minutes: 5 });
    expect(gate.entered).toBe(1);
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('take up the jobs of an executor that comes back', async () => {
    const { clock, scheduler, events } = await startedStage({ executors: { own: new AsyncExecutor() } });
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a', executor: 'own' });
    await scheduler.removeExecutor('own');
    await clock.advance({ minutes: 3 });
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.addExecutor('own', new AsyncExecutor());
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
    expect(events.of('run:coalesced')).toMatchObject([{ count: 2 }]);
  });

  test('leave nothing behind when the executor cannot be started', async () => {
    const { scheduler } = await startedStage();
    const executor = new DiaryExecutor();
    executor.start = () => Promise.reject(new Error('no threads'));
    await expect(scheduler.addExecutor('own', executor)).rejects.toThrow('no threads');
    await expect(scheduler.addJob(() => 1, undefined, { executor: 'own' })).rejects.toMatchObject({
      code: 'ESC_UNKNOWN_EXECUTOR',
    });
  });

  test('do not start an executor whose name is taken', async () => {
    const { scheduler } = await startedStage();
    const executor = new DiaryExecutor();
    await expect(scheduler.addExecutor('default', executor)).rejects.toMatchObject({
      code: 'ESC_INVALID_OPTION',
    });
    expect(executor.diary).toEqual([]);
  });
});

describe('registerTask', () => {
  test('does nothing the second time, and refuses another task of the name', async () => {
    const { scheduler } = stage();
    const task = defineTask('t', () => 1);
    scheduler.registerTask(task);
    scheduler.registerTask(task);
    expect(() => scheduler.registerTask(defineTask('t', () => 2))).toThrow(/"t"/);
    await scheduler.addJob('t', '@daily');
  });

  test('happens with addJob too: waiting jobs of the task go on', async () => {
    const note = defineTask('note', () => 'done');
    const store = new MemoryJobStore();
    const first = stage({ stores: { default: store } });
    await first.scheduler.addJob(note, undefined, { id: 'waiting' });
    await first.scheduler.shutdown();
    const { clock, scheduler, events } = await startedStage({ stores: { default: store } });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.addJob(note, interval({ days: 1 }));
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ run: { jobId: 'waiting' } }]);
  });
});

function fail(): never {
  throw new Error('broken executor');
}
