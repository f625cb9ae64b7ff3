import { describe, expect, test } from 'vitest';
import type { RunContext, SchedulerEventName } from '../../src/index.js';
import { AsyncExecutor, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import { startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

const OUTCOMES: readonly SchedulerEventName[] = [
  'run:succeeded',
  'run:failed',
  'run:cancelled',
  'run:lost',
  'run:retrying',
];

function outcomesOf({ events }: Stage): readonly SchedulerEventName[] {
  return events.names.filter((name) => OUTCOMES.includes(name));
}

async function runOnce(handler: (context: RunContext) => unknown): Promise<Stage> {
  const made = await startedStage();
  await made.scheduler.addJob(handler, undefined, { id: 'one' });
  await made.clock.settle();
  return made;
}

async function onlyRun({ scheduler }: Stage): Promise<object | undefined> {
  const { items } = await scheduler.getRuns();
  expect(items).toHaveLength(1);
  return items[0];
}

describe('a handler that', () => {
  test('throws synchronously leaves one failed run', async () => {
    const error = new RangeError('no');
    const made = await runOnce(() => {
      throw error;
    });
    expect(outcomesOf(made)).toEqual(['run:failed']);
    expect(made.events.of('run:failed')[0]?.error).toBe(error);
    expect(await onlyRun(made)).toMatchObject({
      status: 'failed',
      error: { name: 'RangeError', message: 'no' },
      held: false,
    });
  });

  test('rejects with undefined leaves one failed run', async () => {
    const made = await runOnce(async () => {
      throw undefined;
    });
    expect(outcomesOf(made)).toEqual(['run:failed']);
    expect(await onlyRun(made)).toMatchObject({ status: 'failed', error: { message: 'undefined' } });
  });

  test.each([
    ['null', null],
    ['a string', 'text'],
    ['a symbol', Symbol('s')],
    ['an object without prototype', Object.create(null) as object],
    ['a cyclic object', cyclic()],
    ['an object with getters that throw', hostile()],
    ['an error whose message throws', hostileError()],
  ])('throws %s leaves one failed run', async (_what, thrown) => {
    const made = await runOnce(() => {
      throw thrown;
    });
    expect(outcomesOf(made)).toEqual(['run:failed']);
    expect(made.events.of('run:failed')[0]?.error).toBe(thrown);
    expect(await onlyRun(made)).toMatchObject({ status: 'failed', held: false });
  });

  test('never settles leaves no outcome, and holds its slot', async () => {
    const made = await runOnce(() => new Promise(() => undefined));
    await made.clock.advance({ days: 1 });
    expect(outcomesOf(made)).toEqual([]);
    expect(await onlyRun(made)).toMatchObject({ status: 'running', held: true });
  });

  test.each([
    ['a BigInt', 1n],
    ['a cycle', cyclic()],
    ['a function', () => undefined],
    ['a class instance', new Map([[1, 2]])],
    ['an object whose toJSON throws', { toJSON: refuse }],
    ['an object with a getter that throws', hostile()],
    ['more JSON than fits', 'x'.repeat(300 * 1024)],
  ])('gives %s succeeds without a stored result, with one warning', async (_what, result) => {
    const made = await runOnce(() => result);
    expect(outcomesOf(made)).toEqual(['run:succeeded']);
    expect(made.events.of('run:succeeded')[0]?.result).toBe(result);
    const run = await onlyRun(made);
    expect(run).toMatchObject({ status: 'succeeded', held: false });
    expect(run).toHaveProperty('result', undefined);
    expect(made.log.at('warn')).toHaveLength(1);
    expect(made.log.at('warn')[0]?.fields['runId']).toBe(made.events.of('run:succeeded')[0]?.run.id);
  });

  test('gives a thenable is waited for', async () => {
    const made = await runOnce(() => ({
      then: (resolve: (value: string) => void) => {
        resolve('late');
      },
    }));
    expect(await onlyRun(made)).toMatchObject({ status: 'succeeded', result: 'late' });
  });
});

describe('after a time-out', () => {
  test('a handler that settles later, either way, changes nothing', async () => {
    const made = await startedStage();
    const gate = new Gate();
    for (const id of ['succeeds', 'fails'])
      await made.scheduler.addJob(gate.handler, undefined, { id, timeout: 1000 });
    await made.clock.advance(1000);
    expect(outcomesOf(made)).toEqual(['run:failed', 'run:failed']);
    gate.release('too late');
    gate.fail(new Error('too late'));
    await made.clock.settle();
    expect(outcomesOf(made)).toEqual(['run:failed', 'run:failed']);
    const { items } = await made.scheduler.getRuns();
    for (const run of items)
      expect(run).toMatchObject({ status: 'failed', error: { code: 'ESC_RUN_TIMED_OUT' }, held: false });
  });

  test('the signal is aborted with the error of the run', async () => {
    const made = await startedStage();
    const gate = new Gate();
    await made.scheduler.addJob(gate.handler, undefined, { timeout: 1000 });
    await made.clock.advance(999);
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    await made.clock.advance(1);
    expect(gate.contexts[0]?.signal.reason).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
    expect(made.events.of('run:failed')[0]?.error).toBe(gate.contexts[0]?.signal.reason);
  });

  test('the job slot stays held until the handler has settled, and so does its retry', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    const gate = new Gate();
    await scheduler.addJob(gate.handler, undefined, {
      id: 'a',
      timeout: 1000,
      retry: { attempts: 2, delay: 1000 },
    });
    await clock.advance({ minutes: 5 });
    expect(events.of('run:retrying')).toHaveLength(1);
    expect(gate.entered).toBe(1);
    const manual = await scheduler.runJob('a');
    await clock.advance({ minutes: 5 });
    expect(gate.entered).toBe(1);
    expect(await manual.run()).toMatchObject({ status: 'queued' });
    gate.release();
    await clock.advance({ minutes: 5 });
    expect(gate.entered).toBe(2);
    gate.releaseAll();
    await clock.settle();
    expect(gate.entered).toBe(3);
    expect(gate.most).toBe(1);
  });

  test('the executor slot stays held until the handler has settled', async () => {
    const { clock, scheduler } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 1 }) },
    });
    const gate = new Gate();
    const ran: string[] = [];
    await scheduler.addJob(gate.handler, undefined, { timeout: 1000 });
    await clock.settle();
    await scheduler.addJob(() => ran.push('other'));
    await clock.advance({ minutes: 1 });
    expect(ran).toEqual([]);
    gate.release();
    await clock.settle();
    expect(ran).toEqual(['other']);
  });

  test('a handler that settles while its outcome is being recorded frees its slots', async () => {
    const { store, hooks } = hookedStore();
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', timeout: 1000 });
    let letGo = (): void => undefined;
    hooks.before = async (method) => {
      if (method !== 'finishRuns') return;
      hooks.before = null;
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    };
    await clock.advance({ seconds: 62 });
    gate.release();
    await clock.settle();
    letGo();
    await clock.settle();
    expect((await scheduler.getRuns()).items).toMatchObject([{ status: 'failed', held: false }]);
    await clock.advance({ minutes: 1 });
    expect(gate.entered).toBe(2);
  });

  test('a handler that ignores its signal is reported once', async () => {
    const { clock, scheduler, log } = await startedStage();
    await scheduler.addJob(() => new Promise(() => undefined), undefined, { id: 'deaf', timeout: 1000 });
    await clock.advance({ minutes: 10 });
    expect(log.at('warn')).toMatchObject([{ fields: { jobId: 'deaf' } }]);
    expect(log.at('warn')[0]?.message).toMatch(/ignores its aborted signal/);
  });

  test('a handler that listens to its signal is not reported', async () => {
    const { clock, scheduler, log } = await startedStage();
    await scheduler.addJob(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      undefined,
      { timeout: 1000 },
    );
    await clock.advance({ minutes: 10 });
    expect(log.at('warn')).toEqual([]);
  });
});

test('a run that fails does not keep its job from firing again', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => Promise.reject(new Error('always')), interval({ minutes: 1 }));
  await clock.advance({ minutes: 3 });
  expect(events.of('run:failed')).toHaveLength(3);
});

function cyclic(): object {
  const one: { self?: object } = {};
  one.self = one;
  return one;
}

function refuse(): never {
  throw new Error('refused');
}

function hostile(): object {
  return {
    get inside(): never {
      return refuse();
    },
  };
}

function hostileError(): Error {
  return Object.defineProperty(new Error('x'), 'message', { get: refuse });
}
