import { describe, expect, test } from 'vitest';
import { InvalidImportError, MemoryJobStore, cron, date, defineTask, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, stage, startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';

const START_MS = Date.parse(START);
const report = defineTask('report', ({ data }) => data);
const tasks = [report];

/** Makes a scheduler with jobs in every state, counts included. */
async function exporter(): Promise<Stage> {
  const made = await startedStage({ tasks });
  const { clock, scheduler } = made;
  await scheduler.addJob(report, cron('*/5 * * * *', { timezone: 'Asia/Tokyo' }), {
    id: 'full',
    name: 'Full',
    description: 'has everything; "quotes", ümlauts\nand lines',
    tags: ['x', 'y'],
    data: { deep: [1, 'two', null, { three: true }] },
    priority: 2,
    maxInstances: 3,
    maxRuns: 10,
    revision: 4,
    retry: { attempts: 2, delay: 500, backoff: 'linear' },
    timeout: 5000,
    jitter: 10_000,
    misfireGraceTime: 60_000,
    coalesce: false,
    ifExists: 'update',
  });
  await scheduler.addJob(report, interval({ minutes: 1 }), { id: 'paused', paused: true });
  await scheduler.addJob(report, date('2026-01-01T00:01:00Z'), { id: 'ended' });
  await scheduler.addJob(report, interval({ minutes: 7 }));
  await scheduler.applySchedule('me', [{ id: 'owned', task: 'report', trigger: '@daily' }]);
  await clock.advance({ minutes: 6 });
  clock.suspend({ minutes: 30 });
  await clock.advance({ minutes: 1 });
  return made;
}

async function shown({ scheduler }: Stage): Promise<unknown[]> {
  const { items } = await scheduler.getJobs({ states: ['active', 'paused', 'finished', 'parked'] });
  return items.map((job) => ({ ...job.toJSON(), createdAt: null, updatedAt: null, version: null }));
}

describe('exportJobs and importJobs', () => {
  test('carry jobs over with their clocks and counts', async () => {
    const from = await exporter();
    const text = await from.scheduler.exportJobs();
    expect(text.trim().split('\n')).toHaveLength(5);
    for (const line of text.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ format: 1, task: 'report' });
    const to = stage({ tasks });
    to.clock.set(new Date(from.clock.now()));
    const imported = await to.scheduler.importJobs(text);
    expect(imported).toHaveLength(5);
    expect(await shown(to)).toEqual(await shown(from));
    expect(await to.scheduler.exportJobs()).toBe(text);
  });

  test('carry over jobs that go on firing where they were', async () => {
    const from = await exporter();
    const to = await startedStage({ tasks });
    to.clock.set(new Date(from.clock.now()));
    await to.scheduler.importJobs(await from.scheduler.exportJobs());
    for (const { clock, events } of [from, to]) {
      await clock.settle();
      events.clear();
      await clock.advance({ minutes: 10 });
    }
    const fired = ({ events }: Stage): unknown =>
      events.of('run:succeeded').map(({ run }) => [run.jobId, run.scheduledAt]);
    expect(fired(to)).toEqual(fired(from));
  });

  test('carry over declarations: declaring the same job again changes nothing', async () => {
    const from = stage({ tasks });
    const declare = ({ scheduler }: Stage): Promise<unknown> =>
      scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', ifExists: 'update' });
    await declare(from);
    const to = stage({ tasks });
    await to.scheduler.importJobs(await from.scheduler.exportJobs());
    to.events.clear();
    await declare(to);
    expect(to.events.names).toEqual([]);
  });

  test('leave out jobs of plain functions, with a warning', async () => {
    const { scheduler, log } = stage({ tasks });
    await scheduler.addJob(() => undefined, '@daily', { id: 'function' });
    await scheduler.addJob(report, '@daily', { id: 'task' });
    expect((await scheduler.exportJobs()).trim().split('\n')).toHaveLength(1);
    expect(log.at('warn')).toMatchObject([{ fields: { jobId: 'function' } }]);
  });

  test('give and take nothing where there is nothing', async () => {
    const { scheduler } = stage();
    expect(await scheduler.exportJobs()).toBe('');
    expect(await scheduler.importJobs('\n\n')).toEqual([]);
  });

  test('work on the store that is named', async () => {
    const { scheduler } = stage({ tasks, stores: { a: new MemoryJobStore(), b: new MemoryJobStore() } });
    await scheduler.addJob(report, '@daily', { id: 'x', store: 'a' });
    await scheduler.importJobs(await scheduler.exportJobs({ store: 'a' }), { store: 'b' });
    expect(await scheduler.getJob('x', { store: 'b' })).not.toBeNull();
    expect(await scheduler.getJob('x')).toBeNull();
  });

  test('bring a job over that waits for no more than its last run as finished', async () => {
    const gate = new Gate();
    const gated = defineTask('gated', gate.handler);
    const from = await startedStage({ tasks: [gated] });
    await from.scheduler.addJob(gated, date(new Date(START_MS)), { id: 'a' });
    await from.clock.settle();
    const to = await startedStage({ tasks: [gated] });
    await to.scheduler.importJobs(await from.scheduler.exportJobs());
    await to.clock.advance({ minutes: 1 });
    expect(await to.scheduler.getJob('a')).toMatchObject({ state: 'finished', nextRunTime: null });
    gate.releaseAll();
  });
});

