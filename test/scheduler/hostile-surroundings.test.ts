import { describe, expect, test, vi } from 'vitest';
import {
  AsyncExecutor,
  InvalidImportError,
  InvalidOptionError,
  defineTask,
  interval,
} from '../../src/index.js';
import type { Execution, Executor, JobStore } from '../../src/index.js';
import { scripted } from '../support/custom-triggers.js';
import { hookedStore } from '../support/hooked-store.js';
import { schemaOf } from '../support/schemas.js';
import { moving, stage, startedStage } from '../support/stage.js';

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function cyclic(): object {
  const message: Record<string, unknown> = {};
  message['self'] = message;
  return message;
}

const ODD_ERRORS: Readonly<Record<string, () => unknown>> = {
  'an error whose message is a bigint': () => Object.assign(new Error('x'), { message: 10n }),
  'an error whose message is cyclic': () => Object.assign(new Error('x'), { message: cyclic() }),
  'an error whose name refuses to be serialised': () =>
    Object.assign(new Error('x'), {
      name: {
        toJSON() {
          throw new Error('no');
        },
      },
    }),
  'an object without a prototype': () => Object.create(null) as unknown,
  'a revoked proxy': revoked,
  'an object whose message throws': () => ({
    get message() {
      throw new Error('no');
    },
    toJSON() {
      throw new Error('no');
    },
  }),
  null: () => null,
  undefined: () => undefined,
  'a symbol': () => Symbol('x'),
};

