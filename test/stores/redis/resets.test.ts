import { systemClock } from 'escapement';
import type { JobStore, StoreHint } from 'escapement';
import { describe, expect, it } from 'vitest';
import { aJob, aPut, aRun, HOUR, MINUTE, SUCCESS } from '../../../src/testing/contract/records.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { SILENT } from '../support/silent.js';
import { eventually } from './connection/support/eventually.js';
import { describeOnOwnRedis, RedisPlace } from './support/redis-place.js';

/** Holds a call of every method of the interface, with what it comes to on a store that was just emptied. */
const CALLS: Readonly<Record<string, (bench: StoreBench) => Promise<unknown>>> = {
  now: async ({ store, now }) => expect(await store.now()).toBeGreaterThanOrEqual(now),
  putJobs: async ({ store, now }) => {
    const [put] = await store.putJobs([aPut(aJob(now, { id: 'before' }))]);
    expect(put).toMatchObject({ outcome: 'inserted', job: { id: 'before' } });
    expect(await store.getJob('before')).toEqual(put?.job);
  },
  patchJob: async ({ store }) => expect(await store.patchJob('before', { state: 'paused' })).toBe('missing'),
  removeJob: async ({ store }) => expect(await store.removeJob('before')).toBeNull(),
  getJob: async ({ store }) => expect(await store.getJob('before')).toBeNull(),
  listJobs: async ({ store }) =>
    expect(await store.listJobs({ limit: 5 })).toEqual({ items: [], next: null }),
  claim: async (bench) => bench.nothingToClaim(),
  commitFirings: async (bench) => {
    const decision = { nextRunAt: null, dueAt: null, startable: 1, overlap: 'skip', counted: [] } as const;
    const runs = [aRun(bench.now)];
    const results = await bench.store.commitFirings('a', [{ ...decision, uid: 'uid', fence: 2, runs }]);
    expect(results).toEqual([{ outcome: 'lost' }]);
  },
  releaseClaims: async ({ store }) => store.releaseClaims('a', [{ uid: 'uid', fence: 2, wakeAt: null }]),
  addRuns: async ({ store, now }) => {
    const run = aRun(now);
    const [added] = await store.addRuns([run, aRun(now, { jobUid: 'uid', jobId: 'before' })]);
    expect(added).toEqual({ outcome: 'queued', run });
    expect(await store.getRun(run.id)).toEqual(run);
  },
  finishRuns: async ({ store }) => {
    const finish = { runId: 'run', attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
    expect(await store.finishRuns('a', [finish])).toMatchObject([{ outcome: 'lost', run: null }]);
  },
  reportProgress: async ({ store }) =>
    store.reportProgress('a', [{ runId: 'run', attempt: 1, progress: '{}' }]),
  requestCancel: async ({ store }) =>
    expect(await store.requestCancel('run')).toEqual({ outcome: 'missing' }),
  getRun: async ({ store }) => expect(await store.getRun('run')).toBeNull(),
  listRuns: async ({ store }) =>
    expect(await store.listRuns({ limit: 5 })).toEqual({ items: [], next: null }),
  pruneRuns: async ({ store }) => expect(await store.pruneRuns(Number.MAX_SAFE_INTEGER, 5)).toBe(0),
  pruneJobs: async ({ store }) => expect(await store.pruneJobs(Number.MAX_SAFE_INTEGER, 5)).toBe(0),
  heartbeat: async ({ store }) =>
    expect(await store.heartbeat('a', HOUR)).toMatchObject({ alive: false, mine: [], peers: [] }),
  recover: async ({ store }) => expect(await store.recover('a')).toEqual([]),
  takePermits: async ({ store }) => {
    const request = { key: 'key', wanted: 2, max: 3, perMs: HOUR };
    expect(await store.takePermits(request)).toMatchObject({ granted: 2, nextAt: null });
    expect(await store.takePermits(request)).toMatchObject({ granted: 1 });
  },
  returnPermits: async ({ store, now }) => store.returnPermits({ key: 'key', count: 1, takenAt: now }),
  leave: async ({ store }) => store.leave('a', [{ runId: 'run', attempt: 1, action: 'lose' }]),
};

/** Subscribes to a store, and gives what is heard of resets. */
async function resetsOf(store: JobStore): Promise<StoreHint[]> {
  const heard: StoreHint[] = [];
  await store.subscribe?.((hint) => {
    if (hint.kind === 'reset') heard.push(hint);
  });
  return heard;
}

const RESET: StoreHint = { kind: 'reset' };

/** Waits until what was published so far has been heard by a store. */
async function hears(store: JobStore, speaker: JobStore): Promise<void> {
  let isHeard = false;
  const stop = await store.subscribe?.((hint) => {
    if (hint.kind === 'work') isHeard = true;
  });
  await speaker.addRuns([aRun(await speaker.now())]);
  await eventually(() => expect(isHeard).toBe(true));
  await stop?.();
}

describeOnOwnRedis('a store that was emptied', (aPlace) => {
  it.each(Object.entries(CALLS))('answers %s in the next epoch', async (_name, call) => {
    for (const flush of ['flushall', 'flushdb'] as const) {
      const place = aPlace();
      await place.withBench(async (bench) => {
        await bench.fire({ id: 'before' });
        await bench.addRun();
        await bench.store.takePermits({ key: 'key', wanted: 3, max: 3, perMs: HOUR });
        const heard = await resetsOf(bench.store);
        await place.redis[flush]();
        await call(bench);
        expect(heard).toEqual([RESET]);
        expect(await place.inconsistencies()).toEqual([]);
        const run = await bench.addRun({ id: 'after' });
        expect(await bench.run('after')).toEqual(run);
      });
    }
  });

  it.each(Object.keys(CALLS))('works although it is emptied while %s is under way', async (name) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (let round = 0; round < 10; round++) {
        const call = CALLS[name]?.(bench);
        await Promise.all([
          place.redis.flushall(),
          call?.catch(() => null),
          bench.store.heartbeat('b', HOUR),
        ]);
        await bench.addRun({ id: `run ${round}` });
        expect(await place.inconsistencies()).toEqual([]);
      }
    });
  });

  it('takes back nothing of what was claimed before', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { run } = await bench.fire({ id: 'job' });
      await bench.addJob({ id: 'other' });
      const claimed = await bench.claimJob();
      await place.redis.flushall();
      expect((await bench.tryCommit(claimed)).outcome).toBe('lost');
      expect(await bench.tryFinish(run)).toMatchObject({ outcome: 'lost', run: null });
      expect(await place.keys()).toEqual(['meta']);
    });
  });

  it('does not know nodes any more, whose next heartbeat says so', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      await bench.store.heartbeat('a', HOUR);
      await peer.heartbeat('b', HOUR);
      await place.redis.flushall();
      expect(await peer.heartbeat('b', HOUR)).toMatchObject({ alive: false, peers: [] });
      expect(await bench.store.heartbeat('a', HOUR)).toMatchObject({ alive: false, peers: [{ node: 'b' }] });
      expect(await bench.store.heartbeat('a', HOUR)).toMatchObject({ alive: true });
    });
  });

  it('gives no fencing token a second time', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { run: ofJob } = await bench.fire({ id: 'job' });
      await bench.addRun();
      const alone = await bench.claimRun();
      await place.redis.flushall();
      const { run: again } = await bench.fire({ id: 'job', lastToken: 0 });
      expect(again.fencingToken).toBeGreaterThan(ofJob.fencingToken);
      await bench.addRun();
      expect((await bench.claimRun()).fencingToken).toBeGreaterThan(alone.fencingToken);
    });
  });

  it('keeps a mark of one epoch, whoever finds out first', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      for (let round = 0; round < 10; round++) {
        await place.redis.flushall();
        await Promise.all([bench.store.now(), peer.now(), bench.addRun(), peer.heartbeat('b', HOUR)]);
        expect(await place.redis.hget(place.key('meta'), 'format')).toBe('1');
        expect((await peer.listRuns({ limit: 5 })).items).toHaveLength(1);
      }
    });
  });
});

