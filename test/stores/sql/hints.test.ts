import { AsyncExecutor, Scheduler, defineTask, interval } from 'escapement';
import type { Executor, JobStore, RunFinish, RunRecord, StoreHint } from 'escapement';
import { expect, it, onTestFinished } from 'vitest';
import {
  aJob,
  aPut,
  aRun,
  aStep,
  AWAIT,
  HOUR,
  MINUTE,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { only } from '../../../src/testing/contract/store-bench.js';
import { request } from '../../../src/testing/contract/racing-jobs.js';
import { onEngines } from './support/on-every-engine.js';
import { openAll } from './support/open-stores.js';

/** Is two open stores on one database, and what each has heard of since both listen. */
interface Pair {
  readonly one: JobStore;
  readonly two: JobStore;
  readonly now: number;
  readonly heardByOne: StoreHint[];
  readonly heardByTwo: StoreHint[];
}

/** Is how long a hint may take: far less than a poll. */
const SOON = { timeout: 1000 };

await onEngines(['postgres', 'sqlite'], 'what one store does', (aPlace) => {
  async function aPair(): Promise<Pair> {
    const place = await aPlace();
    const [one, two] = [place.store(), place.store()];
    await openAll([one, two]);
    const [heardByOne, heardByTwo] = [await listenTo(one), await listenTo(two)];
    // Somebody who begins to listen is told to look once; on SQLite, so is whoever heard of the making of the tables.
    await settled(heardByOne, heardByTwo);
    return { one, two, now: await one.now(), heardByOne, heardByTwo };
  }

  /** Shows that something is heard of by the other store soon, and by the one that does it not at all. */
  async function isHeard(what: (pair: Pair) => Promise<unknown>, expected: RegExp): Promise<void> {
    const pair = await aPair();
    await what(pair);
    const texts = (): string[] => pair.heardByTwo.map((hint) => JSON.stringify(hint));
    await expect.poll(texts, SOON).toContainEqual(expect.stringMatching(expected));
    expect(pair.heardByOne).toEqual([]);
  }

  it('is heard of by another: a job that is added', async () => {
    await isHeard(({ one, now }) => one.putJobs([aPut(aJob(now))]), /"work","at":null/);
  });

  it('is heard of by another: a job that is added for later', async () => {
    await isHeard(({ one, now }) => {
      return one.putJobs([aPut(aJob(now, { nextRunAt: now + HOUR, dueAt: now + HOUR }))]);
    }, /"work","at":(?:null|\d{13})/);
  });

  it('is heard of by another: a run that is enqueued', async () => {
    await isHeard(({ one, now }) => one.addRuns([aRun(now)]), /"work","at":null/);
  });

  it('is heard of by another: a job that is edited to be due', async () => {
    await isHeard(async ({ one, two, now, heardByOne, heardByTwo }) => {
      await one.putJobs([aPut(aJob(now, { id: 'job', nextRunAt: now + HOUR, dueAt: now + HOUR }))]);
      await settled(heardByOne, heardByTwo);
      await one.patchJob('job', { nextRunAt: now - MINUTE, dueAt: now - MINUTE });
      expect((await two.getJob('job'))?.dueAt).toBe(now - MINUTE);
    }, /"work","at":(?:null|\d{13})/);
  });

  it('is heard of by another: a request to cancel what that runs', async () => {
    const id = 'the-run-to-cancel';
    await isHeard(
      async ({ one, two, now, heardByOne, heardByTwo }) => {
        await two.addRuns([aRun(now, { id })]);
        expect((await two.claim(request('two', 1))).runs).toMatchObject([{ id }]);
        await expect.poll(() => heardByOne, SOON).not.toEqual([]);
        await settled(heardByOne, heardByTwo);
        expect(await one.requestCancel(id)).toMatchObject({ outcome: 'requested' });
      },
      new RegExp(`"cancel","runId":"${id}"`),
    );
  });

  it('is not heard of any more once the other does not listen', async () => {
    const pair = await aPair();
    const { one, two, now, heardByTwo } = pair;
    const later: StoreHint[] = [];
    const stop = await two.subscribe?.((hint) => later.push(hint));
    await stop?.();
    await settled(later, heardByTwo);
    await one.addRuns([aRun(now)]);
    await settled([], []);
    expect(later).toEqual([]);
  });
});

await onEngines(['postgres'], 'a store that tells of runs by name', (aPlace) => {
  it('tells how far which run is, and of no report that came too late', async () => {
    const place = await aPlace();
    const [one, two] = [place.store(), place.store()];
    await openAll([one, two]);
    const [heardByOne, heardByTwo] = [await listenTo(one), await listenTo(two)];
    const now = await one.now();
    await one.addRuns([aRun(now, { id: 'the-run' })]);
    expect((await one.claim(request('node', 1))).runs).toHaveLength(1);
    await settled(heardByOne, heardByTwo);
    await one.reportProgress('node', [{ runId: 'the-run', attempt: 2, progress: '{"fraction":0.1}' }]);
    await one.reportProgress('other', [{ runId: 'the-run', attempt: 1, progress: '{"fraction":0.1}' }]);
    await one.reportProgress('node', [{ runId: 'the-run', attempt: 1, progress: '{"fraction":0.5}' }]);
    await expect.poll(() => heardByTwo, SOON).toEqual([{ kind: 'progress', runId: 'the-run' }]);
    expect((await two.getRun('the-run'))?.progress).toBe('{"fraction":0.5}');
    expect(heardByOne).toEqual([]);
  });

  it('tells of work when a step is queued behind another, and when its parent is', async () => {
    const place = await aPlace();
    const [one, two] = [place.store(), place.store()];
    await openAll([one, two]);
    const heard = await listenTo(two);
    const now = await one.now();
    await one.addRuns([aRun(now)]);
    const parent = only((await one.claim(request('node', 1))).runs);
    const finish = (run: RunRecord, overrides: Partial<RunFinish>): Promise<unknown> => {
      const { id, attempt } = run;
      const base = { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
      return one.finishRuns('node', [{ ...base, ...overrides }]);
    };
    await settled(heard);
    await finish(parent, { outcome: AWAIT, followUps: [aStep(now, parent, 0)] });
    await expect.poll(() => heard, SOON).toContainEqual({ kind: 'work', at: null });
    const step = only((await one.claim(request('node', 1))).runs);
    await settled(heard);
    await finish(step, {});
    await expect.poll(() => heard, SOON).toContainEqual({ kind: 'work', at: null });
  });
});

await onEngines(['postgres', 'sqlite'], 'a scheduler on a store of its own', (aPlace) => {
  it('starts at once what another adds for an executor that only it can use', async () => {
    const place = await aPlace();
    const full: Executor = {
      freeSlots: 0,
      start: async () => {},
      execute: async () => {
        throw new Error('There is no slot');
      },
      shutdown: async () => {},
    };
    const started: { name: string; at: number }[] = [];
    const aborted: string[] = [];
    const schedulers = [full, new AsyncExecutor()].map((special, at) => {
      const work = defineTask(
        'work',
        () => void started.push({ name: `node ${at}`, at: performance.now() }),
        {
          executor: 'special',
        },
      );
      const long = defineTask(
        'long',
        ({ signal }) =>
          new Promise<void>((resolve) => {
            started.push({ name: `node ${at}`, at: performance.now() });
            signal.addEventListener('abort', () => {
              aborted.push(`node ${at}`);
              resolve();
            });
          }),
        { executor: 'special' },
      );
      const scheduler = new Scheduler({
        stores: { default: place.store() },
        executors: { special },
        tasks: [work, long],
        backstop: { seconds: 60 },
      });
      onTestFinished(() => scheduler.shutdown());
      return scheduler;
    });
    const [one, two] = schedulers as [Scheduler, Scheduler];
    await one.start();
    await two.start();

    const measured = async (add: () => Promise<unknown>): Promise<void> => {
      started.length = 0;
      // What starting has stirred up is over.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const before = performance.now();
      await add();
      await expect.poll(() => started.length, { timeout: 2000, interval: 10 }).toBe(1);
      expect(started[0]?.name).toBe('node 1');
      expect((started[0]?.at ?? Infinity) - before).toBeLessThan(500);
    };
    await measured(() => one.addJob('work'));
    await measured(() => one.enqueue('work'));
    await measured(() => one.addJob('work', interval({ hours: 1 }, { immediate: true }), { id: 'later' }));
    await measured(() => one.runJob('later'));
    await measured(() => one.modifyJob('later', { nextRunTime: new Date() }));
    let id = '';
    await measured(async () => {
      ({ id } = await one.enqueue('long'));
    });
    expect(await one.cancelRun(id)).toBe(true);
    await expect.poll(() => aborted, SOON).toEqual(['node 1']);
  });
});

async function listenTo(store: JobStore): Promise<StoreHint[]> {
  const heard: StoreHint[] = [];
  const stop = await store.subscribe?.((hint) => heard.push(hint));
  onTestFinished(() => stop?.());
  return heard;
}

/** Lets pass what is still on its way, and forgets it: nothing comes for a while then. */
async function settled(...heard: StoreHint[][]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 150));
  for (const hints of heard) hints.length = 0;
}
