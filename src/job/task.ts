import { InvalidOptionError } from '../errors/input-errors.js';
import { checkId } from '../internal/ids.js';
import { FUNCTION_PREFIX } from './function-name.js';
import { checkTaskOptions } from './task-options.js';
import type { TaskOptions } from './task-options.js';
import type { RunContext } from './run-context.js';
import type { StandardSchema } from './standard-schema.js';
import { importTaskFunction, resolveTaskModule } from './task-module.js';
import type { TaskModule, TaskModuleInput } from './task-module.js';

/** Is a task's function. What it returns (or resolves to) is the run's result: a JSON value, or nothing. */
export type TaskHandler<TData = unknown, TResult = unknown> = (
  context: RunContext<TData>,
) => TResult | PromiseLike<TResult>;

declare const dataType: unique symbol;
declare const resultType: unique symbol;

/**
 * Is a named function that jobs run, made by {@link defineTask}. Stores keep the name only: every process that is to
 * run the task's jobs registers the task under the same name.
 *
 * @typeParam TData - the type of the data that its jobs carry
 * @typeParam TResult - the type of its result
 */
export interface Task<in TData = never, out TResult = unknown> {
  /** Is the task's name, 1–191 characters. */
  readonly name: string;
  /** Is the function; of a task that is given as a module, one that imports the module when it is first called. */
  readonly handler: TaskHandler<never>;
  /** Is the module that the function is in; absent where the task was given as a function. */
  readonly module?: TaskModule;
  /** Holds the defaults of the task's jobs, its schema and what else belongs to code. */
  readonly options: TaskOptions;
  /** Carries the data's type; nothing at run time. */
  readonly [dataType]?: (data: TData) => void;
  /** Carries the result's type; nothing at run time. */
  readonly [resultType]?: TResult;
}

/** Is a task of whatever data and result. */
export type AnyTask = Task;

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
  checkTaskName(name);
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

/** Tells a task from the other things that name one. */
export function isTask(value: unknown): value is AnyTask {
  if (typeof value !== 'object' || value === null) return false;
  const { name, handler, options } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof handler === 'function' &&
    typeof options === 'object' &&
    options !== null
  );
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

function checkTaskName(name: unknown): void {
  if (checkId(name, 'name').startsWith(FUNCTION_PREFIX)) {
    throw new InvalidOptionError('name', `a name that does not begin with "${FUNCTION_PREFIX}"`, name);
  }
}
