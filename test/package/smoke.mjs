// Uses the installed package as a user would. Ends by itself, or the watchdog ends it with an error.

import { isBuiltin } from 'node:module';
import { Scheduler, defineTask, interval, systemClock } from 'escapement';
import { BullMQExecutor } from 'escapement/executors/bullmq';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import { RedisJobStore } from 'escapement/stores/redis';
import { migrationSql, SqlJobStore } from 'escapement/stores/sql';
import { ManualClock } from 'escapement/testing';

setTimeout(() => {
  console.error('The scheduler did not finish, or something kept the process alive');
  process.exit(1);
}, 10_000).unref();

if (!migrationSql('postgres').includes('escapement_jobs'))
  throw new Error('escapement/stores/sql prints no tables');
if (typeof ManualClock !== 'function') throw new Error('escapement/testing lacks ManualClock');

// Its client is not installed here: the store can be made, and says when it is opened what it lacks.
const redis = new RedisJobStore({ url: 'redis://127.0.0.1:1' });
const refusal = await redis.open({ clock: systemClock, logger: console }).then(
  () => null,
  (error) => error,
);
if (refusal?.code !== 'ESC_MISSING_PEER' || refusal.peer !== 'ioredis')
  throw new Error('escapement/stores/redis does not say that ioredis is missing', { cause: refusal });
await redis.close();

for (const [peer, make] of [
  ['bullmq', () => new BullMQExecutor({ connection: { url: 'redis://127.0.0.1:1' } })],
  ['piscina', () => new WorkerThreadExecutor()],
]) {
  let missing;
  try {
    make();
  } catch (error) {
    missing = error.peer;
  }
  if (missing !== peer) throw new Error(`The executor on ${peer} does not say that it is missing`);
}

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

// Without better-sqlite3 the store needs a Node that has SQLite itself.
if (isBuiltin('node:sqlite')) {
  const task = defineTask('stored', () => 'kept');
  const stored = new Scheduler({ stores: { default: SqlJobStore.sqlite(':memory:') }, tasks: [task] });
  await stored.start();
  const run = await stored.enqueue(task);
  if ((await run.result()) !== 'kept') throw new Error('The SQLite store lost a result');
  await stored.shutdown();
}
console.log(`ok ${process.version}`);
