import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { MemoryJobStore, defineTask } from '../../../src/index.js';
import type { RunContext } from '../../../src/index.js';
import { startServer, whyNoServer } from '../../support/servers.js';
import type { PrivateServer } from '../../support/servers.js';
import { until } from '../../support/thread-stage.js';
import { within } from '../../support/within.js';
import { attemptOf, startExecutor } from './support/execution.js';
import { startNode, startWorker } from './support/fleet.js';
import { openQueue, redisQueue } from './support/place.js';

const LIMIT_MS = 30_000;
const DOWN = 'The queue cannot be reached; runs wait for it';
const BACK = 'The queue is reached again';

const add = defineTask('add', ({ data }: RunContext<number>) => data + 1);
const data = '1';

describe.skipIf(whyNoServer('redis') !== null)('a Redis that goes away', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis');
  });
  afterAll(() => server.dispose());

  test.each(['fast', 'kill'] as const)(
    'and comes back (%s) has runs wait for it, and is told of once',
    async (mode) => {
      const queue = redisQueue(server.url);
      const { executor, log } = await startExecutor(queue);
      const { log: workerLog } = await startWorker(queue, [add]);
      await within(executor.execute(attemptOf(add, { id: 'before', data }).execution), 'the first', LIMIT_MS);
      await server.stop(mode);
      const during = [1, 2, 3].map((n) =>
        executor.execute(attemptOf(add, { id: `during-${String(n)}`, data: String(n) }).execution),
      );
      await until(() => log.entries.some(({ message }) => message === DOWN), 'the warning');
      await server.start();
      expect(await within(Promise.all(during), 'the runs', LIMIT_MS)).toEqual([2, 3, 4]);
      await until(() => log.entries.some(({ message }) => message === BACK), 'the return');
      expect(log.entries.map(({ message }) => message)).toEqual([DOWN, BACK]);
      expect(workerLog.entries.filter(({ message }) => message === DOWN).length).toBeLessThan(2);
    },
    60_000,
  );

  test('under a handler loses nothing of what that gives', async () => {
    const queue = redisQueue(server.url);
    const { executor } = await startExecutor(queue);
    let calls = 0;
    let finish = (): void => undefined;
    const task = defineTask('long', async () => {
      calls++;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return 'kept';
    });
    await startWorker(queue, [task]);
    const result = executor.execute(attemptOf(task).execution);
    await until(() => calls === 1, 'the handler');
    await server.stop('kill');
    finish();
    await new Promise(setImmediate);
    await server.start();
    expect(await within(result, 'the result', LIMIT_MS)).toBe('kept');
    expect(calls).toBe(1);
  }, 60_000);

  test('for longer than a lock holds has the handler stopped, and its run lost', async () => {
    const queue = { ...redisQueue(server.url), lockDuration: 1500 };
    const { executor } = await startExecutor(queue);
    const reasons: unknown[] = [];
    const task = defineTask('long', async ({ signal, attempt }: RunContext) => {
      if (attempt > 1) return attempt;
      await until(() => signal.aborted, 'the abort');
      reasons.push(signal.reason);
      throw signal.reason;
    });
    const { worker } = await startWorker(queue, [task]);
    const failed = executor.execute(attemptOf(task).execution).catch((error: unknown) => error);
    await until(() => worker.running === 1, 'the handler');
    await server.stop();
    await until(() => reasons.length === 1, 'the abort');
    expect(reasons[0]).toMatchObject({ code: 'ESC_LEASE_LOST' });
    await server.start();
    expect(await within(failed, 'the loss', LIMIT_MS)).toMatchObject({ code: 'ESC_EXECUTION_LOST' });
    const again = executor.execute(attemptOf(task, { attempt: 2 }).execution);
    expect(await within(again, 'the second attempt', LIMIT_MS)).toBe(2);
  }, 60_000);

  test('and is there only after the scheduler and the worker have started', async () => {
    const queue = redisQueue(server.url);
    await server.stop();
    const { executor, log } = await startExecutor(queue);
    const result = executor.execute(attemptOf(add, { data }).execution);
    await until(() => log.entries.some(({ message }) => message === DOWN), 'the warning');
    const started = startWorker(queue, [add]);
    await server.start();
    await within(started, 'the worker', LIMIT_MS);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(2);
  }, 60_000);

  test('and never comes back holds up neither shutdown nor close', async () => {
    const queue = redisQueue(server.url);
    const { executor, log } = await startExecutor(queue);
    const { worker } = await startWorker(queue, [add]);
    await server.stop();
    const failed = executor.execute(attemptOf(add, { data }).execution).catch((error: unknown) => error);
    await until(() => log.entries.some(({ message }) => message === DOWN), 'the warning');
    await within(Promise.all([executor.shutdown(), worker.close()]), 'the end', 10_000);
    expect(await within(failed, 'the run')).toMatchObject({ code: 'ESC_SHUTDOWN' });
    await server.start();
  }, 60_000);

  test('with all that was in it has a run executed again, by a scheduler that recovers it', async () => {
    const queue = { ...redisQueue(server.url), lockDuration: 1000 };
    const attempts: number[] = [];
    const task = defineTask('flushed', async ({ signal, attempt }: RunContext) => {
      attempts.push(attempt);
      if (attempt > 1) return attempt;
      await until(() => signal.aborted, 'the abort');
      throw signal.reason;
    });
    await startWorker(queue, [task]);
    const { executor } = await startExecutor(queue);
    const failed = executor.execute(attemptOf(task).execution).catch((error: unknown) => error);
    await until(() => attempts.length === 1, 'the handler');
    const redis = new Redis(server.url);
    await redis.flushall();
    redis.disconnect();
    expect(await within(failed, 'the loss', LIMIT_MS)).toMatchObject({ code: 'ESC_EXECUTION_LOST' });
    const again = executor.execute(attemptOf(task, { attempt: 2 }).execution);
    expect(await within(again, 'the second attempt', LIMIT_MS)).toBe(2);
    expect(attempts).toEqual([1, 2]);
  }, 60_000);

  test('is reached by a client of the user, which stays open', async () => {
    const client = new Redis(server.url);
    onTestFinished(() => {
      client.disconnect();
    });
    const queue = { ...redisQueue(server.url), connection: client };
    const { executor } = await startExecutor(queue);
    const { worker } = await startWorker(queue, [add]);
    const result = executor.execute(attemptOf(add, { data }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(2);
    await worker.close();
    await executor.shutdown();
    expect(await client.ping()).toBe('PONG');
    await until(
      async () => !String(await client.client('LIST')).includes('bull:'),
      'the end of the connections',
    );
  });

  test('keeps nothing of runs whose ends a scheduler has recorded', async () => {
    const options = redisQueue(server.url);
    const { scheduler } = await startNode(options, [add], { stores: { default: new MemoryJobStore() } });
    await startWorker(options, [add]);
    const runs = await Promise.all([1, 2, 3].map((n) => scheduler.enqueue(add, n)));
    const results = await Promise.all(runs.map((run) => within(run.result(), 'the result', LIMIT_MS)));
    expect(results).toEqual([2, 3, 4]);
    const queue = openQueue(options);
    await until(async () => {
      const counts = await queue.getJobCounts();
      return Object.values(counts).every((count) => count === 0);
    }, 'an empty queue');
  });
});

