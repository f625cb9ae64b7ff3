// Work that computes, in this event loop and in worker threads: the same task runs in both, and a timer shows which of
// them the process feels. Then a handler that never ends is ended.
//
//   npx tsx examples/worker-threads.ts

import { AsyncExecutor, RunTimedOutError, Scheduler, defineTask } from 'escapement';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';

// Named as the file that it is built to: under tsx the .ts beside it is meant.
const module = new URL('./tasks/primes.js', import.meta.url);
const countPrimes = defineTask<{ below: number }, number>('count-primes', { module, export: 'countPrimes' });
const runAway = defineTask('run-away', { module, export: 'runAway' }, { executor: 'threads', timeout: 500 });

const scheduler = new Scheduler({
  executors: {
    default: new AsyncExecutor(),
    threads: new WorkerThreadExecutor({ threads: 2, terminateAfter: { seconds: 1 } }),
  },
  logger: { debug() {}, info() {}, warn: (_fields, message) => console.log(message), error() {} },
});
await scheduler.start();

for (const executor of ['default', 'threads']) {
  const delays = watchDelays();
  const runs = [1, 2, 3, 4].map(() => scheduler.enqueue(countPrimes, { below: 1_500_000 }, { executor }));
  const counts = await Promise.all(runs.map(async (run) => (await run).result()));
  console.log(`${executor}: ${counts.join(', ')} primes; a timer was up to ${delays.stop()} ms late`);
}

const run = await scheduler.enqueue(runAway);
try {
  await run.result();
} catch (error) {
  if (!(error instanceof RunTimedOutError)) throw error;
  console.log(error.code);
}
await scheduler.shutdown({ timeout: { seconds: 5 } });
console.log('Stopped');

/** Measures how late a timer of this process rings. */
function watchDelays(): { stop(): number } {
  let worst = 0;
  let expected = performance.now() + 10;
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - expected);
    expected = now + 10;
  }, 10);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.round(Math.max(worst, performance.now() - expected));
    },
  };
}
