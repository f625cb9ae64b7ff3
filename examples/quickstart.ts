// Ten seconds of Escapement, in a SQLite file: a job that repeats, a cron job, and two that run once, one of which fails
// and is retried. Start it again and the jobs are still there: what they missed meanwhile is told, and what has run once
// does not run again.
//
//   npm run quickstart            keeps its jobs in quickstart.db
//   npm run quickstart -- my.db   keeps them elsewhere

import { setTimeout as sleep } from 'node:timers/promises';
import { Scheduler, cron, date, defineTask, interval } from 'escapement';
import type { FireTimesEvent, Job, Run, RunContext } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';

const [, , file = 'quickstart.db'] = process.argv;

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

const scheduler = new Scheduler({
  timezone: 'UTC',
  // The file keeps jobs by the names of their tasks, and no code.
  stores: { default: SqlJobStore.sqlite(file) },
  tasks: [greet, beat, flaky],
  // Ctrl-C shuts down in order.
  handleSignals: true,
  // Failures would go to the console too; this program prints them itself.
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
});

const { items: earlier } = await scheduler.getJobs({ states: ['active', 'paused', 'finished', 'parked'] });
if (earlier.length === 0) console.log(`${file} has no jobs yet. Adding four.`);
else tell(earlier);

// A job is a task with a trigger, which says when. With 'update' these two may be declared at every start: the stored
// job takes over what was changed here, and keeps its clock.
await scheduler.addJob(beat, interval({ seconds: 2 }), { id: 'every 2 seconds', ifExists: 'update' });
await scheduler.addJob(greet, cron('*/5 * * * * *'), {
  id: 'cron */5 * * * * *',
  data: { name: 'cron' },
  // A greeting that is more than a second late is not worth saying: it is counted as missed.
  misfireGraceTime: { seconds: 1 },
  ifExists: 'update',
});
// These dates are another one at each start, which 'update' would follow. 'keep' leaves the stored job as it is.
await scheduler.addJob(greet, date(fromNow(4000)), {
  id: 'once, by date',
  data: { name: 'you' },
  ifExists: 'keep',
});
await scheduler.addJob(flaky, date(fromNow(1000)), { id: 'fails, 3 attempts', ifExists: 'keep' });

scheduler.on('run:coalesced', (times) => {
  console.log(`folded into one run: ${spanOf(times)}`);
});
scheduler.on('run:missed', (times) => {
  console.log(`missed, as too late: ${spanOf(times)}`);
});
scheduler.on('run:succeeded', ({ run, result }) => {
  print(run, `succeeded: ${String(result)}`);
});
scheduler.on('run:retrying', ({ run, error, retryAt }) => {
  print(run, `failed: ${messageOf(error)}; again at ${timeOf(retryAt)}`);
});
scheduler.on('run:failed', ({ run, error }) => {
  print(run, `failed for good: ${messageOf(error)}`);
});

console.log('\nplanned       started            late  job                 attempt  outcome');
await scheduler.start();
await sleep(10_000);
await scheduler.shutdown();
console.log(
  `\nThe jobs are kept in ${file}. Start this again in a while, or twice at once: each fire time runs once.`,
);

/** Tells what an earlier run of this program left in the file. */
function tell(jobs: readonly Job[]): void {
  console.log(`${file} has ${String(jobs.length)} jobs from before.\n`);
  console.log('job                 state     runs  missed  coalesced  next run');
  for (const { id, state, runCount, missed, coalesced, nextRunTime } of jobs) {
    const counts = [
      String(runCount).padStart(4),
      String(missed.total).padStart(6),
      String(coalesced.total).padStart(9),
    ];
    const next = nextRunTime === null ? 'never again' : timeOf(nextRunTime);
    console.log(`${id.padEnd(18)}  ${state.padEnd(8)}  ${counts.join('  ')}  ${next}${late(nextRunTime)}`);
  }
}

function print(run: Run, outcome: string): void {
  const startedAt = run.startedAt ?? run.scheduledAt;
  const lateness = `${String(startedAt.getTime() - run.scheduledAt.getTime())} ms`;
  const job = run.jobId ?? '';
  console.log(
    `${timeOf(run.scheduledAt)}  ${timeOf(startedAt)}  ${lateness.padStart(9)}  ${job.padEnd(18)}  ` +
      `${String(run.attempt).padStart(7)}  ${outcome}`,
  );
}

function late(instant: Date | null): string {
  return instant !== null && instant.getTime() < Date.now() ? ', which has passed' : '';
}

function spanOf({ jobId, count, firstAt, lastAt }: FireTimesEvent): string {
  const times = count === 1 ? timeOf(firstAt) : `${timeOf(firstAt)} to ${timeOf(lastAt)}`;
  return `${String(count)} of "${jobId ?? ''}", ${times}`;
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

function ignore(): void {
  // Says nothing.
}
