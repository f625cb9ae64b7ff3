import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MemoryJobStore, all, chain, defineTask, interval } from '../../src/index.js';
import type { RunContext, TaskOptions } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { moving, startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';
import { statusesOf } from './steps/support/chain-stage.js';

/** Makes a task that fails, and one that runs then and notes what it was told. */
function pair(options: TaskOptions = {}): {
  flaky: ReturnType<typeof defineTask>;
  told: RunContext[];
} {
  const told: RunContext[] = [];
  const cached = defineTask('cached', (context: RunContext) => {
    told.push(context);
    return 'from the cache';
  });
  const flaky = defineTask(
    'flaky',
    () => Promise.reject(Object.assign(new RangeError('too far'), { code: 'E_FAR' })),
    { ...options, fallback: cached },
  );
  return { flaky, told };
}

const boom = defineTask('boom', () => Promise.reject(new Error('boom')));
const echo = defineTask('echo', ({ previous }) => `got ${String(previous)}`);

describe('the fallback of a task', () => {
  test('runs once when the attempts are used up, with the same data and what was thrown', async () => {
    const { clock, scheduler, events } = await startedStage();
    const { flaky, told } = pair({ retry: { attempts: 3, delay: 1000 } });
    const handle = await scheduler.enqueue(flaky, { n: 1 });
    const result = rejectionOf(handle.result());
    await clock.advance(1500);
    expect(told).toEqual([]);
    await clock.advance(1500);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      data: { n: 1 },
      runId: `${handle.id}.fallback`,
      attempt: 1,
      previous: undefined,
      failure: {
        runId: handle.id,
        task: 'flaky',
        error: { name: 'RangeError', message: 'too far', code: 'E_FAR' },
      },
    });
    // It stands for nothing: the run itself has failed, and whoever waits for it hears so.
    expect(await result).toBeInstanceOf(RangeError);
    expect((await handle.run())?.status).toBe('failed');
    expect(await scheduler.getRun(`${handle.id}.fallback`)).toMatchObject({
      status: 'succeeded',
      origin: 'chained',
      parentRunId: handle.id,
      step: null,
      result: 'from the cache',
    });
    expect(events.of('run:started')).toHaveLength(4);
  });

  test('does not run where the task succeeds in the end, or is cancelled', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const cached = defineTask('cached', () => 1);
    const late = defineTask('late', ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('no')) : 1), {
      retry: { attempts: 2, delay: 100 },
      fallback: cached,
    });
    await scheduler.enqueue(late);
    const held = await scheduler.enqueue(defineTask('held', gate.handler, { fallback: cached }));
    await clock.settle();
    await held.cancel();
    gate.fail(new Error('aborted'));
    await clock.advance(1000);
    expect((await scheduler.getRuns({ task: 'cached' })).items).toEqual([]);
  });

  test('runs after a time-out at once, though the handler goes on', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const cached = defineTask('cached', ({ failure }) => failure?.error.code);
    const handle = await scheduler.enqueue(
      defineTask('deaf', gate.handler, { timeout: 1000, fallback: cached }),
    );
    await clock.advance(1000);
    expect(await handle.run()).toMatchObject({ status: 'failed', held: true });
    expect(await scheduler.getRun(`${handle.id}.fallback`)).toMatchObject({ result: 'ESC_RUN_TIMED_OUT' });
    gate.release();
  });

  test('does not run for a run that is lost: nobody knows whether it failed', async () => {
    const store = new MemoryJobStore();
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const cached = defineTask('cached', () => 1);
    const never = defineTask('never', () => new Promise(() => undefined), {
      recovery: 'abandon',
      fallback: cached,
    });
    const handle = await scheduler.enqueue(never);
    await clock.settle();
    await moving(clock, scheduler.shutdown({ wait: false }));
    await scheduler.start();
    await clock.advance(1000);
    expect((await handle.run())?.status).toBe('lost');
    expect(await scheduler.getRun(`${handle.id}.fallback`)).toBeNull();
  });

  test('runs when data that the schema refuses fails the run', async () => {
    const { clock, scheduler } = await startedStage();
    const cached = defineTask('cached', ({ failure }) => failure?.error.code);
    let isStrict = false;
    const picky = defineTask('picky', () => 1, {
      fallback: cached,
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: (value) => (isStrict ? { issues: [{ message: 'no' }] } : { value }),
        },
      },
    });
    const handle = await scheduler.enqueue(picky, 1, { delay: 1000 });
    isStrict = true;
    await clock.advance(1000);
    expect(await scheduler.getRun(`${handle.id}.fallback`)).toMatchObject({ result: 'ESC_INVALID_DATA' });
  });

  test('may have retries, a time-out and a fallback of its own', async () => {
    const { clock, scheduler, events } = await startedStage();
    const last = defineTask('last', ({ failure }) => failure?.task);
    const middle = defineTask('middle', () => Promise.reject(new Error('no')), {
      retry: { attempts: 2, delay: 100 },
      fallback: last,
    });
    const first = defineTask('first', () => Promise.reject(new Error('no')), { fallback: middle });
    const handle = await scheduler.enqueue(first);
    await clock.advance(1000);
    expect(await scheduler.getRun(`${handle.id}.fallback.fallback`)).toMatchObject({ result: 'middle' });
    expect(events.of('run:started').map(({ run }) => run.task)).toEqual([
      'first',
      'middle',
      'middle',
      'last',
    ]);
  });

  test('may be a chain', async () => {
    const { clock, scheduler } = await startedStage();
    const one = defineTask('one', () => 1);
    const flaky = defineTask('flaky', () => Promise.reject(new Error('no')), {
      fallback: chain([one, echo], { name: 'instead' }),
    });
    const handle = await scheduler.enqueue(flaky);
    await clock.settle();
    expect(await statusesOf(scheduler, `${handle.id}.fallback`)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    expect((await scheduler.getRun(`${handle.id}.fallback`))?.result).toBe('got 1');
    const whole = await scheduler.enqueue(chain([flaky, echo], { name: 'whole' }));
    expect(await within(whole.result())).toBe('got got 1');
  });

  test('of a job runs as one of the job, and takes no slot of it', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const slow = defineTask('slow', gate.handler);
    const flaky = defineTask('flaky', () => Promise.reject(new Error('no')), { fallback: slow });
    await scheduler.addJob(flaky, interval({ seconds: 10 }), { id: 'job', tags: ['a'] });
    await clock.advance({ seconds: 25 });
    expect(gate.inside).toBe(2);
    expect(gate.contexts[0]?.job).toEqual({ id: 'job', name: 'flaky', tags: ['a'] });
    expect(await scheduler.getJob('job')).toMatchObject({ runCount: 2 });
    const { items } = await scheduler.getRuns({ jobId: 'job' });
    expect(items.map(({ task }) => task).sort()).toEqual(['flaky', 'flaky', 'slow', 'slow']);
    gate.releaseAll();
  });

  test('is kept until its run has ended, where a history keeps nothing', async () => {
    const store = new MemoryJobStore({ history: { maxRuns: 0 } });
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const { flaky, told } = pair();
    await scheduler.enqueue(flaky);
    await clock.settle();
    expect(told).toHaveLength(1);
    expect((await scheduler.getRuns()).items).toEqual([]);
  });

  test.each([
    ['a name', 'cached'],
    ['a function', () => 1],
    ['null', null],
    ['a list', []],
  ])('is refused where it is %s', (_what, fallback) => {
    const call = (): unknown => defineTask('t', () => 1, { fallback } as unknown as TaskOptions);
    expect(call).toThrow(InvalidOptionError);
    expect(call).toThrow('options.fallback');
  });

  test('is an option of tasks alone', async () => {
    const { scheduler } = await startedStage();
    const options = { fallback: boom } as object;
    const refusals = [
      scheduler.addJob(boom, '@daily', options),
      scheduler.enqueue(boom, undefined, options),
      scheduler.addJob(boom, '@daily', { id: 'a' }).then((job) => job.modify(options)),
    ];
    for (const refusal of refusals)
      expect(await rejectionOf(refusal)).toMatchObject({ code: 'ESC_INVALID_OPTION' });
  });
});

