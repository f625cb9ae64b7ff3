// Uses the installed package as a user would. Ends by itself, or the watchdog ends it with an error.

import { Scheduler, interval } from 'escapement';
import { ManualClock } from 'escapement/testing';

setTimeout(() => {
  console.error('The scheduler did not finish, or something kept the process alive');
  process.exit(1);
}, 10_000).unref();

if (typeof ManualClock !== 'function') throw new Error('escapement/testing lacks ManualClock');

const scheduler = new Scheduler();
let calls = 0;
const threeRuns = new Promise((resolve) => {
  let succeeded = 0;
  scheduler.on('run:succeeded', () => {
    succeeded += 1;
    if (succeeded === 3) resolve();
  });
});

await scheduler.addJob(
  () => {
    calls += 1;
  },
  interval({ milliseconds: 50 }),
);
await scheduler.start();
await threeRuns;
await scheduler.shutdown();

if (calls < 3) throw new Error(`Expected at least 3 calls, got ${calls}`);
console.log(`ok ${process.version}`);
