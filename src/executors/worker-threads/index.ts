export { WorkerThreadExecutor } from './worker-thread-executor.js';
export type { ThreadResourceLimits, WorkerThreadExecutorOptions } from './worker-thread-options.js';
