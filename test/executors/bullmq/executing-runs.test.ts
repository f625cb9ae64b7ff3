import { expect, test } from 'vitest';
import { InvalidDataError, UnknownTaskError, defineTask } from '../../../src/index.js';
import type { RunContext, StandardSchema } from '../../../src/index.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { rejectionOf, within } from '../../support/within.js';
import { until } from '../../support/thread-stage.js';
import { attemptOf, startExecutor } from './support/execution.js';
import { startNode, startWorker } from './support/fleet.js';
import { describeInQueues, openQueue, redisQueue } from './support/place.js';
import { startWorkerProcess } from './support/start-worker-process.js';

const LIMIT_MS = 15_000;
const gone = (): never => {
  throw new Error('The handler was called by the scheduler');
};

await describeInQueues('a run', (place) => {
  test('is executed by a worker, which needs neither store nor scheduler, and gives its result', async () => {
    const queue = place.queue();
    const task = defineTask('add', gone);
    const { scheduler } = await startNode(queue, [task]);
    await startWorker(queue, [
      defineTask('add', ({ data }: RunContext<{ a: number; b: number }>) => ({ sum: data.a + data.b })),
    ]);
    const runs = await Promise.all(
      [1, 2, 3].map((a) => scheduler.enqueue<unknown, unknown>(task, { a, b: 10 })),
    );
    const results = await Promise.all(runs.map((run) => within(run.result(), 'the result', LIMIT_MS)));
    expect(results).toEqual([{ sum: 11 }, { sum: 12 }, { sum: 13 }]);
  });

  test('has the context that its scheduler gave it', async () => {
    const queue = place.queue();
    const { scheduler } = await startNode(queue, [defineTask('look', gone)]);
    const { log } = await startWorker(queue, [
      defineTask('look', (context: RunContext) => {
        context.log.info({ extra: 1 }, 'Looking');
        const { data, job, runId, scheduledAt, startedAt, attempt, fencingToken, previous, failure } =
          context;
        return {
          data,
          job,
          runId,
          scheduledAt: scheduledAt instanceof Date,
          startedAt: startedAt instanceof Date,
          attempt,
          hasToken: fencingToken > 0,
          hasPrevious: previous !== undefined,
          failure,
          isAborted: context.signal.aborted,
        };
      }),
    ]);
    await scheduler.addJob('look', '@daily', { id: 'daily', tags: ['a', 'b'], data: { text: 'nul \0 é' } });
    const run = await scheduler.runJob('daily');
    expect(await within(run.result(), 'the result', LIMIT_MS)).toEqual({
      data: { text: 'nul \0 é' },
      job: { id: 'daily', name: 'look', tags: ['a', 'b'] },
      runId: run.id,
      scheduledAt: true,
      startedAt: true,
      attempt: 1,
      hasToken: true,
      hasPrevious: false,
      failure: null,
      isAborted: false,
    });
    expect(log.entries).toContainEqual({
      level: 'info',
      fields: { runId: run.id, jobId: 'daily', task: 'look', extra: 1 },
      message: 'Looking',
    });
  });

  test('hands on what the step before it gave, and what failed', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    await startWorker(queue, [
      defineTask('step', ({ previous, failure }: RunContext) => [previous, failure]),
    ]);
    const { execution } = attemptOf(defineTask('step', gone));
    const failure = { runId: 'x', task: 't', error: { name: 'Error', message: 'no \0' } };
    const context = { ...execution.context, previous: { rows: [1, null] }, failure };
    expect(await within(executor.execute({ ...execution, context }), 'the result', LIMIT_MS)).toEqual([
      { rows: [1, null] },
      failure,
    ]);
  });

  test('tells its scheduler how far it is, all of it before it ends', async () => {
    const queue = place.queue();
    const task = defineTask('climb', gone);
    const { scheduler, events } = await startNode(queue, [task]);
    await startWorker(queue, [
      defineTask('climb', async ({ progress }: RunContext) => {
        progress(0.25, 'a quarter \0');
        await new Promise(setImmediate);
        progress(0.5);
        progress(0.75);
        progress(1, 'there');
      }),
    ]);
    const run = await scheduler.enqueue(task, undefined);
    expect(await within(run.result(), 'the result', LIMIT_MS)).toBeUndefined();
    const told = events.of('run:progress').map(({ fraction, note }) => [fraction, note]);
    expect(told[0]).toEqual([0.25, 'a quarter ']);
    expect(told.at(-1)).toEqual([1, 'there']);
  });

  test('that fails has the error of its handler, with its class, code, cause and properties', async () => {
    const queue = place.queue();
    const task = defineTask('fail', gone);
    const { scheduler } = await startNode(queue, [task]);
    await startWorker(queue, [
      defineTask('fail', () => {
        const cause = Object.assign(new Error('inner'), { code: 'EINNER' });
        throw Object.assign(new TypeError('outer \0', { cause }), { code: 42, status: { http: 503 } });
      }),
    ]);
    const error = await rejectionOf((await scheduler.enqueue(task, undefined)).result());
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'outer \0',
      code: 42,
      status: { http: 503 },
      cause: { message: 'inner', code: 'EINNER' },
    });
    expect((error as Error).stack).toContain('executing-runs.test');
  });

  test.each([['text'], [{ a: 1 }], [null], [7]])('that throws %j fails with just that', async (thrown) => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const task = defineTask('throw', () => {
      throw thrown;
    });
    await startWorker(queue, [task]);
    const failed = executor.execute(attemptOf(task).execution).catch((error: unknown) => ({ error }));
    expect(await within(failed, 'the failure', LIMIT_MS)).toEqual({ error: thrown });
  });

  test('is tried again as the scheduler says, by what its error is', async () => {
    const queue = place.queue();
    const seen: unknown[] = [];
    const retryIf = (error: unknown): boolean => {
      seen.push([error instanceof RangeError, (error as { code?: unknown }).code]);
      return true;
    };
    const task = defineTask('flaky', gone, { retry: { attempts: 3, delay: 0, retryIf } });
    const { scheduler } = await startNode(queue, [task]);
    await startWorker(queue, [
      defineTask('flaky', ({ attempt }: RunContext) => {
        if (attempt < 3) throw Object.assign(new RangeError('not yet'), { code: attempt });
        return attempt;
      }),
    ]);
    const run = await scheduler.enqueue(task, undefined);
    expect(await within(run.result(), 'the result', LIMIT_MS)).toBe(3);
    expect(seen).toEqual([
      [true, 1],
      [true, 2],
    ]);
  });

  test('whose result is not JSON succeeds without, and says so', async () => {
    const queue = place.queue();
    const task = defineTask('odd', gone);
    const { scheduler, log } = await startNode(queue, [task]);
    await startWorker(queue, [defineTask('odd', () => ({ big: 1n }))]);
    const run = await scheduler.enqueue(task, undefined);
    expect(await within(run.result(), 'the result', LIMIT_MS)).toBeUndefined();
    expect(log.at('warn').map(({ message }) => message)).toContain(
      'The result cannot be kept as JSON; the run has succeeded without',
    );
  });

  test('whose schema makes of its data what JSON cannot carry fails before it is sent', async () => {
    const queue = place.queue();
    const schema: StandardSchema<string, { at: Date }> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ({ value: { at: new Date(value as string) } }),
      },
    };
    const task = defineTask('dated', gone, { schema });
    const { scheduler } = await startNode(queue, [task]);
    const error = await rejectionOf((await scheduler.enqueue(task, '2026-01-01')).result());
    expect(error).toBeInstanceOf(InvalidDataError);
    expect(error).toMatchObject({
      path: 'data.at',
      message: 'Expected `data.at` to be plain JSON, to be sent to a worker, got an instance of Date.',
    });
  });

  test('of a task that a worker does not know is left to one that does', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    await startWorkerProcess(queue);
    const task = defineTask('rare', () => 'found');
    await startWorker(queue, [task]);
    const results = [1, 2, 3].map((n) => executor.execute(attemptOf(task, { id: String(n) }).execution));
    expect(await within(Promise.all(results), 'the results', LIMIT_MS)).toEqual(['found', 'found', 'found']);
  });

  test('is removed from the queue once its end is recorded, and not before', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    let calls = 0;
    const task = defineTask('once', () => ++calls);
    await startWorker(queue, [task]);
    const first = attemptOf(task);
    expect(await within(executor.execute(first.execution), 'the result', LIMIT_MS)).toBe(1);
    const again = attemptOf(task, { attempt: 2 });
    expect(await within(executor.execute(again.execution), 'the result', LIMIT_MS)).toBe(1);
    executor.recorded(again.execution.run);
    const onlooker = openQueue(queue);
    await until(async () => (await onlooker.getJob('run.1')) === undefined, 'the removal');
    const later = attemptOf(task, { attempt: 3 });
    expect(await within(executor.execute(later.execution), 'the result', LIMIT_MS)).toBe(2);
  });
});

