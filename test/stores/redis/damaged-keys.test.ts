import { StoreDamagedError } from 'escapement';
import { describe, expect, it } from 'vitest';
import {
  aPut,
  aRetry,
  aRun,
  aSkippedStep,
  aStep,
  AWAIT,
  DIED,
  HOUR,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { found, only } from '../../../src/testing/contract/store-bench.js';
import type { Chain, StoreBench } from '../../../src/testing/contract/store-bench.js';
import type { RunFinish } from 'escapement';
import { rejectionOf, within } from '../../support/within.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import type { RedisPlace } from './support/redis-place.js';

const BOTH = { tasks: new Set(['task', 'other']) };

const END_OF_TIME = 8.64e15;

/** Holds the keys that a store has once. */
const SHARED = ['meta', 'ids', 'jobs', 'finished', 'runs', 'ended', 'unique', 'nodes', 'holders'];

/** Is what the keys of a victim are named by. */
interface Victim {
  readonly uid: string;
  readonly heldId: string;
  readonly runId: string;
  readonly chain: Chain;
}

const JOB_QUEUE = 'default\njob\n1\ninterval\nother\n0';
const RUN_LINE = 'default\nrun\n1\n\nother';

/** Holds the keys that belong to one job, one run or one kind of work. */
const OWN: Readonly<Record<string, (victim: Victim) => string>> = {
  job: ({ uid }) => `job:${uid}`,
  'job-record': ({ uid }) => `job-record:${uid}`,
  run: ({ runId }) => `run:${runId}`,
  'run-record': ({ runId }) => `run-record:${runId}`,
  queued: ({ uid }) => `queued:${uid}`,
  history: () => 'history:victim',
  'queue of jobs': () => `queue:${JOB_QUEUE}`,
  'queue of runs': () => `queue:${RUN_LINE}\n0`,
  'blocked lines': ({ uid }) => `blocked:${uid}`,
  'blocked line': ({ uid }) => `blocked:${uid}\n${RUN_LINE}`,
  children: ({ chain }) => `children:${chain.parent.id}`,
  'open steps': ({ chain }) => `steps:${chain.parent.id}`,
  'run that awaits steps': ({ chain }) => `run:${chain.parent.id}`,
  'record of a run that awaits steps': ({ chain }) => `run-record:${chain.parent.id}`,
  step: ({ chain }) => `run:${chain.step.id}`,
  'record of a step': ({ chain }) => `run-record:${chain.step.id}`,
};

/** Holds all kinds of keys. */
const EVERY: Readonly<Record<string, (victim: Victim) => string>> = {
  ...OWN,
  ...Object.fromEntries(SHARED.map((name) => [name, () => name])),
  held: () => 'held:b',
  permits: () => 'permits',
  due: () => 'due:default',
};

/** Holds calls that have to do with the victim. */
const CALLS: Readonly<Record<string, (bench: StoreBench, victim: Victim) => Promise<unknown>>> = {
  claim: (bench) => bench.claim(BOTH),
  'claim of b': (bench) => bench.claim({ ...BOTH, node: 'b' }),
  addRuns: (bench, { uid }) =>
    bench.store.addRuns([
      aRun(bench.now, { executor: 'before' }),
      aRun(bench.now, { task: 'other', jobUid: uid, jobId: 'victim', uniqueKey: 'key' }),
      aRun(bench.now, { executor: 'then' }),
    ]),
  putJobs: (bench) =>
    bench.store.putJobs([
      aPut(bench.aJob({ id: 'first' })),
      aPut(bench.aJob({ id: 'victim', definition: { task: 'other' } }), 'replace'),
    ]),
  patchJob: (bench) => bench.store.patchJob('victim', { nextRunAt: bench.now - 1, dueAt: bench.now - 1 }),
  'patchJob to its end': (bench) =>
    bench.store.patchJob('victim', { state: 'finished', finishedAt: bench.now }),
  commitFirings: async (bench, { uid }) => {
    const decisions = (['queueAll', 'cancelRunning'] as const).map((overlap, at) => ({
      ...{ uid, fence: at + 3, nextRunAt: null, dueAt: null, startable: 10, overlap, counted: [] },
      runs: [aRun(bench.now, { task: 'other', jobUid: uid, jobId: 'victim', uniqueKey: `${at}` })],
    }));
    return bench.store.commitFirings('a', decisions);
  },
  requestCancel: (bench, { runId }) => bench.store.requestCancel(runId),
  finishRuns: async (bench, { heldId }) =>
    bench.store.finishRuns('b', [
      { runId: heldId, attempt: 1, settled: true, outcome: SUCCESS, followUps: [aRun(bench.now)] },
    ]),
  retry: async (bench, { heldId }) =>
    bench.store.finishRuns('b', [
      { runId: heldId, attempt: 1, settled: true, outcome: aRetry(bench.now), followUps: [] },
    ]),
  'end of a step': (bench, { chain }) => finishStep(bench, chain, {}),
  'end of a step that takes its parent': (bench, { chain }) =>
    finishStep(bench, chain, { takesParent: true }),
  'end of a step before another': (bench, { chain }) =>
    finishStep(bench, chain, {
      followUps: [aStep(bench.now, chain.parent, 1), aSkippedStep(bench.now, chain.parent, 2)],
    }),
  'death of a step': (bench, { chain }) => finishStep(bench, chain, { outcome: DIED }),
  'await of others': (bench, { chain }) =>
    finishStep(bench, chain, { outcome: AWAIT, followUps: [aStep(bench.now, chain.step, 0)] }),
  'requestCancel of a run that awaits steps': (bench, { chain }) =>
    bench.store.requestCancel(chain.parent.id),
  'listRuns of steps': (bench, { chain }) =>
    bench.store.listRuns({ parentRunId: chain.parent.id, limit: 10 }),
  takePermits: (bench) => bench.store.takePermits({ key: 'key', wanted: 1, max: 2, perMs: HOUR }),
  returnPermits: (bench) => bench.store.returnPermits({ key: 'key', count: 1, takenAt: bench.now }),
  leave: (bench, { heldId }) => bench.store.leave('b', [{ runId: heldId, attempt: 1, action: 'hand-back' }]),
  recover: (bench) => bench.store.recover('b'),
  heartbeat: (bench) => bench.store.heartbeat('b', HOUR),
  'heartbeat of a': (bench) => bench.store.heartbeat('a', HOUR),
  removeJob: (bench) => bench.store.removeJob('victim'),
  pruneRuns: (bench) => bench.store.pruneRuns(END_OF_TIME, 10),
  pruneJobs: (bench) => bench.store.pruneJobs(END_OF_TIME, 10),
  listJobs: (bench) => bench.store.listJobs({ limit: 10 }),
  listRuns: (bench) => bench.store.listRuns({ jobId: 'victim', limit: 10 }),
  reportProgress: (bench, { heldId }) =>
    bench.store.reportProgress('b', [{ runId: heldId, attempt: 1, progress: '{}' }]),
};

async function finishStep({ store }: StoreBench, { step }: Chain, part: Partial<RunFinish>): Promise<void> {
  await store.finishRuns('b', [
    { runId: step.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [], ...part },
  ]);
}

/** Gives all that the server holds. */
async function snapshot({ redis }: RedisPlace): Promise<ReadonlyMap<string, string>> {
  const keys = await redis.keys('*');
  const values = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return new Map(keys.map((key, at) => [key, String(values[at]?.toString('hex'))]));
}

/** Gives the keys that two snapshots do not agree about. */
function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key),
  );
}

