import { describe, expect, test } from 'vitest';
import { AsyncExecutor, InvalidDataError, Scheduler, defineTask } from '../../../src/index.js';
import type { StandardSchema } from '../../../src/index.js';
import { handler, HANDLERS, resultOf, threadStage } from '../../support/thread-stage.js';
import { rejectionOf, within } from '../../support/within.js';

class Money {
  readonly cents = 5;
}

function making(make: (data: unknown) => unknown): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate: (data) => ({ value: make(data) }) } };
}

describe('a handler in a worker thread', () => {
  test('has the context that it would have in this event loop', async () => {
    const stage = await threadStage();
    const { scheduler, events } = stage;
    const tell = handler('tell');
    const trigger = { interval: { hours: 1 } };
    await scheduler.addJob(tell, trigger, { id: 'a', name: 'A job', tags: ['x'], data: { deep: [1] } });
    const handle = await scheduler.runJob('a');
    const result = (await within(handle.result(), 'the result', 15_000)) as object;
    const { run } = events.of('run:started')[0]!;
    expect(result).toMatchObject({
      data: { deep: [1] },
      job: { id: 'a', name: 'A job', tags: ['x'] },
      runId: run.id,
      scheduledAt: run.scheduledAt.toISOString(),
      startedAt: run.startedAt?.toISOString(),
      attempt: 1,
      hasPrevious: false,
    });
    expect(result).toHaveProperty('fencingToken', expect.any(Number));
  });

  test('runs outside of the main thread, one run at a time in each', async () => {
    const stage = await threadStage();
    const thread = handler('thread');
    const ids = await Promise.all(Array.from({ length: 8 }, () => resultOf(stage, thread)));
    expect(ids).not.toContain(0);
    expect(new Set(ids).size).toBeLessThanOrEqual(2);
    expect(stage.executor.freeSlots).toBe(2);
  });

  test('has what it logs and tells of its progress heard, to the last word', async () => {
    const stage = await threadStage();
    expect(await resultOf(stage, handler('talk'))).toBe('said');
    const { log, events } = stage;
    const said = log.entries.filter(({ message }) => ['one', 'two', 'three', 'four'].includes(message));
    expect(said.map(({ level }) => level)).toEqual(['debug', 'info', 'warn', 'error']);
    const { id } = events.of('run:started')[0]!.run;
    for (const { fields } of said) expect(fields).toMatchObject({ runId: id, task: 'talk' });
    expect(said[0]?.fields).toMatchObject({ n: 1n });
    expect(said[1]?.fields).toMatchObject({ when: new Date(0), call: 'function call' });
    const { err } = said[2]!.fields as { err: Error };
    expect(err).toBeInstanceOf(TypeError);
    expect(err).toMatchObject({ message: 'why', code: 'E_WHY' });
    expect(events.of('run:progress')).toMatchObject([
      { fraction: 0.5, note: 'half' },
      { fraction: 1, note: null },
    ]);
  });

  test('hears at once that it tells of an impossible progress', async () => {
    const stage = await threadStage();
    const error = await rejectionOf(resultOf(stage, handler('overshoot')));
    expect(error).toMatchObject({ code: 'ESC_INVALID_OPTION', field: 'fraction' });
  });

  test('gives the same results on an AsyncExecutor, by naming another executor', async () => {
    const stage = await threadStage();
    const echo = handler('echo');
    const data = { a: [1, null, 'x'], b: { c: false } };
    const [there, here] = await Promise.all([
      stage.scheduler.enqueue(echo, data),
      stage.scheduler.enqueue(echo, data, { executor: 'default' }),
    ]);
    expect(await within(there.result(), 'there', 15_000)).toEqual(data);
    expect(await within(here.result(), 'here')).toEqual(data);
  });
});

