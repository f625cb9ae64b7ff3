import { describe, expectTypeOf, test } from 'vitest';
import { Scheduler, all, chain, defineTask } from 'escapement';
import type {
  AnyTask,
  DataOfAll,
  LastResult,
  ResultsOf,
  Run,
  RunContext,
  RunFailure,
  RunHandle,
  RunProgress,
  RunStep,
  Task,
} from 'escapement';

const scheduler = new Scheduler();
const bare = defineTask('bare', () => 'done');
const load = defineTask('load', async ({ data }: RunContext<{ from: string }>) => data.from.length);
const send = defineTask('send', ({ data }: RunContext<{ to: string; copies?: number }>) => [data.to]);
const maybe = defineTask('maybe', ({ data }: RunContext<{ n: number } | undefined>) => data?.n);
const silent = defineTask('silent', () => {
  console.log('nothing');
});

describe('chain', () => {
  test('takes the data that all of its steps take, and gives the result of the last', () => {
    expectTypeOf(chain([load, send])).toEqualTypeOf<
      Task<{ from: string } & { to: string; copies?: number }, string[]>
    >();
    expectTypeOf(chain([send, load])).toEqualTypeOf<
      Task<{ to: string; copies?: number } & { from: string }, number>
    >();
    expectTypeOf(chain([load])).toEqualTypeOf<Task<{ from: string }, number>>();
    expectTypeOf(chain([load, silent])).toEqualTypeOf<Task<{ from: string }, void>>();
  });

  test('asks for no data where none of its steps does', () => {
    expectTypeOf(chain([bare, silent, bare])).toEqualTypeOf<Task<unknown, string>>();
    void scheduler.addJob(chain([bare, bare]), '@daily');
    void scheduler.enqueue(chain([bare, bare]));
    void scheduler.enqueue(chain([maybe, bare]));
    void scheduler.enqueue(chain([maybe, bare]), { n: 1 });
  });

  test('of chains and of all is typed through and through', () => {
    const inner = all([load, chain([bare, send])]);
    expectTypeOf(inner).toEqualTypeOf<
      Task<{ from: string } & { to: string; copies?: number }, [number, string[]]>
    >();
    const outer = chain([bare, inner]);
    expectTypeOf(scheduler.enqueue(outer, { from: 'a', to: 'b' })).toEqualTypeOf<
      Promise<RunHandle<[number, string[]]>>
    >();
  });

  test('wants the data of each of its steps, whole and right', () => {
    void scheduler.addJob(chain([load, send]), '@daily', { data: { from: 'a', to: 'b', copies: 1 } });
    // @ts-expect-error data is missing
    void scheduler.addJob(chain([load, send]), '@daily');
    // @ts-expect-error `to` is missing
    void scheduler.addJob(chain([load, send]), '@daily', { data: { from: 'a' } });
    // @ts-expect-error `from` is no number
    void scheduler.enqueue(chain([load, send]), { from: 5, to: 'b' });
    // @ts-expect-error data is missing
    void scheduler.enqueue(chain([load]));
  });

  test('takes tasks alone, and at least one', () => {
    // @ts-expect-error there are none
    chain([]);
    // @ts-expect-error a function is no task
    chain([() => 1]);
    // @ts-expect-error a name is no task
    chain([bare, 'send']);
    // @ts-expect-error a task is no list
    chain(bare);
    // @ts-expect-error one is no task
    all([bare, null]);
  });

  test('takes a name, a task for its failure and the defaults of jobs, and no time-out or retry', () => {
    chain([bare], { name: 'x', onFailure: load, priority: 1, maxInstances: 2, overlap: 'queue' });
    // @ts-expect-error its steps have their own
    chain([bare], { timeout: 1000 });
    // @ts-expect-error its steps have their own
    chain([bare], { retry: { attempts: 2 } });
    // @ts-expect-error its steps have their own
    all([bare], { rateLimit: { max: 1, per: 1000 } });
    // @ts-expect-error it has `onFailure`
    chain([bare], { fallback: bare });
    // @ts-expect-error a function is no task
    chain([bare], { onFailure: () => 1 });
  });

  test('may be made of a list that is made at run time, whose data nobody can tell', () => {
    const [first, ...others]: readonly Task<{ from: string }, number>[] = [load];
    if (first !== undefined)
      expectTypeOf(chain([first, ...others])).toEqualTypeOf<Task<{ from: string }, number>>();
  });
});

describe('all', () => {
  test('gives the list of the results of its steps, each in its place', () => {
    expectTypeOf(all([load, send, bare])).toEqualTypeOf<
      Task<{ from: string } & { to: string; copies?: number }, [number, string[], string]>
    >();
    expectTypeOf(all([load])).toEqualTypeOf<Task<{ from: string }, [number]>>();
  });
});

describe('the helper types', () => {
  test('are those of lists of tasks', () => {
    expectTypeOf<DataOfAll<[typeof bare]>>().toBeUnknown();
    expectTypeOf<DataOfAll<[typeof load, typeof bare]>>().toEqualTypeOf<{ from: string }>();
    expectTypeOf<LastResult<[typeof load, typeof bare]>>().toEqualTypeOf<string>();
    expectTypeOf<LastResult<(typeof load)[]>>().toEqualTypeOf<number>();
    expectTypeOf<ResultsOf<[typeof load, typeof bare]>>().toEqualTypeOf<[number, string]>();
  });
});

describe('the context of a step, and the snapshot of a run', () => {
  test('have what came before as they are', () => {
    defineTask('t', ({ previous, failure }) => {
      expectTypeOf(previous).toBeUnknown();
      expectTypeOf(failure).toEqualTypeOf<RunFailure | null>();
    });
    expectTypeOf<Run['steps']>().toEqualTypeOf<readonly RunStep[] | null>();
    expectTypeOf<Run['step']>().toEqualTypeOf<number | null>();
  });

  test('a fallback is a task of whatever data', () => {
    expectTypeOf(defineTask('t', () => 1, { fallback: load })).toEqualTypeOf<Task<unknown, number>>();
    // @ts-expect-error a function is no task
    defineTask('t', () => 1, { fallback: () => 1 });
    const whatever: AnyTask = chain([load, bare], { onFailure: send });
    defineTask('t', () => 1, { fallback: whatever });
  });

  test('progress is told to whoever waits for a result', () => {
    void scheduler.enqueue(bare).then((handle) =>
      handle.result({
        onProgress: (progress) => {
          expectTypeOf(progress).toEqualTypeOf<RunProgress>();
        },
      }),
    );
  });
});
