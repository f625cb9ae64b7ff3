import type { CountKind } from '../job/job-record.js';
import type { CoalescePolicy } from '../job/job-policy.js';
import type { FireSpan } from '../triggers/fire-span.js';
import type { Trigger } from '../triggers/trigger.js';
import { dueTime } from './due-time.js';
import { fireTimeBefore, newestFireTime, newestFireTimes, spanOfFireTimes } from './fire-times.js';
import { nextAfter } from './sound-times.js';

/** Is what a plan depends on besides the instant. */
export interface PlannedJob {
  /** Is the job's id, from which jitter is hashed. */
  readonly id: string;
  /** Is the bound trigger. */
  readonly trigger: Trigger;
  /** Is the next fire time, nominal; `null`: none is left. */
  readonly nextRunAt: number | null;
  /** Says which fire time of a backlog stands for all of it. */
  readonly coalesce: CoalescePolicy;
  /** Is how many fire times of a backlog run at most, with `coalesce: false`. */
  readonly catchUpLimit: number;
  /** Is the span over which fire times are spread, in milliseconds. */
  readonly jitterMs: number;
  /** Is how many runs the trigger may still cause; `Infinity`: no limit. */
  readonly runsLeft: number;
}

/** Is a span of fire times that do not run, with what becomes of them. */
export interface CountedFireTimes {
  /** Says what becomes of them. */
  readonly kind: CountKind;
  /** Is the span. */
  readonly span: FireSpan;
}

/** Is a job's place in time: its next fire time, and when that comes due. */
export interface JobClock {
  /** Is the next fire time, nominal; `null`: none is left. */
  readonly nextRunAt: number | null;
  /** Is that time plus its jitter. */
  readonly dueAt: number | null;
}

/** Says what becomes of the fire times that a job has reached. */
export interface FiringPlan extends JobClock {
  /** Holds the fire times to run, ascending. */
  readonly runs: readonly number[];
  /** Holds the others, missed before coalesced. */
  readonly counted: readonly CountedFireTimes[];
}

/**
 * Splits the fire times that a job has reached into those to run, those missed and those folded away.
 *
 * - A fire time is reached when its due time (it plus its jitter) is not after now, and missed when now is more than
 *   `graceMs` after its due time.
 * - Of those not missed, `coalesce` runs the latest or the earliest and folds the others into it. With `false` each
 *   runs: the newest `catchUpLimit` of them, while older ones count as missed.
 *
 * Pure: the caller reads the clock once per pass, so every job of a pass is judged against the same instant. However
 * long the gap, the trigger is asked a bounded number of times.
 *
 * @param now - the instant, in epoch milliseconds
 * @param graceMs - how late a run may start, in milliseconds; `Infinity` never misses
 */
export function planFirings(job: PlannedJob, now: number, graceMs: number): FiringPlan {
  const { trigger, nextRunAt: first } = job;
  const last = first === null ? null : newestReached(job, first, now);
  if (first === null || last === null) return { runs: [], counted: [], ...clockAt(job, first) };
  const { nextRunAt, dueAt } = clockAt(job, nextAfter(trigger, last));
  const kept = firstKept(job, first, last, now - graceMs);
  if (kept === null) return { runs: [], counted: [count('missed', trigger, first, last)], nextRunAt, dueAt };
  const runs = runsOf(job, kept, last);
  const counted = countOthers(job, first, kept, last, runs);
  return {
    runs: runs.length > job.runsLeft ? runs.slice(0, Math.max(0, job.runsLeft)) : runs,
    counted,
    nextRunAt,
    dueAt,
  };
}

/** Gives the clock of a job whose next fire time is this. */
export function clockAt(
  job: Pick<PlannedJob, 'id' | 'trigger' | 'jitterMs'>,
  nextRunAt: number | null,
): JobClock {
  return {
    nextRunAt,
    dueAt: nextRunAt === null ? null : dueTime(job.id, job.trigger, nextRunAt, job.jitterMs),
  };
}

/**
 * Drops the fire times that a job has reached and gives its clock after that.
 *
 * @returns with `dropped`, the span of what was dropped; `null`: nothing was
 */
export function skipReached(
  job: Pick<PlannedJob, 'id' | 'trigger' | 'jitterMs' | 'nextRunAt'>,
  now: number,
): JobClock & { readonly dropped: FireSpan | null } {
  const { trigger, nextRunAt } = job;
  if (nextRunAt === null || nextRunAt > now) return { ...clockAt(job, nextRunAt), dropped: null };
  const last = newestFireTime(trigger, nextRunAt, now);
  return { ...clockAt(job, nextAfter(trigger, last)), dropped: spanOfFireTimes(trigger, nextRunAt, last) };
}

function newestReached(job: PlannedJob, first: number, now: number): number | null {
  if (first > now) return null;
  const newest = newestFireTime(job.trigger, first, now);
  if (dueTime(job.id, job.trigger, newest, job.jitterMs) <= now) return newest;
  // Due times keep the order of fire times, so only the newest can be reached and not be due.
  return newest === first ? null : fireTimeBefore(job.trigger, first, newest);
}

/** Gives the first fire time in `[first, last]` that came due at `floor` or later; `null`: all are missed. */
function firstKept(job: PlannedJob, first: number, last: number, floor: number): number | null {
  const { id, trigger, jitterMs } = job;
  const isKept = (at: number): boolean => dueTime(id, trigger, at, jitterMs) >= floor;
  if (isKept(first)) return first;
  if (!isKept(last)) return null;
  const kept = last < floor ? last : (nextAfter(trigger, Math.max(first, floor - 1)) ?? last);
  if (kept <= first) return first;
  const before = fireTimeBefore(trigger, first, kept);
  return isKept(before) ? before : kept;
}

function runsOf(job: PlannedJob, kept: number, last: number): readonly number[] {
  if (job.coalesce === 'latest') return [last];
  if (job.coalesce === 'earliest') return [kept];
  return newestFireTimes(job.trigger, kept, last, job.catchUpLimit);
}

function countOthers(
  job: PlannedJob,
  first: number,
  kept: number,
  last: number,
  runs: readonly number[],
): readonly CountedFireTimes[] {
  const { trigger, coalesce } = job;
  const oldest = runs[0] ?? kept;
  const missedBefore = coalesce === false ? oldest : kept;
  const counted: CountedFireTimes[] = [];
  if (missedBefore > first)
    counted.push(count('missed', trigger, first, fireTimeBefore(trigger, first, missedBefore)));
  if (coalesce === 'latest' && last > kept) {
    counted.push(count('coalesced', trigger, kept, fireTimeBefore(trigger, kept, last)));
  }
  if (coalesce === 'earliest' && last > kept) {
    counted.push(count('coalesced', trigger, nextAfter(trigger, kept) ?? last, last));
  }
  return counted;
}

function count(kind: CountKind, trigger: Trigger, first: number, last: number): CountedFireTimes {
  return { kind, span: spanOfFireTimes(trigger, first, last) };
}
