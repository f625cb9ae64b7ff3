import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/index.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import type { Clock, Timer } from '../../src/time/clock.js';
import { setLongTimer, settlesWithin, sleep } from '../../src/time/long-timer.js';
import { MAX_TIMER_MS } from '../../src/time/system-clock.js';
import { within } from '../support/within.js';

const DAY_MS = 86_400_000;

/** Is a clock that refuses what the runtime cannot wait for, and may ring a little early as that does. */
class StrictClock extends ManualClock {
  /** Is how much too early the next timer rings. */
  earlyMs = 0;

  override setTimer(callback: () => void, delayMs: number): Timer {
    if (delayMs > MAX_TIMER_MS) throw new RangeError(`Nothing can wait for ${delayMs} ms`);
    const earlyMs = this.earlyMs;
    this.earlyMs = 0;
    return super.setTimer(callback, delayMs - earlyMs);
  }
}

describe('setLongTimer', () => {
  test.each([0, 1, 1000, MAX_TIMER_MS, MAX_TIMER_MS + 1, 60 * DAY_MS])(
    'calls back once after %i ms',
    async (delayMs) => {
      const clock = new StrictClock();
      let calls = 0;
      setLongTimer(clock, () => calls++, delayMs);
      if (delayMs > 0) await clock.advance(delayMs - 1);
      expect(calls).toBe(0);
      await clock.advance(1);
      expect(calls).toBe(1);
      await clock.advance(60 * DAY_MS);
      expect(calls).toBe(1);
      expect(clock.timerCount).toBe(0);
    },
  );

  test('can be cancelled, in its later parts too', async () => {
    const clock = new StrictClock();
    let calls = 0;
    const timer = setLongTimer(clock, () => calls++, 60 * DAY_MS);
    await clock.advance(30 * DAY_MS);
    timer.cancel();
    expect(clock.timerCount).toBe(0);
    await clock.advance(60 * DAY_MS);
    expect(calls).toBe(0);
  });

  test('is not fooled by timers that ring early', async () => {
    const clock = new StrictClock();
    clock.earlyMs = 5;
    const calls: number[] = [];
    setLongTimer(clock, () => calls.push(clock.monotonic()), 1000);
    await clock.advance(2000);
    expect(calls).toEqual([1000]);
  });

  test('is not moved by the wall clock', async () => {
    const clock = new StrictClock();
    let calls = 0;
    setLongTimer(clock, () => calls++, 1000);
    clock.set('2030-01-01T00:00:00Z');
    await clock.advance(999);
    expect(calls).toBe(0);
    await clock.advance(1);
    expect(calls).toBe(1);
  });
});

describe('settlesWithin', () => {
  test('tells whether a promise settles in time, however it settles, and leaves no timer', async () => {
    const clock = new ManualClock();
    expect(await settlesWithin(clock, Promise.resolve(1), 1000)).toBe(true);
    expect(await settlesWithin(clock, Promise.reject(new Error('no')), 1000)).toBe(true);
    expect(await settlesWithin(clock, Promise.resolve(), Infinity)).toBe(true);
    const late = settlesWithin(clock, new Promise(() => undefined), 1000);
    await clock.advance(1000);
    expect(await within(late)).toBe(false);
    expect(clock.timerCount).toBe(0);
  });
});

describe('sleep', () => {
  test('lasts as long as it says', async () => {
    const clock: ManualClock = new ManualClock();
    let isAwake = false;
    void sleep(clock, 500).then(() => {
      isAwake = true;
    });
    await clock.advance(499);
    expect(isAwake).toBe(false);
    await clock.advance(1);
    expect(isAwake).toBe(true);
  });
});

describe('systemClock', () => {
  const clock: Clock = systemClock;

  test('tells the wall time and a monotonic one', () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
    const before = clock.monotonic();
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before);
  });

  test('calls back after a delay, at once for a negative one', async () => {
    await within(new Promise<void>((resolve) => clock.setTimer(resolve, 1)));
    await within(new Promise<void>((resolve) => clock.setTimer(resolve, -5)));
  });

  test('does not call back at once for a delay that timers cannot wait for', async () => {
    let calls = 0;
    const timer = clock.setTimer(() => calls++, 2 ** 40);
    await within(new Promise<void>((resolve) => clock.setTimer(resolve, 20)));
    timer.cancel();
    expect(calls).toBe(0);
  });

  test('does not call back once a timer is cancelled', async () => {
    let calls = 0;
    clock.setTimer(() => calls++, 1).cancel();
    await within(new Promise<void>((resolve) => clock.setTimer(resolve, 20)));
    expect(calls).toBe(0);
  });
});
