import { describe, expect, test } from 'vitest';
import { MemoryJobStore, cron, date, defineTask, interval, parseTrigger } from '../../src/index.js';
import type { Job, TriggerInput } from '../../src/index.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const greet = defineTask('greet', ({ data }: { data: { to: string } }) => `hello ${data.to}`);
const plain = defineTask('plain', () => 'ran');

describe('addJob', () => {
  test('takes a task, registers it, and runs it with its data', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(greet, interval({ minutes: 1 }), { data: { to: 'you' } });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toMatchObject([
      { result: 'hello you', run: { task: 'greet', origin: 'scheduled' } },
    ]);
  });

  test('takes the name of a registered task', async () => {
    const { clock, scheduler, events } = await startedStage({ tasks: [plain] });
    await scheduler.addJob('plain', interval({ minutes: 1 }));
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'ran' }]);
  });

  test('without a trigger runs once, now', async () => {
    const { clock, scheduler, events } = await startedStage();
    const job = await scheduler.addJob(plain);
    expect(job.nextRunTime).toEqual(new Date(START_MS));
    await clock.advance({ days: 1 });
    expect(events.of('run:succeeded')).toHaveLength(1);
    expect(events.of('job:finished')).toMatchObject([{ job: { id: job.id } }]);
  });

  test.each<[string, TriggerInput, string]>([
    ['a cron expression', '30 4 * * *', '2026-01-01T04:30:00.000Z'],
    ['a cron record with a zone', { cron: '30 4 * * *', timezone: 'Asia/Tokyo' }, '2026-01-01T19:30:00.000Z'],
    ['a record of named fields', { cron: { hour: '4', minute: 30 } }, '2026-01-01T04:30:00.000Z'],
    ['an interval record', { interval: { minutes: 5 } }, '2026-01-01T00:05:00.000Z'],
    [
      'an immediate interval record',
      { interval: { minutes: 5 }, immediate: true },
      '2026-01-01T00:00:00.000Z',
    ],
    ['a date record', { date: '2026-06-01T09:00', timezone: 'Europe/Paris' }, '2026-06-01T07:00:00.000Z'],
    ['a trigger', cron('@daily', { timezone: 'America/New_York' }), '2026-01-01T05:00:00.000Z'],
    ['a trigger that was parsed', parseTrigger({ interval: 1000 }), '2026-01-01T00:00:01.000Z'],
  ])('takes %s', async (_what, trigger, first) => {
    const { scheduler } = stage();
    const job = await scheduler.addJob(plain, trigger);
    expect(job.nextRunTime?.toISOString()).toBe(first);
  });

  test("reads times without a zone in the scheduler's", async () => {
    const { scheduler } = stage({ timezone: 'Asia/Tokyo' });
    expect((await scheduler.addJob(plain, '0 10 * * *')).nextRunTime).toEqual(
      new Date('2026-01-01T01:00:00Z'),
    );
    expect((await scheduler.addJob(plain, date('2026-02-01T09:00'))).nextRunTime).toEqual(
      new Date('2026-02-01T00:00:00Z'),
    );
    const job = await scheduler.addJob(plain, '0 9 * * *', { nextRunTime: '2026-01-01T12:00' });
    expect(job.nextRunTime).toEqual(new Date('2026-01-01T03:00:00Z'));
  });

  test('begins with nextRunTime and goes on with the trigger', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(plain, cron('0 * * * *'), { nextRunTime: new Date(START_MS + 90_000) });
    await clock.advance({ hours: 2 });
    expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.getTime() - START_MS)).toEqual([
      90_000, 3_600_000, 7_200_000,
    ]);
  });

  test('gives jobs ids of their own where none is given', async () => {
    const { scheduler } = stage();
    const jobs = await Promise.all(Array.from({ length: 100 }, () => scheduler.addJob(plain, '@daily')));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(100);
  });

  test('works before the start and after it', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(plain, interval({ minutes: 1 }), { id: 'before' });
    await scheduler.start();
    await scheduler.addJob(plain, interval({ minutes: 1 }), { id: 'after' });
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded').map(({ run }) => run.jobId)).toEqual(['before', 'after']);
  });

  test('wakes a scheduler that sleeps until something later', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(plain, interval({ days: 1 }));
    await clock.advance({ hours: 1 });
    await scheduler.addJob(plain, interval(1), { maxRuns: 1 });
    await clock.advance(1);
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('does not touch the object that it is given', async () => {
    const { scheduler } = stage();
    const options = Object.freeze({
      id: 'a',
      tags: Object.freeze(['x']),
      data: Object.freeze({ to: 'y' }),
      retry: Object.freeze({ attempts: 2 }),
    });
    const job = await scheduler.addJob(greet, '@daily', options);
    expect(job.tags).toEqual(['x']);
  });

  test('keeps data as it was when it was given', async () => {
    const { clock, scheduler, events } = await startedStage();
    const data = { to: 'you' };
    await scheduler.addJob(greet, interval({ minutes: 1 }), { data });
    data.to = 'somebody else';
    await clock.advance({ minutes: 1 });
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'hello you' }]);
  });

  test('resolves defaults when the job is added: job over task over scheduler over built-in', async () => {
    const { scheduler } = stage({
      jobDefaults: { timeout: 1000, priority: 1, maxInstances: 2, coalesce: false },
    });
    const task = defineTask('own', () => 1, { timeout: 2000, priority: 2 });
    const job = await scheduler.addJob(task, '@daily', { timeout: 3000 });
    expect(job).toMatchObject({ priority: 2, maxInstances: 2 });
    expect(job.policy).toMatchObject({ timeoutMs: 3000, coalesce: false, overlap: 'skip', graceMs: null });
    const other = await scheduler.addJob(plain, '@daily', { timeout: Infinity });
    expect(other).toMatchObject({ priority: 1, policy: { timeoutMs: null } });
  });

  test('passes an option that is undefined on to the defaults', async () => {
    const { scheduler } = stage({ jobDefaults: { timeout: 1000 } });
    const options = { timeout: undefined, id: undefined } as object;
    expect((await scheduler.addJob(plain, '@daily', options)).policy?.timeoutMs).toBe(1000);
  });
});

