import { describe, expect, test } from 'vitest';
import {
  AsyncExecutor,
  InvalidDataError,
  InvalidOptionError,
  UnknownExecutorError,
  date,
  defineTask,
  interval,
} from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, stage, startedStage } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';

const START_MS = Date.parse(START);
const echo = defineTask('echo', ({ data }) => data);

describe('modifyJob', () => {
  test('changes what is named and leaves the rest, the due time too', async () => {
    const { clock, scheduler, events } = await startedStage();
    const before = await scheduler.addJob(echo, interval({ minutes: 1 }), {
      id: 'a',
      data: 1,
      tags: ['x'],
      priority: 1,
    });
    await clock.advance({ seconds: 30 });
    const after = await scheduler.modifyJob('a', {
      data: 2,
      description: 'new',
      maxInstances: 3,
      timeout: 500,
    });
    expect(after).toMatchObject({
      data: 2,
      description: 'new',
      maxInstances: 3,
      tags: ['x'],
      priority: 1,
      version: 2,
    });
    expect(after).toMatchObject({
      policy: { timeoutMs: 500, coalesce: 'latest' },
      nextRunTime: before.nextRunTime,
    });
    expect(after.updatedAt).toEqual(new Date(START_MS + 30_000));
    expect(events.of('job:modified')).toMatchObject([{ job: { version: 2 } }]);
    await clock.advance({ seconds: 30 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: 2 }]);
  });

  test('sets name, description and maxRuns back with null', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(echo, '@daily', { id: 'a', name: 'n', description: 'd', maxRuns: 3 });
    const job = await scheduler.modifyJob('a', { name: null, description: null, maxRuns: null });
    expect(job).toMatchObject({ name: 'echo', description: null, maxRuns: null });
  });

  test('keeps data of null', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(echo, '@daily', { id: 'a', data: 1 });
    expect((await scheduler.modifyJob('a', { data: null })).data).toBeNull();
  });

  test('refuses what is wrong, and changes nothing', async () => {
    const { scheduler, events } = stage();
    await scheduler.addJob(echo, '@daily', { id: 'a', data: 1 });
    const refused = [
      [{ data: 1n }, InvalidDataError],
      [{ executor: 'pool' }, UnknownExecutorError],
      [{ timeout: -1 }, InvalidOptionError],
      [{ maxRuns: 0 }, InvalidOptionError],
      [{ name: '' }, InvalidOptionError],
      [{ nextRunTime: 'soon' }, InvalidOptionError],
      [{ retry: { attempts: 0 } }, InvalidOptionError],
      [{ description: 5 as unknown as string, tags: ['new'] }, InvalidOptionError],
      [null as unknown as object, InvalidOptionError],
    ] as const;
    for (const [changes, errorClass] of refused) {
      expect(await rejectionOf(scheduler.modifyJob('a', changes))).toBeInstanceOf(errorClass);
    }
    expect(await scheduler.getJob('a')).toMatchObject({ version: 1, data: 1, tags: [] });
    expect(events.names).toEqual(['job:added']);
  });

  test('moves the next fire time, and the trigger goes on from there', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, interval({ minutes: 10 }), { id: 'a' });
    await scheduler.modifyJob('a', { nextRunTime: new Date(START_MS + 60_000) });
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.getTime() - START_MS)).toEqual([
      60_000, 600_000,
    ]);
  });

  test('that moves the next fire time counts those it drops', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 3 });
    const job = await scheduler.modifyJob('a', { nextRunTime: new Date(START_MS + 600_000) });
    expect(job.skipped).toMatchObject({ total: 3, exact: true });
    expect(events.of('run:skipped')).toMatchObject([{ jobId: 'a', count: 3 }]);
  });

  test('arms a finished job with a next fire time', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, date(new Date(START_MS)), { id: 'a', data: 1 });
    await clock.settle();
    const job = await scheduler.modifyJob('a', { nextRunTime: new Date(START_MS + 60_000), data: 2 });
    expect(job).toMatchObject({ state: 'active', finishedAt: null });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual([1, 2]);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
  });

  test('of a finished job does not tell again that it has finished', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, undefined, { id: 'a' });
    await clock.settle();
    await scheduler.modifyJob('a', { description: 'new' });
    expect(events.of('job:finished')).toHaveLength(1);
    expect(await scheduler.getJob('a')).toMatchObject({ state: 'finished', description: 'new' });
  });

  test('ends a job whose maxRuns it sets to what has run', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a', coalesce: false });
    await clock.advance({ minutes: 3 });
    clock.suspend({ minutes: 5 });
    const job = await scheduler.modifyJob('a', { maxRuns: 2 });
    expect(job).toMatchObject({ state: 'finished', nextRunTime: null });
    expect(events.of('job:finished')).toHaveLength(1);
    await clock.advance({ minutes: 10 });
    expect(events.of('run:succeeded')).toHaveLength(3);
  });

  test('works while the job is claimed and fired all the time', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(echo, interval(1), { id: 'a' });
    const edits = Array.from({ length: 15 }, (_, at) =>
      scheduler.modifyJob('a', { description: String(at) }),
    );
    await clock.advance(50);
    await Promise.all(edits);
    expect((await scheduler.getJob('a'))?.version).toBe(16);
  });

  test('moves a job to another executor and priority', async () => {
    const { clock, scheduler, events } = await startedStage({ executors: { other: new AsyncExecutor() } });
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a' });
    await scheduler.modifyJob('a', { executor: 'other', priority: 2 });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toMatchObject([{ run: { executor: 'other', priority: 2 } }]);
  });
});

