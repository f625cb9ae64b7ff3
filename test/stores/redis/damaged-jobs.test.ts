import { expect, it } from 'vitest';
import { found, only } from '../../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { FAILURE, HOUR } from '../../../src/testing/contract/records.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { within } from '../../support/within.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import { BROKEN_HASHES, BROKEN_TEXTS } from './support/damage.js';

const NO_MORE = { nextRunAt: null, dueAt: null };

/** Shows that a job which nobody has touched is claimed, fired and ended. */
async function fires(bench: StoreBench, id: string): Promise<void> {
  const { jobs } = await bench.claim();
  const job = found(jobs.find((one) => one.id === id));
  const run = only((await bench.commit(job)).started);
  expect((await bench.tryFinish(run)).outcome).toBe('ok');
  expect(await bench.store.getJob(id)).toMatchObject({ state: 'active', runCount: 1 });
}

describeOnOwnRedis('a job whose hash', (aPlace) => {
  it.each(BROKEN_HASHES)('%s is gone to all calls, and holds up no other job', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { uid } = await bench.addJob({
        id: 'victim',
        nextRunAt: bench.now - HOUR,
        dueAt: bench.now - HOUR,
      });
      await bench.addJob({ id: 'healthy' });
      await damage(place.redis, place.key(`job:${uid}`));
      expect(await bench.store.getJob('victim')).toBeNull();
      expect(await bench.store.patchJob('victim', { state: 'paused' })).toBe('missing');
      expect((await bench.store.listJobs({ limit: 10 })).items.map(({ id }) => id)).toEqual(['healthy']);
      await fires(bench, 'healthy');
    });
  });

  it.each(BROKEN_HASHES)('%s can be added anew, and fires then', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const ifExists of ['error', 'update', 'keep', 'replace'] as const) {
        const { uid } = await bench.addJob({ id: ifExists });
        await damage(place.redis, place.key(`job:${uid}`));
        const added = await within(bench.put(bench.aJob({ id: ifExists }), ifExists));
        expect([ifExists, added.outcome]).toEqual([ifExists, 'inserted']);
        await fires(bench, ifExists);
      }
    });
  });

  it.each(BROKEN_HASHES)('%s can be removed, and leaves no trace in lists', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { uid } = await bench.addJob({ id: 'victim' });
      await damage(place.redis, place.key(`job:${uid}`));
      await bench.store.removeJob('victim');
      await bench.nothingToClaim();
      expect(await place.redis.exists(place.key('ids'), place.key('jobs'))).toBe(0);
    });
  });

  it.each(BROKEN_HASHES)('%s does not keep its running run from ending', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ id: 'victim' });
      await damage(place.redis, place.key(`job:${job.uid}`));
      expect(await bench.finish(run)).toMatchObject({ status: 'succeeded', held: false });
      expect((await bench.store.heartbeat('a', HOUR)).mine).toEqual([]);
    });
  });

  it.each(BROKEN_HASHES)(
    '%s does not keep the runs that waited for its slot from being cancelled',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { job, run } = await bench.fire({ id: 'victim' });
        const waiting = await bench.addRunOf(job);
        await bench.claim();
        await damage(place.redis, place.key(`job:${job.uid}`));
        await bench.finish(run);
        expect(await bench.store.requestCancel(waiting.id)).toMatchObject({ outcome: 'cancelled' });
        expect(await bench.store.pruneRuns(Number.MAX_SAFE_INTEGER, 10)).toBe(2);
      });
    },
  );
});

describeOnOwnRedis('a job whose text', (aPlace) => {
  it.each(BROKEN_TEXTS)('%s is parked by the claim, and holds up no other job', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { uid } = await bench.addJob({
        id: 'victim',
        nextRunAt: bench.now - HOUR,
        dueAt: bench.now - HOUR,
      });
      await bench.addJob({ id: 'healthy' });
      await damage(place.redis, place.key(`job-record:${uid}`));
      await fires(bench, 'healthy');
      const hash = await place.redis.hgetall(place.key(`job:${uid}`));
      expect(hash).toMatchObject({ state: 'parked', wakeAt: '' });
      expect(JSON.parse(hash['error'] ?? '')).toContain('cannot be read');
      expect((await bench.claim()).nextAt).toBeGreaterThan(bench.now);
    });
  });

  it.each(BROKEN_TEXTS)('%s is not given to anybody, and is told of', async (_title, damage) => {
    const place = aPlace();
    const log = new RecordingLogger();
    const store = await place.openStore(log);
    await place.withBench(async (bench) => {
      const { uid } = await bench.addJob({ id: 'victim' });
      await bench.addJob({ id: 'healthy' });
      await damage(place.redis, place.key(`job-record:${uid}`));
      expect(await store.getJob('victim')).toBeNull();
      expect((await store.listJobs({ limit: 10 })).items.map(({ id }) => id)).toEqual(['healthy']);
      expect(log.at('error').length).toBeGreaterThan(0);
    });
  });

  it.each(BROKEN_TEXTS)('%s is missing to edits, and can be added anew', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const ifExists of ['error', 'update', 'keep', 'replace'] as const) {
        const { uid } = await bench.addJob({ id: ifExists });
        await damage(place.redis, place.key(`job-record:${uid}`));
        expect(await within(bench.store.patchJob(ifExists, { state: 'paused' }))).toBe('missing');
        const put = bench.put(bench.aJob({ id: ifExists }), ifExists);
        expect((await within(put, `a put with ${ifExists}`, 1000)).outcome).toBe('inserted');
        await fires(bench, ifExists);
      }
    });
  });

  it.each(BROKEN_TEXTS)('%s can be removed, without a trace', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { uid } = await bench.addJob({ id: 'victim' });
      await damage(place.redis, place.key(`job-record:${uid}`));
      await bench.store.removeJob('victim');
      await bench.nothingToClaim();
      expect(await place.keys()).toEqual(['meta']);
    });
  });

  it.each(BROKEN_TEXTS)('%s lets its run end, and ends with it', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ id: 'victim' }, NO_MORE);
      await damage(place.redis, place.key(`job-record:${job.uid}`));
      expect(await bench.tryFinish(run, { outcome: FAILURE })).toMatchObject({ outcome: 'ok' });
      expect(await place.redis.hget(place.key(`job:${job.uid}`), 'state')).toBe('finished');
      expect(await bench.store.pruneJobs(Number.MAX_SAFE_INTEGER, 10)).toBe(1);
    });
  });
});
