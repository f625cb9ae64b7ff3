// One process of the fleet that examples/cluster.ts starts: what each replica of an app would run. All of them run this
// same code, and declare the same jobs.

import { setTimeout as sleep } from 'node:timers/promises';
import { AsyncExecutor, Scheduler, defineTask, interval } from 'escapement';
import { openStore } from './open-store.js';

const [, , place = ''] = process.argv;

const syncShop = defineTask('sync-shop', async ({ job, signal }) => {
  await sleep(300, undefined, { signal });
  console.log(`synced ${job?.id ?? ''}`);
});

const makeReport = defineTask('make-report', async ({ attempt, fencingToken, signal }) => {
  console.log(`begins the report: attempt ${String(attempt)}, fencing token ${String(fencingToken)}`);
  await sleep(3000, undefined, { signal });
  console.log(`has made the report, in attempt ${String(attempt)}`);
});

const scheduler = new Scheduler({
  stores: { default: openStore(place) },
  executors: { default: new AsyncExecutor({ concurrency: 2 }) },
  tasks: [syncShop, makeReport],
  // So that a dead process is found out within seconds. Leave these alone in an app of yours.
  lease: { seconds: 3 },
  claimTimeout: { seconds: 3 },
  handleSignals: true,
  logger: { debug: ignore, info: ignore, warn: say, error: say },
});

// However many processes declare them, each of these is one job.
for (const shop of ['shop 1', 'shop 2', 'shop 3', 'shop 4']) {
  await scheduler.addJob(syncShop, interval({ seconds: 2 }), { id: shop, ifExists: 'update' });
}
await scheduler.addJob(makeReport, interval({ seconds: 3 }), {
  id: 'report',
  maxRuns: 1,
  ifExists: 'update',
});

await scheduler.start();
console.log(`is up as node ${scheduler.node}`);

function say(fields: object, message: string): void {
  const { node, runs } = fields as { node?: string; runs?: number };
  console.log(
    `${message}${node === undefined ? '' : `: node ${node}`}${runs === undefined ? '' : `, runs: ${String(runs)}`}`,
  );
}

function ignore(): void {
  // Says nothing.
}