test.each(Object.keys(ODD_ERRORS))('a run that throws %s fails once and frees its slots', async (what) => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const executors = { default: new AsyncExecutor({ concurrency: 1 }) };
  const { clock, scheduler, events } = await startedStage({ executors });
  const task = defineTask('odd', () => {
    throw ODD_ERRORS[what]?.();
  });
  const handle = await scheduler.enqueue(task);
  const outcome = handle.result().then(
    () => 'fulfilled',
    () => 'rejected',
  );
  await clock.advance(60_000);
  expect(await outcome).toBe('rejected');
  expect(events.of('run:failed')).toHaveLength(1);
  expect(await handle.run()).toMatchObject({ status: 'failed', held: false });
  const next = await scheduler.enqueue(defineTask('next', () => 'done'));
  await clock.settle();
  expect(await next.result()).toBe('done');
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

describe.each([
  ['an object without a prototype', (): unknown => Object.create(null)],
  ['a revoked proxy', revoked],
])('a trigger that throws %s', (_what, thrown) => {
  test('is parked, and other jobs go on', async () => {
    let isBad = false;
    const { codec, trigger } = scripted('odd', {
      next: (after) => {
        if (isBad) throw thrown();
        return after + 1000 - (after % 1000);
      },
    });
    const { clock, scheduler, events } = stage({ triggers: [codec] });
    let good = 0;
    await scheduler.addJob(
      () => {
        good++;
      },
      interval({ seconds: 1 }),
      { id: 'good' },
    );
    await scheduler.addJob(() => undefined, trigger, { id: 'bad' });
    await scheduler.start();
    isBad = true;
    await clock.advance(10_000);
    expect(good).toBe(10);
    expect(events.of('job:parked')).toHaveLength(1);
    expect((await scheduler.getJob('bad'))?.state).toBe('parked');
  });
});

/** Executes at once, with as many free slots as it is told to answer. */
class Answering implements Executor {
  answer: () => number = () => 10;

  get freeSlots(): number {
    return this.answer();
  }

  async start(): Promise<void> {}
  async shutdown(): Promise<void> {}

  async execute({ task, context }: Execution): Promise<unknown> {
    return task.handler(context);
  }
}

describe('an executor', () => {
  test.each([undefined, Number.NaN, '5'])('whose freeSlots are %s is refused', async (freeSlots) => {
    const { scheduler } = stage();
    const executor = { freeSlots, start() {}, shutdown() {}, execute() {} } as unknown as Executor;
    await expect(scheduler.addExecutor('more', executor)).rejects.toThrow(InvalidOptionError);
    expect(() => stage({ executors: { more: executor } })).toThrow(InvalidOptionError);
  });

  test('that no longer knows its free slots is asked for nothing, and does not keep the scheduler busy', async () => {
    const { store, calls } = hookedStore();
    const executor = new Answering();
    const { clock, scheduler, events } = await startedStage({
      stores: { default: store },
      executors: { default: executor },
    });
    await scheduler.addJob(() => undefined, interval({ seconds: 1 }));
    await clock.advance(2000);
    const before = events.of('run:started').length;
    executor.answer = () => Number.NaN;
    calls.length = 0;
    await clock.advance(60_000);
    expect(events.of('run:started').length - before).toBeLessThanOrEqual(1);
    expect(calls.filter((call) => call === 'claim').length).toBeLessThanOrEqual(2);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'whose freeSlots throw once, at reading %i, leaks no slot and no run',
    async (badReading) => {
      const executor = new Answering();
      let free = 3;
      executor.execute = async ({ task, context }) => {
        free--;
        try {
          return await task.handler(context);
        } finally {
          free++;
        }
      };
      executor.answer = () => free;
      const { clock, scheduler } = await startedStage({ executors: { default: executor } });
      const task = defineTask(
        'wait',
        () => new Promise((resolve) => clock.setTimer(resolve as () => void, 100)),
      );
      let readings = 0;
      executor.answer = () => {
        if (++readings === badReading) throw new Error('no');
        return free;
      };
      const handles = [];
      for (let at = 0; at < 9; at++) handles.push(await scheduler.enqueue(task));
      await clock.advance({ minutes: 10 });
      const runs = await Promise.all(handles.map((handle) => handle.run()));
      expect(readings).toBeGreaterThanOrEqual(badReading);
      expect(runs.map((run) => [run?.status, run?.held])).toEqual(runs.map(() => ['succeeded', false]));
      expect(free).toBe(3);
    },
  );
});

test('a schema that never answers is timed out, and its run frees its slots', async () => {
  let isHanging = false;
  const schema = schemaOf<number>((value) => {
    return isHanging ? new Promise<never>(() => undefined) : { value: value as number };
  });
  const executors = { default: new AsyncExecutor({ concurrency: 1 }) };
  const { clock, scheduler, events } = await startedStage({ executors });
  const task = defineTask('checked', () => 1, { schema, timeout: { seconds: 5 } });
  const handle = await scheduler.enqueue(task, 1, { delay: 1000 });
  isHanging = true;
  await clock.advance(10_000);
  expect(await handle.run()).toMatchObject({ held: false, error: { code: 'ESC_RUN_TIMED_OUT' } });
  const next = await scheduler.enqueue(defineTask('next', () => 'done'));
  await clock.settle();
  expect(await next.result()).toBe('done');
  expect(events.of('run:started')).toHaveLength(2);
  await moving(clock, scheduler.shutdown({ timeout: 1000 }));
});

test('progress that cannot be stored does not keep the ends of runs from being stored', async () => {
  const { store, hooks }: { store: JobStore; hooks: ReturnType<typeof hookedStore>['hooks'] } = hookedStore();
  const { clock, scheduler } = await startedStage({ stores: { default: store } });
  hooks.before = (method) => {
    if (method === 'reportProgress') throw new Error('no');
  };
  const chatty = defineTask('chatty', async ({ progress, signal }) => {
    while (!signal.aborted) {
      progress(0.1);
      await new Promise<void>((resolve) => clock.setTimer(resolve, 100));
    }
  });
  await scheduler.enqueue(chatty);
  await clock.settle();
  const handle = await scheduler.enqueue(defineTask('short', () => 1));
  await clock.advance({ minutes: 1 });
  expect((await handle.run())?.status).toBe('succeeded');
  hooks.before = null;
});

describe('an import', () => {
  test.each([
    ['catchUpLimit', 2_000_000],
    ['catchUpLimit', 0],
    ['catchUpLimit', 0.5],
    ['jitterMs', -1],
    ['jitterMs', 1e300],
    ['timeoutMs', 0],
    ['retry', { attempts: 1e300, delayMs: 1, maxDelayMs: 1, jitter: 0, backoff: 'fixed' }],
    ['retry', { attempts: 1, delayMs: 1, maxDelayMs: 1, jitter: 5, backoff: 'fixed' }],
  ])('with a policy that nobody could have declared is refused: %s is %j', async (field, value) => {
    const task = defineTask('note', () => undefined);
    const source = stage({ tasks: [task] });
    await source.scheduler.addJob(task, interval({ seconds: 1 }), { id: 'a', coalesce: false });
    const line = JSON.parse((await source.scheduler.exportJobs()).trim()) as { policy: object };
    const target = stage({ tasks: [task] });
    const text = (policy: object): string => JSON.stringify({ ...line, policy });
    await expect(target.scheduler.importJobs(text({ ...line.policy, [field]: value }))).rejects.toThrow(
      InvalidImportError,
    );
    expect((await target.scheduler.getJobs()).items).toEqual([]);
    await target.scheduler.importJobs(text(line.policy));
    expect((await target.scheduler.getJobs()).items).toHaveLength(1);
  });
});
