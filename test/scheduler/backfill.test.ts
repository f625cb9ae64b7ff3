import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MemoryJobStore, cron, defineTask, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const hour = (n: number): Date => new Date(START_MS + n * 3_600_000);
const task = defineTask('note', ({ scheduledAt }) => scheduledAt.toISOString());

describe('backfill', () => {
  test('queues a run for each fire time of a past span, both ends included', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(task, cron('0 * * * *'), { id: 'a' });
    expect(await scheduler.backfill('a', hour(-5), hour(-2))).toBe(4);
    await clock.settle();
    const backfilled = events.of('run:succeeded').filter(({ run }) => run.origin === 'backfill');
    expect(backfilled.map(({ run }) => run.scheduledAt)).toEqual([hour(-5), hour(-4), hour(-3), hour(-2)]);
    expect(backfilled.map(({ result }) => result)).toEqual(
      [-5, -4, -3, -2].map((n) => hour(n).toISOString()),
    );
  });

  test('makes each fire time once however often it is called, spans that overlap included', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(task, cron('0 * * * *'), { id: 'a' });
    expect(await scheduler.backfill('a', hour(-5), hour(-2))).toBe(4);
    expect(await scheduler.backfill('a', hour(-5), hour(-2))).toBe(0);
    await clock.settle();
    expect(await scheduler.backfill('a', hour(-6), hour(-1))).toBe(2);
    const both = await Promise.all([
      scheduler.backfill('a', hour(-9), hour(-7)),
      scheduler.backfill('a', hour(-9), hour(-7)),
    ]);
    expect(both.reduce((sum, count) => sum + count, 0)).toBe(3);
    await clock.settle();
    expect(events.of('run:started').filter(({ run }) => run.origin === 'backfill')).toHaveLength(9);
  });

  test('leaves out fire times that have run already', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(task, interval({ hours: 1 }), { id: 'a' });
    await clock.advance({ hours: 3 });
    await scheduler.pauseJob('a');
    await clock.advance({ hours: 3 });
    await scheduler.resumeJob('a');
    expect(await scheduler.backfill('a', hour(0), hour(6))).toBe(3);
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(6);
  });

  test('makes no fire time run twice that the trigger is about to fire', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(task, interval({ hours: 1 }), { id: 'a', coalesce: false });
    await clock.advance({ hours: 3 });
    expect(await scheduler.backfill('a', hour(0), hour(3))).toBe(3);
    await scheduler.start();
    await clock.settle();
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt)).toEqual([hour(1), hour(2), hour(3)]);
    expect((await scheduler.getJob('a'))?.nextRunTime).toEqual(hour(4));
  });

  test('does not count towards maxRuns, nor move the clock of the job', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(task, cron('30 * * * *'), { id: 'a', maxRuns: 2 });
    const { nextRunTime } = (await scheduler.getJob('a')) ?? {};
    await scheduler.backfill('a', hour(-10), hour(0));
    await clock.settle();
    expect(await scheduler.getJob('a')).toMatchObject({ runCount: 0, nextRunTime, state: 'active' });
  });

  test('respects maxInstances: the runs wait their turn', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, cron('30 * * * *'), { id: 'a', maxInstances: 2 });
    await scheduler.backfill('a', hour(-10), hour(0));
    await clock.settle();
    for (let at = 0; at < 10; at++) {
      expect(gate.inside).toBe(Math.min(2, 10 - at));
      gate.release();
      await clock.settle();
    }
    expect(gate.entered).toBe(10);
  });

  test('queues thousands of fire times', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(task, cron('* * * * *'), { id: 'a' });
    expect(await scheduler.backfill('a', hour(-48), hour(0))).toBe(48 * 60 + 1);
    expect(await scheduler.backfill('a', hour(-48), hour(0))).toBe(0);
  });

  test('refuses a span that is not past, is turned round, or is too full', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(task, interval(1, { start: '2020-01-01T00:00:00Z' }), {
      id: 'a',
      nextRunTime: hour(1),
    });
    for (const [from, to] of [
      [hour(-1), hour(1)],
      [hour(-1), hour(-2)],
      [hour(-2), hour(-1)],
    ] as const) {
      await expect(scheduler.backfill('a', from, to)).rejects.toThrow(InvalidOptionError);
      await expect(scheduler.backfill('a', from, to)).rejects.toMatchObject({ field: 'to' });
    }
    expect((await scheduler.getRuns()).items).toEqual([]);
  });

  test('reads times without an offset in the zone of the scheduler', async () => {
    const { scheduler } = stage({ timezone: 'Asia/Tokyo', stores: { other: new MemoryJobStore() } });
    await scheduler.addJob(task, '0 9 * * *', { id: 'a', store: 'other' });
    expect(await scheduler.backfill('a', '2025-12-30T09:00', '2025-12-31T09:00', { store: 'other' })).toBe(2);
  });
});
