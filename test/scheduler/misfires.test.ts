import { describe, expect, test } from 'vitest';
import { AsyncExecutor, date, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);

describe('misfireGraceTime', () => {
  test('lets a date that passed long ago run when there is none', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 'late', date('2025-12-20T00:00:00Z'), { id: 'a' });
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([
      { result: 'late', run: { scheduledAt: new Date('2025-12-20T00:00:00Z') } },
    ]);
  });

  test('misses a date that passed longer ago, and the job has come to its end', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 'late', date('2025-12-31T23:58:59Z'), {
      id: 'a',
      misfireGraceTime: { minutes: 1 },
    });
    await clock.settle();
    expect(events.names).toEqual(['scheduler:started', 'job:added', 'run:missed', 'job:finished']);
    expect(await scheduler.getJob('a')).toMatchObject({
      state: 'finished',
      missed: { total: 1 },
      runCount: 0,
    });
  });

  test('is measured when the slot is free: what waited too long for an executor is missed', async () => {
    const { clock, scheduler, events } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 1 }) },
    });
    const gate = new Gate();
    await scheduler.addJob(gate.handler, date(new Date(START_MS + 1000)));
    await scheduler.addJob(() => 'second', date(new Date(START_MS + 2000)), {
      id: 'b',
      misfireGraceTime: 5000,
    });
    await clock.advance(8000);
    gate.release();
    await clock.settle();
    expect(events.of('run:missed')).toMatchObject([{ jobId: 'b', count: 1 }]);
  });

  test('is taken from the defaults of the scheduler', async () => {
    const { clock, scheduler, events } = stage({ jobDefaults: { misfireGraceTime: { seconds: 30 } } });
    await scheduler.addJob(() => 1, interval({ minutes: 1 }), { id: 'a' });
    await scheduler.addJob(() => 1, interval({ minutes: 1 }), { id: 'b', misfireGraceTime: Infinity });
    await clock.advance({ seconds: 95 });
    await scheduler.start();
    await clock.settle();
    expect(events.of('run:missed')).toMatchObject([{ jobId: 'a' }]);
    expect(events.of('run:succeeded')).toMatchObject([{ run: { jobId: 'b' } }]);
  });
});

describe('expiresAfter', () => {
  test('misses a run that waited too long for a slot of its job', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), {
      id: 'a',
      overlap: 'queueAll',
      expiresAfter: { seconds: 90 },
    });
    await clock.advance({ minutes: 4 });
    gate.release();
    await clock.settle();
    expect(events.of('run:missed').map(({ run, count }) => [run?.scheduledAt, run?.status, count])).toEqual([
      [new Date(START_MS + 120_000), 'missed', 1],
    ]);
    expect(gate.contexts.map(({ scheduledAt }) => (scheduledAt.getTime() - START_MS) / 60_000)).toEqual([
      1, 3,
    ]);
  });

  test('ends a job whose last run it misses', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), {
      id: 'a',
      overlap: 'queue',
      expiresAfter: 1000,
      maxRuns: 2,
    });
    await clock.advance({ minutes: 3 });
    expect((await scheduler.getJob('a'))?.state).toBe('active');
    gate.release();
    await clock.settle();
    expect(events.of('run:missed')).toHaveLength(1);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
    expect(events.of('job:finished')).toHaveLength(1);
  });
});

describe('maxRuns', () => {
  test('ends a job after so many runs, by its trigger only', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 1, interval({ minutes: 1 }), { id: 'a', maxRuns: 2 });
    await (await scheduler.runJob('a')).result();
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded').map(({ run }) => run.origin)).toEqual([
      'manual',
      'scheduled',
      'scheduled',
    ]);
    expect(await scheduler.getJob('a')).toMatchObject({
      state: 'finished',
      runCount: 2,
      finishedAt: new Date(START_MS + 120_000),
    });
  });

  test('bounds what a backlog runs without coalescing', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 1, interval({ minutes: 1 }), { id: 'a', maxRuns: 3, coalesce: false });
    clock.suspend({ minutes: 10 });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toHaveLength(3);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
  });

  test('does not count fire times that were skipped', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', maxRuns: 2 });
    await clock.advance({ minutes: 5 });
    expect(await scheduler.getJob('a')).toMatchObject({
      runCount: 1,
      skipped: { total: 4 },
      state: 'active',
    });
    gate.release();
    await clock.advance({ minutes: 1 });
    gate.release();
    await clock.settle();
    expect(await scheduler.getJob('a')).toMatchObject({ runCount: 2, state: 'finished' });
  });
});

describe('getRuns', () => {
  test('gives the newest first, a page at a time, and selects', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(() => 1, interval({ minutes: 1 }), { id: 'a' });
    await scheduler.addJob(() => Promise.reject(new Error('no')), interval({ minutes: 2 }), { id: 'b' });
    await clock.advance({ minutes: 4 });
    await (await scheduler.runJob('a')).result();
    const all = await scheduler.getRuns();
    expect(all.items).toHaveLength(7);
    const times = all.items.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual([...times].sort((x, y) => y - x));
    const paged: string[] = [];
    let after: string | undefined;
    do {
      const page = await scheduler.getRuns({ limit: 3, ...(after !== undefined && { after }) });
      paged.push(...page.items.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(paged).toEqual(all.items.map(({ id }) => id));
    expect((await scheduler.getRuns({ jobId: 'b' })).items).toHaveLength(2);
    expect((await scheduler.getRuns({ statuses: ['failed'] })).items).toHaveLength(2);
    expect((await scheduler.getRuns({ origin: 'manual' })).items).toHaveLength(1);
    expect(
      (await scheduler.getRuns({ task: (await scheduler.getJob('a'))?.task ?? '', origin: 'scheduled' }))
        .items,
    ).toHaveLength(4);
  });
});

describe('jitter', () => {
  test('keeps the order and the number of fire times, and delays none to the next', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 1, interval(1000), { id: 'a', jitter: { hours: 1 } });
    await clock.advance(20_999);
    const runs = events.of('run:succeeded').map(({ run }) => run);
    expect(runs.map(({ scheduledAt }) => (scheduledAt.getTime() - START_MS) / 1000)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    for (const { scheduledAt, startedAt } of runs) {
      expect((startedAt?.getTime() ?? 0) - scheduledAt.getTime()).toSatisfy(
        (delay: number) => delay >= 0 && delay < 1000,
      );
    }
  });

  test('shows the nominal time as nextRunTime', async () => {
    const { scheduler } = stage();
    const job = await scheduler.addJob(() => 1, interval({ minutes: 1 }), { jitter: 50_000 });
    expect(job.nextRunTime).toEqual(new Date(START_MS + 60_000));
  });
});
