import { describe, expect, test } from 'vitest';
import {
  InvalidOptionError,
  InvalidStateError,
  MemoryJobStore,
  Scheduler,
  TaskConflictError,
  UnknownExecutorError,
  UnknownTaskError,
  all,
  chain,
  defineTask,
} from '../../src/index.js';
import type { AnyTask, Task, TaskHandler } from '../../src/index.js';
import { stage } from '../support/stage.js';
import { schemaOf } from '../support/schemas.js';
import { rejectionOf } from '../support/within.js';

const one = defineTask('one', () => 1);
const two = defineTask('two', () => 2);

type Make = (steps: unknown, options?: unknown) => AnyTask;
const makers: readonly (readonly [string, Make])[] = [
  ['chain', chain as Make],
  ['all', all as Make],
];

/** Gives the field that a call is refused for. */
function refusedField(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidOptionError) return error.field;
    throw error;
  }
  throw new Error('It was accepted');
}

describe.each(makers)('%s', (kind, make) => {
  test(`of ${kind} makes a task that is frozen, and named after its steps`, () => {
    const steps = [one, two];
    const task = make(steps);
    expect(task).toMatchObject({ name: `${kind}(one, two)`, composition: { kind, onFailure: null } });
    steps.pop();
    expect(task.composition?.steps).toEqual([one, two]);
    expect([task, task.composition, task.composition?.steps, task.options].every(Object.isFrozen)).toBe(true);
  });

  test(`of ${kind} takes a name, a task for its failure, and the defaults of jobs`, () => {
    const task = make([one], {
      name: 'report',
      onFailure: two,
      priority: 1,
      maxInstances: 3,
      overlap: 'queue',
    });
    expect(task).toMatchObject({
      name: 'report',
      composition: { onFailure: two },
      options: { priority: 1, maxInstances: 3, overlap: 'queue' },
    });
    expect(task.options).not.toHaveProperty('onFailure');
  });

  test.each([
    ['none', undefined],
    ['no list', 'one'],
    ['an object with a length', { length: 1, 0: one }],
    ['an empty list', []],
    ['1,001 tasks', Array.from({ length: 1001 }, () => one)],
  ])(`of ${kind} refuses %s instead of steps`, (_what, steps) => {
    expect(refusedField(() => make(steps))).toBe('steps');
  });

  test(`of ${kind} takes 1,000 tasks, if it is given a name`, () => {
    const steps = Array.from({ length: 1000 }, () => one);
    expect(make(steps, { name: 'many' }).composition?.steps).toHaveLength(1000);
    expect(refusedField(() => make(steps))).toBe('options.name');
  });

  test.each([
    ['a name', 'two'],
    ['a function', () => 2],
    ['null', null],
    ['undefined', undefined],
    ['a list', [two]],
    ['an object that only looks like a task', { name: 'two', handler: () => 2 }],
  ])(`of ${kind} names the place of a step that is %s`, (_what, step) => {
    expect(refusedField(() => make([one, step]))).toBe('steps[1]');
    expect(refusedField(() => make([one], { onFailure: step ?? null }))).toBe('options.onFailure');
  });

  test.each([
    ['timeout', 1000],
    ['retry', { attempts: 2 }],
    ['retry', false],
    ['rateLimit', { max: 1, per: 1000 }],
    ['fallback', two],
    ['data', {}],
    ['onSuccess', two],
  ])(`of ${kind} refuses the option %s: %j`, (key, value) => {
    expect(refusedField(() => make([one], { [key]: value }))).toBe(`options.${key}`);
  });

  test.each([
    ['priority', 9, 'options.priority'],
    ['maxInstances', 0, 'options.maxInstances'],
    ['schema', {}, 'options.schema'],
    ['name', '', 'name'],
    ['name', 'x'.repeat(192), 'name'],
    ['name', 'a\nb', 'name'],
    ['name', 5, 'name'],
  ])(`of ${kind} refuses the value of the option %s: %j`, (key, value, field) => {
    expect(refusedField(() => make([one], { [key]: value }))).toMatch(new RegExp(`(^|\\.)${field}$`));
  });

  test(`of ${kind} wants a name where those of its steps are too long for one`, () => {
    const long = defineTask('l'.repeat(191 - kind.length - 2), () => 1);
    expect(make([long]).name).toHaveLength(191);
    expect(refusedField(() => make([long, one]))).toBe('options.name');
    expect(make([long, one], { name: 'short' }).name).toBe('short');
  });

  test(`of ${kind} refuses options that are none`, () => {
    for (const options of ['name', [], null, 5])
      expect(refusedField(() => make([one], options))).toBe('options');
  });

  test(`of ${kind} has a handler that says who calls its steps`, () => {
    expect(() => (make([one]).handler as unknown as TaskHandler)({} as never)).toThrow(InvalidStateError);
  });
});

