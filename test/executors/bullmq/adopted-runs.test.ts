import { expect, test } from 'vitest';
import { RunCancelledError, defineTask } from '../../../src/index.js';
import type { AnyTask, RunContext } from '../../../src/index.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { until } from '../../support/thread-stage.js';
import { rejectionOf, within } from '../../support/within.js';
import { attemptOf, startExecutor } from './support/execution.js';
import { startWorker } from './support/fleet.js';
import { describeInQueues, openQueue, redisQueue } from './support/place.js';

const LIMIT_MS = 15_000;

/** Is a task whose handlers note their attempts, and end when they are told to. */
class Long {
  readonly attempts: number[] = [];
  readonly #ends: (() => void)[] = [];
  readonly task: AnyTask = defineTask('long', async ({ attempt, progress, signal }: RunContext) => {
    this.attempts.push(attempt);
    await new Promise<void>((resolve) => {
      this.#ends.push(resolve);
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    signal.throwIfAborted();
    progress(1, 'end');
    return `by attempt ${String(attempt)}`;
  });

  end(): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

await describeInQueues('a run that another scheduler put into the queue', (place) => {
  test('and that waits there is waited for, and begins once', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    const long = new Long();
    void first.executor.execute(attemptOf(long.task).execution).catch(() => undefined);
    const onlooker = openQueue(queue);
    await until(async () => (await onlooker.getJob('run.1')) !== undefined, 'the queue job');
    const again = attemptOf(long.task, { attempt: 2 });
    const result = second.executor.execute(again.execution);
    await startWorker(queue, [long.task]);
    await until(() => long.attempts.length === 1, 'the handler');
    long.end();
    expect(await within(result, 'the result', LIMIT_MS)).toBe('by attempt 1');
    expect(long.attempts).toEqual([1]);
    expect(again.progress).toEqual([[1, 'end']]);
  });

  test('and that a worker has is waited for, with its progress', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    const long = new Long();
    await startWorker(queue, [long.task]);
    void first.executor.execute(attemptOf(long.task).execution).catch(() => undefined);
    await until(() => long.attempts.length === 1, 'the handler');
    const again = attemptOf(long.task, { attempt: 2 });
    const result = second.executor.execute(again.execution);
    await first.executor.shutdown();
    long.end();
    expect(await within(result, 'the result', LIMIT_MS)).toBe('by attempt 1');
    expect(long.attempts).toEqual([1]);
    expect(again.progress).toEqual([[1, 'end']]);
  });

  test('and that a worker has is cancelled by whoever has it now', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    const long = new Long();
    await startWorker(queue, [long.task]);
    void first.executor.execute(attemptOf(long.task).execution).catch(() => undefined);
    await until(() => long.attempts.length === 1, 'the handler');
    await first.executor.shutdown();
    const again = attemptOf(long.task, { attempt: 2 });
    const failed = rejectionOf(second.executor.execute(again.execution));
    again.cancel();
    expect(await failed).toBeInstanceOf(RunCancelledError);
    expect(long.attempts).toEqual([1]);
  });

  test('and that has ended gives its result, or its error, without being executed again', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    let calls = 0;
    const task = defineTask('count', ({ runId }: RunContext) => {
      calls++;
      if (runId === 'bad') throw Object.assign(new Error('no'), { code: 'ENO' });
      return calls;
    });
    await startWorker(queue, [task]);
    await within(first.executor.execute(attemptOf(task).execution), 'the result', LIMIT_MS);
    await rejectionOf(first.executor.execute(attemptOf(task, { id: 'bad' }).execution));
    const result = second.executor.execute(attemptOf(task, { attempt: 2 }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(1);
    const bad = attemptOf(task, { id: 'bad', attempt: 2 });
    expect(await rejectionOf(second.executor.execute(bad.execution))).toMatchObject({ code: 'ENO' });
    expect(calls).toBe(2);
  });

  test('and that never came there is put there', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const task = defineTask('late', ({ attempt }: RunContext) => attempt);
    await startWorker(queue, [task]);
    const result = executor.execute(attemptOf(task, { attempt: 3 }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(3);
  });

  test('and that failed is tried again apart from what is left of it', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    const task = defineTask('retried', ({ attempt }: RunContext) => {
      if (attempt === 1) throw new Error('first');
      return attempt;
    });
    await startWorker(queue, [task]);
    await rejectionOf(first.executor.execute(attemptOf(task).execution));
    const result = second.executor.execute(attemptOf(task, { attempt: 2, failures: 1 }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(2);
  });

  test('and whose try before is still under way waits until that has been ended', async () => {
    const queue = place.queue();
    const [first, second] = await Promise.all([startExecutor(queue), startExecutor(queue)]);
    const underWay: number[] = [];
    const aborted: number[] = [];
    const task = defineTask('slow', async ({ attempt, signal }: RunContext) => {
      underWay.push(attempt);
      if (attempt > 1) return [...underWay];
      await until(() => signal.aborted, 'the abort');
      aborted.push(underWay.length);
      throw signal.reason;
    });
    await startWorker(queue, [task]);
    void first.executor.execute(attemptOf(task).execution).catch(() => undefined);
    await until(() => underWay.length === 1, 'the handler');
    await first.executor.shutdown();
    const result = second.executor.execute(attemptOf(task, { attempt: 2, failures: 1 }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toEqual([1, 2]);
    expect(aborted).toEqual([1]);
  });
});

await describeOnServer('redis', 'a queue job that is gone, in Redis', (url) => {
  test('loses its run, once a worker that had it would know', async () => {
    const options = { ...redisQueue(url), lockDuration: 1000 };
    const { executor } = await startExecutor(options);
    const long = new Long();
    await startWorker(options, [long.task]);
    const failed = rejectionOf(executor.execute(attemptOf(long.task).execution));
    await until(() => long.attempts.length === 1, 'the handler');
    const queue = openQueue(options);
    await queue.obliterate({ force: true });
    const startedAt = performance.now();
    expect(await failed).toMatchObject({ code: 'ESC_EXECUTION_LOST' });
    expect(performance.now() - startedAt).toBeGreaterThan(900);
    const again = executor.execute(attemptOf(long.task, { attempt: 2 }).execution);
    await until(() => long.attempts.length === 2, 'the handler');
    long.end();
    expect(await within(again, 'the result', LIMIT_MS)).toBe('by attempt 2');
  });
});