describe.skipIf(whyNoServer('postgres') !== null)('a PostgreSQL that goes away', () => {
  test('and comes back has runs wait for it, at the start and later, and keeps what handlers gave', async () => {
    await using server = await startServer('postgres');
    const queue = { postgres: server.url };
    await server.stop();
    const { executor, log } = await startExecutor(queue);
    let finish = (): void => undefined;
    const calls: number[] = [];
    const task = defineTask('long', async ({ attempt }: RunContext) => {
      calls.push(attempt);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return 'kept';
    });
    const early = executor.execute(attemptOf(add, { id: 'early', data }).execution);
    await until(() => log.entries.some(({ message }) => message === DOWN), 'the warning');
    const started = startWorker(queue, [add, task]);
    await server.start();
    const { log: workerLog } = await within(started, 'the worker', LIMIT_MS);
    const ofWorker = workerLog.entries.length;
    expect(await within(early, 'the early run', LIMIT_MS)).toBe(2);

    const long = executor.execute(attemptOf(task, { id: 'long' }).execution);
    await until(() => calls.length === 1, 'the handler');
    await server.stop('kill');
    const during = executor.execute(attemptOf(add, { id: 'during', data }).execution);
    await until(() => log.entries.filter(({ message }) => message === DOWN).length === 2, 'the warning');
    await until(() => workerLog.entries.slice(ofWorker).some(({ message }) => message === DOWN), 'both');
    finish();
    await server.start();
    expect(await within(Promise.all([long, during]), 'the runs', LIMIT_MS)).toEqual(['kept', 2]);
    expect(calls).toEqual([1]);
  }, 90_000);

  test('is reached by a pool of the user, which stays open', async () => {
    await using server = await startServer('postgres', { durable: false });
    // Its tables are made by the first that comes with a URL.
    await startExecutor({ postgres: server.url });
    const first = await startWorker({ postgres: server.url }, [add]);
    await first.worker.close();
    const pool = new pg.Pool({ connectionString: server.url, options: '-c search_path=bullmq' });
    const { executor } = await startExecutor({ postgres: pool });
    const { worker } = await startWorker({ postgres: pool }, [add]);
    const result = executor.execute(attemptOf(add, { data }).execution);
    expect(await within(result, 'the result', LIMIT_MS)).toBe(2);
    await worker.close();
    await executor.shutdown();
    expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  }, 60_000);
});
