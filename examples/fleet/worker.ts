// A worker of the fleet: start as many as you like, on as many machines. It needs the queue and the tasks, and neither a
// scheduler nor the store; workers come and go as they please.
//
//   REDIS_URL=redis://… npx tsx examples/fleet/worker.ts

import { createBullMQWorker } from 'escapement/executors/bullmq';
import { queue } from './queue.js';
import { encodeVideo, report, syncShop } from './tasks.js';

const worker = createBullMQWorker({
  ...queue,
  tasks: [syncShop, encodeVideo, report],
  concurrency: 2,
  logger: { debug() {}, info: say, warn: say, error: say },
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  // What takes longer is broken off, and executed again elsewhere.
  process.once(signal, () => void worker.close({ timeout: { seconds: 5 } }));
}
await worker.ready();
console.log('is ready');

/** Prints what the worker and the handlers say; the worker adds what they say it of. */
function say(fields: object, message: string): void {
  const { task, jobId, runId } = fields as { task?: string; jobId?: string; runId?: string };
  console.log(runId === undefined ? message : `${message} ${String(task)} of ${String(jobId)}, run ${runId}`);
}