describe('a job', () => {
  test('is a snapshot with everything that is known of it', async () => {
    const { clock, scheduler } = stage();
    const job = await scheduler.addJob(greet, interval({ minutes: 1 }), {
      id: 'a',
      name: 'The greeting',
      description: 'says hello',
      tags: ['x', 'y', 'x'],
      data: { to: 'you' },
      maxRuns: 5,
      revision: 3,
      priority: -1,
      maxInstances: 2,
    });
    const shown = {
      id: 'a',
      store: 'default',
      name: 'The greeting',
      description: 'says hello',
      tags: ['x', 'y'],
      task: 'greet',
      executor: 'default',
      data: { to: 'you' },
      priority: -1,
      maxInstances: 2,
      maxRuns: 5,
      state: 'active',
      nextRunTime: new Date(START_MS + 60_000),
      lastFireTime: null,
      runCount: 0,
      missed: { total: 0, exact: true, last: null },
      skipped: { total: 0, exact: true, last: null },
      coalesced: { total: 0, exact: true, last: null },
      error: null,
      version: 1,
      revision: 3,
      owner: null,
      createdAt: new Date(START_MS),
      updatedAt: new Date(START_MS),
      finishedAt: null,
    };
    expect(job).toMatchObject(shown);
    expect(JSON.parse(JSON.stringify(job))).toMatchObject(JSON.parse(JSON.stringify(shown)) as object);
    expect(JSON.parse(JSON.stringify(job))).toHaveProperty('trigger', {
      interval: 60_000,
      start: '2026-01-01T00:01:00.000Z',
    });
    expect(job.trigger?.next(START_MS)).toBe(START_MS + 60_000);
    await scheduler.start();
    await clock.advance({ minutes: 1 });
    expect(job.runCount).toBe(0);
    expect(await scheduler.getJob('a')).toMatchObject({
      runCount: 1,
      lastFireTime: new Date(START_MS + 60_000),
    });
  });

  test('is named after its task, or its function', async () => {
    const { scheduler } = stage();
    expect((await scheduler.addJob(plain, '@daily')).name).toBe('plain');
    expect((await scheduler.addJob(function tick() {}, '@daily')).name).toBe('tick');
    expect((await scheduler.addJob(() => undefined, '@daily')).name).toBe('anonymous function');
  });

  test('has the verbs of its scheduler', async () => {
    const other = new MemoryJobStore();
    const { clock, scheduler, events } = await startedStage({ stores: { other } });
    const job = await scheduler.addJob(plain, interval({ minutes: 1 }), { id: 'a', store: 'other' });
    expect((await job.pause()).state).toBe('paused');
    expect((await job.resume()).state).toBe('active');
    expect((await job.modify({ description: 'new' })).description).toBe('new');
    expect((await job.reschedule('0 5 * * *')).nextRunTime).toEqual(new Date(START_MS + 5 * 3_600_000));
    const handle = await job.run();
    expect(await handle.result()).toBe('ran');
    expect(await job.remove()).toBe(true);
    expect(await job.remove()).toBe(false);
    await clock.settle();
    expect(events.of('job:removed')).toMatchObject([{ job: { id: 'a', store: 'other' } }]);
  });
});