/** Makes a job of another task, with a run that holds its slot and one that waits for it. */
async function aVictim(bench: StoreBench): Promise<Victim> {
  const { job, run } = await bench.fire({ id: 'victim', definition: { task: 'other' } }, {}, 'b');
  const { id } = await bench.addRunOf(job);
  await bench.claim(BOTH);
  // Of the same kinds of work there is more that is due.
  await bench.addJob({ id: 'ripe', definition: { task: 'other' } });
  await bench.addRun({ task: 'other' });
  const over = await bench.addRunOf(job);
  await bench.store.requestCancel(over.id);
  return { uid: job.uid, heldId: run.id, runId: id, chain: await aChain(bench) };
}

/** Makes a run that awaits a step, which is running, and has one that is over; and permits that are given. */
async function aChain(bench: StoreBench): Promise<Chain> {
  const ofB = { node: 'b', executor: 'chains' };
  const { id } = await bench.addRun({ executor: 'chains' });
  const parent = found((await bench.claim(ofB)).runs.find((run) => run.id === id));
  const followUps = [aStep(bench.now, parent, 0, { executor: 'chains' }), aSkippedStep(bench.now, parent, 1)];
  await bench.finish(parent, { outcome: AWAIT, followUps });
  await bench.store.takePermits({ key: 'key', wanted: 1, max: 1, perMs: HOUR });
  return { parent, step: await bench.claimRun(ofB) };
}