describe('time-outs and retries of a whole chain', () => {
  const report = chain([one, two], { name: 'report' });
  const refused = [
    ['timeout', 5000],
    ['timeout', Infinity],
    ['retry', { attempts: 3 }],
    ['retry', false],
  ] as const;

  test.each(refused)('are refused where a job of it is added: %s %j', async (key, value) => {
    const { scheduler } = stage();
    const adding = scheduler.addJob(report, '@daily', { id: 'daily', [key]: value });
    expect(await rejectionOf(adding)).toMatchObject({
      code: 'ESC_INVALID_OPTION',
      field: `options.${key}`,
      message: expect.stringContaining('"report" is made of steps') as string,
    });
    expect(await scheduler.getJob('daily')).toBeNull();
  });

  test.each(refused)('are refused where a run of it is enqueued: %s %j', async (key, value) => {
    const { scheduler } = stage();
    const enqueuing = scheduler.enqueue(report, undefined, { [key]: value });
    expect(await rejectionOf(enqueuing)).toMatchObject({ field: `options.${key}` });
    expect((await scheduler.getRuns()).items).toEqual([]);
  });

  test.each(refused)('are refused where a job of it is changed: %s %j', async (key, value) => {
    const { scheduler } = stage();
    const job = await scheduler.addJob(report, '@daily', { id: 'daily' });
    expect(await rejectionOf(job.modify({ [key]: value }))).toMatchObject({ field: `changes.${key}` });
    await job.modify({ priority: 2 });
    expect(await scheduler.getJob('daily')).toMatchObject({ priority: 2 });
  });

  test('may be among the defaults of all jobs, and hold for the steps', async () => {
    const { clock, scheduler, events } = stage({
      jobDefaults: { timeout: 1000, retry: { attempts: 2, delay: 500 } },
    });
    const stuck = defineTask('stuck', ({ attempt }) =>
      attempt === 1 ? new Promise(() => undefined) : attempt,
    );
    const slow = defineTask(
      'slow',
      () =>
        new Promise((resolve) => {
          clock.setTimer(() => {
            resolve('slept');
          }, 900);
        }),
    );
    const handle = await scheduler.enqueue(chain([slow, slow, slow]));
    const stuckHandle = await scheduler.enqueue(chain([stuck]));
    await scheduler.start();
    await clock.advance({ seconds: 5 });
    expect(await handle.result()).toBe('slept');
    expect(events.of('run:retrying')).toMatchObject([{ run: { task: 'stuck' } }]);
    // Its handler never settles, so its second attempt never starts: two copies never run.
    expect(await stuckHandle.run()).toMatchObject({ status: 'running', steps: [{ status: 'queued' }] });
  });
});

