import { expect, test } from 'vitest';
import { cron, interval } from '../../src/index.js';
import type { TriggerCodec } from '../../src/index.js';
import { counted } from '../support/custom-triggers.js';
import { START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);
const YEAR_S = 365 * 86_400;

test('an every-second job that was down for a year runs once, after a handful of calls to its trigger', async () => {
  const everySecond = counted(interval({ seconds: 1 }, { start: new Date(START_MS + 1000) }));
  const codec: TriggerCodec = { kind: 'counted', parse: () => everySecond.trigger };
  const trigger = new Proxy(everySecond.trigger, {
    get: (target, key) => {
      if (key === 'kind') return 'counted';
      if (key === 'bind') return undefined;
      return key === 'toJSON' ? () => ({ counted: true }) : (Reflect.get(target, key) as unknown);
    },
  });
  const { clock, scheduler, events } = await startedStage({ triggers: [codec] });
  const ran: Date[] = [];
  await scheduler.addJob(({ scheduledAt }) => ran.push(scheduledAt), trigger, { id: 'tick' });
  clock.suspend({ seconds: YEAR_S });
  const before = everySecond.calls();
  await clock.advance({ milliseconds: 1000 });
  const reached = YEAR_S + 1;
  expect(ran.length).toBe(1);
  expect(everySecond.calls() - before).toBeLessThanOrEqual(10);
  const [folded] = events.of('run:coalesced');
  expect(folded).toMatchObject({ jobId: 'tick', count: reached - 1, exact: true });
  expect(ran[0]?.getTime()).toBe(START_MS + reached * 1000);
  expect((await scheduler.getJob('tick'))?.coalesced).toMatchObject({ total: reached - 1, exact: true });
});

test('a cron job that was down for a year folds its backlog into the latest fire time', async () => {
  const { clock, scheduler, events } = await startedStage();
  const ran: Date[] = [];
  await scheduler.addJob(({ scheduledAt }) => ran.push(scheduledAt), cron('* * * * * *'), { id: 'tick' });
  await clock.settle();
  clock.suspend({ seconds: YEAR_S });
  await clock.advance({ seconds: 1 });
  expect(ran).toEqual([new Date(START_MS), new Date(START_MS + (YEAR_S + 1) * 1000)]);
  expect(events.of('run:coalesced')).toMatchObject([{ firstAt: new Date(START_MS + 1000) }]);
  expect((await scheduler.getJob('tick'))?.runCount).toBe(2);
});

test('without coalescing at most catchUpLimit runs are made, and all of them run one after another', async () => {
  const { clock, scheduler, events } = await startedStage();
  const ran: number[] = [];
  let inside = 0;
  await scheduler.addJob(
    async ({ scheduledAt }) => {
      inside++;
      expect(inside).toBe(1);
      await Promise.resolve();
      inside--;
      ran.push((scheduledAt.getTime() - START_MS) / 1000);
    },
    interval({ seconds: 1 }),
    { id: 'tick', coalesce: false, catchUpLimit: 30, maxInstances: 1 },
  );
  clock.suspend({ seconds: YEAR_S });
  await clock.advance({ seconds: 1 });
  await events.until(() => events.of('run:succeeded').length >= 30);
  const newest = YEAR_S + 1;
  expect(ran).toEqual(Array.from({ length: 30 }, (_, at) => newest - 29 + at));
  const missed = { count: newest - 30, exact: true, firstAt: new Date(START_MS + 1000) };
  expect(events.of('run:missed')).toMatchObject([missed]);
  const job = await scheduler.getJob('tick');
  expect(job?.missed).toMatchObject({ total: newest - 30, exact: true, last: missed });
  expect(job?.runCount).toBe(30);
});

test('the default catchUpLimit is 100', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => undefined, interval({ seconds: 1 }), { coalesce: false });
  clock.suspend({ hours: 1 });
  await clock.advance({ seconds: 1 });
  expect(events.of('run:succeeded')).toHaveLength(100);
});

test('coalesce earliest runs the oldest fire time of a backlog', async () => {
  const { clock, scheduler, events } = await startedStage();
  const ran: Date[] = [];
  await scheduler.addJob(({ scheduledAt }) => ran.push(scheduledAt), interval({ minutes: 1 }), {
    coalesce: 'earliest',
  });
  clock.suspend({ minutes: 10 });
  await clock.advance({ seconds: 30 });
  expect(ran).toEqual([new Date(START_MS + 60_000)]);
  expect(events.of('run:coalesced')).toMatchObject([
    { count: 9, firstAt: new Date(START_MS + 120_000), lastAt: new Date(START_MS + 600_000) },
  ]);
});

test('fire times that are later than misfireGraceTime allows are missed, and the others are coalesced', async () => {
  const { clock, scheduler, events } = await startedStage();
  const ran: Date[] = [];
  await scheduler.addJob(({ scheduledAt }) => ran.push(scheduledAt), interval({ minutes: 1 }), {
    id: 'a',
    misfireGraceTime: { minutes: 3 },
  });
  clock.suspend({ minutes: 10 });
  await clock.advance({ seconds: 30 });
  expect(ran).toEqual([new Date(START_MS + 600_000)]);
  expect(events.of('run:missed')).toMatchObject([{ count: 7, lastAt: new Date(START_MS + 7 * 60_000) }]);
  expect(events.of('run:coalesced')).toMatchObject([{ count: 2, firstAt: new Date(START_MS + 8 * 60_000) }]);
  const names = events.names.filter((name) => name !== 'run:succeeded').slice(-3);
  expect(names).toEqual(['run:missed', 'run:coalesced', 'run:started']);
});

test('what comes due while a scheduler is paused follows the misfire rules after it resumes', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
  await scheduler.pause();
  await clock.advance({ minutes: 5 });
  expect(events.of('run:started')).toHaveLength(0);
  await scheduler.resume();
  await clock.settle();
  expect(events.of('run:succeeded')).toMatchObject([{ run: { scheduledAt: new Date(START_MS + 300_000) } }]);
  expect(events.of('run:coalesced')).toMatchObject([{ count: 4 }]);
});

test('fire times that passed while the scheduler was down are caught up with at its start', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a', coalesce: false });
  await scheduler.shutdown();
  await clock.advance({ minutes: 3 });
  expect(events.of('run:started')).toHaveLength(0);
  await scheduler.start();
  await clock.settle();
  expect(events.of('run:succeeded').map(({ run }) => run.scheduledAt.getTime() - START_MS)).toEqual([
    60_000, 120_000, 180_000,
  ]);
});
