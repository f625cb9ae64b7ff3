import { InvalidOptionError } from '../errors/input-errors.js';
import { checkRecord } from '../internal/check.js';
import { BUILT_IN_DEFAULTS, JOB_DEFAULT_KEYS, layDefaults } from './job-defaults.js';
import type { JobDefaults } from './job-defaults.js';
import { resolveRateLimit } from './rate-limit.js';
import type { StandardSchema } from './standard-schema.js';
import { MAX_DEPTH, depthOf, isTask } from './task.js';
import type { TaskOptions } from './task.js';

const TASK_OPTION_KEYS: ReadonlySet<string> = new Set([
  ...JOB_DEFAULT_KEYS,
  'fallback',
  'rateLimit',
  'schema',
]);

/**
 * Checks a task's options and gives a frozen copy.
 *
 * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
 */
export function checkTaskOptions(options: TaskOptions): TaskOptions {
  checkRecord(options, 'options', TASK_OPTION_KEYS);
  layDefaults(BUILT_IN_DEFAULTS, storedDefaults(options), 'options');
  const { schema, retry, fallback } = options;
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
  if (fallback !== undefined && !isTask(fallback)) {
    throw new InvalidOptionError(
      'options.fallback',
      'a task made by defineTask(), chain() or all()',
      fallback,
    );
  }
  if (fallback !== undefined && depthOf(fallback) >= MAX_DEPTH) {
    throw new InvalidOptionError(
      'options.fallback',
      `a task that is nested at most ${String(MAX_DEPTH)} deep`,
      fallback.name,
    );
  }
  if (options.rateLimit === undefined) return Object.freeze({ ...options });
  const { max, perMs } = resolveRateLimit(options.rateLimit, 'options.rateLimit');
  return Object.freeze({ ...options, rateLimit: Object.freeze({ max, per: perMs }) });
}

/** Gives the part of a task's options that its jobs keep: without what only code can hold. */
export function storedDefaults(options: TaskOptions): JobDefaults {
  const { retry, ...rest } = options;
  if (typeof retry !== 'object') return retry === undefined ? rest : { ...rest, retry };
  const { retryIf: _code, ...stored } = retry;
  return { ...rest, retry: stored };
}
