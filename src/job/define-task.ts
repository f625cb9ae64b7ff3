import { InvalidOptionError } from '../errors/input-errors.js';
import type { RunContext } from './run-context.js';
import type { StandardSchema } from './standard-schema.js';
import { importTaskFunction, resolveTaskModule } from './task-module.js';
import type { TaskModule, TaskModuleInput } from './task-module.js';
import { checkTaskName } from './task-name.js';
import { checkTaskOptions } from './task-options.js';
import type { AnyTask, Task, TaskHandler, TaskOptions } from './task.js';

/**
 * Makes a task.
 *
 * @example
 * ```ts
 * import { defineTask, type RunContext } from 'escapement';
 *
 * const sendReport = defineTask(
 *   'send-report',
 *   async ({ data, signal }: RunContext<{ to: string }>) => {
 *     await fetch(`https://mail.example/send?to=${data.to}`, { signal });
 *     return { sent: 1 };
 *   },
 *   { timeout: { minutes: 5 }, retry: { attempts: 3, delay: { seconds: 60 }, backoff: 'exponential' } },
 * );
 * ```
 *
 * @param name - 1–191 characters, no control characters; the same in every process
 * @param handler - runs the task
 * @param options - defaults of the task's jobs, and a schema for their data
 * @throws {@link InvalidOptionError} when the name or an option is not what it should be
 */
export function defineTask<TInput, TOutput, TResult>(
  name: string,
  handler: (context: RunContext<TOutput>) => TResult,
  options: TaskOptions & { readonly schema: StandardSchema<TInput, TOutput> },
): Task<TInput, Awaited<TResult>>;
/** Makes a task whose data is as its handler declares. */
export function defineTask<TData, TResult>(
  name: string,
  handler: (context: RunContext<TData>) => TResult,
  options?: TaskOptions,
): Task<TData, Awaited<TResult>>;
/** Makes a task of a module's export, whose data is as its schema says. */
export function defineTask<TInput, TOutput, TResult = unknown>(
  name: string,
  module: TaskModuleInput,
  options: TaskOptions & { readonly schema: StandardSchema<TInput, TOutput> },
): Task<TInput, TResult>;
/**
 * Makes a task of a module's export: it runs in this event loop, and in worker threads as well. The module is imported
 * where the task runs, when it first does.
 *
 * @example
 * ```ts
 * import { defineTask } from 'escapement';
 *
 * const resize = defineTask<{ file: string }, { bytes: number }>('resize', {
 *   module: new URL('./resize.js', import.meta.url),
 *   export: 'resize',
 * });
 * ```
 *
 * @throws {@link TaskModuleError} when there is no such file
 */
export function defineTask<TData = unknown, TResult = unknown>(
  name: string,
  module: TaskModuleInput,
  options?: TaskOptions,
): Task<TData, TResult>;
export function defineTask(
  name: string,
  handler: TaskHandler<never> | TaskModuleInput,
  options: TaskOptions = {},
): AnyTask {
  checkTaskName(name, 'name');
  if (typeof handler === 'function')
    return Object.freeze({ name, handler, options: checkTaskOptions(options) });
  if (!isRecord(handler))
    throw new InvalidOptionError('handler', 'a function, or { module, export }', handler);
  const module = Object.freeze(resolveTaskModule(name, handler));
  return Object.freeze({
    name,
    handler: importingHandler(name, module),
    module,
    options: checkTaskOptions(options),
  });
}

/** Gives a handler that imports its function once, and asks again if that failed. */
function importingHandler(name: string, module: TaskModule): TaskHandler<never> {
  let importing: Promise<TaskHandler<never>> | null = null;
  return async (context) => {
    if (importing === null) {
      importing = importTaskFunction(name, module);
      importing.catch(() => {
        importing = null;
      });
    }
    const handler = await importing;
    return handler(context);
  };
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
