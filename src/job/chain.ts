import { InvalidOptionError } from '../errors/input-errors.js';
import { InvalidStateError } from '../errors/scheduler-errors.js';
import { checkArray, checkRecord } from '../internal/check.js';
import { MAX_ID_LENGTH } from '../internal/ids.js';
import { JOB_DEFAULT_KEYS } from './job-defaults.js';
import { checkTaskName } from './task-name.js';
import { checkTaskOptions } from './task-options.js';
import { MAX_DEPTH, depthOf, isTask } from './task.js';
import type { AnyTask, Composition, Task, TaskOptions } from './task.js';

/** Holds the options of a task that is made of others; time-outs, retries and rate limits are those of its steps. */
export interface ChainOptions extends Omit<TaskOptions, 'timeout' | 'retry' | 'rateLimit' | 'fallback'> {
  /**
   * Is the task's name. Give one to a chain whose jobs a store keeps while its steps may change.
   * @defaultValue the names of its steps, as `chain(fetch, send)`
   */
  readonly name?: string;
  /**
   * Runs once if a step fails for good, with the data of the chain and `ctx.failure`, as a run of its own.
   * @defaultValue none
   */
  readonly onFailure?: AnyTask;
}

/** Is the data that all of some tasks take. */
export type DataOfAll<TSteps extends readonly AnyTask[]> = (
  TSteps[number] extends infer TTask
    ? TTask extends Task<infer TData>
      ? (data: [TData] extends [never] ? unknown : TData) => void
      : never
    : never
) extends (data: infer TData) => void
  ? TData
  : never;

/** Is the result of a task. */
export type ResultOf<TTask> = TTask extends Task<never, infer TResult> ? TResult : never;

/** Is the result of the last of some tasks. */
export type LastResult<TSteps extends readonly AnyTask[]> = TSteps extends readonly [
  ...(readonly AnyTask[]),
  infer TLast,
]
  ? ResultOf<TLast>
  : ResultOf<TSteps[number]>;

/** Holds the results of some tasks, in order. */
export type ResultsOf<TSteps extends readonly AnyTask[]> = {
  -readonly [TIndex in keyof TSteps]: ResultOf<TSteps[TIndex]>;
};

/** Is how many steps a task may have. */
const MAX_STEPS = 1000;

const CHAIN_KEYS: ReadonlySet<string> = new Set(
  ['name', 'onFailure', 'schema', ...JOB_DEFAULT_KEYS].filter((key) => key !== 'timeout' && key !== 'retry'),
);

/**
 * Makes a task of others that run one after another: each is a run of its own, with its own retry, time-out and executor,
 * gets the data of the chain, and what the step before it gave as `ctx.previous`. A step is committed together with the end
 * of the one before it: a crash between the two neither skips one nor repeats one. The result is that of the last step.
 *
 * A step that fails for good ends the chain: those after it are recorded as `skipped`, and `onFailure` runs once. A step may
 * be a chain itself, or an {@link all}.
 *
 * @example
 * ```ts
 * import { Scheduler, all, chain, defineTask } from 'escapement';
 *
 * const fetchData = defineTask('fetch-data', async () => ({ rows: 3 }), { retry: { attempts: 5 } });
 * const writePdf = defineTask('write-pdf', async ({ previous }) => ({ pdf: previous }));
 * const writeCsv = defineTask('write-csv', async ({ previous }) => ({ csv: previous }));
 * const send = defineTask('send', async ({ previous }) => console.log(previous));
 * const alertOps = defineTask('alert-ops', async ({ failure }) => console.error(failure?.error.message));
 *
 * const report = chain([fetchData, all([writePdf, writeCsv]), send], { name: 'report', onFailure: alertOps });
 * const scheduler = new Scheduler();
 * await scheduler.addJob(report, '0 6 * * *', { id: 'daily-report' });
 * ```
 *
 * @throws {@link InvalidOptionError} when a step is not a task, or an option is not what it should be
 */
export function chain<const TSteps extends readonly [AnyTask, ...AnyTask[]]>(
  steps: TSteps,
  options: ChainOptions = {},
): Task<DataOfAll<TSteps>, LastResult<TSteps>> {
  return compose('chain', steps, options) as Task<DataOfAll<TSteps>, LastResult<TSteps>>;
}

/**
 * Makes a task of others that run side by side: each is a run of its own, and gets the data and the `ctx.previous` of the
 * whole. The result is the list of their results, in the order of the steps. If one fails for good the others go on to
 * their ends, and then the whole has failed.
 *
 * @throws {@link InvalidOptionError} when a step is not a task, or an option is not what it should be
 */
export function all<const TSteps extends readonly [AnyTask, ...AnyTask[]]>(
  steps: TSteps,
  options: ChainOptions = {},
): Task<DataOfAll<TSteps>, ResultsOf<TSteps>> {
  return compose('all', steps, options) as Task<DataOfAll<TSteps>, ResultsOf<TSteps>>;
}

/**
 * Refuses what only runs of a task with a function of its own can have.
 *
 * @throws {@link InvalidOptionError} when it is given for a task that is made of others
 */
export function checkComposable(
  { name, composition }: AnyTask,
  given: { readonly timeout?: unknown; readonly retry?: unknown },
  prefix: string,
): void {
  if (composition === undefined) return;
  for (const key of ['timeout', 'retry'] as const) {
    const value = given[key];
    if (value === undefined) continue;
    const expected = `absent: task "${name}" is made of steps, which have their own`;
    throw new InvalidOptionError(`${prefix}.${key}`, expected, value);
  }
}

function compose(kind: Composition['kind'], steps: readonly AnyTask[], options: ChainOptions): AnyTask {
  checkRecord(options, 'options', CHAIN_KEYS);
  const { name, onFailure, ...rest } = options;
  checkArray(steps, 'steps');
  [...steps].forEach((step, at) => {
    checkIsTask(step, `steps[${String(at)}]`);
  });
  if (steps.length === 0 || steps.length > MAX_STEPS)
    throw new InvalidOptionError('steps', `a list of 1 to ${String(MAX_STEPS)} tasks`, steps);
  if (onFailure !== undefined) checkIsTask(onFailure, 'options.onFailure');
  const composition = Object.freeze({ kind, steps: Object.freeze([...steps]), onFailure: onFailure ?? null });
  const task = Object.freeze({
    name: nameOf(kind, steps, name),
    handler: () => {
      throw new InvalidStateError(
        'The steps of a chain are run by a scheduler, and not by calling its handler.',
      );
    },
    composition,
    options: checkTaskOptions(rest),
  });
  if (depthOf(task) > MAX_DEPTH)
    throw new InvalidOptionError('steps', `tasks that are nested at most ${String(MAX_DEPTH)} deep`, steps);
  return task;
}

function nameOf(kind: string, steps: readonly AnyTask[], given: string | undefined): string {
  const name = given ?? `${kind}(${steps.map((step) => step.name).join(', ')})`;
  if (given === undefined && name.length > MAX_ID_LENGTH)
    throw new InvalidOptionError('options.name', 'given: the names of the steps are too long for one', given);
  checkTaskName(name, 'options.name');
  return name;
}

function checkIsTask(value: unknown, field: string): void {
  if (!isTask(value))
    throw new InvalidOptionError(field, 'a task made by defineTask(), chain() or all()', value);
}
