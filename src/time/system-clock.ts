import type { Clock, Timer } from './clock.js';

/** Is the longest delay that a timer of the runtime can wait for; longer ones fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Tells the time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),

  monotonic: () => performance.now(),

  setTimer(callback: () => void, delayMs: number): Timer {
    const timeout = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    timeout.unref();
    return {
      cancel() {
        clearTimeout(timeout);
      },
    };
  },

  holdOpen(): () => void {
    const interval = setInterval(() => undefined, MAX_TIMER_MS);
    return () => {
      clearInterval(interval);
    };
  },
};
