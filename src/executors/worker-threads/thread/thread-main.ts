// Is what every worker thread begins with: piscina loads it and hands it the runs.

import { MessageChannel, parentPort } from 'node:worker_threads';
import type { RunAnswer, RunOrder } from '../messages.js';
import { TaskThread } from './task-thread.js';

const { port1, port2 } = new MessageChannel();
const thread = new TaskThread((word) => parentPort?.postMessage({ escapement: word }));
port1.on('message', thread.onAborted);
// The thread lives as long as piscina keeps it.
port1.unref();
parentPort?.postMessage({ escapement: { kind: 'greeting', port: port2 } }, [port2]);

/** Executes a run; named to piscina by `name`. */
export function execute(order: RunOrder): Promise<RunAnswer> {
  return thread.execute(order);
}