await describeInQueues('runs that wait for a worker', (place) => {
  test('begin in the order of their priorities', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const order: number[] = [];
    const task = defineTask('ordered', ({ runId }: RunContext) => void order.push(Number(runId)));
    const waiting = [-2, 0, 2, 1, -1].map((priority) =>
      executor.execute(attemptOf(task, { id: String(priority), priority }).execution),
    );
    const onlooker = openQueue(queue);
    await until(async () => (await onlooker.getJobCountByTypes('prioritized', 'waiting')) === 5, 'all runs');
    await startWorker(queue, [task], { concurrency: 1 });
    await within(Promise.all(waiting), 'all runs', LIMIT_MS);
    expect(order).toEqual([2, 1, 0, -1, -2]);
  });

  test('hold the slots of their executor', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue, { concurrency: 2 });
    const task = defineTask('held', () => 1);
    const first = executor.execute(attemptOf(task, { id: 'a' }).execution);
    expect(executor.freeSlots).toBe(1);
    const second = executor.execute(attemptOf(task, { id: 'b' }).execution);
    expect(executor.freeSlots).toBe(0);
    await startWorker(queue, [task]);
    await within(Promise.all([first, second]), 'both', LIMIT_MS);
    expect(executor.freeSlots).toBe(2);
  });
});

await describeOnServer('redis', 'a task that no worker knows, in Redis', (url) => {
  test('fails its run with an error that names it, the queue and what is known', async () => {
    const queue = redisQueue(url);
    const { executor } = await startExecutor(queue);
    await startWorker(queue, [defineTask('known', gone)]);
    const failed = executor.execute(attemptOf(defineTask('unknown', gone)).execution);
    const error = await within(
      failed.catch((thrown: unknown) => thrown),
      'the failure',
      60_000,
    );
    expect(error).toBeInstanceOf(UnknownTaskError);
    expect((error as Error).message).toBe(
      `No worker of queue "${queue.queue ?? ''}" took task "unknown". The last that was asked knows "known". ` +
        'Pass it in `createBullMQWorker({ tasks })`.',
    );
  }, 70_000);
});
