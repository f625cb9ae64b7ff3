import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { BullMQQueueOptions } from 'escapement/executors/bullmq';
import { until } from '../../../support/thread-stage.js';

const PROGRAM = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

/** Is what a worker process says. */
interface Said {
  readonly what: string;
  readonly attempt?: number;
  readonly reason?: string;
}

/** Is a worker in a process of its own. */
export interface WorkerProcess {
  readonly process: ChildProcess;
  readonly said: Said[];
  hasSaid(what: string): Promise<void>;
}

/** Starts one whose task `note` is stuck at its first attempt if its data says so; it is killed when the test is over. */
export async function startWorkerProcess(queue: BullMQQueueOptions): Promise<WorkerProcess> {
  const child = fork(PROGRAM, [JSON.stringify(queue)], { execArgv: ['--import', 'tsx'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: Said[] = [];
  child.on('message', (message) => said.push(message as Said));
  const hasSaid = (what: string): Promise<void> =>
    until(() => said.some((word) => word.what === what), `"${what}" of a worker`);
  await hasSaid('ready');
  return { process: child, said, hasSaid };
}
