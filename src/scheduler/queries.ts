import { checkInteger, checkOneOf, checkRecord, checkString } from '../internal/check.js';
import type { JobState } from '../job/job-record.js';
import type { RunOrigin, RunStatus } from '../job/run-record.js';
import type { JobQuery, RunQuery } from '../stores/job-store.js';

/** Selects jobs as a {@link JobQuery} does; absent fields select all. */
export interface JobFilter extends Omit<JobQuery, 'limit'> {
  /** Is how many to give at most, from 1 to 10,000. @defaultValue 100 */
  readonly limit?: number;
}

/** Selects runs as a {@link RunQuery} does; absent fields select all. */
export interface RunFilter extends Omit<RunQuery, 'limit'> {
  /** Is how many to give at most, from 1 to 10,000. @defaultValue 100 */
  readonly limit?: number;
}

const MAX_LIMIT = 10_000;
const DEFAULT_LIMIT = 100;
const STATES: readonly JobState[] = ['active', 'paused', 'finished', 'parked'];
const STATUSES: readonly RunStatus[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'missed',
  'lost',
  'skipped',
];
const ORIGINS: readonly RunOrigin[] = ['scheduled', 'manual', 'backfill', 'enqueued', 'chained'];
const JOB_FILTER_KEYS = new Set(['states', 'task', 'tag', 'owner', 'after', 'limit', 'store']);
const RUN_FILTER_KEYS = new Set([
  'jobId',
  'task',
  'statuses',
  'origin',
  'parentRunId',
  'after',
  'limit',
  'store',
]);

/** Checks a filter of jobs and applies its defaults. */
export function resolveJobQuery(filter: JobFilter): JobQuery {
  checkRecord(filter, 'filter', JOB_FILTER_KEYS);
  return {
    limit: checkLimit(filter.limit),
    ...texts(filter, ['task', 'tag', 'owner', 'after']),
    ...(filter.states !== undefined && { states: checkList(filter.states, 'filter.states', STATES) }),
  };
}

/** Checks a filter of runs and applies its defaults. */
export function resolveRunQuery(filter: RunFilter): RunQuery {
  checkRecord(filter, 'filter', RUN_FILTER_KEYS);
  return {
    limit: checkLimit(filter.limit),
    ...texts(filter, ['jobId', 'task', 'parentRunId', 'after']),
    ...(filter.statuses !== undefined && {
      statuses: checkList(filter.statuses, 'filter.statuses', STATUSES),
    }),
    ...(filter.origin !== undefined && { origin: checkOneOf(filter.origin, 'filter.origin', ORIGINS) }),
  };
}

/** Checks how many entries of a list are asked for. */
export function checkLimit(limit: number | undefined): number {
  return limit === undefined
    ? DEFAULT_LIMIT
    : checkInteger(limit, 'filter.limit', { min: 1, max: MAX_LIMIT });
}

function texts<T extends object, K extends keyof T & string>(
  filter: T,
  keys: readonly K[],
): { [P in K]?: string } {
  const given: { [P in K]?: string } = {};
  for (const key of keys)
    if (filter[key] !== undefined) given[key] = checkString(filter[key], `filter.${key}`);
  return given;
}

function checkList<T extends string>(values: unknown, field: string, allowed: readonly T[]): readonly T[] {
  const list = Array.isArray(values) ? (values as unknown[]) : [values];
  return list.map((value, at) => checkOneOf(value, `${field}[${String(at)}]`, allowed));
}
