import type { Clock, Timer } from './clock.js';
import { MAX_TIMER_MS } from './system-clock.js';

/** Calls back after a delay of any length; one that is longer than a timer can wait for is waited for in parts. */
export function setLongTimer(clock: Clock, callback: () => void, delayMs: number): Timer {
  const dueAt = clock.monotonic() + delayMs;
  let timer = clock.setTimer(check, Math.min(delayMs, MAX_TIMER_MS));
  function check(): void {
    const left = dueAt - clock.monotonic();
    // Timers of the runtime may ring a fraction of a millisecond early.
    if (left < 1) callback();
    else timer = clock.setTimer(check, Math.min(left, MAX_TIMER_MS));
  }
  return {
    cancel() {
      timer.cancel();
    },
  };
}

/** Waits until a promise has settled, however, or a time is over; tells whether it settled. */
export async function settlesWithin(clock: Clock, promise: Promise<unknown>, ms: number): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  if (ms === Infinity) return settled;
  let timer: Timer | undefined;
  const over = new Promise<boolean>((resolve) => {
    timer = setLongTimer(
      clock,
      () => {
        resolve(false);
      },
      ms,
    );
  });
  try {
    return await Promise.race([settled, over]);
  } finally {
    timer?.cancel();
  }
}

/** Waits for a time. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    setLongTimer(clock, resolve, ms);
  });
}
