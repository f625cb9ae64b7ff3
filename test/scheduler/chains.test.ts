import { describe, expect, test } from 'vitest';
import { AsyncExecutor, all, chain, defineTask, interval } from '../../src/index.js';
import type { RunContext } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, moving, startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';
import { lasting, openRuns, statusesOf } from './steps/support/chain-stage.js';

const one = defineTask('one', ({ data }: RunContext<{ n: number }>) => data.n + 1);
const two = defineTask('two', ({ previous }) => (previous as number) * 10);
const three = defineTask('three', ({ previous }) => `got ${String(previous)}`);
const boom = defineTask('boom', () => Promise.reject(new RangeError('boom')));

describe('a chain', () => {
  test('runs its steps one after another, and hands each the result of the one before', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([one, two, three]), { n: 1 });
    await clock.settle();
    expect(await handle.result()).toBe('got 20');
    expect(await handle.run()).toMatchObject({
      status: 'succeeded',
      attempt: 1,
      held: false,
      result: 'got 20',
      progress: { fraction: 1, note: null },
      steps: [
        { step: 0, task: 'one', status: 'succeeded' },
        { step: 1, task: 'two', status: 'succeeded' },
        { step: 2, task: 'three', status: 'succeeded' },
      ],
    });
  });

  test('tells each step its data, its job and its own run, and of no failure', async () => {
    const { clock, scheduler } = await startedStage();
    const contexts: RunContext[] = [];
    const note = defineTask('note', (context: RunContext) => contexts.push(context));
    await scheduler.addJob(chain([note, note], { name: 'notes' }), interval({ minutes: 1 }), {
      id: 'job',
      tags: ['a'],
      data: { n: 7 },
    });
    await clock.advance({ minutes: 1 });
    const [root] = (await scheduler.getRuns({ task: 'notes' })).items;
    const job = { id: 'job', name: 'notes', tags: ['a'] };
    expect(contexts.map(({ runId }) => runId)).toEqual([`${root?.id}.0`, `${root?.id}.1`]);
    for (const context of contexts)
      expect(context).toMatchObject({ data: { n: 7 }, attempt: 1, job, failure: null });
    expect(contexts.map(({ previous }) => previous)).toEqual([undefined, 1]);
    for (const { scheduledAt } of contexts) expect(scheduledAt.getTime()).toBe(Date.parse(START) + 60_000);
  });

  test('lists its steps as runs of their own, of its job, with its id and their place', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(chain([one, two], { name: 'both' }), undefined, { id: 'job', data: { n: 1 } });
    await clock.settle();
    const { items } = await scheduler.getRuns({ jobId: 'job' });
    const [root] = items.filter(({ task }) => task === 'both');
    expect(
      items.filter(({ origin }) => origin === 'chained').sort((a, b) => (a.step ?? 0) - (b.step ?? 0)),
    ).toMatchObject([
      { id: `${root?.id}.0`, task: 'one', step: 0, parentRunId: root?.id, jobName: 'both', steps: null },
      { id: `${root?.id}.1`, task: 'two', step: 1, parentRunId: root?.id, jobName: 'both', steps: null },
    ]);
    expect(root).toMatchObject({ origin: 'scheduled', step: null, parentRunId: null, steps: null });
    expect(await scheduler.getJob('job')).toMatchObject({ state: 'finished', runCount: 1 });
  });

  test('shows how far it is while it is under way', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(chain([one, defineTask('gate', gate.handler), two]), { n: 1 });
    await clock.settle();
    expect(await handle.run()).toMatchObject({
      status: 'running',
      held: false,
      progress: { fraction: 1 / 3, note: 'gate' },
      steps: [{ status: 'succeeded' }, { status: 'running', runId: `${handle.id}.1` }, { status: 'pending' }],
    });
    gate.release(5);
    expect(await within(handle.result())).toBe(50);
  });

  test('is told of once: a start, and an end', async () => {
    const { clock, scheduler, events } = await startedStage();
    const handle = await scheduler.enqueue(chain([one, all([two, three]), three]), { n: 1 });
    await clock.settle();
    const told = events.events.flatMap(({ name, event }) =>
      'run' in event && event.run !== null ? [`${name} ${event.run.id.slice(20)}`] : [],
    );
    expect(told.filter((text) => text.endsWith(' '))).toEqual(['run:started ', 'run:succeeded ']);
    expect(told).toHaveLength(12);
    expect(new Set(told).size).toBe(12);
    expect(events.of('run:succeeded').at(-1)?.run.id).toBe(handle.id);
  });

  test('of one step is as that step', async () => {
    const { scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([one]), { n: 1 });
    expect(await within(handle.result())).toBe(2);
  });

  test('may have a step many times', async () => {
    const { scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([one, two, two, two]), { n: 0 });
    expect(await within(handle.result())).toBe(1000);
  });

  test('of chains of chains hands each inner first step what came before its whole', async () => {
    const { scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([one, chain([chain([two]), two]), three]), { n: 0 });
    expect(await within(handle.result())).toBe('got 100');
  });

  test('gives no result where its last step gives none, and hands on none', async () => {
    const { scheduler } = await startedStage();
    const silent = defineTask('silent', (): unknown => undefined);
    const echo = defineTask('echo', ({ previous }) => [previous === undefined]);
    expect(await within((await scheduler.enqueue(chain([silent, echo]))).result())).toEqual([true]);
    expect(await within((await scheduler.enqueue(chain([echo, silent]))).result())).toBeUndefined();
  });

  test('waits for its time, and is one with its key, as any run is', async () => {
    const { clock, scheduler } = await startedStage();
    const task = chain([one, two], { name: 'both' });
    const first = await scheduler.enqueue(task, { n: 1 }, { delay: 5000, key: 'k' });
    const second = await scheduler.enqueue(task, { n: 1 }, { key: 'k' });
    expect([first.created, second.created, second.id]).toEqual([true, false, first.id]);
    await clock.advance(4999);
    expect(await statusesOf(scheduler, first.id)).toEqual(['queued', 'pending', 'pending']);
    await clock.advance(1);
    expect(await statusesOf(scheduler, first.id)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });

  test('is missed as a whole where it expires before it has begun, and never after', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const slow = chain([lasting(made, 'a', 3000), lasting(made, 'b', 3000)], { name: 'slow' });
    const begun = await scheduler.enqueue(slow, undefined, { expiresAfter: 1000 });
    await clock.advance(2000);
    await scheduler.pause();
    const late = await scheduler.enqueue(slow, undefined, { expiresAfter: 1000 });
    await clock.advance(5000);
    await scheduler.resume();
    await clock.advance(5000);
    expect(await statusesOf(scheduler, begun.id)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(await statusesOf(scheduler, late.id)).toEqual(['missed', 'skipped', 'skipped']);
  });
});

