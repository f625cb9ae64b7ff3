import { expect, it } from 'vitest';
import { aManualRun, HOUR, SUCCESS } from '../../../src/testing/contract/records.js';
import { found, only } from '../../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import { BROKEN_HASHES, BROKEN_TEXTS } from './support/damage.js';

const NO_MORE = { nextRunAt: null, dueAt: null };
const END_OF_TIME = 8.64e15;

/** Shows that a run that nobody has touched is claimed and ended. */
async function runs(bench: StoreBench): Promise<void> {
  const added = await bench.addRun();
  const claimed = found((await bench.claim()).runs.find(({ id }) => id === added.id));
  expect((await bench.tryFinish(claimed)).outcome).toBe('ok');
}

describeOnOwnRedis('a queued run whose hash', (aPlace) => {
  it.each(BROKEN_HASHES)('%s is gone to all calls, and holds up no other run', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { id } = await bench.addRun({ priority: 2 });
      await damage(place.redis, place.key(`run:${id}`));
      expect(await bench.store.getRun(id)).toBeNull();
      expect(await bench.store.requestCancel(id)).toEqual({ outcome: 'missing' });
      expect((await bench.store.listRuns({ limit: 10 })).items).toEqual([]);
      await runs(bench);
      await bench.nothingToClaim();
    });
  });

  it.each(BROKEN_HASHES)('%s does not keep its job from its end', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ id: 'job', definition: { maxInstances: 2 } }, NO_MORE);
      const { id } = await bench.addRunOf(job);
      await damage(place.redis, place.key(`run:${id}`));
      expect((await bench.tryFinish(run)).ended).toMatchObject({ id: 'job', state: 'finished' });
    });
  });

  it.each(BROKEN_HASHES)(
    '%s and was the last of its job lets that end with the next claim',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        await bench.addJob({ id: 'job' });
        const { queued } = await bench.commit(await bench.claimJob(), { ...NO_MORE, startable: 0 });
        await damage(place.redis, place.key(`run:${only(queued).id}`));
        await bench.claim();
        expect(await bench.job('job')).toMatchObject({ state: 'finished' });
      });
    },
  );

  it.each(BROKEN_HASHES)('%s does not keep its unique key taken', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { id } = await bench.addRun({ uniqueKey: 'key' });
      await damage(place.redis, place.key(`run:${id}`));
      await bench.addRun({ uniqueKey: 'key' });
    });
  });

  it.each(BROKEN_HASHES)('%s lets those that wait behind it have their slot', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ id: 'job' });
      const [first, second] = [
        await bench.addRunOf(job, { availableAt: bench.now - 2 }),
        await bench.addRunOf(job, { availableAt: bench.now - 1 }),
      ];
      await bench.claim();
      await damage(place.redis, place.key(`run:${first.id}`));
      await bench.finish(run);
      expect((await bench.claimRun()).id).toBe(second.id);
    });
  });
});

describeOnOwnRedis('a running run whose hash', (aPlace) => {
  it.each(BROKEN_HASHES)(
    '%s gives its slot back with the next heartbeat of its node',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { job, run } = await bench.fire({ id: 'job' });
        const waiting = await bench.addRunOf(job);
        await bench.claim();
        await damage(place.redis, place.key(`run:${run.id}`));
        expect((await bench.store.heartbeat('a', HOUR)).mine).toEqual([]);
        expect((await bench.claimRun()).id).toBe(waiting.id);
      });
    },
  );

  it.each(BROKEN_HASHES)(
    '%s gives its slot back when it is finished, and its job ends',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { run } = await bench.fire({ id: 'job' }, NO_MORE);
        await damage(place.redis, place.key(`run:${run.id}`));
        expect(await bench.tryFinish(run)).toMatchObject({ outcome: 'lost', run: null });
        expect(await bench.job('job')).toMatchObject({ state: 'finished' });
        expect(await place.redis.exists(place.key('held:a'))).toBe(0);
      });
    },
  );

  it.each(BROKEN_HASHES)('%s gives its slot back when its dead node is recovered', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.store.heartbeat('a', HOUR);
      const { run } = await bench.fire({ id: 'job' }, NO_MORE);
      const { run: other } = await bench.fire({ id: 'other' });
      await damage(place.redis, place.key(`run:${run.id}`));
      const recovered = await bench.store.recover('a');
      expect(recovered.map(({ id }) => id)).toEqual([other.id]);
      expect(await bench.job('job')).toMatchObject({ state: 'finished' });
    });
  });

  it.each(BROKEN_HASHES)('%s does not hold up those that are finished with it', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await Promise.all([bench.addRun(), bench.addRun(), bench.addRun()]);
      const { runs: claimed } = await bench.claim();
      await damage(place.redis, place.key(`run:${claimed[1]?.id}`));
      const finishes = claimed.map(({ id, attempt }) => ({
        ...{ runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] },
      }));
      const results = await bench.store.finishRuns('a', finishes);
      expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'lost', 'ok']);
    });
  });
});

