import { describe, expect, test } from 'vitest';
import { InvalidOptionError, Scheduler, cron } from '../../src/index.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { RecordingLogger } from '../support/recording-logger.js';

const START_MS = Date.parse('2026-01-01T00:00:00Z');

describe('ManualClock', () => {
  test('shows where it was set, and stands still', async () => {
    expect(new ManualClock().now()).toBe(START_MS);
    const clock = new ManualClock('2030-06-01T12:00:00Z');
    await clock.settle();
    expect(clock.now()).toBe(Date.parse('2030-06-01T12:00:00Z'));
    expect(clock.monotonic()).toBe(0);
    expect(new ManualClock(new Date(5)).now()).toBe(5);
  });

  test('advances both times, and calls timers back at theirs, in order', async () => {
    const clock = new ManualClock();
    const calls: [string, number, number][] = [];
    const note = (name: string) => () => calls.push([name, clock.now() - START_MS, clock.monotonic()]);
    clock.setTimer(note('late'), 3000);
    clock.setTimer(note('early'), 1000);
    clock.setTimer(note('early too'), 1000);
    await clock.advance({ seconds: 2 });
    expect(calls).toEqual([
      ['early', 1000, 1000],
      ['early too', 1000, 1000],
    ]);
    expect(clock.now()).toBe(START_MS + 2000);
    await clock.advance(1000);
    expect(calls.at(-1)).toEqual(['late', 3000, 3000]);
  });

  test('calls back what timers set on the way', async () => {
    const clock = new ManualClock();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      clock.setTimer(tick, 100);
    };
    tick();
    await clock.advance(1000);
    expect(ticks).toBe(11);
  });

  test('waits at every timer for what it sets off', async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    for (const at of [1, 2, 3]) {
      clock.setTimer(() => {
        void Promise.resolve()
          .then(() => new Promise((resolve) => setImmediate(resolve)))
          .then(() => seen.push(clock.now() - START_MS));
      }, at);
    }
    await clock.advance(3);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('does not call back what was cancelled, and counts what is set', async () => {
    const clock = new ManualClock();
    let calls = 0;
    const timer = clock.setTimer(() => calls++, 10);
    expect(clock.timerCount).toBe(1);
    timer.cancel();
    timer.cancel();
    expect(clock.timerCount).toBe(0);
    await clock.advance(100);
    expect(calls).toBe(0);
  });

  test('calls back a timer of no delay, or of less, without time passing', async () => {
    const clock = new ManualClock();
    let calls = 0;
    clock.setTimer(() => calls++, 0);
    clock.setTimer(() => calls++, -100);
    await clock.advance(0);
    expect([calls, clock.now()]).toEqual([2, START_MS]);
  });

  test('can be set without time passing, and suspended without timers noticing', async () => {
    const clock = new ManualClock();
    let calls = 0;
    clock.setTimer(() => calls++, 1000);
    clock.set('2025-01-01T00:00:00Z');
    clock.suspend({ hours: 2 });
    await clock.settle();
    expect([calls, clock.monotonic(), clock.now()]).toEqual([0, 0, Date.parse('2025-01-01T02:00:00Z')]);
    await clock.advance(1000);
    expect([calls, clock.monotonic(), clock.now()]).toEqual([1, 1000, Date.parse('2025-01-01T02:00:01Z')]);
  });

  test('refuses what is no duration or instant', async () => {
    const clock = new ManualClock();
    await expect(clock.advance(-1)).rejects.toThrow(InvalidOptionError);
    await expect(clock.advance('1s' as never)).rejects.toThrow(InvalidOptionError);
    expect(() => clock.suspend(-1)).toThrow(InvalidOptionError);
    expect(() => clock.set('later')).toThrow(InvalidOptionError);
    expect(() => new ManualClock('later')).toThrow(InvalidOptionError);
    expect(clock.now()).toBe(START_MS);
  });

  test('makes a scheduler do what is due on the way', async () => {
    const clock = new ManualClock('2026-01-01T00:00:01Z');
    const scheduler = new Scheduler({ clock, logger: new RecordingLogger() });
    const days: number[] = [];
    await scheduler.addJob(({ scheduledAt }) => days.push(scheduledAt.getUTCDate()), cron('0 0 * * *'));
    await scheduler.start();
    await clock.advance({ days: 3 });
    expect(days).toEqual([2, 3, 4]);
    await scheduler.shutdown();
  });
});
