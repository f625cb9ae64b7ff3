import type { JobDefaults, RetryOptions } from './job-defaults.js';
import type { RateLimit } from './rate-limit.js';
import type { RunContext } from './run-context.js';
import type { StandardSchema } from './standard-schema.js';
import type { TaskModule } from './task-module.js';

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
  /** Is what the task is made of, if it is made of other tasks; absent elsewhere. */
  readonly composition?: Composition;
  /** Holds the defaults of the task's jobs, its schema and what else belongs to code. */
  readonly options: TaskOptions;
  /** Carries the data's type; nothing at run time. */
  readonly [dataType]?: (data: TData) => void;
  /** Carries the result's type; nothing at run time. */
  readonly [resultType]?: TResult;
}

/** Is a task of whatever data and result. */
export type AnyTask = Task;

/** Is how a task is made of others: its steps are runs of their own. */
export interface Composition {
  /** Says whether the steps run one after another, or side by side. */
  readonly kind: 'chain' | 'all';
  /** Holds the tasks of the steps. */
  readonly steps: readonly AnyTask[];
  /** Is the task that runs once if a step fails for good; `null`: none. */
  readonly onFailure: AnyTask | null;
}

/** Says how a task's failures are retried; unlike a job's, it may decide by the error. */
export interface TaskRetryOptions extends RetryOptions {
  /** Tells whether to retry after this error; it belongs to code and applies whoever sets the other fields. */
  readonly retryIf?: (error: unknown) => boolean;
}

/** Holds the defaults of a task's jobs, and what belongs to its code. */
export interface TaskOptions extends Omit<JobDefaults, 'retry'> {
  /** Says how failures are retried; `false`: not at all. @defaultValue false */
  readonly retry?: TaskRetryOptions | false;
  /**
   * Is the task that runs once when the attempts are used up: a run of its own, with the same data and `ctx.failure`. In a
   * chain its result stands for that of the failed step.
   * @defaultValue none
   */
  readonly fallback?: AnyTask;
  /**
   * Is how many attempts of the task's runs start in a span of time, over all nodes that share a store. It belongs to
   * code, and is not kept with jobs.
   * @defaultValue no limit
   */
  readonly rateLimit?: RateLimit;
  /** Checks the data when a job is added or changed, and again before each run; see standardschema.dev. */
  readonly schema?: StandardSchema;
}

/** Gives the tasks that a task brings with it: its steps, and those that run when it fails. */
function partsOf({ composition, options }: AnyTask): readonly AnyTask[] {
  const { steps = [], onFailure = null } = composition ?? {};
  return [...steps, onFailure, options.fallback ?? null].filter((part) => part !== null);
}

/** Gives a task and all that it brings with it, each once. */
export function wholeOf(task: AnyTask, whole: Set<AnyTask> = new Set()): ReadonlySet<AnyTask> {
  if (whole.has(task)) return whole;
  whole.add(task);
  for (const part of partsOf(task)) wholeOf(part, whole);
  return whole;
}

/** Is how deep tasks may be nested: the id of a run tells all that it is a part of, and stores bound it. */
export const MAX_DEPTH: number = 10;

/** Gives how deep the tasks are nested that a task brings with it. */
export function depthOf(task: AnyTask, known: Map<AnyTask, number> = new Map()): number {
  let depth = known.get(task);
  if (depth === undefined) {
    depth = partsOf(task).reduce((deepest, part) => Math.max(deepest, depthOf(part, known) + 1), 0);
    known.set(task, depth);
  }
  return depth;
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
