// Ten seconds of Escapement: an interval job, a cron job, a date job, and a job that fails and is retried.
// Prints every run with the time for which it was planned and the time at which it really started.
//
//   npm run quickstart

import { setTimeout as sleep } from 'node:timers/promises';
import { Scheduler, cron, date, defineTask, interval } from 'escapement';
import type { Run, RunContext } from 'escapement';

// A task is a function with a name. Its handler gets the data of its job, and may return a result.
const greet = defineTask('greet', ({ data }: RunContext<{ name: string }>) => `Hello ${data.name}`);
const beat = defineTask('beat', () => 'tick');
const flaky = defineTask(
  'flaky',
  () => {
    throw new Error('no answer');
  },
  { retry: { attempts: 3, delay: { seconds: 1 }, backoff: 'exponential' } },
);

// Failures would go to the console too; this program prints them itself.
const ignore = (): void => undefined;
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const scheduler = new Scheduler({ timezone: 'UTC', logger });

// A job is a task with a trigger, which says when.
await scheduler.addJob(beat, interval({ seconds: 2 }), { id: 'every 2 seconds' });
await scheduler.addJob(greet, cron('*/5 * * * * *'), { id: 'cron */5 * * * * *', data: { name: 'cron' } });
await scheduler.addJob(greet, date(fromNow(4000)), { id: 'once, by date', data: { name: 'you' } });
await scheduler.addJob(flaky, date(fromNow(1000)), { id: 'fails, 3 attempts' });

scheduler.on('run:succeeded', ({ run, result }) => {
  print(run, `succeeded: ${String(result)}`);
});
scheduler.on('run:retrying', ({ run, error, retryAt }) => {
  print(run, `failed: ${messageOf(error)}; again at ${timeOf(retryAt)}`);
});
scheduler.on('run:failed', ({ run, error }) => {
  print(run, `failed for good: ${messageOf(error)}`);
});

console.log('planned       started           late  job                 attempt  outcome');
await scheduler.start();
await sleep(10_000);
await scheduler.shutdown();

const { items: runs } = await scheduler.getRuns();
console.log(`${String(runs.length)} runs in ten seconds.`);

function print(run: Run, outcome: string): void {
  const startedAt = run.startedAt ?? run.scheduledAt;
  const late = `${String(startedAt.getTime() - run.scheduledAt.getTime())} ms`;
  const job = run.jobId ?? '';
  console.log(
    `${timeOf(run.scheduledAt)}  ${timeOf(startedAt)}  ${late.padStart(8)}  ${job.padEnd(18)}  ` +
      `${String(run.attempt).padStart(7)}  ${outcome}`,
  );
}

function fromNow(ms: number): Date {
  return new Date(Date.now() + ms);
}

function timeOf(instant: Date): string {
  return instant.toISOString().slice(11, 23);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
