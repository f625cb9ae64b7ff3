import { onTestFinished } from 'vitest';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import type { WorkerThreadExecutorOptions } from 'escapement/executors/worker-threads';
import { EventRecorder } from 'escapement/testing';
import { Scheduler, defineTask } from '../../src/index.js';
import type { SchedulerOptions, Task, TaskOptions } from '../../src/index.js';
import { RecordingLogger } from './recording-logger.js';
import { within } from './within.js';

/** Is a scheduler with an executor of real threads, with all that it says recorded. */
export interface ThreadStage {
  readonly scheduler: Scheduler;
  readonly executor: WorkerThreadExecutor;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

/** Names the tests' handlers as the module that they are compiled to, as users do. */
export const HANDLERS = new URL('../fixtures/tasks/handlers.js', import.meta.url);

const tasks = new Map<string, Task>();

/** Gives the task of one of the tests' handlers, that runs in threads; a new one with each options. */
export function handler<TData = unknown, TResult = unknown>(
  name: string,
  options?: TaskOptions,
): Task<TData, TResult> {
  const module = { module: HANDLERS, export: name };
  if (options !== undefined)
    return defineTask<TData, TResult>(name, module, { executor: 'threads', ...options });
  const task = tasks.get(name) ?? defineTask(name, module, { executor: 'threads' });
  tasks.set(name, task);
  return task as Task<TData, TResult>;
}

/** Starts a scheduler whose executor `threads` has two threads; it is shut down when the test is over. */
export async function threadStage(
  threadOptions: WorkerThreadExecutorOptions = {},
  options: SchedulerOptions = {},
): Promise<ThreadStage> {
  const executor = new WorkerThreadExecutor({ threads: 2, execArgv: ['--import', 'tsx'], ...threadOptions });
  const log = new RecordingLogger();
  const scheduler = new Scheduler({ ...options, executors: { threads: executor }, logger: log });
  const events = new EventRecorder(scheduler);
  onTestFinished(() => scheduler.shutdown({ wait: false }));
  await scheduler.start();
  return { scheduler, executor, events, log };
}

/** Runs a task once and gives its result. */
export async function resultOf<TData, TResult>(
  { scheduler }: ThreadStage,
  task: Task<TData, TResult>,
  data?: unknown,
): Promise<unknown> {
  const run = await scheduler.enqueue(task as Task<unknown, TResult>, data);
  return within(run.result(), `the result of ${task.name}`, 15_000);
}

/** Waits until something was logged. */
export async function logged({ log }: ThreadStage, message: string): Promise<void> {
  await until(() => log.entries.some((entry) => entry.message.startsWith(message)), message);
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const limit = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > limit) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
