import { assertNever } from '../internal/assert-never.js';

/** Says what becomes of a new plan while earlier runs hold all of a job's slots. */
export type OverlapPolicy = 'skip' | 'queue' | 'queueAll' | 'cancelRunning';

/** Says what becomes of a run whose node died: run it again, or record it as lost. */
export type RecoveryPolicy = 'rerun' | 'abandon';

/** Says which fire time of a backlog stands for all of it; `false`: each runs. */
export type CoalescePolicy = 'latest' | 'earliest' | false;

/** Says how the delay before an attempt grows from one to the next. */
export type Backoff = 'fixed' | 'linear' | 'exponential';

/** Is when and how often a failed run is tried again. */
export interface RetryPolicy {
  /** Is how many attempts there are in all, the first one included. */
  readonly attempts: number;
  /** Is the delay before the second attempt, in milliseconds. */
  readonly delayMs: number;
  /** Says how the delay grows. */
  readonly backoff: Backoff;
  /** Bounds the delay, in milliseconds. */
  readonly maxDelayMs: number;
  /** Is the share of the delay, from 0 to 1, that is drawn by chance instead. */
  readonly jitter: number;
}

/**
 * Is how a job's fire times and runs are treated: resolved when the job is added, and kept with it as JSON text.
 * Durations are in milliseconds; `null` stands for "no limit".
 */
export interface JobPolicy {
  /** Says which fire time of a backlog runs. */
  readonly coalesce: CoalescePolicy;
  /** Is how late a fire time may be reached and still run; `null`: however late. */
  readonly graceMs: number | null;
  /** Is how many fire times of a backlog run at most, with `coalesce: false`. */
  readonly catchUpLimit: number;
  /** Says what a new plan does while all slots are held. */
  readonly overlap: OverlapPolicy;
  /** Is how long an attempt may take; `null`: for ever. */
  readonly timeoutMs: number | null;
  /** Says how failures are retried; `null`: not at all. */
  readonly retry: RetryPolicy | null;
  /** Says what becomes of a run whose node died. */
  readonly recovery: RecoveryPolicy;
  /** Is the span over which fire times are spread. */
  readonly jitterMs: number;
  /** Is how long a queued run may wait for its first attempt; `null`: for ever. */
  readonly expiresAfterMs: number | null;
}

/** Holds what applies where neither job, task nor scheduler says otherwise. */
export const BUILT_IN_POLICY: JobPolicy = Object.freeze({
  coalesce: 'latest',
  graceMs: null,
  catchUpLimit: 100,
  overlap: 'skip',
  timeoutMs: null,
  retry: null,
  recovery: 'rerun',
  jitterMs: 0,
  expiresAfterMs: null,
});

/** Is the most fire times of a backlog that may run with `coalesce: false`. */
export const MAX_CATCH_UP = 10_000;

/** Is the lowest priority. */
export const MIN_PRIORITY = -2;
/** Is the highest priority. */
export const MAX_PRIORITY = 2;

/** Is how often a run whose node died is run again before it counts as lost: a poison pill must not walk the cluster. */
export const MAX_RECOVERIES = 3;

/** Is how many runs of one job may wait under `overlap: 'queueAll'`. */
export const QUEUE_ALL_LIMIT = 1000;

/**
 * Gives the delay before the attempt that follows a number of failures, in milliseconds.
 *
 * @param chance - a number drawn from [0, 1)
 */
export function retryDelayMs(policy: RetryPolicy, failures: number, chance: number): number {
  const full = Math.min(policy.maxDelayMs, policy.delayMs * backoffFactor(policy.backoff, failures));
  return Math.round(full * (1 - policy.jitter * chance));
}

function backoffFactor(backoff: Backoff, failures: number): number {
  switch (backoff) {
    case 'fixed':
      return 1;
    case 'linear':
      return failures;
    case 'exponential':
      return 2 ** Math.min(failures - 1, 60);
    default:
      return assertNever(backoff);
  }
}
