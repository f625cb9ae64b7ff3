import { checkInteger, checkOneOf, checkRecord } from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';
import { BUILT_IN_POLICY, MAX_CATCH_UP, MAX_PRIORITY, MIN_PRIORITY } from './job-policy.js';
import type {
  Backoff,
  CoalescePolicy,
  JobPolicy,
  OverlapPolicy,
  RecoveryPolicy,
  RetryPolicy,
} from './job-policy.js';
import { InvalidOptionError } from '../errors/input-errors.js';

/** Says when and how often a failed run is tried again. */
export interface RetryOptions {
  /** Is how many attempts there are in all, the first one included: a whole number of at least 1. */
  readonly attempts: number;
  /** Is the delay before the second attempt. @defaultValue 1 second */
  readonly delay?: DurationInput;
  /** Says how the delay grows: not at all, by `delay` each time, or to its double. @defaultValue 'fixed' */
  readonly backoff?: Backoff;
  /** Bounds the delay. @defaultValue 1 day */
  readonly maxDelay?: DurationInput;
  /** Is the share of the delay, from 0 to 1, that is cut off by chance, so that failures do not return together. @defaultValue 0 */
  readonly jitter?: number;
}

/** Holds the options that a job, its task and `jobDefaults` may give; the first of them that does decides. */
export interface JobDefaults {
  /** Names the executor that runs the job. @defaultValue 'default' */
  readonly executor?: string;
  /** Is how many runs of the job may run at once, over all nodes. @defaultValue 1 */
  readonly maxInstances?: number;
  /** Is the job's priority, from -2 to 2: when slots are short, a higher one starts first. @defaultValue 0 */
  readonly priority?: number;
  /**
   * Folds a backlog of fire times into one run: `true` or `'latest'` for the newest of them, `'earliest'` for the
   * oldest; with `false` each runs, up to `catchUpLimit`.
   *
   * @defaultValue true
   */
  readonly coalesce?: boolean | 'latest' | 'earliest';
  /** Is how late a fire time may be reached and still run; later, it is missed. `Infinity`: none ever is. @defaultValue Infinity */
  readonly misfireGraceTime?: DurationInput;
  /** Is how many fire times of a backlog run at most, with `coalesce: false`: the newest ones. @defaultValue 100 */
  readonly catchUpLimit?: number;
  /**
   * Says what a fire time does while earlier runs hold all of the job's slots: `'skip'` it, `'queue'` it unless one
   * waits, `'queueAll'` (up to 1,000), or `'cancelRunning'` ones and wait for their slot.
   *
   * @defaultValue 'skip'
   */
  readonly overlap?: OverlapPolicy;
  /** Is how long an attempt may take, until its signal aborts and it has failed. @defaultValue no limit */
  readonly timeout?: DurationInput;
  /** Says how failures are retried; `false`: not at all. @defaultValue false */
  readonly retry?: RetryOptions | false;
  /** Says what becomes of a run whose node died: `'rerun'` it, or `'abandon'` it as lost. @defaultValue 'rerun' */
  readonly recovery?: RecoveryPolicy;
  /** Is the span over which fire times are spread: each by a hash of job and time, the same on every node. @defaultValue 0 */
  readonly jitter?: DurationInput;
  /** Is how long a queued run may wait for its first attempt; later, it is missed. @defaultValue no limit */
  readonly expiresAfter?: DurationInput;
}

/** Is what {@link JobDefaults} come to. */
export interface ResolvedDefaults {
  /** Names the executor. */
  readonly executor: string;
  /** Is how many runs may run at once. */
  readonly maxInstances: number;
  /** Is the priority. */
  readonly priority: number;
  /** Holds all the rest. */
  readonly policy: JobPolicy;
  /** Is the policy as JSON text, made once. */
  readonly policyText: string;
}

/** Names the keys of {@link JobDefaults}. */
export const JOB_DEFAULT_KEYS: ReadonlySet<string> = new Set([
  'executor',
  'maxInstances',
  'priority',
  'coalesce',
  'misfireGraceTime',
  'catchUpLimit',
  'overlap',
  'timeout',
  'retry',
  'recovery',
  'jitter',
  'expiresAfter',
]);

const RETRY_KEYS = new Set(['attempts', 'delay', 'backoff', 'maxDelay', 'jitter']);
const OVERLAPS: readonly OverlapPolicy[] = ['skip', 'queue', 'queueAll', 'cancelRunning'];
const RECOVERIES: readonly RecoveryPolicy[] = ['rerun', 'abandon'];
const BACKOFFS: readonly Backoff[] = ['fixed', 'linear', 'exponential'];
const MAX_INSTANCES = 10_000;
const DAY_MS = 86_400_000;

