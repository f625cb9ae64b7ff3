// Executes the jobs of a queue in a process of its own, as another process says; see queue-worker.ts.

import { Worker } from 'bullmq';
import { defineTask, type RunContext } from 'escapement';
import { createBullMQWorker } from 'escapement/executors/bullmq';
import type { Numbered, QueueWorkerOrder } from './queue-worker.js';

const { isOurs, url, queue, concurrency } = JSON.parse(process.argv[2] ?? '') as QueueWorkerOrder;
const close = await (isOurs ? openOurs() : openBare());
// Nobody is left to tell.
process.on('disconnect', () => process.exit(1));
process.on('message', () => {
  void close().then(() => process.exit());
});
process.send?.('ready');

async function openOurs(): Promise<() => Promise<void>> {
  const task = defineTask('work', ({ data }: RunContext<Numbered>) => data);
  const worker = createBullMQWorker({ connection: { url }, queue, tasks: [task], concurrency });
  await worker.ready();
  return () => worker.close();
}

async function openBare(): Promise<() => Promise<void>> {
  const worker = new Worker<Numbered, Numbered>(queue, ({ data }) => Promise.resolve(data), {
    // As its documentation says for workers, commands are retried for ever.
    connection: { url, maxRetriesPerRequest: null },
    concurrency,
  });
  worker.on('error', (error) => {
    throw error;
  });
  await worker.waitUntilReady();
  return () => worker.close();
}
