import { describe, expect, test } from 'vitest';
import { AsyncExecutor, MemoryJobStore, RunMissedError, defineTask } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, stage, startedStage } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';

const START_MS = Date.parse(START);
const echo = defineTask('echo', ({ data }) => data);

describe('enqueue', () => {
  test('runs a task without a job, once', async () => {
    const { clock, scheduler, events } = await startedStage();
    const handle = await scheduler.enqueue(echo, { n: 1 });
    expect(handle.created).toBe(true);
    expect(await handle.result()).toEqual({ n: 1 });
    await clock.advance({ days: 1 });
    expect(events.of('run:started')).toHaveLength(1);
    expect((await scheduler.getJobs()).items).toEqual([]);
    expect(await handle.run()).toMatchObject({
      id: handle.id,
      jobId: null,
      jobName: null,
      origin: 'enqueued',
      task: 'echo',
      status: 'succeeded',
      scheduledAt: new Date(START_MS),
      attempt: 1,
    });
  });

  test('takes the name of a registered task', async () => {
    const { scheduler } = await startedStage({ tasks: [echo] });
    expect(await (await scheduler.enqueue('echo', 5)).result()).toBe(5);
  });

  test('waits for a delay, or for an instant', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.enqueue(echo, 'delay', { delay: { minutes: 2 } });
    await scheduler.enqueue(echo, 'at', { at: '2026-01-01T00:01:00Z' });
    await scheduler.enqueue(echo, 'past', { at: '2025-01-01T00:00:00Z' });
    await clock.settle();
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual(['past']);
    await clock.advance({ seconds: 60 });
    await clock.advance({ seconds: 59 });
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual(['past', 'at']);
    await clock.advance({ seconds: 1 });
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.getTime() - START_MS)).toEqual([
      Date.parse('2025-01-01T00:00:00Z') - START_MS,
      60_000,
      120_000,
    ]);
  });

  test('runs what was queued before the start', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.enqueue(echo, 1);
    await scheduler.start();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('with a key makes one run of the task, and gives a handle to it however often', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const task = defineTask('gated', gate.handler);
    const first = await scheduler.enqueue(task, 1, { key: 'k' });
    const second = await scheduler.enqueue(task, 2, { key: 'k' });
    expect([first.created, second.created, second.id]).toEqual([true, false, first.id]);
    await clock.settle();
    const whileRunning = await scheduler.enqueue(task, 3, { key: 'k' });
    gate.release('done');
    expect(await Promise.all([first, second, whileRunning].map((handle) => handle.result()))).toEqual([
      'done',
      'done',
      'done',
    ]);
    const afterwards = await scheduler.enqueue(task, 4, { key: 'k' });
    expect(afterwards.created).toBe(false);
    expect(events.of('run:started')).toHaveLength(1);
    expect((await scheduler.enqueue(echo, 5, { key: 'k' })).created).toBe(true);
    expect((await scheduler.enqueue(task, 6, { key: 'K' })).created).toBe(true);
    await clock.settle();
    gate.releaseAll();
  });

  test('with a key makes a new run once the old one has left the history', async () => {
    const store = new MemoryJobStore({ history: { maxRuns: 1 } });
    const { scheduler } = await startedStage({ stores: { default: store } });
    const first = await scheduler.enqueue(echo, 1, { key: 'k' });
    await first.result();
    await (await scheduler.enqueue(echo, 2)).result();
    expect((await scheduler.enqueue(echo, 3, { key: 'k' })).created).toBe(true);
  });

  test('starts runs of higher priority first', async () => {
    const { clock, scheduler, events } = stage({
      executors: { default: new AsyncExecutor({ concurrency: 1 }) },
    });
    for (const priority of [0, 2, -2, 1, -1]) await scheduler.enqueue(echo, priority, { priority });
    await scheduler.start();
    await clock.settle();
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual([2, 1, 0, -1, -2]);
  });

  test('misses a run that could not start before it expired', async () => {
    const { clock, scheduler, events } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 1 }) },
    });
    const gate = new Gate();
    await scheduler.enqueue(defineTask('gated', gate.handler));
    await clock.settle();
    const late = await scheduler.enqueue(echo, 1, { expiresAfter: 1000 });
    const inTime = await scheduler.enqueue(echo, 2, { expiresAfter: 1001 });
    const error = rejectionOf(late.result());
    await clock.advance(1001);
    gate.release();
    await clock.settle();
    expect(await inTime.result()).toBe(2);
    expect(await error).toBeInstanceOf(RunMissedError);
    expect(await late.run()).toMatchObject({ status: 'missed', attempt: 0, startedAt: null });
    expect(events.of('run:missed')).toMatchObject([
      { jobId: null, task: 'echo', count: 1, run: { id: late.id, status: 'missed' } },
    ]);
  });

  test('counts expiry from when the run may start', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(echo, 1, { delay: { hours: 1 }, expiresAfter: 1000 });
    await clock.advance({ hours: 1 });
    expect(await handle.result()).toBe(1);
  });

  test('keeps a retry from expiring', async () => {
    const { clock, scheduler } = await startedStage();
    const flaky = defineTask('flaky', ({ attempt }) => {
      if (attempt === 1) throw new Error('no');
      return attempt;
    });
    const handle = await scheduler.enqueue(flaky, undefined, {
      expiresAfter: 1000,
      retry: { attempts: 2, delay: 5000 },
    });
    await clock.advance(5000);
    expect(await handle.result()).toBe(2);
  });

  test('takes the executor, time-out and retry of its options over those of the task', async () => {
    const { clock, scheduler, events } = await startedStage({ executors: { other: new AsyncExecutor() } });
    const slow = defineTask('slow', () => new Promise(() => undefined), {
      timeout: 5000,
      retry: { attempts: 3 },
    });
    const handle = await scheduler.enqueue(slow, undefined, {
      executor: 'other',
      timeout: 100,
      retry: false,
    });
    const error = rejectionOf(handle.result());
    await clock.advance(100);
    expect(await error).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
    expect(events.of('run:failed')).toMatchObject([{ run: { executor: 'other' } }]);
  });

  test('keeps the run in the store that is named', async () => {
    const { scheduler } = await startedStage({ stores: { other: new MemoryJobStore() } });
    const handle = await scheduler.enqueue(echo, 1, { store: 'other' });
    expect(await handle.result()).toBe(1);
    expect(await scheduler.getRun(handle.id, { store: 'default' })).toBeNull();
    expect(await scheduler.getRun(handle.id)).toMatchObject({ store: 'other' });
    expect((await scheduler.getRuns({ store: 'other' })).items).toHaveLength(1);
  });

  test('gives the handler no job', async () => {
    const { scheduler } = await startedStage();
    const handle = await scheduler.enqueue(defineTask('look', ({ job }) => job));
    expect(await handle.result()).toBeNull();
  });
});