describe('rescheduleJob', () => {
  test('gives a job another trigger, from now on', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ seconds: 150 });
    const job = await scheduler.rescheduleJob('a', { interval: { hours: 1 } });
    expect(job.nextRunTime).toEqual(new Date(START_MS + 150_000 + 3_600_000));
    expect(job.runCount).toBe(2);
    await clock.advance({ hours: 1 });
    expect(events.of('run:succeeded')).toHaveLength(3);
  });

  test('counts the fire times of an overdue trigger that it drops', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 4 });
    expect((await scheduler.rescheduleJob('a', '@daily')).skipped.total).toBe(4);
    expect(events.of('run:skipped')).toMatchObject([
      { count: 4, firstAt: new Date(START_MS + 60_000), lastAt: new Date(START_MS + 240_000) },
    ]);
  });

  test('leaves a paused job paused, and arms a finished one anew with its runs counted from none', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'p', paused: true });
    expect((await scheduler.rescheduleJob('p', interval({ minutes: 2 }))).state).toBe('paused');
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'f', maxRuns: 2 });
    await clock.advance({ minutes: 5 });
    expect((await scheduler.getJob('f'))?.state).toBe('finished');
    expect(await scheduler.rescheduleJob('f', interval({ minutes: 1 }))).toMatchObject({
      state: 'active',
      runCount: 0,
    });
    await clock.advance({ minutes: 5 });
    expect(events.of('run:succeeded')).toHaveLength(4);
  });

  test('refuses a bad trigger, and changes nothing', async () => {
    const { scheduler } = stage();
    await scheduler.addJob(echo, '@daily', { id: 'a' });
    await expect(scheduler.rescheduleJob('a', '61 * * * *')).rejects.toMatchObject({
      code: 'ESC_INVALID_TRIGGER',
    });
    expect((await scheduler.getJob('a'))?.version).toBe(1);
  });
});

describe('pauseJob and resumeJob', () => {
  test('hold a job and let it go on, and count what passed', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 1 });
    expect(await scheduler.pauseJob('a')).toMatchObject({ state: 'paused', nextRunTime: null });
    await clock.advance({ seconds: 150 });
    expect(events.of('run:succeeded')).toHaveLength(1);
    const resumed = await scheduler.resumeJob('a');
    expect(resumed).toMatchObject({
      state: 'active',
      skipped: { total: 2 },
      nextRunTime: new Date(START_MS + 240_000),
    });
    expect(events.of('run:skipped')).toMatchObject([{ count: 2, firstAt: new Date(START_MS + 120_000) }]);
    await clock.advance({ seconds: 30 });
    expect(events.of('run:succeeded')).toHaveLength(2);
    expect(events.names.filter((name) => name.startsWith('job:'))).toEqual([
      'job:added',
      'job:paused',
      'job:resumed',
    ]);
  });

  test('do nothing to a job that is as wanted already, nor to a finished one', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, '@daily', { id: 'a' });
    await scheduler.resumeJob('a');
    await scheduler.pauseJob('a');
    await scheduler.pauseJob('a');
    expect((await scheduler.getJob('a'))?.version).toBe(2);
    await scheduler.addJob(echo, undefined, { id: 'f' });
    await clock.settle();
    await scheduler.pauseJob('f');
    await scheduler.resumeJob('f');
    expect((await scheduler.getJob('f'))?.state).toBe('finished');
    expect(events.of('job:paused')).toHaveLength(1);
    expect(events.of('job:resumed')).toHaveLength(0);
  });

  test('finish a job whose date passed while it was paused', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, date(new Date(START_MS + 60_000)), { id: 'a', paused: true });
    await clock.advance({ minutes: 5 });
    expect(await scheduler.resumeJob('a')).toMatchObject({ state: 'finished', skipped: { total: 1 } });
    expect(events.of('job:finished')).toHaveLength(1);
    expect(events.of('run:started')).toHaveLength(0);
  });

  test('let runs that are queued or running go on', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', overlap: 'queue' });
    await clock.advance({ minutes: 2 });
    await scheduler.pauseJob('a');
    gate.release();
    await clock.settle();
    expect(gate.entered).toBe(2);
    gate.release();
    await clock.advance({ minutes: 3 });
    expect(events.of('run:succeeded')).toHaveLength(2);
  });
});

describe('removeAllJobs', () => {
  test('removes all jobs, finished ones too, and gives how many', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(echo, undefined, { id: 'finished' });
    await scheduler.addJob(echo, '@daily', { id: 'paused', paused: true });
    await scheduler.addJob(echo, '@daily', { id: 'active' });
    await clock.settle();
    expect(await scheduler.removeAllJobs()).toBe(3);
    expect(events.of('job:removed')).toHaveLength(3);
    expect(await scheduler.removeAllJobs()).toBe(0);
  });

  test('removes what a filter selects', async () => {
    const { scheduler } = stage();
    for (const id of ['a', 'b', 'c'])
      await scheduler.addJob(echo, '@daily', { id, tags: id === 'b' ? [] : ['x'] });
    expect(await scheduler.removeAllJobs({ tag: 'x' })).toBe(2);
    expect((await scheduler.getJobs()).items.map(({ id }) => id)).toEqual(['b']);
  });

  test('removes more jobs than fit on a page', async () => {
    const { scheduler } = stage();
    await scheduler.addJobs(Array.from({ length: 2500 }, () => ({ task: echo, trigger: '@daily' })));
    expect(await scheduler.removeAllJobs()).toBe(2500);
  });
});
