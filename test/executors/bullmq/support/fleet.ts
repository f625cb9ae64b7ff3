import { onTestFinished } from 'vitest';
import { BullMQExecutor, createBullMQWorker } from 'escapement/executors/bullmq';
import type {
  BullMQExecutorOptions,
  BullMQQueueOptions,
  BullMQWorker,
  BullMQWorkerOptions,
} from 'escapement/executors/bullmq';
import { EventRecorder } from 'escapement/testing';
import { Scheduler } from '../../../../src/index.js';
import type { AnyTask, SchedulerOptions } from '../../../../src/index.js';
import { RecordingLogger } from '../../../support/recording-logger.js';
import { within } from '../../../support/within.js';

/** Is a scheduler whose runs are executed by a queue's workers. */
export interface Node {
  readonly scheduler: Scheduler;
  readonly executor: BullMQExecutor;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

/** Starts a scheduler on a queue; it is shut down when the test is over. */
export async function startNode(
  queue: BullMQQueueOptions,
  tasks: readonly AnyTask[],
  options: Omit<SchedulerOptions, 'executors' | 'tasks'> = {},
  executorOptions: Partial<BullMQExecutorOptions> = {},
): Promise<Node> {
  const executor = new BullMQExecutor({ ...queue, ...executorOptions });
  const log = new RecordingLogger();
  const scheduler = new Scheduler({ ...options, executors: { default: executor }, tasks, logger: log });
  const events = new EventRecorder(scheduler);
  onTestFinished(() => scheduler.shutdown({ wait: false }));
  await scheduler.start();
  return { scheduler, executor, events, log };
}

/** Starts a worker of a queue; it is closed when the test is over. */
export async function startWorker(
  queue: BullMQQueueOptions,
  tasks: readonly AnyTask[],
  options: Partial<BullMQWorkerOptions> = {},
): Promise<{ readonly worker: BullMQWorker; readonly log: RecordingLogger }> {
  const log = new RecordingLogger();
  const worker = createBullMQWorker({ ...queue, tasks, logger: log, ...options });
  onTestFinished(() => worker.close({ timeout: 0 }));
  await within(worker.ready(), 'the worker', 15_000);
  return { worker, log };
}