describe('in a chain, the fallback of a step', () => {
  test('gives the result that the next step gets', async () => {
    const { scheduler } = await startedStage();
    const { flaky, told } = pair();
    const before = defineTask('before', () => 'before');
    const handle = await scheduler.enqueue(chain([before, flaky, echo]));
    expect(await within(handle.result())).toBe('got from the cache');
    expect(told[0]).toMatchObject({ runId: `${handle.id}.1.fallback`, failure: { runId: `${handle.id}.1` } });
    expect((await handle.run())?.steps).toMatchObject([
      { status: 'succeeded' },
      { status: 'succeeded', task: 'cached', runId: `${handle.id}.1.fallback` },
      { status: 'succeeded' },
    ]);
    expect((await scheduler.getRun(`${handle.id}.1`))?.status).toBe('failed');
  });

  test('keeps the others waiting, and does not run onFailure unless it fails itself', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const failures: unknown[] = [];
    const alert = defineTask('alert', ({ failure }) =>
      failures.push([failure?.task, failure?.error.message]),
    );
    const flaky = defineTask('flaky', () => Promise.reject(new Error('no')), {
      fallback: defineTask('cached', gate.handler),
    });
    const task = chain([all([flaky, echo]), echo], { name: 'x', onFailure: alert });
    const [good, bad] = [await scheduler.enqueue(task), await scheduler.enqueue(task)];
    await clock.settle();
    expect(await statusesOf(scheduler, `${good.id}.0`)).toEqual(['running', 'running', 'succeeded']);
    gate.release('old');
    gate.fail(new Error('empty'));
    expect(await within(good.result())).toBe('got old,got undefined');
    await clock.settle();
    expect(await statusesOf(scheduler, bad.id)).toEqual(['failed', 'failed', 'skipped']);
    expect(failures).toEqual([
      ['all(flaky, echo)', 'Step 1 ("cached") of task "all(flaky, echo)" failed: empty'],
    ]);
  });

  test('is not begun once somebody has asked to cancel the chain', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const cached = defineTask('cached', () => 1);
    const stubborn = defineTask('stubborn', gate.handler, { fallback: cached });
    const handle = await scheduler.enqueue(chain([stubborn, echo]));
    await clock.settle();
    await handle.cancel();
    gate.fail(new Error('aborted'));
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
    expect((await scheduler.getRuns({ task: 'cached' })).items).toEqual([]);
  });
});
