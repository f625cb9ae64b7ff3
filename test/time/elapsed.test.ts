import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { Elapsed } from '../../src/time/elapsed.js';

test('Elapsed counts the time that runs', async () => {
  const clock = new ManualClock();
  const elapsed = new Elapsed(clock);
  await clock.advance(1500);
  expect(elapsed.ms).toBe(1500);
});

test('Elapsed counts the time for which the machine was suspended', () => {
  const clock = new ManualClock();
  const elapsed = new Elapsed(clock);
  clock.suspend({ hours: 2 });
  expect(elapsed.ms).toBe(7_200_000);
});

test('Elapsed is not made less by a wall clock that is set back', async () => {
  const clock = new ManualClock();
  const elapsed = new Elapsed(clock);
  clock.set('2020-01-01T00:00:00Z');
  await clock.advance(1500);
  expect(elapsed.ms).toBe(1500);
});
