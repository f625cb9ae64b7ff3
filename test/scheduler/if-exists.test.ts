import { describe, expect, test } from 'vitest';
import { JobExistsError, cron, date, defineTask, interval } from '../../src/index.js';
import type { IfExists, JobOptions, Scheduler } from '../../src/index.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const report = defineTask('report', () => 'sent');

describe('a job that has come to its end', () => {
  const once = date('2026-01-01T00:01:00Z');

  test.each<IfExists>(['update', 'keep'])(
    'does not run again when it is declared again with %s',
    async (ifExists) => {
      const { clock, scheduler, events } = await startedStage();
      const declare = (): Promise<unknown> => scheduler.addJob(report, once, { id: 'one', ifExists });
      await declare();
      await clock.advance({ minutes: 2 });
      expect(events.of('run:succeeded')).toHaveLength(1);
      await scheduler.shutdown();
      await declare();
      await scheduler.start();
      await clock.advance({ days: 1 });
      expect(events.of('run:started')).toHaveLength(1);
      expect((await scheduler.getJob('one'))?.state).toBe('finished');
    },
  );

  test('and had no trigger does not run again when it is declared again with update', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (): Promise<unknown> =>
      scheduler.addJob(report, undefined, { id: 'once', ifExists: 'update' });
    await declare();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
    const ended = await scheduler.getJob('once');
    expect(ended?.state).toBe('finished');
    await clock.advance({ hours: 1 });
    await declare();
    await clock.advance({ hours: 1 });
    expect(events.of('run:started')).toHaveLength(1);
    expect(await scheduler.getJob('once')).toEqual(ended);
    await scheduler.addJob(report, date('2026-01-02T00:00:00Z'), { id: 'once', ifExists: 'update' });
    await clock.advance({ days: 1 });
    expect(events.of('run:started')).toHaveLength(2);
  });

  test('is left out of getJobs unless finished jobs are asked for', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(report, once, { id: 'one' });
    await clock.advance({ minutes: 2 });
    expect((await scheduler.getJobs()).items).toHaveLength(0);
    expect((await scheduler.getJobs({ states: ['finished'] })).items).toMatchObject([{ id: 'one' }]);
  });

  test('is armed anew by a changed trigger', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(report, once, { id: 'one', ifExists: 'update' });
    await clock.advance({ minutes: 2 });
    await scheduler.addJob(report, date('2026-01-01T00:05:00Z'), { id: 'one', ifExists: 'update' });
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.toISOString())).toEqual([
      '2026-01-01T00:01:00.000Z',
      '2026-01-01T00:05:00.000Z',
    ]);
  });

  test('is armed anew by replace', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(report, once, { id: 'one', ifExists: 'update' });
    await clock.advance({ minutes: 2 });
    await scheduler.addJob(report, once, { id: 'one', ifExists: 'replace' });
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(2);
  });

  test('does not run again with update after maxRuns was reached', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (maxRuns: number): Promise<unknown> =>
      scheduler.addJob(report, interval({ minutes: 1 }), { id: 'few', maxRuns, ifExists: 'update' });
    await declare(2);
    await clock.advance({ minutes: 10 });
    await declare(2);
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded')).toHaveLength(2);
    expect((await scheduler.getJob('few'))?.state).toBe('finished');
    await declare(3);
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded')).toHaveLength(3);
    expect((await scheduler.getJob('few'))?.state).toBe('finished');
  });

  test('is forgotten after finishedRetention', async () => {
    const { clock, scheduler } = await startedStage({ finishedRetention: { days: 1 } });
    await scheduler.addJob(report, once, { id: 'one' });
    await scheduler.addJob(() => undefined, interval({ hours: 1 }));
    await clock.advance({ hours: 20 });
    expect(await scheduler.getJob('one')).not.toBeNull();
    await clock.advance({ hours: 7 });
    expect(await scheduler.getJob('one')).toBeNull();
  });

  test('whose date passed longer ago than finishedRetention does not run when it is declared for the first time', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(report, date('2025-11-01T00:00:00Z'), { id: 'old', ifExists: 'update' });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:started')).toHaveLength(0);
    expect(await scheduler.getJob('old')).toMatchObject({ state: 'finished', missed: { total: 1 } });
  });

  test("whose id is not the user's leaves nothing behind", async () => {
    const { clock, scheduler } = await startedStage();
    const job = await scheduler.addJob(report, once);
    await clock.advance({ minutes: 2 });
    expect(await scheduler.getJob(job.id)).toBeNull();
  });
});

