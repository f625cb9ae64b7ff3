import { expect, test } from 'vitest';
import {
  LeaseLostError,
  RunCancelledError,
  RunTimedOutError,
  ShutdownError,
  defineTask,
} from '../../../src/index.js';
import type { RunContext } from '../../../src/index.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { until } from '../../support/thread-stage.js';
import { rejectionOf, within } from '../../support/within.js';
import { attemptOf, startExecutor } from './support/execution.js';
import { startNode, startWorker } from './support/fleet.js';
import { describeInQueues, openQueue, redisQueue } from './support/place.js';

const LIMIT_MS = 15_000;

/** Is a task whose handler waits for its signal, and settles when it is let. */
class Waiting {
  readonly started: string[] = [];
  readonly reasons: unknown[] = [];
  readonly task = defineTask('wait', async ({ runId, signal }: RunContext) => {
    this.started.push(runId);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
    this.reasons.push(signal.reason);
    await this.#leave;
    throw signal.reason;
  });
  #leave: Promise<void> = Promise.resolve();

  /** Keeps handlers from settling; gives what lets them. */
  hold(): () => void {
    let leave = (): void => undefined;
    this.#leave = new Promise((resolve) => {
      leave = resolve;
    });
    return leave;
  }

  async hasStarted(count = 1): Promise<void> {
    await until(() => this.started.length === count, 'the handler');
  }
}

await describeInQueues('a cancelled run', (place) => {
  test('that waits in the queue is taken out of it at once, and never begins', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const { task, started } = new Waiting();
    const attempt = attemptOf(task);
    const failed = rejectionOf(executor.execute(attempt.execution));
    attempt.cancel();
    expect(await failed).toBeInstanceOf(RunCancelledError);
    await startWorker(queue, [task, defineTask('after', () => 1)]);
    const after = attemptOf(
      defineTask('after', () => 1),
      { id: 'after' },
    );
    expect(await within(executor.execute(after.execution), 'the next', LIMIT_MS)).toBe(1);
    expect(started).toEqual([]);
  });

  test('whose handler is under way has its signal aborted, and settles when the handler has', async () => {
    const queue = place.queue();
    const waiting = new Waiting();
    const leave = waiting.hold();
    const { scheduler, executor } = await startNode(queue, [waiting.task]);
    const { worker } = await startWorker(queue, [waiting.task]);
    const run = await scheduler.enqueue(waiting.task, undefined);
    await waiting.hasStarted();
    expect(worker.running).toBe(1);
    await scheduler.cancelRun(run.id);
    expect(await rejectionOf(run.result())).toBeInstanceOf(RunCancelledError);
    await until(() => waiting.reasons.length === 1, 'the abort');
    expect(waiting.reasons[0]).toBeInstanceOf(RunCancelledError);
    expect(executor.freeSlots).toBe(99);
    leave();
    await until(() => executor.freeSlots === 100, 'the slot');
    expect(worker.running).toBe(0);
  });

  test('whose handler succeeds all the same gives what it gave', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const started: boolean[] = [];
    const task = defineTask('stubborn', async ({ signal }: RunContext) => {
      started.push(true);
      await until(() => signal.aborted, 'the abort');
      return 'done';
    });
    await startWorker(queue, [task]);
    const attempt = attemptOf(task);
    const result = executor.execute(attempt.execution);
    await until(() => started.length === 1, 'the handler');
    attempt.cancel();
    expect(await within(result, 'the result', LIMIT_MS)).toBe('done');
  });
});

await describeInQueues('a run that takes too long', (place) => {
  test('is timed out by its scheduler', async () => {
    const queue = place.queue();
    const waiting = new Waiting();
    const task = defineTask('wait', () => undefined, { timeout: 300 });
    const { scheduler, executor } = await startNode(queue, [task]);
    await startWorker(queue, [waiting.task]);
    const run = await scheduler.enqueue(task, undefined);
    const error = await rejectionOf(run.result());
    expect(error).toBeInstanceOf(RunTimedOutError);
    await until(() => executor.freeSlots === 100, 'the slot');
    expect(waiting.reasons[0]).toBeInstanceOf(RunTimedOutError);
    expect((waiting.reasons[0] as Error).message).toContain('300 ms');
  });

  test('is timed out by its worker where the scheduler is gone', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const waiting = new Waiting();
    await startWorker(queue, [waiting.task]);
    const { execution } = attemptOf(waiting.task, { policy: JSON.stringify({ timeoutMs: 200 }) });
    const error = await rejectionOf(executor.execute(execution));
    expect(error).toBeInstanceOf(RunTimedOutError);
    expect(waiting.reasons[0]).toBeInstanceOf(RunTimedOutError);
  });

  test('has timed out though its handler succeeds afterwards', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const task = defineTask('late', async ({ signal }: RunContext) => {
      await until(() => signal.aborted, 'the abort');
      return 'late';
    });
    await startWorker(queue, [task]);
    const { execution } = attemptOf(task, { policy: JSON.stringify({ timeoutMs: 100 }) });
    expect(await rejectionOf(executor.execute(execution))).toBeInstanceOf(RunTimedOutError);
  });
});

await describeInQueues('a run that its scheduler gives away', (place) => {
  test.each([new ShutdownError(), new LeaseLostError('node')])(
    'is let go at once, and goes on in the queue: $name',
    async (reason) => {
      const queue = place.queue();
      const { executor } = await startExecutor(queue);
      const started: number[] = [];
      let finish = (): void => undefined;
      const task = defineTask('long', async ({ signal, attempt }: RunContext) => {
        started.push(attempt);
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return signal.aborted;
      });
      await startWorker(queue, [task]);
      const attempt = attemptOf(task);
      const failed = rejectionOf(executor.execute(attempt.execution));
      await until(() => started.length === 1, 'the handler');
      attempt.abort(reason);
      expect(await failed).toBe(reason);
      expect(executor.freeSlots).toBe(100);
      const result = executor.execute(attemptOf(task, { attempt: 2 }).execution);
      await new Promise(setImmediate);
      finish();
      expect(await within(result, 'the result', LIMIT_MS)).toBe(false);
      expect(started).toEqual([1]);
    },
  );

  test('and that is not to be run again is aborted where it runs', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const waiting = new Waiting();
    await startWorker(queue, [waiting.task]);
    const attempt = attemptOf(waiting.task, { recovery: 'abandon' });
    const failed = rejectionOf(executor.execute(attempt.execution));
    await waiting.hasStarted();
    const reason = new ShutdownError();
    attempt.abort(reason);
    expect(await failed).toBe(reason);
    expect(waiting.reasons[0]).toBeInstanceOf(ShutdownError);
  });
});

await describeOnServer('redis', 'an abort that no worker heard of, in Redis', (url) => {
  test('is seen when the lock is prolonged', async () => {
    const options = redisQueue(url);
    const { executor } = await startExecutor(options, { lockDuration: 1500 });
    const waiting = new Waiting();
    await startWorker(options, [waiting.task], { lockDuration: 1500 });
    const failed = rejectionOf(executor.execute(attemptOf(waiting.task).execution));
    await waiting.hasStarted();
    const queue = openQueue(options);
    const job = await queue.getJob('run.1');
    const thrown = { kind: 'error', name: 'RunCancelledError', message: 'x', stack: null, cause: null };
    const abort = { ...thrown, errors: null, properties: { code: 'ESC_RUN_CANCELLED' }, isOurs: true };
    await job?.updateData({ ...(job.data as object), abort });
    expect(await failed).toBeInstanceOf(RunCancelledError);
    expect(waiting.reasons[0]).toBeInstanceOf(RunCancelledError);
  });
});
