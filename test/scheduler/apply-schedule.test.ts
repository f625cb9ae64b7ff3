import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MemoryJobStore, defineTask, interval } from '../../src/index.js';
import type { ScheduleEntry } from '../../src/index.js';
import { hookedStore } from '../support/hooked-store.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const report = defineTask('report', () => 'sent');

function entry(id: string, more: Partial<ScheduleEntry> = {}): ScheduleEntry {
  return { id, task: 'report', trigger: '0 6 * * *', ...more };
}

describe('applySchedule', () => {
  test('adds, updates, leaves and removes what the owner declares, and says so', async () => {
    const { scheduler } = stage({ tasks: [report] });
    expect(await scheduler.applySchedule('me', [entry('a'), entry('b'), entry('c')])).toEqual({
      added: ['a', 'b', 'c'],
      updated: [],
      unchanged: [],
      removed: [],
      stale: [],
    });
    const changes = await scheduler.applySchedule('me', [
      entry('a'),
      entry('b', { trigger: '0 7 * * *' }),
      entry('d'),
    ]);
    expect(changes).toEqual({ added: ['d'], updated: ['b'], unchanged: ['a'], removed: ['c'], stale: [] });
    expect((await scheduler.getJobs()).items.map(({ id, owner }) => [id, owner])).toEqual([
      ['a', 'me'],
      ['b', 'me'],
      ['d', 'me'],
    ]);
    expect((await scheduler.getJob('b'))?.nextRunTime).toEqual(new Date(START_MS + 7 * 3_600_000));
  });

  test('looks up no job that it declared before', async () => {
    const { store, calls } = hookedStore();
    const { scheduler } = stage({ stores: { default: store }, tasks: [report] });
    const entries = Array.from({ length: 50 }, (_, at) => entry(`job-${at}`));
    await scheduler.applySchedule('me', entries);
    calls.length = 0;
    await scheduler.applySchedule('me', entries);
    expect(calls.filter((method) => method !== 'open')).toEqual(['listJobs', 'putJobs']);
  });

  test('changes nothing the second time', async () => {
    const { scheduler, events } = stage({ tasks: [report] });
    const entries = [
      entry('a', { trigger: { interval: { minutes: 5 } } }),
      entry('b', { tags: ['x'], data: { n: 1 } }),
    ];
    await scheduler.applySchedule('me', entries);
    events.clear();
    expect(await scheduler.applySchedule('me', entries)).toMatchObject({ unchanged: ['a', 'b'] });
    expect(events.names).toEqual([]);
  });

  test('touches no job that the owner did not declare', async () => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.addJob(report, '@daily', { id: 'mine' });
    await scheduler.applySchedule('one', [entry('a')]);
    await scheduler.applySchedule('two', [entry('b')]);
    await scheduler.applySchedule('two', []);
    await scheduler.applySchedule('three', []);
    expect((await scheduler.getJobs()).items.map(({ id }) => id)).toEqual(['a', 'mine']);
  });

  test.each(['mine', 'a'])("refuses the id of somebody else's job (%s), and changes nothing", async (id) => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.addJob(report, '@daily', { id: 'mine' });
    await scheduler.applySchedule('one', [entry('a')]);
    await scheduler.applySchedule('two', [entry('old')]);
    await expect(scheduler.applySchedule('two', [entry('new'), entry(id)])).rejects.toThrow(
      InvalidOptionError,
    );
    expect((await scheduler.getJobs({ owner: 'two' })).items.map((job) => job.id)).toEqual(['old']);
  });

  test('changes nothing when one entry is bad', async () => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.applySchedule('me', [entry('a')]);
    await expect(
      scheduler.applySchedule('me', [entry('b'), entry('c', { trigger: 'bad' })]),
    ).rejects.toMatchObject({
      code: 'ESC_INVALID_TRIGGER',
    });
    await expect(scheduler.applySchedule('me', [entry('b'), entry('b')])).rejects.toThrow(InvalidOptionError);
    await expect(scheduler.applySchedule('me', [entry('b', { task: 'none' })])).rejects.toMatchObject({
      code: 'ESC_UNKNOWN_TASK',
    });
    expect((await scheduler.getJobs()).items.map(({ id }) => id)).toEqual(['a']);
  });

  test('does not undo what an operator paused, nor run again what has ended', async () => {
    const { clock, scheduler, events } = await startedStage({ tasks: [report] });
    const entries = [
      entry('a', { trigger: interval({ minutes: 1 }) }),
      entry('b', { trigger: { date: '2026-01-01T00:01:00Z' } }),
    ];
    await scheduler.applySchedule('me', entries);
    await scheduler.pauseJob('a');
    await clock.advance({ minutes: 2 });
    expect(await scheduler.applySchedule('me', entries)).toMatchObject({ unchanged: ['a', 'b'] });
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded')).toHaveLength(1);
    expect((await scheduler.getJob('a'))?.state).toBe('paused');
  });

  test('removes jobs that are paused, finished or many', async () => {
    const { scheduler } = stage({ tasks: [report] });
    const many = Array.from({ length: 1200 }, (_, at) => entry(`job-${at}`));
    const ended = entry('ended', { trigger: { date: '2025-01-01T00:00:00Z' } });
    await scheduler.applySchedule('me', [...many, ended, entry('paused', { paused: true })]);
    const { removed } = await scheduler.applySchedule('me', []);
    expect(removed).toHaveLength(1202);
  });

  test('with a lower revision leaves the jobs alone and calls them stale', async () => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.applySchedule('me', [entry('a', { revision: 2, description: 'two' })]);
    expect(await scheduler.applySchedule('me', [entry('a', { revision: 1 })])).toMatchObject({
      stale: ['a'],
      removed: [],
    });
    expect((await scheduler.getJob('a'))?.description).toBe('two');
  });

  test('leaves what newer code declared where older code declares it no more, and calls it stale', async () => {
    const { scheduler } = stage({ tasks: [report] });
    const newer = [
      entry('kept', { revision: 2 }),
      entry('new', { revision: 2 }),
      entry('same', { revision: 1 }),
      entry('none'),
    ];
    await scheduler.applySchedule('me', newer);
    expect(await scheduler.applySchedule('me', [entry('kept', { revision: 1 }), entry('old')])).toEqual({
      added: ['old'],
      updated: [],
      unchanged: [],
      removed: ['none', 'same'],
      stale: ['kept', 'new'],
    });
    expect((await scheduler.getJobs()).items.map(({ id }) => id)).toEqual(['kept', 'new', 'old']);
  });

  test('removes what no revision of the entries is below', async () => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.applySchedule('me', [entry('a', { revision: 2 }), entry('b', { revision: 2 })]);
    const { removed } = await scheduler.applySchedule('me', [entry('a', { revision: 2 })]);
    expect(removed).toEqual(['b']);
  });

  test('of nothing removes everything, whatever its revision', async () => {
    const { scheduler } = stage({ tasks: [report] });
    await scheduler.applySchedule('me', [entry('a', { revision: 7 }), entry('b')]);
    expect(await scheduler.applySchedule('me', [])).toMatchObject({ removed: ['a', 'b'], stale: [] });
    expect((await scheduler.getJobs()).items).toEqual([]);
  });

  test('takes tasks themselves, and another store', async () => {
    const { scheduler } = stage({ stores: { other: new MemoryJobStore() } });
    await scheduler.applySchedule('me', [entry('a', { task: report })], { store: 'other' });
    expect(await scheduler.getJob('a', { store: 'other' })).toMatchObject({ task: 'report', store: 'other' });
    expect(await scheduler.getJob('a')).toBeNull();
  });
});
