import { describe, expect, test } from 'vitest';
import { BullMQExecutor, createBullMQWorker } from 'escapement/executors/bullmq';
import { InvalidOptionError, InvalidStateError, TaskConflictError, defineTask } from '../../../src/index.js';
import { checkSource } from '../../../src/executors/bullmq/queue-parts.js';
import { resolveQueueOptions } from '../../../src/executors/bullmq/queue-options.js';
import { rejectionOf } from '../../support/within.js';
import { attemptOf } from './support/execution.js';

const connection = { host: '127.0.0.1', port: 1 };
const task = defineTask('t', () => 1);

function refusalOf(make: () => unknown): InvalidOptionError {
  try {
    make();
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('It was taken');
}

describe('an option of either end', () => {
  test.each([
    [{}, 'options.connection'],
    [{ connection: 'redis://user:secret@host' }, 'options.connection'],
    [{ connection, postgres: 'postgres://user:secret@host/db' }, 'options.postgres'],
    [{ postgres: 'mysql://user:secret@host/db' }, 'options.postgres'],
    [{ postgres: 5 }, 'options.postgres'],
    [{ postgres: 'postgres://host/db', prefix: 'x' }, 'options.prefix'],
    [{ connection, queue: 'a:b' }, 'options.queue'],
    [{ connection, queue: '' }, 'options.queue'],
    [{ connection, prefix: '' }, 'options.prefix'],
    [{ connection, lockDuration: 10 }, 'options.lockDuration'],
    [{ connection, concurrency: 0 }, 'options.concurrency'],
    [{ connection, nonsense: true }, 'options.nonsense'],
  ])('that is not what it should be is named, and no password is repeated: %j', (options, field) => {
    for (const error of [
      refusalOf(() => new BullMQExecutor(options as never)),
      refusalOf(() => createBullMQWorker({ tasks: [], ...options } as never)),
    ]) {
      expect(error.field).toBe(field);
      expect(JSON.stringify([error.message, error.received])).not.toContain('secret');
    }
  });

  test('that only one end has is named', () => {
    expect(refusalOf(() => new BullMQExecutor({ connection, keepFinished: 5 })).field).toBe(
      'options.keepFinished',
    );
    const rateLimit = { max: 0, per: 1000 };
    expect(refusalOf(() => new BullMQExecutor({ connection, rateLimit })).field).toBe(
      'options.rateLimit.max',
    );
    expect(refusalOf(() => createBullMQWorker({ connection } as never)).field).toBe('options.tasks');
    expect(refusalOf(() => createBullMQWorker({ connection, tasks: [], logger: 1 as never })).field).toBe(
      'options.logger',
    );
  });

  test('for PostgreSQL is refused where the installed BullMQ has none', () => {
    const options = resolveQueueOptions({ postgres: 'postgres://user:secret@host/db' });
    const error = refusalOf(() => {
      checkSource({} as never, options);
    });
    expect(error.message).toContain('the installed bullmq has no PostgreSQL, version 6 has');
    expect(error.message).not.toContain('secret');
  });
});

describe('a worker', () => {
  test('is not made of two tasks with one name', () => {
    const make = (): unknown => createBullMQWorker({ connection, tasks: [task, defineTask('t', () => 2)] });
    expect(make).toThrow(TaskConflictError);
  });
});

describe('an executor', () => {
  test('takes every task, and has its concurrency free', () => {
    const executor = new BullMQExecutor({ connection });
    expect('checkTask' in executor).toBe(false);
    expect(executor.freeSlots).toBe(100);
    expect(new BullMQExecutor({ connection, concurrency: 3 }).freeSlots).toBe(3);
    const limited = new BullMQExecutor({ connection, rateLimit: { max: 5, per: { seconds: 1 } } });
    expect(limited.rateLimit).toEqual({ max: 5, perMs: 1000 });
  });

  test('that is not started executes nothing, and shuts down as often as it is told', async () => {
    const executor = new BullMQExecutor({ connection });
    const failed = executor.execute(attemptOf(task).execution);
    expect(await rejectionOf(failed)).toBeInstanceOf(InvalidStateError);
    expect(executor.freeSlots).toBe(100);
    await executor.shutdown();
    await executor.shutdown();
  });
});
