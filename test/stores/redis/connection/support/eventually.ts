import { setTimeout as pause } from 'node:timers/promises';

/** Tries something until it does not throw, but not for ever. */
export async function eventually<T>(attempt: () => T | Promise<T>, limitMs = 10_000): Promise<T> {
  const endAt = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > endAt) throw error;
      await pause(10);
    }
  }
}
