import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineTask, interval } from '../../src/index.js';
import type { RetryOptions, TaskOptions } from '../../src/index.js';
import { retryDelayMs } from '../../src/job/job-policy.js';
import { START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);

/** Runs a task that always fails, and gives when its attempts began, in seconds. */
async function attemptsOf(retry: RetryOptions): Promise<number[]> {
  const { clock, scheduler } = await startedStage();
  const began: number[] = [];
  const failing = defineTask('failing', () => {
    began.push((clock.now() - START_MS) / 1000);
    throw new Error('no');
  });
  await scheduler.enqueue(failing, undefined, { retry });
  await clock.advance({ hours: 2 });
  return began;
}

describe('a run that fails', () => {
  test.each<[string, RetryOptions, number[]]>([
    ['as often as attempts says, the first one included', { attempts: 3 }, [0, 1, 2]],
    ['not at all with one attempt', { attempts: 1 }, [0]],
    ['after the same delay each time', { attempts: 4, delay: { seconds: 10 } }, [0, 10, 20, 30]],
    [
      'after delays that grow by one each time',
      { attempts: 4, delay: { seconds: 10 }, backoff: 'linear' },
      [0, 10, 30, 60],
    ],
    [
      'after delays that double',
      { attempts: 5, delay: { seconds: 10 }, backoff: 'exponential' },
      [0, 10, 30, 70, 150],
    ],
    [
      'after delays up to maxDelay',
      { attempts: 5, delay: 10_000, backoff: 'exponential', maxDelay: 25_000 },
      [0, 10, 30, 55, 80],
    ],
    ['at once without a delay', { attempts: 3, delay: 0 }, [0, 0, 0]],
  ])('is retried %s', async (_what, retry, expected) => {
    expect(await attemptsOf(retry)).toEqual(expected);
  });

  test('is retried after delays that jitter cuts, never to more than its share', async () => {
    const began = await attemptsOf({ attempts: 20, delay: { seconds: 100 }, jitter: 0.5 });
    const gaps = began.slice(1).map((at, index) => at - (began[index] ?? 0));
    expect(gaps.every((gap) => gap >= 50 && gap <= 100)).toBe(true);
    expect(new Set(gaps).size).toBeGreaterThan(10);
  });

  test('is told of as retrying, and as failed at the end', async () => {
    const { clock, scheduler, events } = await startedStage();
    const error = new Error('no');
    const handle = await scheduler.enqueue(
      defineTask('t', () => Promise.reject(error)),
      undefined,
      { retry: { attempts: 2, delay: 5000 } },
    );
    await clock.settle();
    expect(events.of('run:retrying')).toMatchObject([
      { error, retryAt: new Date(START_MS + 5000), run: { status: 'queued', attempt: 1, held: false } },
    ]);
    expect(await handle.run()).toMatchObject({
      status: 'queued',
      error: { message: 'no' },
      availableAt: new Date(START_MS + 5000),
    });
    await clock.advance(5000);
    expect(events.names.filter((name) => name.startsWith('run:'))).toEqual([
      'run:started',
      'run:retrying',
      'run:started',
      'run:failed',
    ]);
    expect(await handle.run()).toMatchObject({ status: 'failed', attempt: 2 });
  });

  test('is the same run at every attempt, at one nominal time, with growing fencing tokens', async () => {
    const { clock, scheduler } = await startedStage();
    const seen: {
      runId: string;
      scheduledAt: number;
      attempt: number;
      fencingToken: number;
      startedAt: number;
    }[] = [];
    await scheduler.addJob(
      ({ runId, scheduledAt, attempt, fencingToken, startedAt }) => {
        seen.push({
          runId,
          attempt,
          fencingToken,
          scheduledAt: scheduledAt.getTime(),
          startedAt: startedAt.getTime(),
        });
        throw new Error('no');
      },
      interval({ hours: 1 }),
      { retry: { attempts: 3, delay: 1000 }, maxRuns: 1 },
    );
    await clock.advance({ hours: 2 });
    expect(new Set(seen.map(({ runId }) => runId)).size).toBe(1);
    expect(new Set(seen.map(({ scheduledAt }) => scheduledAt))).toEqual(new Set([START_MS + 3_600_000]));
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(seen.map(({ startedAt }) => startedAt - START_MS)).toEqual([3_600_000, 3_601_000, 3_602_000]);
    const tokens = seen.map(({ fencingToken }) => fencingToken);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });

  test('keeps its job from finishing until the last attempt is over', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(
      ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('no')) : 'done'),
      undefined,
      {
        id: 'a',
        retry: { attempts: 2, delay: 5000 },
      },
    );
    await clock.advance(4999);
    expect((await scheduler.getJob('a'))?.state).toBe('active');
    await clock.advance(1);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
    expect(events.names.slice(-2)).toEqual(['run:succeeded', 'job:finished']);
  });

  test('is retried after a time-out as after any other failure', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(
      ({ signal, attempt }) =>
        attempt === 2
          ? 'done'
          : new Promise((_resolve, reject) =>
              signal.addEventListener('abort', () => reject(signal.reason as Error)),
            ),
      undefined,
      { timeout: 1000, retry: { attempts: 2, delay: 1000 } },
    );
    await clock.advance(3000);
    expect(events.of('run:retrying')).toMatchObject([{ error: { code: 'ESC_RUN_TIMED_OUT' } }]);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });
});

