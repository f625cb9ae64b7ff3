import type { Next } from './cron-libraries.js';

/** Finds fire times from an instant on for a while, after a warm-up, and gives how many a second. */
export function nextRate(find: Next, begin: number, ms: number): number {
  countFor(find, begin, ms / 4);
  return countFor(find, begin, ms);
}

function countFor(find: Next, begin: number, ms: number): number {
  const startedAt = performance.now();
  let elapsed = 0;
  let found = 0;
  let at = begin;
  while (elapsed < ms) {
    // Looking at the clock costs as much as finding a fire time, so that it is done rarely.
    const few = elapsed === 0 ? 1 : 100;
    for (let round = 0; round < few; round++) at = find(at) ?? begin;
    found += few;
    elapsed = performance.now() - startedAt;
  }
  return (found / elapsed) * 1000;
}
