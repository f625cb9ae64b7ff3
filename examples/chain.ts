// A nightly report in four steps: fetch the figures, write the report, send it, clean up. Each step is a run of its own: the
// first one fails once and is retried, and nothing before or after it runs twice. Then the same with a mail server that is
// down: the chain ends there, what is left is skipped, and somebody is told.
//
//   npx tsx examples/chain.ts

import { Scheduler, StepFailedError, chain, cron, defineTask } from 'escapement';
import type { Run, RunContext } from 'escapement';

interface Report {
  readonly to: string;
  readonly mailServer: 'up' | 'down';
}

const fetchFigures = defineTask(
  'fetch-figures',
  ({ attempt }) => {
    // The first call of the day is not answered.
    if (attempt === 1) throw new Error('no answer');
    return { orders: 12, revenue: 340 };
  },
  { timeout: { seconds: 10 }, retry: { attempts: 3, delay: { milliseconds: 300 } } },
);

// `previous` is what the step before gave.
const writeReport = defineTask('write-report', ({ previous }) => {
  const { orders, revenue } = previous as { orders: number; revenue: number };
  return `${String(orders)} orders, revenue ${String(revenue)}`;
});

// `data` is that of the whole chain, for each of its steps.
const send = defineTask('send', ({ data, previous }: RunContext<Report>) => {
  if (data.mailServer === 'down') throw new Error('the mail server is down');
  console.log(`  mail to ${data.to}: ${String(previous)}`);
  return { sent: 1 };
});

const cleanUp = defineTask('clean-up', ({ previous }) => previous);

const alert = defineTask('alert', ({ data, failure }: RunContext<Report>) => {
  console.log(
    `  alert: no report for ${data.to}, as "${String(failure?.task)}" failed: ${String(failure?.error.message)}`,
  );
});

const report = chain([fetchFigures, writeReport, send, cleanUp], { name: 'report', onFailure: alert });

// With a chain come its steps: nobody has to name them here.
const scheduler = new Scheduler({
  tasks: [report],
  logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
});
scheduler.on('run:retrying', ({ run, error }) => {
  console.log(`  ${run.task} failed: ${(error as Error).message}; it is tried again`);
});
await scheduler.start();

const job = await scheduler.addJob(report, cron('0 6 * * *', { timezone: 'Europe/Paris' }), {
  id: 'nightly-report',
  data: { to: 'ops@example.com', mailServer: 'up' },
});
console.log(`The report is due next at ${String(job.nextRunTime?.toISOString())}. Running it now:`);
const tonight = await scheduler.runJob('nightly-report');
console.log(`  result: ${JSON.stringify(await tonight.result())}`);
tell(await tonight.run());

console.log('\nThe same, while the mail server is down:');
// What runs because of the failure is a run of its own, which is not over yet when the chain is.
const told = new Promise<void>((resolve) => {
  scheduler.on('run:succeeded', ({ run }) => {
    if (run.task === 'alert') resolve();
  });
});
const broken = await scheduler.enqueue(report, { to: 'ops@example.com', mailServer: 'down' });
try {
  await broken.result();
} catch (error) {
  if (!(error instanceof StepFailedError)) throw error;
  console.log(`  ${error.code}: ${error.message}`);
}
await told;
tell(await broken.run());

await scheduler.shutdown();

/** Tells what has become of a chain, step by step. */
function tell(run: Run | null): void {
  for (const { task, status } of run?.steps ?? []) console.log(`  ${task.padEnd(14)} ${status}`);
  console.log(`  ${'= report'.padEnd(14)} ${String(run?.status)}`);
}

function ignore(): void {
  // Says nothing: failures would go to the console too.
}
