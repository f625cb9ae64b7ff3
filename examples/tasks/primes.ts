// Tasks for worker threads: see ../worker-threads.ts. Nothing here knows where it runs.

import type { RunContext } from 'escapement';

/** Counts the primes below a number, in ten parts; it stops between two of them when it is told to. */
export async function countPrimes(context: RunContext<{ below: number }>): Promise<number> {
  const { data, signal } = context;
  let count = 0;
  for (let part = 1; part <= 10; part++) {
    signal.throwIfAborted();
    count += primesIn(((part - 1) * data.below) / 10, (part * data.below) / 10);
    context.progress(part / 10);
    // A pause, in which the signal can be heard.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return count;
}

/** Computes for ever, and listens to nobody. */
export function runAway(): never {
  for (let n = 2; ; n++) isPrime(n);
}

function primesIn(from: number, to: number): number {
  let count = 0;
  for (let n = Math.ceil(from); n < to; n++) if (isPrime(n)) count++;
  return count;
}

function isPrime(n: number): boolean {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}