/** Puts a text, or a hash for those that are texts, in the place of a key. */
async function replace({ redis }: RedisPlace, key: string): Promise<void> {
  const isText = (await redis.type(key)) === 'string';
  await redis.del(key);
  await (isText ? redis.hset(key, 'a', 'b') : redis.set(key, 'broken'));
}

/** Shows that a job which nobody has touched goes through all that a job goes through. */
async function lives(bench: StoreBench): Promise<void> {
  await bench.addJob({ id: 'healthy' });
  const { jobs } = await bench.claim(BOTH);
  const job = found(jobs.find(({ id }) => id === 'healthy'));
  const run = only((await bench.commit(job)).started);
  const waiting = await bench.addRunOf(job);
  await bench.claim(BOTH);
  await bench.finish(run);
  const { runs } = await bench.claim(BOTH);
  const second = found(runs.find(({ id }) => id === waiting.id));
  await bench.finish(second);
  await bench.store.heartbeat('a', HOUR);
  await bench.store.recover('nobody');
  await bench.patch('healthy', { state: 'paused' });
  await bench.store.listJobs({ limit: 10 });
  await bench.store.listRuns({ limit: 10 });
  await bench.store.removeJob('healthy');
}

describeOnOwnRedis('a key of another type', (aPlace) => {
  describe('in the place of one that belongs to a job, a run or a kind of work', () => {
    it.each(Object.keys(OWN))('(%s) does not disturb what belongs to others', async (family) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const victim = await aVictim(bench);
        await replace(place, place.key(OWN[family]?.(victim) ?? ''));
        await lives(bench);
      });
    });

    it.each(Object.keys(OWN))(
      '(%s) does not disturb others that are in one batch with it',
      async (family) => {
        const place = aPlace();
        await place.withBench(async (bench) => {
          const victim = await aVictim(bench);
          await replace(place, place.key(OWN[family]?.(victim) ?? ''));
          const job = await bench.store.getJob('victim');
          const puts = [bench.aJob({ id: 'a' }), bench.aJob({ id: 'z' })].map((one) => aPut(one));
          await bench.store.putJobs(puts);
          const jobs = (await bench.claim()).jobs;
          expect(jobs.map(({ id }) => id).sort()).toEqual(['a', 'z']);
          if (job === null) return;
          await bench.store
            .patchJob('victim', { nextRunAt: bench.now - HOUR, dueAt: bench.now - HOUR })
            .catch(() => null);
          const all = await bench.claim(BOTH);
          const decisions = [...jobs, ...all.jobs].map((one) => ({
            uid: one.uid,
            fence: one.fence,
            nextRunAt: bench.now + HOUR,
            dueAt: bench.now + HOUR,
            runs: [bench.aFiring(one, bench.now - 5)],
            startable: 10,
            overlap: 'queueAll' as const,
            counted: [],
          }));
          const results = await bench.store.commitFirings('a', decisions);
          expect(results.slice(0, 2).map(({ outcome }) => outcome)).toEqual(['committed', 'committed']);
        });
      },
    );
  });

  describe('in the place of any key', () => {
    it.each([...Object.keys(EVERY)])(
      '(%s) lets calls fail as a whole, naming it, or not at all',
      async (family) => {
        const place = aPlace();
        for (const [title, call] of Object.entries(CALLS)) {
          await place.withBench(async (bench) => {
            const victim = await aVictim(bench);
            const key = place.key(EVERY[family]?.(victim) ?? '');
            await replace(place, key);
            const before = await snapshot(place);
            const error = await within(call(bench, victim)).then(
              () => null,
              (reason: unknown) => reason,
            );
            if (error !== null) {
              expect([title, error]).toMatchObject([title, { code: 'ESC_STORE_DAMAGED', key }]);
              expect([title, changes(before, await snapshot(place))]).toEqual([title, []]);
            }
          });
          await place.redis.flushdb();
        }
      },
    );
  });

  describe('in the place of the runs that a node holds', () => {
    it('is named by an error of that node, and disturbs no other node', async () => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        await bench.store.heartbeat('b', HOUR);
        await aVictim(bench);
        await replace(place, place.key('held:b'));
        await lives(bench);
        const error = await rejectionOf(bench.store.heartbeat('b', HOUR));
        expect(error).toMatchObject({ code: 'ESC_STORE_DAMAGED', key: place.key('held:b') });
        expect(await rejectionOf(bench.store.recover('b'))).toBeInstanceOf(StoreDamagedError);
      });
    });

    it('lets the node take nothing by halves', async () => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const run = await bench.addRun();
        await place.redis.set(place.key('held:a'), 'broken');
        expect(await rejectionOf(bench.claim())).toMatchObject({
          code: 'ESC_STORE_DAMAGED',
          key: place.key('held:a'),
        });
        await place.redis.del(place.key('held:a'));
        expect(await place.inconsistencies()).toEqual([]);
        expect((await bench.claimRun()).id).toBe(run.id);
      });
    });
  });

  describe('in the place of what is due for an executor', () => {
    it('is named by an error, which leaves nothing done by halves, and disturbs no other executor', async () => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        // It comes due first: at equal times no order is promised.
        await bench.addJob({ id: 'job', dueAt: bench.now - HOUR });
        await replace(place, place.key('due:default'));
        const error = await rejectionOf(bench.claim());
        expect(error).toMatchObject({ code: 'ESC_STORE_DAMAGED', key: place.key('due:default') });
        expect(await rejectionOf(bench.addRun())).toBeInstanceOf(StoreDamagedError);
        expect(await rejectionOf(bench.addJob({ id: 'new' }))).toBeInstanceOf(StoreDamagedError);
        await bench.addRun({ executor: 'else' });
        expect((await bench.claim({ executor: 'else' })).runs).toHaveLength(1);
        await place.redis.del(place.key('due:default'));
        await bench.addRun();
        await bench.addJob({ id: 'new' });
        const { runs, jobs } = await bench.claim();
        expect([runs.length, jobs.map(({ id }) => id)]).toEqual([1, ['job', 'new']]);
        expect(await place.inconsistencies()).toEqual([]);
      });
    });
  });

  describe('in the place of one that all share', () => {
    it.each(SHARED)(
      '(%s) is named by an error of every call, and all goes on when it is gone',
      async (name) => {
        const place = aPlace();
        await place.withBench(async (bench) => {
          const key = place.key(name);
          await place.redis.del(key);
          await place.redis.set(key, 'broken');
          const calls = [
            bench.store.now(),
            bench.store.putJobs([aPut(bench.aJob())]),
            bench.store.getJob('a'),
            bench.claim(),
            bench.store.addRuns([aRun(bench.now)]),
            bench.store.heartbeat('a', HOUR),
            bench.store.recover('a'),
            bench.store.listRuns({ limit: 1 }),
          ];
          for (const call of calls) {
            const error = await rejectionOf(call);
            expect(error).toBeInstanceOf(StoreDamagedError);
            expect(error).toMatchObject({ key });
          }
          await place.redis.del(key);
          await lives(bench);
        });
      },
    );
  });
});