describe('each step', () => {
  test('is retried by itself: those before it do not run again', async () => {
    const { clock, scheduler } = await startedStage();
    const calls: string[] = [];
    const before = defineTask('before', () => calls.push('before'));
    const flaky = defineTask(
      'flaky',
      ({ attempt }) => {
        calls.push(`flaky ${String(attempt)}`);
        if (attempt < 3) throw new Error('not yet');
        return 'got it';
      },
      { retry: { attempts: 3, delay: 1000 } },
    );
    const handle = await scheduler.enqueue(chain([before, flaky, three]));
    await clock.advance({ seconds: 1 });
    expect(await statusesOf(scheduler, handle.id)).toEqual(['running', 'succeeded', 'queued', 'pending']);
    await clock.advance({ seconds: 3 });
    expect(calls).toEqual(['before', 'flaky 1', 'flaky 2', 'flaky 3']);
    expect(await handle.result()).toBe('got got it');
    expect(await handle.run()).toMatchObject({ attempt: 1 });
  });

  test('has a time-out of its own, which fails the chain', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const stuck = defineTask('stuck', () => new Promise(() => undefined), { timeout: 2000 });
    const handle = await scheduler.enqueue(chain([lasting(made, 'slow', 5000), stuck, three]));
    const failure = rejectionOf(handle.result());
    await clock.advance({ seconds: 8 });
    expect(await failure).toMatchObject({
      code: 'ESC_STEP_FAILED',
      message: expect.stringContaining('Step 2 ("stuck")') as string,
      cause: { code: 'ESC_RUN_TIMED_OUT' },
    });
  });

  test('runs on the executor of its task, and a whole takes no place of one', async () => {
    const made = await startedStage({
      executors: {
        default: new AsyncExecutor({ concurrency: 1 }),
        other: new AsyncExecutor({ concurrency: 1 }),
      },
    });
    const { clock, scheduler } = made;
    const gate = new Gate();
    const far = defineTask('far', gate.handler, { executor: 'other' });
    const deep = await scheduler.enqueue(chain([one, chain([two, chain([far, all([three, three])])])]), {
      n: 1,
    });
    await clock.settle();
    const near = await scheduler.enqueue(one, { n: 5 });
    expect(await within(near.result())).toBe(6);
    expect(gate.inside).toBe(1);
    expect((await scheduler.getRun(`${deep.id}.1.1.0`))?.executor).toBe('other');
    gate.release('far');
    expect(await within(deep.result())).toEqual(['got far', 'got far']);
  });

  test('has the priority of the whole, unless its task has one', async () => {
    const { clock, scheduler } = await startedStage();
    const low = defineTask('low', () => 1, { priority: -2 });
    const handle = await scheduler.enqueue(chain([low, one, chain([three])]), { n: 1 }, { priority: 2 });
    await clock.settle();
    const priorities = await Promise.all(
      ['.0', '.1', '.2', '.2.0'].map(async (tail) => (await scheduler.getRun(handle.id + tail))?.priority),
    );
    expect(priorities).toEqual([-2, 2, 2, 2]);
  });

  test('leaves out a result that JSON cannot carry, with a warning, and the next is handed none', async () => {
    const { scheduler, log } = await startedStage();
    const odd = defineTask('odd', () => ({ call: () => 1 }));
    const handle = await scheduler.enqueue(chain([odd, three]));
    expect(await within(handle.result())).toBe('got undefined');
    expect(log.at('warn').map(({ message }) => message)).toContainEqual(expect.stringContaining('as JSON'));
  });
});

