import { describe, expect, test, vi } from 'vitest';
import { InvalidOptionError, ThreadDiedError, defineTask } from '../../../src/index.js';
import { handler, HANDLERS, logged, resultOf, threadStage, until } from '../../support/thread-stage.js';
import { rejectionOf, within } from '../../support/within.js';

const LIMIT_MS = 15_000;
const IGNORES = 'The handler ignores its aborted signal';

describe('a handler that heeds its signal', () => {
  test('settles after a time-out, and its thread goes on', async () => {
    const stage = await threadStage({ threads: 1 });
    const { scheduler, log } = stage;
    const before = await resultOf(stage, handler('thread'));
    const run = await scheduler.enqueue(handler('wait'), undefined, { timeout: 200 });
    expect(await rejectionOf(run.result())).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
    await logged(stage, 'aborted');
    const { fields } = log.entries.find(({ message }) => message === 'aborted')!;
    expect(fields['reason']).toMatchObject({ name: 'RunTimedOutError', code: 'ESC_RUN_TIMED_OUT' });
    expect(await resultOf(stage, handler('thread'))).toBe(before);
  });

  test('hears of an abort that comes while its thread still starts', async () => {
    const stage = await threadStage();
    const run = await stage.scheduler.enqueue(handler('wait'), undefined, { timeout: 1 });
    expect(await rejectionOf(run.result())).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
    await logged(stage, 'aborted');
    await until(() => stage.executor.freeSlots === 2, 'the slot is free');
    expect(stage.log.entries.filter(({ message }) => message.startsWith(IGNORES))).toEqual([]);
  });

  test('hears of its cancellation, and nobody else does', async () => {
    const stage = await threadStage();
    const [one, two] = await Promise.all([
      stage.scheduler.enqueue(handler('wait')),
      stage.scheduler.enqueue(handler('spin'), 600),
    ]);
    await logged(stage, 'waiting');
    await one.cancel();
    expect(await rejectionOf(one.result())).toMatchObject({ code: 'ESC_RUN_CANCELLED' });
    await logged(stage, 'aborted');
    await within(two.result(), 'the other run', LIMIT_MS);
  });
});

describe('a handler that ignores its signal', () => {
  test.each([
    ['waits for ever', 'ignore', undefined],
    ['computes', 'spin', 60_000],
  ])('has its thread ended, and the run has timed out: one that %s', async (_what, name, data) => {
    const stage = await threadStage({ terminateAfter: 100 });
    const { scheduler, executor, log } = stage;
    const other = scheduler.enqueue(handler('wait'));
    await logged(stage, 'waiting');
    const run = await scheduler.enqueue(handler(name), data, { timeout: 500 });
    expect(await rejectionOf(run.result())).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
    await logged(stage, IGNORES);
    await until(() => executor.freeSlots === 1, 'the slot is free');
    expect(await run.run()).toMatchObject({ status: 'failed', error: { code: 'ESC_RUN_TIMED_OUT' } });
    expect(log.at('warn').filter(({ message }) => message.startsWith(IGNORES))).toMatchObject([
      { fields: { runId: run.id, task: name, termMs: 100 } },
    ]);
    expect(await resultOf(stage, handler('litter'))).toBe('done');
    expect(await (await other).run()).toMatchObject({ status: 'running' });
    await (await other).cancel();
    await logged(stage, 'aborted');
  });

  test('is cancelled where that was why', async () => {
    const stage = await threadStage({ terminateAfter: 100 });
    const run = await stage.scheduler.enqueue(handler('ignore'));
    await logged(stage, 'waiting');
    await run.cancel();
    await until(() => stage.executor.freeSlots === 2, 'the slot is free');
    expect(await run.run()).toMatchObject({ status: 'cancelled' });
  });

  test('is retried only once its thread has ended, though it is inside native code', async () => {
    const stage = await threadStage({ terminateAfter: 50 });
    const { scheduler, executor, events } = stage;
    const task = handler<number>('block', { timeout: 500, retry: { attempts: 2, delay: 1 } });
    const run = await scheduler.enqueue(task, 2);
    await logged(stage, IGNORES);
    expect(executor.freeSlots).toBe(1);
    expect(events.of('run:started')).toHaveLength(1);
    expect(await rejectionOf(within(run.result(), 'the end', LIMIT_MS))).toBeDefined();
    const [first, second] = events.of('run:started').map((event) => event.run.startedAt!.getTime());
    expect(second! - first!).toBeGreaterThanOrEqual(1500);
  });

  test('is handed back at a shutdown, and its thread is ended', async () => {
    const stage = await threadStage({ terminateAfter: 60_000 });
    const { scheduler, executor, log } = stage;
    const run = await scheduler.enqueue(handler('ignore'));
    await logged(stage, 'waiting');
    await within(scheduler.shutdown({ timeout: 10 }), 'the shutdown', LIMIT_MS);
    expect(await run.run()).toMatchObject({ status: 'queued' });
    expect(executor.freeSlots).toBe(2);
    expect(log.entries.map(({ message }) => message)).not.toContainEqual(expect.stringContaining('given up'));
  });
});

