import { Duration } from 'luxon';
import { describe, expect, test } from 'vitest';
import { AsyncExecutor, InvalidOptionError, MemoryJobStore, Scheduler, defineTask } from '../../src/index.js';
import { WorkerThreadExecutor } from '../../src/executors/worker-threads/index.js';
import { resolveRateLimit } from '../../src/job/rate-limit.js';

describe('a rate limit', () => {
  test.each([
    [
      { max: 10, per: 1500 },
      { max: 10, perMs: 1500 },
    ],
    [
      { max: 1, per: { minutes: 2 } },
      { max: 1, perMs: 120_000 },
    ],
    [
      { max: 3, per: Duration.fromObject({ seconds: 4 }) },
      { max: 3, perMs: 4000 },
    ],
    [
      { max: 1, per: 1 },
      { max: 1, perMs: 1 },
    ],
  ])('%j comes to %j', (given, resolved) => {
    expect(resolveRateLimit(given, 'options.rateLimit')).toEqual(resolved);
  });

  test.each([
    [null, 'options.rateLimit'],
    [10, 'options.rateLimit'],
    [[], 'options.rateLimit'],
    [{}, 'options.rateLimit.max'],
    [{ max: 0, per: 1000 }, 'options.rateLimit.max'],
    [{ max: 1.5, per: 1000 }, 'options.rateLimit.max'],
    [{ max: Infinity, per: 1000 }, 'options.rateLimit.max'],
    [{ max: '5', per: 1000 }, 'options.rateLimit.max'],
    [{ max: 5 }, 'options.rateLimit.per'],
    [{ max: 5, per: 0 }, 'options.rateLimit.per'],
    [{ max: 5, per: 0.4 }, 'options.rateLimit.per'],
    [{ max: 5, per: Infinity }, 'options.rateLimit.per'],
    [{ max: 5, per: { fortnights: 1 } }, 'options.rateLimit.per.fortnights'],
    [{ max: 5, per: 1000, burst: 2 }, 'options.rateLimit.burst'],
  ])('%j is refused, naming the field, by whatever takes one', (rateLimit, field) => {
    const options = { rateLimit } as never;
    const refusal = { code: 'ESC_INVALID_OPTION', field };
    expect(() => resolveRateLimit(rateLimit, 'options.rateLimit')).toThrow(InvalidOptionError);
    expect(() => defineTask('t', () => 1, options)).toThrow(expect.objectContaining(refusal));
    expect(() => new AsyncExecutor(options)).toThrow(expect.objectContaining(refusal));
    expect(() => new WorkerThreadExecutor(options)).toThrow(expect.objectContaining(refusal));
  });

  test('is carried by an executor that has one, and absent from one that has none', () => {
    const rateLimit = { max: 2, per: { seconds: 1 } };
    expect(new AsyncExecutor({ rateLimit }).rateLimit).toEqual({ max: 2, perMs: 1000 });
    expect(new WorkerThreadExecutor({ rateLimit }).rateLimit).toEqual({ max: 2, perMs: 1000 });
    expect(new AsyncExecutor().rateLimit).toBeUndefined();
    expect(new WorkerThreadExecutor().rateLimit).toBeUndefined();
  });

  test('of a task stays as it was given, whatever becomes of the object', () => {
    const rateLimit = { max: 2, per: { seconds: 1 } };
    const { options } = defineTask('t', () => 1, { rateLimit });
    rateLimit.max = 100;
    rateLimit.per.seconds = 0;
    expect(options.rateLimit).toEqual({ max: 2, per: 1000 });
    expect(Object.isFrozen(options.rateLimit)).toBe(true);
  });

  test('of a task is not kept with its jobs', async () => {
    const store = new MemoryJobStore();
    const task = defineTask('t', () => 1, { rateLimit: { max: 2, per: 1000 } });
    await using scheduler = new Scheduler({ stores: { default: store }, tasks: [task] });
    await scheduler.addJob(task, { cron: '0 0 * * *' }, { id: 'a' });
    expect(JSON.stringify(await store.getJob('a'))).not.toContain('rateLimit');
  });

  test('is not an option of a job, nor of the defaults of jobs', async () => {
    const rateLimit = { max: 1, per: 1000 };
    expect(() => new Scheduler({ jobDefaults: { rateLimit } as object })).toThrow(InvalidOptionError);
    await using scheduler = new Scheduler();
    await expect(scheduler.addJob(() => 1, '* * * * *', { rateLimit } as object)).rejects.toThrow(
      InvalidOptionError,
    );
  });
});