describe('all', () => {
  test('runs its steps side by side, and gives the list of their results in their order', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const waiting = defineTask('waiting', gate.handler);
    const handle = await scheduler.enqueue(all([waiting, waiting, one, chain([two, three])]), { n: 1 });
    await clock.settle();
    expect(gate.most).toBe(2);
    expect(await statusesOf(scheduler, handle.id)).toEqual([
      'running',
      'running',
      'running',
      'succeeded',
      'succeeded',
    ]);
    gate.release('a');
    gate.release('b');
    expect(await within(handle.result())).toEqual(['a', 'b', 2, 'got undefined']);
  });

  test('hands each of its steps what came before it, and what follows it the list', async () => {
    const { scheduler } = await startedStage();
    const count = defineTask('count', ({ previous }) => [(previous as unknown[]).length, previous]);
    const handle = await scheduler.enqueue(chain([one, all([two, three, chain([two, two])]), count]), {
      n: 1,
    });
    expect(await within(handle.result())).toEqual([3, [20, 'got 2', 200]]);
  });

  test('lets the others go on to their ends where one fails, and fails then by the first that did', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    const log: string[] = [];
    const slow = lasting(made, 'slow', 5000, log);
    const bad = defineTask('bad', () => Promise.reject(new Error('bad')));
    const handle = await scheduler.enqueue(chain([all([slow, boom, bad]), three]));
    const result = rejectionOf(handle.result());
    await clock.advance(4000);
    expect(await statusesOf(scheduler, `${handle.id}.0`)).toEqual(['running', 'running', 'failed', 'failed']);
    await clock.advance(1000);
    expect(await statusesOf(scheduler, `${handle.id}.0`)).toEqual([
      'failed',
      'succeeded',
      'failed',
      'failed',
    ]);
    expect((await result) as Error).toMatchObject({
      message: expect.stringContaining('Step 2 ("boom")') as string,
    });
    expect(events.of('run:started').map(({ run }) => run.task)).not.toContain('three');
  });

  test('of 1,000 steps runs each once, no more at a time than the executor has places', async () => {
    const { clock, scheduler, events } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 50 }) },
    });
    let inside = 0;
    let most = 0;
    const branch = defineTask('branch', async ({ runId }) => {
      most = Math.max(most, ++inside);
      await Promise.resolve();
      inside--;
      return Number(runId.split('.').at(-1));
    });
    const steps = Array.from({ length: 1000 }, () => branch) as unknown as [typeof branch];
    const sum = defineTask('sum', ({ previous }) => (previous as number[]).reduce((a, b) => a + b));
    const handle = await scheduler.enqueue(chain([all(steps, { name: 'wide' }), sum]));
    expect(await moving(clock, handle.result())).toBe(499_500);
    expect(most).toBeLessThanOrEqual(50);
    expect(events.of('run:started')).toHaveLength(1003);
    expect(await openRuns(scheduler)).toEqual([]);
  });

  test('fails where its results are too large together, and then nothing runs for a step that failed', async () => {
    const { clock, scheduler } = await startedStage();
    const large = defineTask('large', () => 'x'.repeat(100_000));
    const alert = defineTask('alert', () => 1);
    const inner = all([large, large, large], { name: 'inner', onFailure: alert });
    const handle = await scheduler.enqueue(chain([inner, three], { onFailure: alert }));
    await clock.settle();
    expect(await statusesOf(scheduler, `${handle.id}.0`)).toEqual([
      'failed',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    expect(await scheduler.getRun(`${handle.id}.0`)).toMatchObject({ error: { code: 'ESC_INVALID_DATA' } });
    expect(await scheduler.getRun(`${handle.id}.0.onFailure`)).toBeNull();
    expect(await scheduler.getRun(`${handle.id}.onFailure`)).toMatchObject({ status: 'succeeded' });
  });
});
