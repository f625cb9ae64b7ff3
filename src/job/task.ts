import { InvalidOptionError } from '../errors/input-errors.js';
import { checkId } from '../internal/ids.js';
import { FUNCTION_PREFIX } from './function-name.js';
import { checkTaskOptions } from './task-options.js';
import type { TaskOptions } from './task-options.js';
import type { RunContext } from './run-context.js';
import type { StandardSchema } from './standard-schema.js';

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
  /** Is the function. */
  readonly handler: TaskHandler<never>;
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
export function defineTask(name: string, handler: TaskHandler<never>, options: TaskOptions = {}): AnyTask {
  checkTaskName(name);
  if (typeof handler !== 'function') throw new InvalidOptionError('handler', 'a function', handler);
  return Object.freeze({ name, handler, options: checkTaskOptions(options) });
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

function checkTaskName(name: unknown): void {
  if (checkId(name, 'name').startsWith(FUNCTION_PREFIX)) {
    throw new InvalidOptionError('name', `a name that does not begin with "${FUNCTION_PREFIX}"`, name);
  }
}
