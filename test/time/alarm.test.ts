import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Alarm } from '../../src/time/alarm.js';
import { START } from '../support/stage.js';

const START_MS = Date.parse(START);

function ringing(maxSleepMs = 30_000): { clock: ManualClock; alarm: Alarm; rings: number[] } {
  const clock = new ManualClock(START);
  const rings: number[] = [];
  const alarm = new Alarm(clock, maxSleepMs, () => rings.push(clock.now() - START_MS));
  return { clock, alarm, rings };
}

describe('Alarm', () => {
  test('rings once, at its instant', async () => {
    const { clock, alarm, rings } = ringing();
    alarm.set(START_MS + 5000);
    await clock.advance(4999);
    expect(rings).toEqual([]);
    await clock.advance(100_000);
    expect(rings).toEqual([5000]);
    expect(clock.timerCount).toBe(0);
  });

  test('rings for an instant farther away than it sleeps', async () => {
    const { clock, alarm, rings } = ringing(1000);
    alarm.set(START_MS + 5500);
    await clock.advance(10_000);
    expect(rings).toEqual([5500]);
  });

  test('rings soon for an instant that has passed', async () => {
    const { clock, alarm, rings } = ringing();
    alarm.set(START_MS - 5000);
    await clock.advance(0);
    expect(rings).toEqual([0]);
  });

  test('uses one timer however often it is moved', async () => {
    const { clock, alarm, rings } = ringing();
    for (const at of [9000, 3000, 7000, 1000, 8000]) {
      alarm.set(START_MS + at);
      expect(clock.timerCount).toBe(1);
    }
    await clock.advance(20_000);
    expect(rings).toEqual([8000]);
  });

  test('is brought forward only to an earlier instant', async () => {
    const { clock, alarm, rings } = ringing();
    alarm.bringForward(START_MS + 5000);
    alarm.bringForward(START_MS + 8000);
    alarm.bringForward(START_MS + 3000);
    await clock.advance(20_000);
    expect(rings).toEqual([3000]);
  });

  test('is unset by clear, and leaves no timer', async () => {
    const { clock, alarm, rings } = ringing();
    alarm.set(START_MS + 5000);
    alarm.clear();
    expect(clock.timerCount).toBe(0);
    await clock.advance(10_000);
    expect(rings).toEqual([]);
  });

  test('at rest rings not, and can be set again', async () => {
    const { clock, alarm, rings } = ringing();
    alarm.set(START_MS + 5000);
    alarm.rest();
    await clock.advance(10_000);
    expect(rings).toEqual([]);
    alarm.set(START_MS + 12_000);
    await clock.advance(10_000);
    expect(rings).toEqual([12_000]);
  });

  test('can be set again while it rings', async () => {
    const clock = new ManualClock(START);
    const rings: number[] = [];
    const alarm: Alarm = new Alarm(clock, 1000, () => {
      rings.push(clock.now() - START_MS);
      if (rings.length < 3) alarm.set(clock.now() + 2500);
    });
    alarm.set(START_MS + 2500);
    await clock.advance(20_000);
    expect(rings).toEqual([2500, 5000, 7500]);
  });

  test('notices a wall clock that is set forward within the time that it sleeps', async () => {
    const { clock, alarm, rings } = ringing(1000);
    alarm.set(START_MS + 3_600_000);
    await clock.advance(500);
    clock.set(new Date(START_MS + 7_200_000));
    await clock.advance(1000);
    expect(rings).toHaveLength(1);
  });

  test('does not ring early after a wall clock that is set back', async () => {
    const { clock, alarm, rings } = ringing(1000);
    alarm.set(START_MS + 5000);
    clock.set(new Date(START_MS - 60_000));
    await clock.advance(64_999);
    expect(rings).toEqual([]);
    await clock.advance(1);
    expect(rings).toEqual([5000]);
  });

  test('never rings early, and rings at most one sleep late, whatever happens to the clock', async () => {
    const steps = fc.oneof(
      fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(5000) }),
      fc.record({ kind: fc.constant('set' as const), ms: fc.integer({ min: -10_000, max: 10_000 }) }),
      fc.record({ kind: fc.constant('move' as const), ms: fc.nat(20_000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 20 }), async (taken) => {
        const clock = new ManualClock(START);
        let at = Infinity;
        const alarm = new Alarm(clock, 1000, () => {
          expect(clock.now()).toBeGreaterThanOrEqual(at);
          at = Infinity;
        });
        for (const { kind, ms } of taken) {
          if (kind === 'advance') await clock.advance(ms);
          if (kind === 'set') clock.set(new Date(clock.now() + ms));
          if (kind === 'move') {
            at = clock.now() + ms;
            alarm.set(at);
          }
        }
        const left = at === Infinity ? 0 : Math.max(0, at - clock.now());
        await clock.advance(left + 1000);
        expect(at).toBe(Infinity);
        expect(clock.timerCount).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
