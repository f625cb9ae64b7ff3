// Is a worker in a process of its own: it is given its queue as JSON, and says what its handlers do.

import { createBullMQWorker } from '../../../../src/executors/bullmq/index.js';
import type { BullMQQueueOptions } from '../../../../src/executors/bullmq/index.js';
import { defineTask } from '../../../../src/index.js';
import type { RunContext } from '../../../../src/index.js';

const queue = JSON.parse(process.argv[2] ?? '{}') as BullMQQueueOptions;

const note = defineTask(
  'note',
  async ({ attempt, data, signal, runId }: RunContext<{ isStuck: boolean }>) => {
    process.send?.({ what: 'start', runId, attempt });
    if (data.isStuck && attempt === 1)
      await new Promise<void>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          process.send?.({ what: 'abort', runId, attempt, reason: String(signal.reason) });
          reject(signal.reason as Error);
        });
      });
    process.send?.({ what: 'end', runId, attempt });
    return attempt;
  },
);

const worker = createBullMQWorker({
  ...queue,
  tasks: [note],
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
await worker.ready();
process.send?.({ what: 'ready' });
process.on('message', () => void worker.close({ timeout: 0 }).then(() => process.disconnect()));