describe('importJobs', () => {
  const line = async (): Promise<string> => {
    const { scheduler } = stage({ tasks });
    await scheduler.addJob(report, interval({ minutes: 1 }), { id: 'a', data: 1 });
    return (await scheduler.exportJobs()).trim();
  };

  test('adds all jobs or none: a damaged line is named', async () => {
    const good = await line();
    const other = good.replace('"id":"a"', '"id":"b"');
    const change = (from: string, to: string): string => {
      expect(other).toContain(from);
      return other.replace(from, to);
    };
    const damaged: readonly [string, RegExp][] = [
      ['{"format":1', /JSON|position/],
      ['null', /object/],
      ['[]', /object/],
      [change('"format":1', '"format":99'), /format/],
      [change('"id":"b"', '"id":"b\\u0000"'), /control/],
      [change('"task":"report"', '"task":"nobody"'), /nobody/],
      [change('"executor":"default"', '"executor":"pool"'), /pool/],
      [change('"interval":60000', '"interval":-1'), /interval/],
      [change('"interval":60000', '"solarix":1'), /trigger/],
      [change('"catchUpLimit":100', '"catchUpLimit":"many"'), /catchUpLimit/],
      [change('"state":"active"', '"state":"dancing"'), /state/],
      [change('"runCount":0', '"runCount":-1'), /runCount/],
      [change('"missed":null', '"missed":{"total":1}'), /missed/],
      [change('"priority":0', '"priority":9'), /priority/],
      [change('"nextRunTime":"2026', '"nextRunTime":"x2026'), /nextRunTime/],
      [change('"data":1', '"data":1,"extra":2'), /extra/],
    ];
    for (const [bad, message] of damaged) {
      const { scheduler, events } = stage({ tasks });
      const error = await rejectionOf(scheduler.importJobs(`${good}\n\n${bad}\n`));
      expect(error).toBeInstanceOf(InvalidImportError);
      expect(error).toMatchObject({ code: 'ESC_INVALID_IMPORT', line: 3 });
      expect((error as Error).message).toMatch(message);
      expect((await scheduler.getJobs()).items).toEqual([]);
      expect(events.names).toEqual([]);
    }
  });

  test('refuses ids that are taken, unless told what to do', async () => {
    const text = `${await line()}\n${(await line()).replace('"id":"a"', '"id":"b"')}`;
    const { scheduler } = stage({ tasks });
    await scheduler.addJob(report, '@daily', { id: 'a', data: 'mine' });
    await expect(scheduler.importJobs(text)).rejects.toMatchObject({ code: 'ESC_JOB_EXISTS', ids: ['a'] });
    expect(await scheduler.getJob('b')).toBeNull();
    await scheduler.importJobs(text, { ifExists: 'keep' });
    expect((await scheduler.getJob('a'))?.data).toBe('mine');
    expect(await scheduler.getJob('b')).not.toBeNull();
    await scheduler.importJobs(text, { ifExists: 'replace' });
    expect((await scheduler.getJob('a'))?.data).toBe(1);
  });

  test('refuses one id on two lines', async () => {
    const { scheduler } = stage({ tasks });
    await expect(scheduler.importJobs(`${await line()}\n${await line()}`)).rejects.toMatchObject({
      code: 'ESC_INVALID_OPTION',
    });
    expect((await scheduler.getJobs()).items).toEqual([]);
  });

  test('checks data with the schema of the task', async () => {
    const strict = defineTask('report', () => 1, {
      schema: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: () => ({ issues: [{ message: 'never good' }] }),
        },
      },
    });
    const { scheduler } = stage({ tasks: [strict] });
    await expect(scheduler.importJobs(await line())).rejects.toThrow(/never good/);
  });

  test('reads data that is a __proto__ trap as refused', async () => {
    const text = (await line()).replace('"data":1', '"data":{"__proto__":{"admin":true}}');
    const { scheduler } = stage({ tasks });
    await expect(scheduler.importJobs(text)).rejects.toThrow(/__proto__/);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
