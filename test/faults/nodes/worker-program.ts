// One worker of a scenario's queue: a process of its own, which executes what nodes put there and writes a history.

import { createBullMQWorker } from 'escapement/executors/bullmq';
import { HistoryWriter } from '../history/history-writer.js';
import { historyLogger } from './history-logger.js';
import type { NodeAnswer, NodeRequest, WorkerConfig } from './node-config.js';
import { QUEUE_TASKS, historicTasks } from './tasks.js';

const { name, folder, place, concurrency } = JSON.parse(process.argv[2] ?? '') as WorkerConfig;
const { url, ...queue } = place;
const history = new HistoryWriter(folder, name);
const worker = createBullMQWorker({
  ...queue,
  connection: { url },
  tasks: historicTasks(history, QUEUE_TASKS),
  concurrency,
  logger: historyLogger(history),
});

process.on('message', (request: NodeRequest) => void answer(request));
// The runner is gone, and whatever goes on here is nobody's.
process.on('disconnect', () => process.exit(1));

await worker.ready();
tell({ kind: 'ready' });

/** Answers to `shutdown` alone. */
async function answer({ id, args }: NodeRequest): Promise<void> {
  try {
    await worker.close(args[0] as { timeout: number });
    tell({ kind: 'done', id, value: null });
    process.disconnect();
  } catch (error) {
    tell({ kind: 'failed', id, code: 'UNEXPECTED', message: String(error) });
  }
}

function tell(answer: NodeAnswer): void {
  process.send?.(answer);
}