describeOnOwnRedis('a reset', (aPlace) => {
  it('is heard once by the subscribers of every instance, of those that made no call too', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const [own, second, foreign] = [
        await resetsOf(bench.store),
        await resetsOf(bench.store),
        await resetsOf(peer),
      ];
      await place.redis.flushall();
      await bench.store.now();
      await eventually(() => expect([own, second, foreign]).toEqual([[RESET], [RESET], [RESET]]));
      await hears(peer, bench.store);
      await hears(bench.store, peer);
      expect([own, second, foreign]).toEqual([[RESET], [RESET], [RESET]]);
    });
  });

  it('is heard once when several instances find it out at once', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const heard = [await resetsOf(bench.store), await resetsOf(peer)];
      for (let round = 1; round <= 10; round++) {
        await place.redis.flushall();
        await Promise.all([
          bench.store.now(),
          peer.now(),
          bench.store.getJob('a'),
          peer.heartbeat('b', HOUR),
        ]);
        await hears(peer, bench.store);
        await hears(bench.store, peer);
        expect(heard.map(({ length }) => length)).toEqual([round, round]);
      }
    });
  });

  it('that is followed by another is heard twice by those who saw both', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const [own, foreign] = [await resetsOf(bench.store), await resetsOf(peer)];
      for (const count of [1, 2]) {
        await place.redis.flushall();
        await bench.store.now();
        await eventually(() => expect(foreign).toHaveLength(count));
        expect(own).toHaveLength(count);
      }
      // Nobody looked in between.
      await place.redis.flushall();
      await place.redis.flushall();
      await bench.store.now();
      await hears(peer, bench.store);
      expect([own.length, foreign.length]).toEqual([3, 3]);
    });
  });

  it('that nobody heard is told to the first who subscribes, and to no other', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const foreign = await resetsOf(peer);
      await place.redis.flushall();
      await bench.store.now();
      await eventually(() => expect(foreign).toEqual([RESET]));
      expect([await resetsOf(bench.store), await resetsOf(bench.store)]).toEqual([[RESET], []]);
    });
  });

  it('that happened while the store was closed is told when it is open again', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const stop = await store.subscribe(() => {});
    await store.addRuns([aRun(await store.now())]);
    await stop();
    await store.close();
    await place.redis.flushall();
    await reopen(store);
    expect(await resetsOf(store)).toEqual([RESET]);
  });

  it('that happened while the store was closed is told although an earlier subscriber never left', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const gone = await resetsOf(store);
    await store.close();
    await place.redis.flushall();
    await reopen(store);
    expect(await resetsOf(store)).toEqual([RESET]);
    expect(gone).toEqual([]);
  });

  it('is not told where the store was closed and nothing was lost', async () => {
    const place = aPlace();
    const store = await place.openStore();
    await store.close();
    await reopen(store);
    expect(await resetsOf(store)).toEqual([]);
  });

  it('is none when a store is opened for the first time, on a server that is empty or not', async () => {
    const place = aPlace();
    for (let time = 0; time < 2; time++) {
      const store = await place.openStore();
      expect(await resetsOf(store)).toEqual([]);
      await store.now();
      expect(await resetsOf(store)).toEqual([]);
    }
  });

  it('is told when `meta` alone was removed, and the jobs stay', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const heard = [await resetsOf(bench.store), await resetsOf(peer)];
      const job = await bench.addJob({ id: 'job', dueAt: bench.now + HOUR, nextRunAt: bench.now + HOUR });
      const run = await bench.addRun({ availableAt: bench.now + MINUTE });
      await place.redis.del(place.key('meta'));
      expect(await peer.getJob('job')).toEqual(job);
      expect(await bench.store.getRun(run.id)).toEqual(run);
      await hears(bench.store, peer);
      expect(heard).toEqual([[RESET], [RESET]]);
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('is told by a call whose epoch another instance has begun already', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const heard = await resetsOf(bench.store);
      await place.redis.flushall();
      const late = await place.openStore();
      expect(await resetsOf(late)).toEqual([]);
      await bench.store.now();
      expect(heard).toEqual([RESET]);
      await hears(bench.store, late);
      expect(heard).toEqual([RESET]);
    });
  });
});

describe('stores of one prefix in two databases of one server', () => {
  describeOnOwnRedis('share the channel, and nothing else', (aPlace, server) => {
    it('so that a reset of one is not one of the other', async () => {
      const place = aPlace();
      const beside = new RedisPlace(`${server().url}/3`, place.prefix);
      await place.withBench(async (bench) => {
        await beside.withBench(async (other) => {
          const [heard, unheard] = [await resetsOf(bench.store), await resetsOf(other.store)];
          const job = await other.addJob({ id: 'job' });
          await place.redis.flushdb();
          expect(await bench.store.getJob('job')).toBeNull();
          expect(heard).toEqual([RESET]);
          await hears(other.store, bench.store);
          expect(await other.store.getJob('job')).toEqual(job);
          expect(unheard).toEqual([]);
          // All of the server's databases at once.
          await place.redis.flushall();
          await Promise.all([bench.store.now(), other.store.now()]);
          await hears(other.store, bench.store);
          await hears(bench.store, other.store);
          expect([heard.length, unheard.length]).toEqual([2, 1]);
        });
      });
      beside.redis.disconnect();
    });
  });
});

async function reopen(store: JobStore): Promise<void> {
  await store.open({ clock: systemClock, logger: SILENT });
}
