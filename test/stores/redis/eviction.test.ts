import { systemClock } from 'escapement';
import { expect, it, onTestFinished } from 'vitest';
import { aJob, aPut, aRun, HOUR } from '../../../src/testing/contract/records.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import type { RedisPlace } from './support/redis-place.js';

const EVICTING = [
  ...['allkeys-lru', 'allkeys-lfu', 'allkeys-random'],
  ...['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl'],
];

describeOnOwnRedis('a server that evicts keys when its memory is full', (aPlace) => {
  it.each(EVICTING)('(%s) is warned of when the store is opened, once', async (policy) => {
    const place = aPlace();
    await place.redis.config('SET', 'maxmemory-policy', policy);
    const logger = new RecordingLogger();
    const store = place.store();
    onTestFinished(() => store.close());
    const context = { clock: systemClock, logger };
    await Promise.all([store.open(context), store.open(context)]);
    await store.open(context);
    await store.now();
    await store.heartbeat('a', HOUR);
    const [warning, ...others] = logger.entries;
    expect(others).toEqual([]);
    expect(warning).toMatchObject({
      level: 'warn',
      fields: { maxmemoryPolicy: policy, prefix: place.prefix },
    });
    expect(warning?.message).toContain(`${policy}; set it to noeviction`);
  });

  it('(noeviction) is not, as it evicts nothing', async () => {
    const place = aPlace();
    await place.redis.config('SET', 'maxmemory-policy', 'noeviction');
    const logger = new RecordingLogger();
    await place.openStore(logger);
    expect(logger.entries).toEqual([]);
  });

  it('is not warned of where the server does not tell', async () => {
    const place = aPlace();
    await place.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await place.redis.call('ACL', 'SETUSER', 'job', 'on', '>pw', '~*', '&*', '+@all', '-info', '-config');
    const logger = new RecordingLogger();
    const store = place.store({ url: place.url.replace('//', '//job:pw@') });
    onTestFinished(() => store.close());
    await store.open({ clock: systemClock, logger });
    expect(logger.entries).toEqual([]);
    await store.now();
  });
});

describeOnOwnRedis('a server whose memory is full', (aPlace) => {
  /** Lets the server have no memory left, until it is given back. */
  async function fill({ redis }: RedisPlace): Promise<() => Promise<unknown>> {
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', '1');
    const giveBack = (): Promise<unknown> => redis.config('SET', 'maxmemory', '0');
    onTestFinished(async () => {
      await giveBack();
    });
    return giveBack;
  }

  it('rejects what would take more of it, in its own words, and keeps nothing of that', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const job = await bench.addJob({ id: 'job' });
      await bench.addRun();
      const before = await place.keys();
      const giveBack = await fill(place);
      const runs = Array.from({ length: 20 }, () => aRun(bench.now, { uniqueKey: 'k' }));
      const calls = {
        putJobs: () => bench.store.putJobs([aPut(aJob(bench.now)), aPut(aJob(bench.now))]),
        patchJob: () => bench.store.patchJob('job', { state: 'paused' }),
        addRuns: () => bench.store.addRuns(runs),
        heartbeat: () => bench.store.heartbeat('a', HOUR),
      };
      for (const [name, call] of Object.entries(calls)) {
        const told = await call().then(
          () => 'done',
          (reason: unknown) => String(reason),
        );
        expect([name, told]).toEqual([name, expect.stringContaining('OOM')]);
        expect(await place.inconsistencies()).toEqual([]);
      }
      expect(await place.keys()).toEqual(before);
      expect(await bench.job('job')).toEqual(job);
      await giveBack();
      for (const call of Object.values(calls)) await call();
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('keeps whole what a call writes that could begin', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, run } = await bench.fire({ id: 'job' });
      await bench.addRunOf(job);
      await bench.claim();
      await bench.addJob({ id: 'due' });
      const second = await bench.claim({ limit: 1 });
      await bench.addRun();
      const giveBack = await fill(place);
      const attempts = [
        () => bench.claim(),
        () => bench.tryFinish(run),
        () => bench.tryCommit(second.jobs[0] ?? job),
        () => bench.store.recover('a'),
        () => bench.store.leave('a', []),
        () => bench.put(aJob(bench.now, { id: 'job' }), 'replace'),
        () => bench.store.removeJob('due'),
        () => bench.store.pruneRuns(8.64e15, 10),
      ];
      for (const attempt of attempts) {
        const told = await attempt().then(
          () => 'OOM is not the reason',
          (reason: unknown) => String(reason),
        );
        expect(told).toContain('OOM');
        expect(await place.inconsistencies()).toEqual([]);
      }
      await giveBack();
      await bench.claim();
      await bench.store.recover('a');
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('is read from, and a store with its jobs in it can be opened', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const job = await bench.addJob({ id: 'job' });
      await fill(place);
      const late = await place.openStore();
      expect(await late.getJob('job')).toEqual(job);
      expect((await late.listJobs({ limit: 5 })).items).toEqual([job]);
      expect((await late.listRuns({ limit: 5 })).items).toEqual([]);
    });
  });
});