describe('retryIf', () => {
  const outcomeWith = async (
    retry: NonNullable<TaskOptions['retry']>,
    thrown: unknown,
  ): Promise<string[]> => {
    const made = await startedStage();
    const task = defineTask('t', () => Promise.reject(thrown as Error), { retry });
    await made.scheduler.addJob(task, undefined, { id: 'a' });
    await made.clock.advance({ minutes: 1 });
    return [
      ...made.events.names.filter((name) => name.startsWith('run:')),
      ...made.log.entries.filter(({ message }) => message.includes('retryIf')).map(() => 'logged'),
    ];
  };

  test('decides by the error whether to retry', async () => {
    const retry = { attempts: 2, delay: 1000, retryIf: (error: unknown) => error instanceof RangeError };
    expect(await outcomeWith(retry, new RangeError('again'))).toEqual([
      'run:started',
      'run:retrying',
      'run:started',
      'run:failed',
    ]);
    expect(await outcomeWith(retry, new TypeError('hopeless'))).toEqual(['run:started', 'run:failed']);
  });

  test('that throws is logged, and the run has failed with its own error', async () => {
    const retry = {
      attempts: 2,
      retryIf: () => {
        throw new Error('broken retryIf');
      },
    };
    expect(await outcomeWith(retry, new Error('no'))).toEqual(['run:started', 'run:failed', 'logged']);
  });

  test('of the task applies though the job sets the rest', async () => {
    const { clock, scheduler, events } = await startedStage();
    const task = defineTask('t', () => Promise.reject(new Error('no')), {
      retry: { attempts: 1, retryIf: () => false },
    });
    await scheduler.addJob(task, undefined, { retry: { attempts: 5, delay: 0 } });
    await clock.advance(1000);
    expect(events.of('run:started')).toHaveLength(1);
  });
});

test('retry false on a job turns the retry of its task off', async () => {
  const { clock, scheduler, events } = await startedStage();
  const task = defineTask('t', () => Promise.reject(new Error('no')), { retry: { attempts: 5, delay: 0 } });
  await scheduler.addJob(task, undefined, { retry: false });
  await clock.advance(1000);
  expect(events.of('run:failed')).toMatchObject([{ run: { attempt: 1 } }]);
});

test('the delay is a whole number between its bounds, and never shrinks from one failure to the next', () => {
  const policies = fc.record({
    attempts: fc.constant(100),
    delayMs: fc.nat(1e9),
    backoff: fc.constantFrom('fixed' as const, 'linear' as const, 'exponential' as const),
    maxDelayMs: fc.nat(1e12),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      policies,
      fc.integer({ min: 1, max: 5000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (policy, failures, chance) => {
        const delay = retryDelayMs(policy, failures, chance);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(policy.maxDelayMs);
        expect(retryDelayMs(policy, failures + 1, chance)).toBeGreaterThanOrEqual(delay);
      },
    ),
  );
});