describe('a thread that dies', () => {
  test.each<[string, string, unknown, object]>([
    ['ends its process', 'exit', 3, { message: expect.stringContaining('3') as unknown }],
    ['leaves an error uncaught', 'explode', undefined, { message: 'nobody catches this' }],
    ['takes too much memory', 'hoard', undefined, { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
  ])('fails its own run only, and is replaced: the handler %s', async (_what, name, data, cause) => {
    const stage = await threadStage({ resourceLimits: { maxOldGenerationSizeMb: 64 } });
    const other = await stage.scheduler.enqueue(handler('wait'));
    await logged(stage, 'waiting');
    const run = await stage.scheduler.enqueue(handler(name), data);
    const error = (await rejectionOf(within(run.result(), name, LIMIT_MS))) as Error;
    expect(error).toBeInstanceOf(ThreadDiedError);
    expect(error.message).toContain(`of run "${run.id}" of task "${name}"`);
    expect(error.cause).toMatchObject(cause);
    expect(await resultOf(stage, handler('litter'))).toBe('done');
    expect(await other.run()).toMatchObject({ status: 'running' });
    await other.cancel();
    await logged(stage, 'aborted');
  });

  test('without a run is told of in the log', async () => {
    const stage = await threadStage({ threads: 1 });
    expect(await resultOf(stage, handler('litter'))).toBe('done');
    await logged(stage, 'A worker thread without a run has failed');
    expect(stage.log.at('warn')[0]?.fields['err']).toMatchObject({ message: 'left behind' });
    expect(await resultOf(stage, handler('litter'))).toBe('done');
  });

  test('as it starts fails the runs that wait for it', async () => {
    const stage = await threadStage({ execArgv: ['--import', 'tsx', '--require', '/no/such/file.cjs'] });
    const runs = [1, 2].map(() => resultOf(stage, handler('thread')));
    for (const run of runs) {
      const error = (await rejectionOf(run)) as Error;
      expect(error).toBeInstanceOf(ThreadDiedError);
      expect((error.cause as Error).message).toContain('/no/such/file.cjs');
    }
    expect(stage.executor.freeSlots).toBe(2);
  });

  test('cannot be made with options that Node refuses, and that fails the runs', async () => {
    const stage = await threadStage({ execArgv: ['--no-such-option'] });
    const error = (await rejectionOf(resultOf(stage, handler('thread')))) as Error;
    expect(error).toBeInstanceOf(ThreadDiedError);
    expect(error.cause).toMatchObject({ code: 'ERR_WORKER_INVALID_EXEC_ARGV' });
  });
});

describe('the executor', () => {
  test('starts and shuts down as often as it is told', async () => {
    const stage = await threadStage();
    const { scheduler, executor } = stage;
    const first = await resultOf(stage, handler('thread'));
    await Promise.all([scheduler.shutdown(), scheduler.shutdown()]);
    await executor.shutdown();
    await Promise.all([scheduler.start(), scheduler.start()]);
    expect(await resultOf(stage, handler('thread'))).not.toBe(first);
  });

  test('of one scheduler knows nothing of that of another', async () => {
    const [one, two] = [await threadStage({ terminateAfter: 50 }), await threadStage()];
    const theirs = await two.scheduler.enqueue(handler('wait'));
    await logged(two, 'waiting');
    const ours = await one.scheduler.enqueue(handler('ignore'), undefined, { timeout: 300 });
    await rejectionOf(ours.result());
    await one.scheduler.shutdown();
    expect(await theirs.run()).toMatchObject({ status: 'running' });
    expect(two.log.entries.map(({ message }) => message)).not.toContain('aborted');
    await theirs.cancel();
    await logged(two, 'aborted');
  });

  test('gives up threads that have nothing to do for a while', async () => {
    const stage = await threadStage({ threads: 1, idleTimeout: 20 });
    const first = await resultOf(stage, handler('thread'));
    await vi.waitFor(async () => expect(await resultOf(stage, handler('thread'))).not.toBe(first), {
      interval: 100,
      timeout: LIMIT_MS,
    });
  });
});

test('an option of a task is not one of the executor', () => {
  expect(() => defineTask('t', { module: HANDLERS }, { terminateAfter: 5 } as object)).toThrow(
    InvalidOptionError,
  );
});
