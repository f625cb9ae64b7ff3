import { describe, expect, test } from 'vitest';
import { AsyncExecutor, Scheduler, date, defineTask } from '../../src/index.js';
import type { JobStore, TaskHandler } from '../../src/index.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { within } from '../support/within.js';

const TOTAL = 1000;
const CONCURRENCY = 100;

interface Drain {
  /** Holds how much each claim, commit or finish call had, of those that had something. */
  readonly sizes: Record<'claim' | 'commitFirings' | 'finishRuns', number[]>;
  /** Counts the claims and commits that were sent while ends were being written. */
  overlapped: number;
  /** Is how many attempts had ended at most without the store knowing it. */
  mostUnrecorded: number;
}

/** Gives a shared store as it is over a network, and what it was asked. */
function remote(endMs: number, drain: Drain): JobStore {
  let writing = 0;
  return new Proxy(new SharedMemoryStore(), {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const call = async (): Promise<unknown> => Reflect.apply(member, target, args);
        if (key !== 'claim' && key !== 'commitFirings' && key !== 'finishRuns') return call();
        if (key === 'finishRuns') writing++;
        else if (writing > 0) drain.overlapped++;
        await new Promise((resolve) => setTimeout(resolve, key === 'finishRuns' ? endMs : 1));
        const answer = await call();
        if (key === 'finishRuns') writing--;
        const { runs = [], jobs = [] } = answer as { runs?: readonly unknown[]; jobs?: readonly unknown[] };
        const size = key === 'claim' ? runs.length + jobs.length : (args[1] as readonly unknown[]).length;
        if (size > 0) drain.sizes[key].push(size);
        return answer;
      };
    },
  });
}

/** Runs many due jobs, or queued runs, of a task on a store that is a millisecond away. */
async function drained(what: 'jobs' | 'runs', handler: () => unknown, endMs = 1): Promise<Drain> {
  const drain: Drain = {
    sizes: { claim: [], commitFirings: [], finishRuns: [] },
    overlapped: 0,
    mostUnrecorded: 0,
  };
  let ended = 0;
  let recorded = 0;
  const counted: TaskHandler = async () => {
    await handler();
    ended++;
    drain.mostUnrecorded = Math.max(drain.mostUnrecorded, ended - recorded);
  };
  const task = defineTask('counted', counted);
  const executors = { default: new AsyncExecutor({ concurrency: CONCURRENCY }) };
  const scheduler = new Scheduler({
    stores: { default: remote(endMs, drain) },
    executors,
    tasks: [task],
    logger: new RecordingLogger(),
  });
  const over = new Promise<void>((resolve) => {
    scheduler.on('run:succeeded', () => {
      if (++recorded === TOTAL) resolve();
    });
  });
  const due = date(new Date(Date.now() - 1000));
  if (what === 'jobs') await scheduler.addJobs(Array.from({ length: TOTAL }, () => ({ task, trigger: due })));
  else for (let at = 0; at < TOTAL; at++) await scheduler.enqueue(task);
  await scheduler.start();
  await within(over, 'the drain', 15_000);
  await scheduler.shutdown();
  return drain;
}

describe.each(['jobs', 'runs'] as const)('a drain of many due %s', (what) => {
  test('claims, commits and ends as many at once as the executor has slots', async () => {
    const { sizes, overlapped } = await drained(what, () => undefined);
    expect(sizes.claim).toEqual(Array.from({ length: TOTAL / CONCURRENCY }, () => CONCURRENCY));
    if (what === 'jobs') expect(sizes.commitFirings).toEqual(sizes.claim);
    expect(sizes.finishRuns.length).toBeLessThanOrEqual(sizes.claim.length);
    expect(overlapped).toBeGreaterThan(0);
  });

  test('claims for all slots that are freed in one turn of the event loop, not for the first alone', async () => {
    const sleepers: (() => void)[] = [];
    const { sizes } = await drained(
      what,
      () =>
        new Promise<void>((resolve) => {
          sleepers.push(resolve);
          // All of a batch end one after another, each in a task of its own.
          if (sleepers.length < CONCURRENCY) return;
          for (const wake of sleepers.splice(0)) setImmediate(wake);
        }),
    );
    expect(Math.min(...sizes.claim)).toBe(CONCURRENCY);
    expect(sizes.finishRuns.length).toBeLessThanOrEqual(3 * sizes.claim.length);
  });

  test('claims no more while the store is behind with writing what has ended', async () => {
    const { mostUnrecorded } = await drained(what, () => undefined, 100);
    // Beside the bound, those that end while it is looked at, and those that are claimed just then.
    expect(mostUnrecorded).toBeLessThanOrEqual(500 + 2 * CONCURRENCY);
  });
});
