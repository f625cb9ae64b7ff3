import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Is what a worker process is told. */
export interface QueueWorkerOrder {
  /** Is `true` for a worker of `createBullMQWorker`, `false` for BullMQ's own. */
  readonly isOurs: boolean;
  /** Is the server's URL. */
  readonly url: string;
  /** Names the queue. */
  readonly queue: string;
  /** Is how many jobs it has under way at once. */
  readonly concurrency: number;
}

/** Is what every job carries, and its result. */
export interface Numbered {
  /** Numbers the job. */
  readonly n: number;
}

const MAIN = fileURLToPath(new URL('./queue-worker-main.ts', import.meta.url));

/** Is a worker process. */
export interface QueueWorkerProcess {
  readonly pid: number;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Starts a process that executes the jobs of a queue, and waits until it is connected. */
export async function startQueueWorker(order: QueueWorkerOrder): Promise<QueueWorkerProcess> {
  const child = fork(MAIN, [JSON.stringify(order)], {
    execArgv: ['--import', 'tsx', ...(process.env['ESCAPEMENT_BENCH_NODE_OPTIONS']?.split(' ') ?? [])],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const died = ended.then(() => Promise.reject(new Error('The worker process died')));
  died.catch(() => undefined);
  await Promise.race([once(child, 'message'), died]);
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.send('stop');
      await ended;
    },
  };
}