/** Holds what applies where nothing else is said. */
export const BUILT_IN_DEFAULTS: ResolvedDefaults = {
  executor: 'default',
  maxInstances: 1,
  priority: 0,
  policy: BUILT_IN_POLICY,
  policyText: JSON.stringify(BUILT_IN_POLICY),
};

/**
 * Lays the given defaults over others. Options that are absent or `undefined` leave what lies below.
 *
 * @param prefix - what the given options are called in errors: `options`, `jobDefaults`
 * @throws {@link InvalidOptionError} when an option is not what it should be
 */
export function layDefaults(below: ResolvedDefaults, given: JobDefaults, prefix: string): ResolvedDefaults {
  const policy = layPolicy(below.policy, given, prefix);
  const { executor, maxInstances, priority } = given;
  if (
    policy === below.policy &&
    executor === undefined &&
    maxInstances === undefined &&
    priority === undefined
  ) {
    return below;
  }
  return {
    executor: executor === undefined ? below.executor : checkId(executor, `${prefix}.executor`),
    maxInstances:
      maxInstances === undefined
        ? below.maxInstances
        : checkInteger(maxInstances, `${prefix}.maxInstances`, { min: 1, max: MAX_INSTANCES }),
    priority:
      priority === undefined
        ? below.priority
        : checkInteger(priority, `${prefix}.priority`, { min: MIN_PRIORITY, max: MAX_PRIORITY }),
    policy,
    policyText: policy === below.policy ? below.policyText : JSON.stringify(policy),
  };
}

function layPolicy(below: JobPolicy, given: JobDefaults, prefix: string): JobPolicy {
  const over: { -readonly [K in keyof JobPolicy]?: JobPolicy[K] } = {};
  const {
    coalesce,
    misfireGraceTime,
    catchUpLimit,
    overlap,
    timeout,
    retry,
    recovery,
    jitter,
    expiresAfter,
  } = given;
  if (coalesce !== undefined) over.coalesce = readCoalesce(coalesce, `${prefix}.coalesce`);
  if (misfireGraceTime !== undefined)
    over.graceMs = limitMs(misfireGraceTime, `${prefix}.misfireGraceTime`, 0);
  if (catchUpLimit !== undefined) {
    over.catchUpLimit = checkInteger(catchUpLimit, `${prefix}.catchUpLimit`, { min: 1, max: MAX_CATCH_UP });
  }
  if (overlap !== undefined) over.overlap = checkOneOf(overlap, `${prefix}.overlap`, OVERLAPS);
  if (timeout !== undefined) over.timeoutMs = limitMs(timeout, `${prefix}.timeout`, 1);
  if (retry !== undefined) over.retry = readRetry(retry, `${prefix}.retry`);
  if (recovery !== undefined) over.recovery = checkOneOf(recovery, `${prefix}.recovery`, RECOVERIES);
  if (jitter !== undefined) over.jitterMs = durationMs(jitter, `${prefix}.jitter`);
  if (expiresAfter !== undefined) over.expiresAfterMs = limitMs(expiresAfter, `${prefix}.expiresAfter`, 1);
  return Object.keys(over).length === 0 ? below : { ...below, ...over };
}

function limitMs(value: DurationInput, field: string, minMs: number): number | null {
  const ms = durationMs(value, field, { minMs, infinite: true });
  return ms === Infinity ? null : ms;
}

function readCoalesce(value: unknown, field: string): CoalescePolicy {
  const known = checkOneOf(value, field, [true, false, 'latest', 'earliest']);
  return known === true ? 'latest' : known;
}

function readRetry(value: unknown, field: string): RetryPolicy | null {
  if (value === false) return null;
  const { attempts, delay, backoff, maxDelay, jitter } = checkRecord(value, field, RETRY_KEYS);
  const delayMs = delay === undefined ? 1000 : durationMs(delay, `${field}.delay`);
  return {
    attempts: checkInteger(attempts, `${field}.attempts`, { min: 1 }),
    delayMs,
    backoff: backoff === undefined ? 'fixed' : checkOneOf(backoff, `${field}.backoff`, BACKOFFS),
    maxDelayMs:
      maxDelay === undefined ? Math.max(DAY_MS, delayMs) : durationMs(maxDelay, `${field}.maxDelay`),
    jitter: jitter === undefined ? 0 : checkShare(jitter, `${field}.jitter`),
  };
}

function checkShare(value: unknown, field: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new InvalidOptionError(field, 'a number from 0 to 1', value);
}