describeOnOwnRedis('a run whose text', (aPlace) => {
  it.each(BROKEN_TEXTS)(
    '%s ends as failed when it is claimed, and holds up no other',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const job = await bench.addJob({ id: 'job', nextRunAt: null, dueAt: null, state: 'paused' });
        const { id } = await bench.addRunOf(job);
        await damage(place.redis, place.key(`run-record:${id}`));
        await runs(bench);
        const hash = await place.redis.hgetall(place.key(`run:${id}`));
        expect(hash).toMatchObject({ status: 'failed', held: '', slot: '' });
        expect(hash['error']).toContain('cannot be read');
        await bench.nothingToClaim();
      });
    },
  );

  it.each(BROKEN_TEXTS)('%s is pruned with the others when it is over', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const jobless of [true, false]) {
        const run = jobless ? await bench.addRun({ uniqueKey: 'k' }) : (await bench.fire({ id: 'job' })).run;
        if (jobless) await bench.finish(await bench.claimRun());
        else await bench.finish(run);
        await damage(place.redis, place.key(`run-record:${run.id}`));
      }
      const { run: healthy } = await bench.fire();
      await bench.finish(healthy);
      expect(await bench.store.pruneRuns(END_OF_TIME, 10)).toBe(3);
      await bench.store.listRuns({ limit: 10 });
      await bench.store.listRuns({ jobId: 'job', limit: 10 });
      const left = await place.keys();
      expect(left.filter((key) => /^(?:run|history|ended)/.test(key))).toEqual([]);
      // Its key is free, though nobody knows where it was.
      await bench.addRun({ uniqueKey: 'k' });
    });
  });

  it.each(BROKEN_TEXTS)('%s is not given to anybody', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { id } = await bench.addRun();
      await damage(place.redis, place.key(`run-record:${id}`));
      expect(await bench.store.getRun(id)).toBeNull();
      expect((await bench.store.listRuns({ limit: 10 })).items).toEqual([]);
    });
  });

  it.each(BROKEN_TEXTS)(
    '%s does not keep the runs of its dead node from being recovered',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        await bench.store.heartbeat('a', HOUR);
        const { run } = await bench.fire({ id: 'victim' });
        const { run: healthy } = await bench.fire({ id: 'healthy' });
        await damage(place.redis, place.key(`run-record:${run.id}`));
        const recovered = await bench.store.recover('a');
        expect(recovered.map(({ id }) => id)).toEqual([healthy.id]);
        expect(await place.redis.hget(place.key(`run:${run.id}`), 'held')).toBe('');
        const again = await bench.claimRun({ node: 'b' });
        expect([again.id, again.attempt]).toEqual([healthy.id, 2]);
      });
    },
  );

  it.each(BROKEN_TEXTS)('%s does not keep its job from the next fire time', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const overlap of ['skip', 'queue', 'queueAll', 'cancelRunning'] as const) {
        const { job, run } = await bench.fire({ id: overlap });
        const { id: waiting } = await bench.queue(
          aManualRun(bench.now, job, { origin: 'scheduled', uniqueKey: `${overlap} key` }),
        );
        await damage(place.redis, place.key(`run-record:${run.id}`));
        await damage(place.redis, place.key(`run-record:${waiting}`));
        const claimed = await bench.claimAgain(overlap, bench.now - 1);
        expect((await bench.tryCommit(claimed, { overlap })).outcome).toBe('committed');
      }
    });
  });

  it.each(BROKEN_TEXTS)('%s can be cancelled, and can be finished', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { run } = await bench.fire({ id: 'job' }, NO_MORE);
      const { id } = await bench.addRun();
      await damage(place.redis, place.key(`run-record:${id}`));
      await damage(place.redis, place.key(`run-record:${run.id}`));
      await bench.store.requestCancel(id);
      expect((await bench.tryFinish(run)).outcome).toBe('ok');
      expect(await bench.job('job')).toMatchObject({ state: 'finished' });
      expect(await place.redis.hget(place.key(`run:${id}`), 'status')).toBe('cancelled');
    });
  });
});