describe('registering a chain', () => {
  const cached = defineTask('cached', () => 'old');
  const flaky = defineTask('flaky', () => 'new', { fallback: cached });
  const alert = defineTask('alert', () => undefined);
  const inner = all([two, flaky], { name: 'inner' });
  const report = chain([one, inner], { name: 'report', onFailure: alert });

  test('registers all that it brings with it: steps, those of steps, fallbacks, and what runs when it fails', async () => {
    const scheduler = new Scheduler({ tasks: [report] });
    for (const name of ['report', 'one', 'inner', 'two', 'flaky', 'cached', 'alert'])
      expect((await scheduler.enqueue(name)).created).toBe(true);
    expect(await rejectionOf(scheduler.enqueue('nobody'))).toBeInstanceOf(UnknownTaskError);
  });

  test('again, or with a part of it, does nothing', () => {
    const scheduler = new Scheduler({ tasks: [report, inner, cached] });
    scheduler.registerTask(report);
    scheduler.registerTask(chain([inner, one], { name: 'other', onFailure: alert }));
  });

  test.each([
    ['another task of the name of a step', chain([defineTask('one', () => 'another')], { name: 'x' })],
    ['another task of the name of its own', chain([two], { name: 'report' })],
    ['another fallback', defineTask('x', () => 1, { fallback: defineTask('cached', () => 'another') })],
    [
      'another task to run when it fails',
      chain([two], { name: 'x', onFailure: defineTask('alert', () => 1) }),
    ],
    [
      'another step, deep inside',
      chain([all([chain([defineTask('two', () => 1)], { name: 'y' })])], { name: 'x' }),
    ],
    ['the same steps in another chain without a name', chain([one, two])],
  ])('with %s is a conflict, and registers nothing', async (_what, task) => {
    const scheduler = new Scheduler({ tasks: [report, chain([one, two])] });
    expect(() => {
      scheduler.registerTask(task);
    }).toThrow(TaskConflictError);
    if (task.name === 'x') expect(await rejectionOf(scheduler.enqueue('x'))).toBeInstanceOf(UnknownTaskError);
  });

  test('whose parts are in conflict with one another is refused', () => {
    const twins = [defineTask('twin', () => 1), defineTask('twin', () => 2)] as const;
    const itself = chain([one, chain([two], { name: 'same' })], { name: 'same' });
    for (const task of [chain(twins, { name: 'x' }), itself])
      expect(() => new Scheduler({ tasks: [task] })).toThrow(TaskConflictError);
  });

  test('of which an executor is missing adds no job of it, however deep it is needed', async () => {
    const { scheduler } = stage();
    const far = defineTask('far', () => 1, { executor: 'gpu' });
    const second = defineTask('y', () => 1, { fallback: far });
    const tasks: readonly Task<unknown>[] = [
      chain([one, all([two, far])]),
      chain([one], { name: 'x', onFailure: far }),
      chain([second]),
      chain([one], { name: 'z', executor: 'gpu' }),
    ];
    for (const task of tasks) {
      expect(await rejectionOf(scheduler.addJob(task))).toBeInstanceOf(UnknownExecutorError);
      expect(await rejectionOf(scheduler.enqueue(task))).toBeInstanceOf(UnknownExecutorError);
    }
    expect((await scheduler.getJobs()).items).toEqual([]);
  });

  test('is needed where a job of it is added by its name', async () => {
    const { scheduler } = stage();
    expect(await rejectionOf(scheduler.addJob('report'))).toBeInstanceOf(UnknownTaskError);
    scheduler.registerTask(report);
    expect(await scheduler.addJob('report', '@daily', { id: 'a' })).toMatchObject({ task: 'report' });
  });
});

describe('the data of a chain', () => {
  test('is checked by its own schema where it is added, and by those of its steps before each runs', async () => {
    const { clock, scheduler } = stage({ stores: { default: new MemoryJobStore() } });
    const picky = defineTask('picky', ({ data }) => data, {
      schema: schemaOf((value) => (value === 'good' ? { value } : { issues: [{ message: 'not good' }] })),
    });
    const strict = chain([one, picky], {
      name: 'strict',
      schema: schemaOf((value) => (value === 'bad' ? { issues: [{ message: 'bad' }] } : { value })),
    });
    await scheduler.start();
    expect(await rejectionOf(scheduler.enqueue(strict, 'bad'))).toMatchObject({ code: 'ESC_INVALID_DATA' });
    const handle = await scheduler.enqueue(strict, 'middling');
    const failure = rejectionOf(handle.result());
    const good = await scheduler.enqueue(strict, 'good');
    await clock.advance(1000);
    expect(await good.result()).toBe('good');
    expect(await failure).toMatchObject({ code: 'ESC_STEP_FAILED', cause: { code: 'ESC_INVALID_DATA' } });
    expect(await handle.run()).toMatchObject({ status: 'failed', steps: [{}, { status: 'failed' }] });
  });
});

describe('the steps of a chain', () => {
  test('are refused with a hole in their list', () => {
    const steps = [one];
    steps[2] = one;
    expect(() => chain(steps as [typeof one], { name: 'x' })).toThrow('steps[1]');
  });

  test('are refused when they are nested so deep that ids would be too long', () => {
    let nested: AnyTask = one;
    const nest = (times: number): void => {
      for (let at = 0; at < times; at++) nested = chain([nested], { name: `nested ${at}` });
    };
    nest(9);
    expect(() => {
      nest(2);
    }).toThrow('at most 10 deep');
  });
});

test('fallbacks that are nested so deep that ids would be too long are refused', () => {
  let nested: AnyTask = one;
  const nest = (): void => {
    nested = defineTask('nested', () => 1, { fallback: nested });
  };
  for (let at = 0; at < 10; at++) nest();
  expect(nest).toThrow('options.fallback');
});

test('a task that is a step many times over is looked at once', () => {
  let wide: AnyTask = one;
  for (let at = 0; at < 9; at++)
    wide = all(Array.from({ length: 1000 }, () => wide) as [AnyTask], { name: `wide ${at}` });
  expect(new Scheduler({ tasks: [wide] }).state).toBe('stopped');
});
