export { BullMQExecutor } from './bullmq-executor.js';
export type { BullMQExecutorOptions } from './executor-options.js';
export type { BullMQQueueOptions } from './queue-options.js';
export { createBullMQWorker } from './worker/bullmq-worker.js';
export type { BullMQWorker, CloseBullMQWorkerOptions } from './worker/bullmq-worker.js';
export type { BullMQWorkerOptions } from './worker/worker-options.js';
