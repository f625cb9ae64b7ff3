import { expect, test } from 'vitest';
import { cron, date, defineTask, interval } from '../../src/index.js';
import { scripted } from '../support/custom-triggers.js';
import { START, stage, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const task = defineTask('note', () => undefined);
const minute = (n: number): Date => new Date(START_MS + n * 60_000);

test('gives the fire times of all active jobs in their order, both ends included', async () => {
  const { scheduler } = stage();
  await scheduler.addJob(task, interval({ minutes: 2 }), { id: 'two' });
  await scheduler.addJob(task, interval({ minutes: 3 }), { id: 'three' });
  await scheduler.addJob(task, date(minute(5)), { id: 'once' });
  await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'paused', paused: true });
  const times = await scheduler.preview(minute(0), minute(6));
  expect(times.map(({ jobId, fireAt }) => [(fireAt.getTime() - START_MS) / 60_000, jobId])).toEqual([
    [2, 'two'],
    [3, 'three'],
    [4, 'two'],
    [5, 'once'],
    [6, 'three'],
    [6, 'two'],
  ]);
  expect(times[0]).toEqual({ jobId: 'two', task: 'note', fireAt: minute(2) });
});

test('changes nothing and runs nothing', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
  const before = (await scheduler.getJob('a'))?.toJSON();
  await scheduler.preview(minute(0), minute(60));
  await clock.settle();
  expect((await scheduler.getJob('a'))?.toJSON()).toEqual(before);
  expect(events.of('run:started')).toHaveLength(0);
});

test('stops at its limit, which is 100 unless given', async () => {
  const { scheduler } = stage();
  await scheduler.addJob(task, interval(1), { id: 'a' });
  expect(await scheduler.preview(minute(0), minute(60))).toHaveLength(100);
  expect(await scheduler.preview(minute(0), minute(60), { limit: 3 })).toHaveLength(3);
  await expect(scheduler.preview(minute(0), minute(1), { limit: 0 })).rejects.toMatchObject({
    code: 'ESC_INVALID_OPTION',
  });
});

test('begins with a next fire time that was set by hand', async () => {
  const { scheduler } = stage();
  await scheduler.addJob(task, cron('0 * * * *'), { id: 'a', nextRunTime: minute(7) });
  const times = await scheduler.preview(minute(0), minute(60));
  expect(times.map(({ fireAt }) => fireAt)).toEqual([minute(7), minute(60)]);
});

test('looks far ahead, past fire times that it does not walk through', async () => {
  const { scheduler } = stage();
  await scheduler.addJob(task, interval(1000), { id: 'a' });
  const times = await scheduler.preview('2076-01-01T00:00:00Z', '2076-01-01T00:00:02Z');
  expect(times).toHaveLength(3);
});

test('leaves out jobs whose trigger throws', async () => {
  let isBad = false;
  const { codec, trigger } = scripted('wild', {
    next: (after) => {
      if (isBad) throw new Error('broken');
      return after + 60_000;
    },
  });
  const { scheduler } = stage({ triggers: [codec] });
  await scheduler.addJob(task, trigger, { id: 'wild' });
  await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'sound' });
  isBad = true;
  const times = await scheduler.preview(minute(0), minute(2));
  expect(times.filter(({ jobId }) => jobId === 'sound')).toHaveLength(2);
});
