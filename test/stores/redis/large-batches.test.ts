import type { RunQuery, RunRecord } from 'escapement';
import { expect, it } from 'vitest';
import { aJob, aManualRun, aPut, aRun, HOUR } from '../../../src/testing/contract/records.js';
import { runCursor } from '../../../src/stores/match-records.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { describeOnOwnRedis } from './support/redis-place.js';

const JOBS = 20_000;
const RUNS = 10_000;

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_one, at) => at);
}

/** Gives all runs that a query selects, page by page. */
async function listed(
  bench: StoreBench,
  query: Omit<RunQuery, 'limit'>,
  limit: number,
): Promise<RunRecord[]> {
  const found: RunRecord[] = [];
  for (let after: { after?: string } = {}; ; ) {
    const page = await bench.store.listRuns({ ...query, ...after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items);
    if (page.next === null) return found;
    after = { after: page.next };
  }
}

describeOnOwnRedis('a large batch', (aPlace) => {
  it(`of ${JOBS} jobs is added, updated and claimed as one of two is`, async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const jobs = numbers(JOBS).map((at) => aJob(bench.now, { id: `job ${String(at).padStart(5, '0')}` }));
      const added = await bench.store.putJobs(jobs.map((job) => aPut(job)));
      expect(added.every(({ outcome }) => outcome === 'inserted')).toBe(true);
      expect(added[JOBS - 1]?.job.id).toBe(jobs[JOBS - 1]?.id);
      const again = await bench.store.putJobs(jobs.map((job) => aPut(job, 'update')));
      expect(again.every(({ outcome }) => outcome === 'unchanged')).toBe(true);
      const { jobs: claimed } = await bench.claim({ limit: 1000 });
      expect(claimed).toHaveLength(1000);
      const { items, next } = await bench.store.listJobs({ limit: 3, after: 'job 19996' });
      expect([items.map(({ id }) => id), next]).toEqual([['job 19997', 'job 19998', 'job 19999'], null]);
    });
  });

  it('of jobs that is refused for one of them writes nothing', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.addJob({ id: 'job 1999' });
      const jobs = numbers(2000).map((at) => aJob(bench.now, { id: `job ${at}` }));
      const outcomes = await bench.store.putJobs(jobs.map((job) => aPut(job)));
      expect(outcomes.filter(({ outcome }) => outcome === 'exists')).toHaveLength(1);
      expect((await bench.store.listJobs({ limit: 10 })).items).toHaveLength(1);
    });
  });

  it(`of ${RUNS} runs is listed page by page, whatever selects them`, async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const job = await bench.addJob({ id: 'job', nextRunAt: null, dueAt: null, state: 'paused' });
      const runs = numbers(RUNS).map((at) => {
        const given = {
          createdAt: bench.now - (at % 977),
          task: at % 3 === 0 ? 'task' : 'other',
          origin: at % 5 === 0 ? 'backfill' : 'manual',
          parentRunId: at % 7 === 0 ? 'parent' : null,
        } as const;
        return at % 2 === 0 ? aManualRun(bench.now, job, given) : aRun(bench.now, given);
      });
      for (let from = 0; from < RUNS; from += 1000) {
        const added = await bench.store.addRuns(runs.slice(from, from + 1000));
        expect(added.every(({ outcome }) => outcome === 'queued')).toBe(true);
      }
      const newestFirst = [...runs].sort((a, b) => (runCursor(a) < runCursor(b) ? 1 : -1));
      const expectIds = (found: readonly RunRecord[], matches: (run: RunRecord) => boolean): void =>
        expect(found.map(({ id }) => id)).toEqual(newestFirst.filter(matches).map(({ id }) => id));
      expectIds(await listed(bench, {}, 499), () => true);
      expectIds(await listed(bench, { jobId: 'job' }, 1000), ({ jobId }) => jobId === 'job');
      expectIds(
        await listed(bench, { jobId: 'job', task: 'task', origin: 'backfill' }, 7),
        ({ jobId, task, origin }) => jobId === 'job' && task === 'task' && origin === 'backfill',
      );
      expectIds(await listed(bench, { parentRunId: 'parent' }, 100), (run) => run.parentRunId === 'parent');
      expect((await bench.store.listRuns({ statuses: ['failed'], limit: 5 })).items).toEqual([]);
      expect((await bench.store.listRuns({ jobId: 'nobody', limit: 5 })).items).toEqual([]);
      expect(await bench.store.pruneRuns(bench.now + HOUR, RUNS)).toBe(0);
    });
  });
});
