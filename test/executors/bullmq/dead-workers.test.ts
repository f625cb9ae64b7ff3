import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ExecutionLostError, MemoryJobStore, ShutdownError, defineTask } from '../../../src/index.js';
import type { RunContext } from '../../../src/index.js';
import { until } from '../../support/thread-stage.js';
import { rejectionOf, within } from '../../support/within.js';
import { attemptOf, startExecutor } from './support/execution.js';
import { startNode, startWorker } from './support/fleet.js';
import { describeInQueues } from './support/place.js';
import { startWorkerProcess } from './support/start-worker-process.js';

const LIMIT_MS = 30_000;
const LOCK_MS = 2000;

const note = defineTask('note', () => {
  throw new Error('The handler was called by the scheduler');
});
const stuck = { data: '{"isStuck":true}' };

await describeInQueues('a worker that is killed', (place) => {
  test('loses its run, and no other worker begins that by itself', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const { executor } = await startExecutor(queue);
    const victim = await startWorkerProcess(queue);
    const failed = executor.execute(attemptOf(note, stuck).execution).catch((error: unknown) => error);
    await victim.hasSaid('start');
    const other = await startWorkerProcess(queue);
    victim.process.kill('SIGKILL');
    const error = await within(failed, 'the loss', LIMIT_MS);
    expect(error).toBeInstanceOf(ExecutionLostError);
    expect((error as Error).message).toBe('The execution of run "run" was lost: its worker has died');
    const again = executor.execute(attemptOf(note, { ...stuck, attempt: 2 }).execution);
    expect(await within(again, 'the second attempt', LIMIT_MS)).toBe(2);
    expect(other.said.map(({ what, attempt }) => [what, attempt])).toEqual([
      ['ready', undefined],
      ['start', 2],
      ['end', 2],
    ]);
  }, 60_000);

  test('is noticed though no worker is left', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const { executor } = await startExecutor(queue);
    const victim = await startWorkerProcess(queue);
    const failed = executor.execute(attemptOf(note, stuck).execution).catch((error: unknown) => error);
    await victim.hasSaid('start');
    const killedAt = performance.now();
    victim.process.kill('SIGKILL');
    expect(await within(failed, 'the loss', LIMIT_MS)).toBeInstanceOf(ExecutionLostError);
    expect(performance.now() - killedAt).toBeLessThan(LOCK_MS * 1.5);
  }, 60_000);

  test('had its run begun by a scheduler that is gone: the next one begins it again', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const first = await startExecutor(queue);
    const victim = await startWorkerProcess(queue);
    first.executor.execute(attemptOf(note, stuck).execution).catch(() => undefined);
    await victim.hasSaid('start');
    await first.executor.shutdown();
    victim.process.kill('SIGKILL');
    const { executor } = await startExecutor(queue);
    const again = executor.execute(attemptOf(note, { ...stuck, attempt: 2 }).execution);
    // It is the first attempt that is found to be lost; the scheduler makes another.
    const outcome = await within(
      again.catch((error: unknown) => error),
      'the outcome',
      LIMIT_MS,
    );
    expect(outcome).toBeInstanceOf(ExecutionLostError);
    await startWorkerProcess(queue);
    const third = executor.execute(attemptOf(note, { ...stuck, attempt: 3 }).execution);
    expect(await within(third, 'the third attempt', LIMIT_MS)).toBe(3);
  }, 60_000);
});

await describeInQueues('a scheduler whose worker is killed', (place) => {
  test('has the run executed again, which costs it no retry', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const task = defineTask('note', (): unknown => undefined, { retry: false });
    const { scheduler, events } = await startNode(queue, [task], {
      stores: { default: new MemoryJobStore() },
    });
    const victim = await startWorkerProcess(queue);
    const run = await scheduler.enqueue(task, { isStuck: true } as never);
    await victim.hasSaid('start');
    victim.process.kill('SIGKILL');
    await startWorkerProcess(queue);
    expect(await within(run.result(), 'the result', LIMIT_MS)).toBe(2);
    expect(await scheduler.getRun(run.id)).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(events.of('run:failed')).toEqual([]);
  }, 60_000);
});

