import { once } from 'node:events';
import { LeaseLostError, RunNotFoundError, Scheduler, cron, defineTask, interval } from 'escapement';
import type { SchedulerOptions } from 'escapement';
import { EventRecorder } from 'escapement/testing';
import { expect, it, onTestFinished } from 'vitest';
import { RecordingLogger } from '../../support/recording-logger.js';
import { rejectionOf, within } from '../../support/within.js';
import { eventually } from './connection/support/eventually.js';
import { BROKEN_TEXTS } from './support/damage.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import type { RedisPlace } from './support/redis-place.js';

const echo = defineTask('echo', ({ data }) => data);

/** Is a started scheduler with what it tells. */
interface Node {
  readonly scheduler: Scheduler;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

async function startNode(place: RedisPlace, options: SchedulerOptions = {}): Promise<Node> {
  const log = new RecordingLogger();
  const stores = { default: place.store() };
  const scheduler = new Scheduler({ tasks: [echo], ...options, stores, logger: log });
  onTestFinished(() => scheduler.shutdown({ timeout: 0 }));
  const events = new EventRecorder(scheduler);
  await scheduler.start();
  return { scheduler, events, log };
}

describeOnOwnRedis('two schedulers on one Redis store', (aPlace) => {
  it('put the jobs that were declared back after a flush, and each tells of it once', async () => {
    const place = aPlace();
    const nodes = [await startNode(place), await startNode(place)];
    for (const { scheduler } of nodes) {
      await scheduler.addJob(echo, cron('0 3 * * *'), { id: 'nightly', ifExists: 'update', data: 'night' });
    }
    await nodes[0]?.scheduler.addJob(echo, interval({ hours: 1 }), { id: 'hourly' });
    await place.redis.flushall();
    // Somebody has to look; nobody has to restart.
    await nodes[1]?.scheduler.getJobs();
    await eventually(async () => {
      const jobs = await nodes[0]?.scheduler.getJobs();
      expect(jobs?.items.map(({ id, data }) => [id, data])).toEqual([
        ['hourly', undefined],
        ['nightly', 'night'],
      ]);
    });
    for (const { events, log } of nodes) {
      expect(events.of('store:reset')).toHaveLength(1);
      expect(log.at('warn').filter(({ message }) => message.includes('emptied'))).toHaveLength(1);
    }
    expect(await place.inconsistencies()).toEqual([]);
  });

  it('abort what they run when the store is emptied, and go on', async () => {
    const place = aPlace();
    let reason: unknown = null;
    const wait = defineTask('wait', async ({ signal }) => {
      await once(signal, 'abort');
      reason = signal.reason;
    });
    const one = await startNode(place, { tasks: [echo, wait] });
    const other = await startNode(place, { tasks: [echo] });
    const handle = await one.scheduler.enqueue(wait);
    await one.events.next('run:started');
    await place.redis.flushall();
    await other.scheduler.getJobs();
    await eventually(() => expect(reason).toBeInstanceOf(LeaseLostError));
    expect(await rejectionOf(handle.result())).toBeInstanceOf(RunNotFoundError);
    const again = await other.scheduler.enqueue(echo, 'again');
    expect(await within(again.result())).toBe('again');
  });

  it('wake those that wait for a result on the other, long before they would look', async () => {
    const place = aPlace();
    const [one, other] = [
      await startNode(place, { tasks: [echo] }),
      await startNode(place, { tasks: [defineTask('else', () => 0), defineTask('echo', () => 0)] }),
    ];
    await one.scheduler.pause();
    for (let time = 0; time < 5; time++) {
      const handle = await one.scheduler.enqueue(echo, time);
      const begun = performance.now();
      expect(await within(handle.result(), 'the result', 4000)).toBe(0);
      expect(performance.now() - begun).toBeLessThan(2500);
      expect(other.events.of('run:succeeded')).toHaveLength(time + 1);
    }
  });
});

describeOnOwnRedis('a scheduler on a damaged store', (aPlace) => {
  it.each(BROKEN_TEXTS)('runs the other jobs where the text of one %s', async (_title, damage) => {
    const place = aPlace();
    const { scheduler, events } = await startNode(place);
    const bad = await scheduler.addJob(echo, interval({ milliseconds: 200 }), { id: 'bad' });
    const uid = await place.redis.hget(place.key('ids'), bad.id);
    await damage(place.redis, place.key(`job-record:${uid}`));
    await scheduler.addJob(echo, interval({ milliseconds: 200 }), { id: 'good' });
    await eventually(() => {
      const good = events.of('run:succeeded').filter(({ run }) => run.jobId === 'good');
      expect(good.length).toBeGreaterThan(2);
    });
    await eventually(
      async () => expect(await place.redis.hget(place.key(`job:${uid}`), 'state')).toBe('parked'),
      3000,
    );
    expect(events.of('store:error')).toEqual([]);
  });

  it.each(BROKEN_TEXTS)('runs the other runs where the text of one %s', async (_title, damage) => {
    const place = aPlace();
    const { scheduler, events } = await startNode(place);
    await scheduler.pause();
    const bad = await scheduler.enqueue(echo, 'bad');
    const good = await scheduler.enqueue(echo, 'good');
    await damage(place.redis, place.key(`run-record:${bad.id}`));
    await scheduler.resume();
    expect(await within(good.result())).toBe('good');
    await eventually(
      async () => expect(await place.redis.hget(place.key(`run:${bad.id}`), 'status')).toBe('failed'),
      3000,
    );
    expect(events.of('store:error')).toEqual([]);
  });
});
