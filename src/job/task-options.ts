import { InvalidOptionError } from '../errors/input-errors.js';
import { checkRecord } from '../internal/check.js';
import { BUILT_IN_DEFAULTS, JOB_DEFAULT_KEYS, layDefaults } from './job-defaults.js';
import type { JobDefaults, RetryOptions } from './job-defaults.js';
import type { StandardSchema } from './standard-schema.js';

/** Says how a task's failures are retried; unlike a job's, it may decide by the error. */
export interface TaskRetryOptions extends RetryOptions {
  /** Tells whether to retry after this error; it belongs to code and applies whoever sets the other fields. */
  readonly retryIf?: (error: unknown) => boolean;
}

/** Holds the defaults of a task's jobs, and what belongs to its code. */
export interface TaskOptions extends Omit<JobDefaults, 'retry'> {
  /** Says how failures are retried; `false`: not at all. @defaultValue false */
  readonly retry?: TaskRetryOptions | false;
  /** Checks the data when a job is added or changed, and again before each run; see standardschema.dev. */
  readonly schema?: StandardSchema;
}

const TASK_OPTION_KEYS: ReadonlySet<string> = new Set([...JOB_DEFAULT_KEYS, 'schema']);

/**
 * Checks a task's options and gives a frozen copy.
 *
 * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
 */
export function checkTaskOptions(options: TaskOptions): TaskOptions {
  checkRecord(options, 'options', TASK_OPTION_KEYS);
  layDefaults(BUILT_IN_DEFAULTS, storedDefaults(options), 'options');
  const { schema, retry } = options;
  if (
    schema !== undefined &&
    typeof (schema as Partial<StandardSchema>)['~standard']?.validate !== 'function'
  ) {
    throw new InvalidOptionError(
      'options.schema',
      'a Standard Schema validator (zod, valibot, arktype, …)',
      schema,
    );
  }
  const retryIf: unknown = retry === undefined || retry === false ? undefined : retry.retryIf;
  if (retryIf !== undefined && typeof retryIf !== 'function') {
    throw new InvalidOptionError('options.retry.retryIf', 'a function', retryIf);
  }
  return Object.freeze({ ...options });
}

/** Gives the part of a task's options that its jobs keep: without what only code can hold. */
export function storedDefaults(options: TaskOptions): JobDefaults {
  const { retry, ...rest } = options;
  if (typeof retry !== 'object') return retry === undefined ? rest : { ...rest, retry };
  const { retryIf: _code, ...stored } = retry;
  return { ...rest, retry: stored };
}
