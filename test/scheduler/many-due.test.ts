import { expect, onTestFinished, test } from 'vitest';
import { AsyncExecutor, Scheduler, date, defineTask, systemClock } from '../../src/index.js';
import type { AddJobRequest } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { startedStage } from '../support/stage.js';
import { RecordingLogger } from '../support/recording-logger.js';

const COUNT = 10_000;

test('10,000 jobs that are due at once all run, and timers and I/O get their turns in between', async () => {
  const scheduler = new Scheduler({ logger: new RecordingLogger() });
  onTestFinished(() => scheduler.shutdown({ wait: false }));
  const turnsSeen: number[] = [];
  let turn = 0;
  let isOver = false;
  const due = date(new Date(systemClock.now()));
  const requests: AddJobRequest[] = Array.from({ length: COUNT }, () => ({
    task: () => turnsSeen.push(turn),
    trigger: due,
  }));
  await scheduler.addJobs(requests);
  const events = new EventRecorder(scheduler);
  await scheduler.start();
  const countTurns = (): void => {
    turn++;
    if (!isOver) setImmediate(countTurns);
  };
  setImmediate(countTurns);
  let timers = 0;
  const timer = setInterval(() => timers++, 1);
  await events.until(() => events.of('run:succeeded').length === COUNT, 'all runs', 15_000);
  isOver = true;
  clearInterval(timer);
  expect(turnsSeen).toHaveLength(COUNT);
  expect(events.of('run:started')).toHaveLength(COUNT);
  const distinctTurns = new Set(turnsSeen).size;
  expect(distinctTurns).toBeGreaterThan(3);
  expect(timers).toBeGreaterThan(0);
  expect((await scheduler.getJobs()).items).toHaveLength(0);
});

test('10,000 runs that are enqueued at once all run, once each', async () => {
  const { clock, scheduler, events } = await startedStage();
  const seen = new Set<unknown>();
  const task = defineTask('note', ({ data }) => {
    seen.add(data);
  });
  await Promise.all(Array.from({ length: COUNT }, (_, at) => scheduler.enqueue(task, at)));
  await clock.settle();
  await events.until(() => events.of('run:succeeded').length === COUNT, 'all runs', 15_000);
  expect(seen.size).toBe(COUNT);
});

test('jobs that come due at one instant start in the order of their priority', async () => {
  const { clock, scheduler } = await startedStage({
    executors: { default: new AsyncExecutor({ concurrency: 1 }) },
  });
  const order: number[] = [];
  for (const priority of [0, -2, 2, 1, -1]) {
    await scheduler.addJob(() => order.push(priority), date('2026-01-01T00:01:00Z'), { priority });
  }
  await clock.advance({ minutes: 1 });
  expect(order).toEqual([2, 1, 0, -1, -2]);
});

test('a queued run goes before a due job of its priority, and after one of a higher', async () => {
  const { clock, scheduler } = await startedStage({
    executors: { default: new AsyncExecutor({ concurrency: 1 }) },
  });
  const order: string[] = [];
  const note = defineTask('note', ({ data }) => {
    order.push(data as string);
  });
  await scheduler.addJob(note, date('2026-01-01T00:01:00Z'), { data: 'job' });
  await scheduler.addJob(note, date('2026-01-01T00:01:00Z'), { data: 'urgent job', priority: 1 });
  await scheduler.enqueue(note, 'run', { delay: { minutes: 1 } });
  await clock.advance({ minutes: 1 });
  expect(order).toEqual(['urgent job', 'run', 'job']);
});