await describeInQueues('a worker that stands still', (place) => {
  test('has its handler stopped when it goes on, and spoils nothing', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const { executor } = await startExecutor(queue);
    const frozen = await startWorkerProcess(queue);
    const failed = executor.execute(attemptOf(note, stuck).execution).catch((error: unknown) => error);
    await frozen.hasSaid('start');
    frozen.process.kill('SIGSTOP');
    expect(await within(failed, 'the loss', LIMIT_MS)).toBeInstanceOf(ExecutionLostError);
    const task = defineTask('note', async ({ attempt }: RunContext) => {
      frozen.process.kill('SIGCONT');
      await frozen.hasSaid('abort');
      return `attempt ${String(attempt)}`;
    });
    await startWorker(queue, [task]);
    const again = executor.execute(attemptOf(note, { ...stuck, attempt: 2 }).execution);
    expect(await within(again, 'the second attempt', LIMIT_MS)).toBe('attempt 2');
    expect(frozen.said.find(({ what }) => what === 'abort')?.reason).toContain('LeaseLostError');
  }, 60_000);
});

await describeInQueues('a worker that is closed', (place) => {
  test('waits for its handlers, and takes nothing more', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const started: string[] = [];
    let finish = (): void => undefined;
    const task = defineTask('slow', async ({ runId }: RunContext) => {
      started.push(runId);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return runId;
    });
    const { worker } = await startWorker(queue, [task]);
    const first = executor.execute(attemptOf(task, { id: 'a' }).execution);
    await until(() => started.length === 1, 'the handler');
    const closed = worker.close();
    const second = executor.execute(attemptOf(task, { id: 'b' }).execution);
    finish();
    expect(await within(first, 'the first', LIMIT_MS)).toBe('a');
    await within(closed, 'the close', LIMIT_MS);
    await worker.close();
    expect(started).toEqual(['a']);
    await startWorker(queue, [task]);
    await until(() => started.length === 2, 'the handler');
    finish();
    expect(await within(second, 'the second', LIMIT_MS)).toBe('b');
  });

  test('breaks handlers off that take too long, and their runs begin again elsewhere', async () => {
    const queue = place.queue();
    const { executor } = await startExecutor(queue);
    const reasons: unknown[] = [];
    const task = defineTask('slow', async ({ signal, attempt }: RunContext) => {
      if (attempt > 1) return attempt;
      await until(() => signal.aborted, 'the abort');
      reasons.push(signal.reason);
      throw new Error('broken off');
    });
    const { worker } = await startWorker(queue, [task]);
    const failed = executor.execute(attemptOf(task).execution).catch((error: unknown) => error);
    await until(() => worker.running === 1, 'the handler');
    await within(worker.close({ timeout: 50 }), 'the close', LIMIT_MS);
    expect(reasons[0]).toBeInstanceOf(ShutdownError);
    const error = await within(failed, 'the loss', LIMIT_MS);
    expect((error as Error).message).toBe('The execution of run "run" was lost: its worker has left');
    await startWorker(queue, [task]);
    const again = executor.execute(attemptOf(task, { attempt: 2 }).execution);
    expect(await within(again, 'the second attempt', LIMIT_MS)).toBe(2);
  });

  test('does not wait for handlers that ignore their signals, whose runs are lost when their locks end', async () => {
    const queue = { ...place.queue(), lockDuration: LOCK_MS };
    const { executor } = await startExecutor(queue);
    let finish = (): void => undefined;
    const task = defineTask('deaf', () => new Promise<void>((resolve) => (finish = resolve)));
    const { worker, log } = await startWorker(queue, [task]);
    const failed = executor.execute(attemptOf(task).execution).catch((error: unknown) => error);
    await until(() => worker.running === 1, 'the handler');
    await within(worker.close({ timeout: 0 }), 'the close', LIMIT_MS);
    expect(log.at('warn').map(({ message }) => message)).toContain(
      'Handlers ignore their aborted signals; their runs are executed again once their locks have ended',
    );
    expect(await within(failed, 'the loss', LIMIT_MS)).toBeInstanceOf(ExecutionLostError);
    finish();
  });

  test('before it has begun, or twice, comes to no harm', async () => {
    const queue = place.queue();
    const { worker } = await startWorker(queue, []);
    await Promise.all([worker.close(), worker.close({ timeout: 10 })]);
    expect(worker.running).toBe(0);
    expect(await rejectionOf(worker.close({ timeout: -1 }))).toMatchObject({ code: 'ESC_INVALID_OPTION' });
  });

  test('in a process of its own lets that end', async () => {
    const child = await startWorkerProcess(place.queue());
    const ended = once(child.process, 'exit');
    child.process.send('close');
    expect(await within(ended, 'the exit', LIMIT_MS)).toEqual([0, null]);
  });
});
