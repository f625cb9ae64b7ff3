import { describe, expectTypeOf, test } from 'vitest';
import { Scheduler, defineTask } from 'escapement';
import type { Job, RunContext, RunHandle, StandardSchema, Task } from 'escapement';

const scheduler = new Scheduler();
const send = defineTask(
  'send',
  async ({ data }: RunContext<{ to: string; copies?: number }>) => data.to.length,
);
const bare = defineTask('bare', () => 'done');
const optional = defineTask('optional', ({ data }: RunContext<{ n: number } | undefined>) => data?.n);

declare const dated: StandardSchema<{ at: string }, { at: Date }>;
const show = defineTask('show', ({ data }) => data.at, { schema: dated });

describe('a task', () => {
  test('has the type of its data and of its result', () => {
    expectTypeOf(send).toEqualTypeOf<Task<{ to: string; copies?: number }, number>>();
    expectTypeOf(bare).toEqualTypeOf<Task<unknown, string>>();
  });

  test('with a schema takes the input of the schema and hands its output to the handler', () => {
    expectTypeOf(show).toEqualTypeOf<Task<{ at: string }, Date>>();
    defineTask('show', ({ data }) => expectTypeOf(data).toEqualTypeOf<{ at: Date }>(), { schema: dated });
  });
});

describe('a task of a module', () => {
  const resize = defineTask<{ file: string }, { bytes: number }>('resize', {
    module: new URL('./resize.js', import.meta.url),
    export: 'resize',
  });

  test('has the types that are given, and unknown ones without', () => {
    expectTypeOf(resize).toEqualTypeOf<Task<{ file: string }, { bytes: number }>>();
    expectTypeOf(scheduler.enqueue(resize, { file: 'x' })).toEqualTypeOf<
      Promise<RunHandle<{ bytes: number }>>
    >();
    // @ts-expect-error `file` is no number
    void scheduler.enqueue(resize, { file: 5 });
    const open = defineTask('open', { module: '/tasks/open.js' }, { timeout: { minutes: 1 } });
    expectTypeOf(open).toEqualTypeOf<Task<unknown>>();
    void scheduler.enqueue(open, { anything: true });
  });

  test('takes the input of its schema', () => {
    const dates = defineTask('dates', { module: '/tasks/dates.js' }, { schema: dated });
    expectTypeOf(dates).toEqualTypeOf<Task<{ at: string }>>();
    // @ts-expect-error the schema takes text
    void scheduler.enqueue(dates, { at: new Date() });
  });

  test('is named by nothing else', () => {
    // @ts-expect-error nobody knows it
    defineTask('t', { module: '/t.js', name: 'x' });
    // @ts-expect-error the module is missing
    defineTask('t', { export: 'x' });
  });
});

describe('addJob', () => {
  test('asks for the data of a typed task, and for the right one', () => {
    expectTypeOf(scheduler.addJob(send, '@daily', { data: { to: 'x' } })).toEqualTypeOf<Promise<Job>>();
    void scheduler.addJob(send, { interval: 5 }, { id: 'a', data: { to: 'x', copies: 2 } });
    // @ts-expect-error data is missing
    void scheduler.addJob(send, '@daily');
    // @ts-expect-error data is missing
    void scheduler.addJob(send, '@daily', { id: 'a' });
    // @ts-expect-error `to` is missing
    void scheduler.addJob(send, '@daily', { data: {} });
    // @ts-expect-error `to` is no number
    void scheduler.addJob(send, '@daily', { data: { to: 5 } });
    // @ts-expect-error nobody knows `cc`
    void scheduler.addJob(send, '@daily', { data: { to: 'x', cc: 'y' } });
  });

  test('takes the input of a schema, not its output', () => {
    void scheduler.addJob(show, '@daily', { data: { at: '2026-01-01' } });
    // @ts-expect-error the schema takes text
    void scheduler.addJob(show, '@daily', { data: { at: new Date() } });
    // @ts-expect-error data is missing
    void scheduler.addJob(show, '@daily');
  });

  test('asks for no data where a task does without', () => {
    void scheduler.addJob(bare);
    void scheduler.addJob(bare, '@daily', { id: 'a' });
    void scheduler.addJob(optional, '@daily');
    void scheduler.addJob(optional, '@daily', { data: { n: 1 } });
    // @ts-expect-error `n` is no text
    void scheduler.addJob(optional, '@daily', { data: { n: 'x' } });
  });

  test('leaves the data of a named task, and of a function, open', () => {
    void scheduler.addJob('send', '@daily', { data: { anything: true } });
    void scheduler.addJob('send', '@daily');
    void scheduler.addJob(({ data }) => expectTypeOf(data).toBeUnknown(), '@daily', { data: 5 });
  });

  test('refuses unknown options and wrong ones', () => {
    // @ts-expect-error nobody knows it
    void scheduler.addJob(bare, '@daily', { maxInstance: 2 });
    // @ts-expect-error no such policy
    void scheduler.addJob(bare, '@daily', { overlap: 'wait' });
    // @ts-expect-error durations are no text
    void scheduler.addJob(bare, '@daily', { timeout: '5s' });
    // @ts-expect-error months are no duration
    void scheduler.addJob(bare, '@daily', { timeout: { months: 1 } });
    // @ts-expect-error code belongs to tasks
    void scheduler.addJob(bare, '@daily', { retry: { attempts: 2, retryIf: () => true } });
    // @ts-expect-error a number is no trigger
    void scheduler.addJob(bare, 5000);
  });
});

describe('enqueue', () => {
  test('types the data and the result', () => {
    expectTypeOf(scheduler.enqueue(send, { to: 'x' })).toEqualTypeOf<Promise<RunHandle<number>>>();
    expectTypeOf(scheduler.enqueue(show, { at: 'x' })).toEqualTypeOf<Promise<RunHandle<Date>>>();
    expectTypeOf<RunHandle<number>['result']>().returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(scheduler.enqueue('send', 5)).toEqualTypeOf<Promise<RunHandle>>();
    expectTypeOf(scheduler.runJob('a')).toEqualTypeOf<Promise<RunHandle>>();
    void scheduler.enqueue(bare);
    void scheduler.enqueue(optional, undefined, { delay: { minutes: 1 }, key: 'k' });
    // @ts-expect-error data is missing
    void scheduler.enqueue(send);
    // @ts-expect-error `to` is no number
    void scheduler.enqueue(send, { to: 5 });
    // @ts-expect-error the schema takes text
    void scheduler.enqueue(show, { at: new Date() });
    // @ts-expect-error a run without a job has no id of the user's
    void scheduler.enqueue(bare, undefined, { id: 'a' });
  });
});

describe('addJobs and the constructor', () => {
  test('take tasks of whatever data', () => {
    new Scheduler({ tasks: [send, bare, show, optional] });
    void scheduler.addJobs([
      { task: send, trigger: '@daily', options: { data: { to: 'x' } } },
      { task: 'send' },
      { task: () => 1 },
    ]);
    // @ts-expect-error the store is named for all of them
    void scheduler.addJobs([{ task: bare, options: { store: 'other' } }]);
    // @ts-expect-error a function is no task
    new Scheduler({ tasks: [() => 1] });
  });
});