describe('a result from a thread', () => {
  test('is what its JSON gives', async () => {
    const stage = await threadStage();
    expect(await resultOf(stage, handler('giveDate'))).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(await resultOf(stage, handler('litter'))).toBe('done');
  });

  test('that JSON cannot carry is left out, with a warning', async () => {
    const stage = await threadStage();
    expect(await resultOf(stage, handler('giveFunction'))).toBeUndefined();
    const [warning] = stage.log.at('warn');
    expect(warning?.message).toBe('The result cannot be kept as JSON; the run has succeeded without');
    expect(warning?.fields['err']).toBeInstanceOf(InvalidDataError);
  });
});

describe('an error from a thread', () => {
  test('comes with its class, stack, code, causes and own properties', async () => {
    const stage = await threadStage();
    const error = (await rejectionOf(resultOf(stage, handler('failInDepth')))) as Error;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({
      message: 'on top',
      code: 'E_TOP',
      status: 503,
      details: { host: 'a' },
      cause: { message: 'in between', cause: { name: 'TypeError', code: 'E_ROOT' } },
    });
    expect(error).not.toHaveProperty('retry');
    expect(error.stack).toContain('handlers.ts');
    const [run] = (await stage.scheduler.getRuns()).items;
    expect(run?.error).toMatchObject({
      name: 'RangeError',
      code: 'E_TOP',
      cause: { cause: { code: 'E_ROOT' } },
    });
  });

  test('keeps its name where its class is not known here, and its parts where it has several', async () => {
    const stage = await threadStage();
    expect(await rejectionOf(resultOf(stage, handler('failOwn')))).toMatchObject({ name: 'OwnError' });
    const several = (await rejectionOf(resultOf(stage, handler('failTogether')))) as AggregateError;
    expect(several).toBeInstanceOf(AggregateError);
    expect(several.errors).toMatchObject([{ name: 'TypeError', message: 'one' }, 'two']);
    expect(await rejectionOf(resultOf(stage, handler('throwPlain')))).toEqual({ status: 500 });
  });

  test('is judged by retryIf as any other', async () => {
    const stage = await threadStage();
    const seen: unknown[] = [];
    const retryIf = (error: unknown): boolean => seen.push((error as { code?: unknown }).code) < 3;
    const task = handler('failInDepth', { retry: { attempts: 9, delay: 1, retryIf } });
    await rejectionOf(resultOf(stage, task));
    expect(seen).toEqual(['E_TOP', 'E_TOP', 'E_TOP']);
  });
});

describe('data that a schema has made something else of', () => {
  test('crosses whole where it can', async () => {
    const stage = await threadStage();
    const at = new Date(5);
    const task = handler('echo', { schema: making(() => ({ at, ids: new Set([1]) })) });
    expect(await resultOf(stage, task, {})).toBeUndefined();
    expect(stage.log.at('warn')[0]?.fields['err']).toMatchObject({ path: 'result.ids' });
    const dated = handler('tell', { schema: making(() => at) });
    expect(await resultOf(stage, dated, {})).toMatchObject({ data: at.toJSON() });
  });

  test.each([
    ['a function', () => ({ call: () => 1 }), 'data.call'],
    ['an instance of a class', () => [new Money()], 'data.0'],
    ['what looks like a record and is none', () => new Proxy({}, {}), 'data'],
  ])('is refused before it is sent: %s', async (_what, make, path) => {
    const stage = await threadStage();
    const error = await rejectionOf(resultOf(stage, handler('echo', { schema: making(make) }), {}));
    expect(error).toBeInstanceOf(InvalidDataError);
    expect(error).toMatchObject({ path });
    expect(await resultOf(stage, handler('litter'))).toBe('done');
  });
});

test('a task of a module needs no threads', async () => {
  await using scheduler = new Scheduler({ executors: { default: new AsyncExecutor() } });
  await scheduler.start();
  const triple = defineTask<number, number>('triple', { module: HANDLERS });
  const run = await scheduler.enqueue(triple, 4);
  expect(await within(run.result())).toBe(12);
});
