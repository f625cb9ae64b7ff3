import { setEnvironmentData } from 'node:worker_threads';
import { AsyncExecutor } from 'escapement';
import type { Executor } from 'escapement';
import { HISTORY_PLACE } from './history-place.js';
import type { NodeConfig } from './node-config.js';

/** Makes the executors of a node; what they are made with is loaded by those that have them, as others start sooner. */
export async function executorsOf(config: NodeConfig): Promise<Readonly<Record<string, Executor>>> {
  const { name, folder, concurrency, threads, queue } = config;
  const executors: Record<string, Executor> = { default: new AsyncExecutor({ concurrency }) };
  if (threads !== undefined) {
    const { WorkerThreadExecutor } = await import('escapement/executors/worker-threads');
    setEnvironmentData(HISTORY_PLACE, { folder, process: name });
    executors['threads'] = new WorkerThreadExecutor({ threads });
  }
  if (queue !== undefined) {
    const { BullMQExecutor } = await import('escapement/executors/bullmq');
    const { url, ...place } = queue;
    executors['queue'] = new BullMQExecutor({ ...place, connection: { url }, concurrency });
  }
  return executors;
}
