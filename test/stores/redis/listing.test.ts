import { expect, it } from 'vitest';
import { aStep, AWAIT, HOUR } from '../../../src/testing/contract/records.js';
import { found, idsOf } from '../../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import type { RedisPlace } from './support/redis-place.js';

const NO_MORE = { nextRunAt: null, dueAt: null };

/** Counts how many hashes the server has read during a call. */
async function hashesReadDuring({ redis }: RedisPlace, call: () => Promise<unknown>): Promise<number> {
  await redis.config('RESETSTAT');
  await call();
  return Number(/cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
}

async function idsOfJob({ store }: StoreBench, jobId: string): Promise<string[]> {
  return idsOf((await store.listRuns({ jobId, limit: 100 })).items).sort();
}

describeOnOwnRedis('listRuns', (aPlace) => {
  it('reads no more than the children of a run, however many others there are', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { parent, step } = await bench.begunChain();
      for (let count = 0; count < 300; count++) await bench.addRun({ availableAt: bench.now + HOUR });
      const children = (): Promise<{ items: readonly { id: string }[] }> =>
        bench.store.listRuns({ parentRunId: parent.id, limit: 100 });
      expect(idsOf((await children()).items)).toEqual([step.id]);
      expect(await hashesReadDuring(place, children)).toBe(1);
      const none = (): Promise<unknown> => bench.store.listRuns({ parentRunId: 'nobody', limit: 100 });
      expect(await hashesReadDuring(place, none)).toBe(0);
    });
  });

  it('finds the last run of a job without a name beside the earlier ones, and those by hand', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ named: false, uid: 'unnamed', id: 'unnamed' });
      await bench.finish(run);
      const claimed = await bench.claimAgain('unnamed', bench.now - 1);
      const last = found((await bench.commit(claimed, NO_MORE)).started[0]);
      const byHand = await bench.addRunOf(job);
      expect(await idsOfJob(bench, 'unnamed')).toEqual([run.id, last.id, byHand.id].sort());
    });
  });

  it.each([
    ['with a name', { id: 'job' }],
    ['without a name', { named: false, uid: 'unnamed', id: 'unnamed' }],
  ])('finds the steps of a job %s, of its only run and of others', async (_title, named) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const decision of [NO_MORE, {}]) {
        const { job, run } = await bench.fire(named, decision);
        const step = aStep(bench.now, run, 0);
        await bench.finish(run, { outcome: AWAIT, followUps: [step] });
        expect(await idsOfJob(bench, job.id)).toEqual([run.id, step.id].sort());
        await bench.store.removeJob(job.id);
        expect(await idsOfJob(bench, job.id)).toEqual([run.id, step.id].sort());
        await place.redis.flushall();
      }
    });
  });
});