describe('addJobs', () => {
  test('adds many at once and gives them in order', async () => {
    const { clock, scheduler, events } = await startedStage();
    const jobs = await scheduler.addJobs([
      { task: plain, trigger: '30 * * * *', options: { id: 'b' } },
      { task: () => 'function', options: { id: 'c' } },
      { task: greet, trigger: { interval: 1000 }, options: { id: 'a', data: { to: 'you' }, maxRuns: 1 } },
    ]);
    expect(jobs.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
    await clock.advance(1000);
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual(['function', 'hello you']);
    expect(await scheduler.addJobs([])).toEqual([]);
  });

  test('adds to the store that is named', async () => {
    const { scheduler } = stage({ stores: { other: new MemoryJobStore() } });
    await scheduler.addJobs([{ task: plain, trigger: '@daily', options: { id: 'a' } }], { store: 'other' });
    expect(await scheduler.getJob('a')).toBeNull();
    expect(await scheduler.getJob('a', { store: 'other' })).toMatchObject({ store: 'other' });
  });
});

describe('getJobs', () => {
  async function someJobs(): Promise<ReturnType<typeof stage>> {
    const made = stage({ tasks: [plain] });
    await made.scheduler.addJobs([
      { task: plain, trigger: '@daily', options: { id: 'a', tags: ['x'] } },
      { task: plain, trigger: '@daily', options: { id: 'B', tags: ['x', 'y'], paused: true } },
      { task: greet, trigger: '@daily', options: { id: 'c', data: { to: 'you' } } },
      { task: greet, trigger: date('2025-01-01T00:00:00Z'), options: { id: 'd', data: { to: 'you' } } },
    ]);
    return made;
  }
  const idsOf = ({ items }: { readonly items: readonly Job[] }): string[] => items.map(({ id }) => id);

  test('gives all but finished jobs, in the order of their ids', async () => {
    const { scheduler } = await someJobs();
    expect(idsOf(await scheduler.getJobs())).toEqual(['B', 'a', 'c']);
  });

  test('selects by state, task, tag and owner', async () => {
    const { scheduler } = await someJobs();
    await scheduler.applySchedule('me', [{ id: 'e', task: 'plain', trigger: '@daily' }]);
    expect(idsOf(await scheduler.getJobs({ states: ['paused'] }))).toEqual(['B']);
    expect(idsOf(await scheduler.getJobs({ states: ['finished', 'paused'] }))).toEqual(['B', 'd']);
    expect(idsOf(await scheduler.getJobs({ task: 'greet' }))).toEqual(['c']);
    expect(idsOf(await scheduler.getJobs({ tag: 'x' }))).toEqual(['B', 'a']);
    expect(idsOf(await scheduler.getJobs({ tag: 'y', task: 'plain' }))).toEqual(['B']);
    expect(idsOf(await scheduler.getJobs({ owner: 'me' }))).toEqual(['e']);
  });

  test('gives a page at a time', async () => {
    const { scheduler } = await someJobs();
    const first = await scheduler.getJobs({ limit: 2 });
    expect(idsOf(first)).toEqual(['B', 'a']);
    const second = await scheduler.getJobs({ limit: 2, after: first.next ?? '' });
    expect(idsOf(second)).toEqual(['c']);
    expect(second.next).toBeNull();
    expect((await scheduler.getJobs({ limit: 3 })).next).toBeNull();
  });
});
