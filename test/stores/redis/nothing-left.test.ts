import { Scheduler, defineTask } from 'escapement';
import { EventRecorder } from 'escapement/testing';
import { expect, it } from 'vitest';
import { SILENT } from '../support/silent.js';
import { within } from '../../support/within.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import { throughALife } from './support/through-a-life.js';

describeOnOwnRedis('a store from which everything is removed and pruned', (aPlace) => {
  it('keeps nothing but what says which it is', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await throughALife(bench);
      expect(await place.keys()).toEqual(['meta']);
      const meta = await place.redis.hgetall(place.key('meta'));
      expect(Object.keys(meta).sort()).toEqual(['epoch', 'format', 'token']);
    });
  });

  it('keeps no more where schedulers did the work', async () => {
    const place = aPlace();
    const echo = defineTask('echo', ({ data }) => data);
    await using scheduler = new Scheduler({
      ...{ stores: { default: place.store() }, tasks: [echo], logger: SILENT },
      runRetention: { milliseconds: 1 },
    });
    await scheduler.start();
    for (let count = 0; count < 5; count++) {
      const handle = await scheduler.enqueue(echo, count, { key: `key ${count}` });
      expect(await within(handle.result())).toBe(count);
    }
    const events = new EventRecorder(scheduler);
    for (const named of [{ id: 'job' }, {}]) {
      await scheduler.addJob(echo, { interval: { milliseconds: 20 } }, { ...named, maxRuns: 3 });
      await events.next('job:finished');
    }
    await scheduler.shutdown();
    const cleaner = await place.openStore();
    await cleaner.pruneRuns(8.64e15, 100);
    await cleaner.pruneJobs(8.64e15, 100);
    await cleaner.heartbeat('cleaner', 1000);
    await cleaner.leave('cleaner', []);
    expect(await place.keys()).toEqual(['meta']);
  });

  it('has no key that expires', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.fire({ id: 'job' });
      await bench.addRun({ uniqueKey: 'key' });
      await bench.store.heartbeat('a', 1000);
      for (const name of await place.keys())
        expect([name, await place.redis.ttl(place.key(name))]).toEqual([name, -1]);
    });
  });
});
