import { expect, test } from 'vitest';
import { cron, date, interval } from '../../src/index.js';
import { START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

test('a date 60 days ahead fires at its time and not before, though timers wrap at 2^31 - 1 ms', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => undefined, date(new Date(START_MS + 60 * DAY_MS)));
  await clock.advance(60 * DAY_MS - 1);
  expect(events.of('run:started')).toHaveLength(0);
  await clock.advance(1);
  expect(events.of('run:succeeded')).toHaveLength(1);
});

test('a wall clock set back an hour fires nothing twice', async () => {
  const { clock, scheduler } = await startedStage();
  const fired: number[] = [];
  await scheduler.addJob(({ scheduledAt }) => fired.push(scheduledAt.getTime()), interval({ minutes: 10 }));
  await clock.advance({ minutes: 30 });
  clock.set(new Date(clock.now() - HOUR_MS));
  await clock.advance({ minutes: 69 });
  expect(fired).toEqual([10, 20, 30].map((minutes) => START_MS + minutes * MINUTE_MS));
  await clock.advance({ minutes: 1 });
  expect(fired.at(-1)).toBe(START_MS + 40 * MINUTE_MS);
  expect(fired).toHaveLength(4);
});

test('a wall clock set back an hour fires nothing early', async () => {
  const { clock, scheduler } = await startedStage();
  const firedAt: number[] = [];
  await scheduler.addJob(() => firedAt.push(clock.now()), cron('0 3 * * *'));
  await clock.advance({ hours: 2, minutes: 30 });
  clock.set(new Date(clock.now() - HOUR_MS));
  await clock.advance({ hours: 2 });
  expect(firedAt).toEqual([START_MS + 3 * HOUR_MS]);
});

test('a wall clock set forward an hour is noticed within half a minute, and what it passed fires once', async () => {
  const { clock, scheduler, events } = await startedStage();
  const fired: number[] = [];
  await scheduler.addJob(({ scheduledAt }) => fired.push(scheduledAt.getTime()), interval({ minutes: 10 }), {
    id: 'a',
  });
  await clock.advance({ minutes: 11 });
  clock.set(new Date(clock.now() + HOUR_MS));
  await clock.advance({ seconds: 31 });
  expect(fired).toEqual([START_MS + 10 * MINUTE_MS, START_MS + 70 * MINUTE_MS]);
  expect(events.of('run:coalesced')).toMatchObject([{ jobId: 'a', count: 5, exact: true }]);
  await clock.advance({ minutes: 10 });
  expect(fired).toHaveLength(3);
});

test('a machine that was suspended for two hours runs what is late under the misfire rules', async () => {
  const { clock, scheduler, events } = await startedStage();
  const ran: string[] = [];
  await scheduler.addJob(() => ran.push('strict'), cron('30 0 * * *'), {
    id: 'strict',
    misfireGraceTime: { minutes: 5 },
  });
  await scheduler.addJob(() => ran.push('patient'), cron('45 0 * * *'), { id: 'patient' });
  await clock.advance({ minutes: 20 });
  clock.suspend({ hours: 2 });
  await clock.advance({ minutes: 1 });
  expect(ran).toEqual(['patient']);
  expect(events.of('run:missed')).toMatchObject([{ jobId: 'strict', count: 1 }]);
  await clock.advance({ hours: 12 });
  expect(ran).toEqual(['patient']);
});

test('a time-out is counted in running time, whatever the wall clock does', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => new Promise(() => undefined), undefined, { timeout: { minutes: 10 } });
  await clock.settle();
  clock.set(new Date(START_MS + 5 * HOUR_MS));
  await clock.advance({ minutes: 9 });
  expect(events.of('run:failed')).toHaveLength(0);
  await clock.advance({ minutes: 1 });
  expect(events.of('run:failed')).toMatchObject([{ error: { code: 'ESC_RUN_TIMED_OUT' } }]);
});

test('a time-out of 60 days does not end the run early', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => new Promise(() => undefined), undefined, { timeout: { days: 60 } });
  await clock.advance({ days: 59 });
  expect(events.of('run:failed')).toHaveLength(0);
  await clock.advance({ days: 1 });
  expect(events.of('run:failed')).toHaveLength(1);
});

test('a retry is not delayed by a wall clock that is set forward, nor run twice', async () => {
  const { clock, scheduler, events } = await startedStage();
  const attempts: number[] = [];
  await scheduler.addJob(
    ({ attempt }) => {
      attempts.push(attempt);
      throw new Error('no');
    },
    undefined,
    { retry: { attempts: 2, delay: { minutes: 10 } } },
  );
  await clock.advance({ minutes: 1 });
  clock.set(new Date(clock.now() + HOUR_MS));
  await clock.advance({ minutes: 30 });
  expect(attempts).toEqual([1, 2]);
  expect(events.of('run:failed')).toHaveLength(1);
});
