import { describe, expect, test } from 'vitest';
import { interval } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { startedStage, stage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';

describe('EventRecorder', () => {
  test('records the events of a scheduler in order, with their payloads', async () => {
    const { clock, scheduler } = stage();
    const events = new EventRecorder(scheduler);
    await scheduler.addJob(() => 42, undefined, { id: 'a' });
    await scheduler.start();
    await clock.settle();
    expect(events.names).toEqual([
      'job:added',
      'scheduler:started',
      'run:started',
      'run:succeeded',
      'job:finished',
    ]);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 42 }]);
    expect(events.of('run:failed')).toEqual([]);
    expect(events.events[0]).toMatchObject({ name: 'job:added', event: { job: { id: 'a' } } });
  });

  test('waits for the next event of a name', async () => {
    const { clock, scheduler } = await startedStage();
    const events = new EventRecorder(scheduler);
    await scheduler.addJob(({ scheduledAt }) => scheduledAt.getUTCSeconds(), interval(1000));
    const next = events.next('run:succeeded');
    await clock.advance(1000);
    expect((await within(next)).result).toBe(1);
    const after = events.next('run:succeeded');
    await clock.advance(1000);
    expect((await within(after)).result).toBe(2);
  });

  test('waits for a number of events, those recorded already included', async () => {
    const { clock, scheduler } = await startedStage();
    const events = new EventRecorder(scheduler);
    await scheduler.addJob(({ scheduledAt }) => scheduledAt.getUTCSeconds(), interval(1000));
    await clock.advance(3000);
    expect((await within(events.next('run:succeeded', 2))).result).toBe(2);
  });

  test('gives up after its limit, and tells what there was', async () => {
    const { scheduler } = await startedStage();
    const events = new EventRecorder(scheduler);
    await scheduler.addJob(() => 1, '@daily', { paused: true });
    const error = await rejectionOf(events.next('run:succeeded', 3, 20));
    expect((error as Error).message).toBe('Waited 20 ms for 3 × run:succeeded; there were: job:added');
    const other = await rejectionOf(events.until(() => false, 'nothing', 20));
    expect((other as Error).message).toMatch(/nothing/);
  });

  test('waits for a condition, looking with every event', async () => {
    const { clock, scheduler } = await startedStage();
    const events = new EventRecorder(scheduler);
    let ran = 0;
    await scheduler.addJob(() => ran++, interval(1000));
    const reached = events.until(() => ran === 2);
    await clock.advance(2000);
    await within(reached);
    await within(events.until(() => true));
  });

  test('forgets what it is told to forget, and stops when it is told to stop', async () => {
    const { scheduler } = await startedStage();
    const events = new EventRecorder(scheduler);
    await scheduler.addJob(() => 1, '@daily', { paused: true });
    events.clear();
    expect(events.names).toEqual([]);
    events.stop();
    await scheduler.addJob(() => 1, '@daily', { paused: true });
    expect(events.names).toEqual([]);
  });

  test('shares a scheduler with other recorders', async () => {
    const { scheduler, events } = await startedStage();
    const second = new EventRecorder(scheduler);
    second.stop();
    await scheduler.addJob(() => 1, '@daily');
    expect(events.names).toContain('job:added');
  });
});