describe('a job that is declared again', () => {
  test('is refused by default, and nothing changes', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(report, '0 1 * * *', { id: 'a', description: 'first' });
    const again = scheduler.addJob(report, '0 2 * * *', { id: 'a', description: 'second' });
    await expect(again).rejects.toThrow(JobExistsError);
    await expect(again).rejects.toMatchObject({ code: 'ESC_JOB_EXISTS', ids: ['a'] });
    expect(await scheduler.getJob('a')).toMatchObject({ description: 'first', version: 1 });
  });

  test('stays paused when an operator paused it and the declaration is the same', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (more: JobOptions = {}): Promise<unknown> =>
      scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', ifExists: 'update', ...more });
    await declare();
    await scheduler.pauseJob('a');
    await declare();
    expect((await scheduler.getJob('a'))?.state).toBe('paused');
    await declare({ description: 'changed otherwise' });
    await clock.advance({ minutes: 5 });
    expect(events.of('run:started')).toHaveLength(0);
    expect(await scheduler.getJob('a')).toMatchObject({ state: 'paused', description: 'changed otherwise' });
  });

  test('keeps what was edited at run time, and takes what the code changed', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(report, '0 1 * * *', {
      id: 'a',
      ifExists: 'update',
      priority: 1,
      description: 'one',
    });
    await scheduler.modifyJob('a', { priority: 2 });
    const again = await scheduler.addJob(report, '0 1 * * *', {
      id: 'a',
      ifExists: 'update',
      priority: 1,
      description: 'two',
    });
    expect(again).toMatchObject({ priority: 2, description: 'two' });
  });

  test('keeps its run clock when it waits to run once, without a trigger', async () => {
    const { clock, scheduler, events } = stage();
    const declare = (): Promise<unknown> =>
      scheduler.addJob(report, undefined, { id: 'once', ifExists: 'update' });
    await declare();
    const waiting = await scheduler.getJob('once');
    expect(waiting?.nextRunTime).toEqual(new Date(START_MS));
    await clock.advance({ minutes: 10 });
    await declare();
    expect(await scheduler.getJob('once')).toEqual(waiting);
    await scheduler.start();
    await clock.advance({ minutes: 10 });
    expect(events.of('run:started').map(({ run }) => run.scheduledAt)).toEqual([new Date(START_MS)]);
  });

  test('keeps its run clock when its interval has no start', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (): Promise<unknown> =>
      scheduler.addJob(report, interval({ minutes: 10 }), { id: 'a', ifExists: 'update' });
    await declare();
    await clock.advance({ minutes: 9 });
    await declare();
    expect((await scheduler.getJob('a'))?.nextRunTime).toEqual(new Date(START_MS + 600_000));
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('is timed anew when its trigger changed, and the fire times that it had reached are counted', async () => {
    const { clock, scheduler } = stage();
    await scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', ifExists: 'update' });
    await clock.advance({ minutes: 3 });
    const job = await scheduler.addJob(report, cron('0 6 * * *'), { id: 'a', ifExists: 'update' });
    expect(job.nextRunTime).toEqual(new Date(START_MS + 6 * 3_600_000));
    expect(job.skipped).toMatchObject({ total: 3, exact: true });
  });

  test('counts nextRunTime on insert only', async () => {
    const { scheduler } = stage();
    const declare = (nextRunTime: string): ReturnType<Scheduler['getJob']> =>
      scheduler.addJob(report, '0 6 * * *', { id: 'a', ifExists: 'update', nextRunTime });
    await declare('2026-01-01T01:00:00Z');
    expect((await declare('2026-01-01T02:00:00Z'))?.nextRunTime).toEqual(new Date(START_MS + 3_600_000));
  });

  test('with a lower revision undoes nothing of a higher one', async () => {
    const { scheduler } = stage();
    const declare = (
      revision: number | undefined,
      description: string,
      ifExists: IfExists,
    ): Promise<unknown> =>
      scheduler.addJob(report, '0 6 * * *', {
        id: 'a',
        ifExists,
        description,
        ...(revision !== undefined && { revision }),
      });
    await declare(2, 'two', 'update');
    await declare(1, 'one', 'update');
    await declare(1, 'one', 'replace');
    await declare(undefined, 'none', 'update');
    expect(await scheduler.getJob('a')).toMatchObject({ description: 'two', revision: 2 });
    await declare(2, 'two again', 'update');
    expect(await scheduler.getJob('a')).toMatchObject({ description: 'two again' });
    await declare(3, 'three', 'update');
    expect(await scheduler.getJob('a')).toMatchObject({ description: 'three', revision: 3 });
  });

  test('is left as it is by keep', async () => {
    const { scheduler, events } = stage();
    await scheduler.addJob(report, '0 6 * * *', { id: 'a', description: 'one' });
    const kept = await scheduler.addJob(report, '0 7 * * *', {
      id: 'a',
      description: 'two',
      ifExists: 'keep',
    });
    expect(kept).toMatchObject({ description: 'one', version: 1 });
    expect(events.names).toEqual(['job:added']);
  });

  test('keeps the function that it has under keep, and takes the new one under update', async () => {
    const { clock, scheduler } = await startedStage();
    const ran: string[] = [];
    await scheduler.addJob(() => ran.push('first'), interval({ minutes: 1 }), { id: 'a' });
    await scheduler.addJob(() => ran.push('second'), interval({ minutes: 1 }), { id: 'a', ifExists: 'keep' });
    await clock.advance({ minutes: 1 });
    await scheduler.addJob(() => ran.push('third'), interval({ minutes: 1 }), {
      id: 'a',
      ifExists: 'update',
    });
    await clock.advance({ minutes: 1 });
    expect(ran).toEqual(['first', 'third']);
  });

  test('begins anew under replace, and its waiting runs are cancelled', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', paused: true });
    await clock.advance({ minutes: 1 });
    await scheduler.pause();
    await scheduler.runJob('a');
    const replaced = await scheduler.addJob(report, interval({ minutes: 1 }), {
      id: 'a',
      ifExists: 'replace',
    });
    expect(events.of('run:cancelled')).toHaveLength(1);
    expect(replaced).toMatchObject({
      state: 'active',
      version: 1,
      nextRunTime: new Date(START_MS + 120_000),
    });
  });

  test('is paused and resumed when its declaration says so', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (paused: boolean): Promise<unknown> =>
      scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', ifExists: 'update', paused });
    await declare(true);
    await clock.advance({ minutes: 3 });
    expect(events.of('run:started')).toHaveLength(0);
    await declare(false);
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toHaveLength(1);
    expect((await scheduler.getJob('a'))?.skipped.total).toBe(3);
  });
});
