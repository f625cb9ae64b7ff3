// The scheduler of the fleet: it says when, and executes nothing itself. Start a second one, and a job still runs once.
//
//   REDIS_URL=redis://… npx tsx examples/fleet/scheduler.ts

import { Scheduler, date, interval } from 'escapement';
import { BullMQExecutor } from 'escapement/executors/bullmq';
import { RedisJobStore } from 'escapement/stores/redis';
import { queue, store } from './queue.js';
import { encodeVideo, report, syncShop } from './tasks.js';

const scheduler = new Scheduler({
  stores: { default: new RedisJobStore(store) },
  // This line makes a fleet of it: without it, the same jobs run here.
  executors: { default: new BullMQExecutor(queue) },
  tasks: [syncShop, encodeVideo, report],
  handleSignals: true,
  logger: { debug() {}, info() {}, warn: say, error: say },
});

scheduler.on('run:progress', ({ run, fraction }) => {
  console.log(`${String(run.jobId)} is at ${fraction * 100} %`);
});
scheduler.on('run:started', ({ run }) => {
  if (run.attempt > 1) console.log(`starts ${run.task} again, as attempt ${run.attempt}`);
});
scheduler.on('job:finished', ({ job }) => console.log(`${job.id} is finished`));

// However many schedulers declare them, each of these is one job.
const now = Date.now();
await scheduler.addJob(report, date(new Date(now + 1000)), { id: 'report', ifExists: 'keep' });
await scheduler.addJob(encodeVideo, date(new Date(now + 2000)), {
  id: 'video',
  data: { file: 'holidays.mov' },
  ifExists: 'keep',
});
for (const shop of '0123456789') {
  await scheduler.addJob(syncShop, interval({ seconds: 3 }), {
    id: `shop ${shop}`,
    // An app of yours goes on for ever.
    maxRuns: 1,
    ifExists: 'update',
  });
}

await scheduler.start();
console.log(`is up as node ${scheduler.node}`);

function say(fields: object, message: string): void {
  const { err } = fields as { err?: Error };
  console.log(err === undefined ? message : `${message}: ${err.message}`);
}
