import type { FireSpan } from '../triggers/fire-span.js';

/** Is the format version of the records that this version of the library writes, and the newest that it reads. */
export const RECORD_FORMAT = 1;

/**
 * Says what a job is up to.
 *
 * - `active`: its trigger fires, or its last runs are still to end
 * - `paused`: its trigger is held until the job is resumed
 * - `finished`: it has come to its end, and is kept for a time so that adding it again does not run it again
 * - `parked`: it cannot be read or planned; its `error` says why, and an edit or `resume` brings it back
 */
export type JobState = 'active' | 'paused' | 'finished' | 'parked';

/** Counts fire times of a job that did not become runs, and keeps the last of them. */
export interface Tally {
  /** Counts all of them since the job was added. */
  readonly total: number;
  /** Says whether `total` is exact, or a lower bound. */
  readonly exact: boolean;
  /** Is the last span that was counted. */
  readonly last: FireSpan;
}

/** Counts the fire times of a job that did not become runs, by what became of them; `null`: none so far. */
export interface JobCounts {
  /** Counts those that were reached later than `misfireGraceTime` allows, or than `catchUpLimit` keeps. */
  readonly missed: Tally | null;
  /** Counts those dropped by `overlap`, by a pause or by an edit. */
  readonly skipped: Tally | null;
  /** Counts those folded into another run. */
  readonly coalesced: Tally | null;
}

/** Names one of the counts of a job. */
export type CountKind = keyof JobCounts;

/**
 * Is what code or an operator says of a job: written by puts and patches only, never by the cycle.
 *
 * Texts are opaque to stores; the other fields may be queried.
 */
export interface JobDefinition {
  /** Names the task. */
  readonly task: string;
  /** Names the executor. */
  readonly executor: string;
  /** Is the bound trigger's shorthand record, as JSON text. */
  readonly trigger: string;
  /** Names the trigger's kind. */
  readonly triggerKind: string;
  /** Is the job's data as JSON text; `null`: none. */
  readonly data: string | null;
  /** Is the job's {@link JobPolicy} as JSON text. */
  readonly policy: string;
  /** Is the job's name for people; `null`: that of its task. */
  readonly name: string | null;
  /** Says more, for people; `null`: nothing. */
  readonly description: string | null;
  /** Holds the job's tags, which queries may name. */
  readonly tags: readonly string[];
  /** Is the job's priority, from -2 to 2; a higher one is claimed first. */
  readonly priority: number;
  /** Is how many runs of the job may run at once, over all nodes. */
  readonly maxInstances: number;
  /** Is how many runs the trigger may cause in all; `null`: no end. */
  readonly maxRuns: number | null;
}

/** Is what code last declared of a job whose id is the user's; `ifExists: 'update'` compares against it. */
export interface JobDeclaration {
  /** Is the definition as declared: its trigger is not bound. */
  readonly definition: JobDefinition;
  /** Says whether the job was declared paused. */
  readonly paused: boolean;
}

/** Is a job as stores keep it: plain data, with a clock that only the cycle and edits move. */
export interface JobRecord {
  /** Is the version of this record's format; a node leaves alone what is newer than it knows. */
  readonly format: number;
  /** Is new with every insertion: a removed and re-added job is another one. */
  readonly uid: string;
  /** Is the job's id, unique in its store. */
  readonly id: string;
  /** Says whether the id was given by the user; such a job is kept as `finished`, another is deleted at its end. */
  readonly named: boolean;
  /** Grows with every edit. */
  readonly version: number;
  /** Grows with every claim and every edit; what carries an older one is refused. */
  readonly fence: number;
  /** Is what the job is. */
  readonly definition: JobDefinition;
  /** Is the last {@link JobDeclaration} as JSON text; `null` for a job whose id is not the user's. */
  readonly declaration: string | null;
  /** Is the declaration's revision; `null`: none was given. */
  readonly revision: number | null;
  /** Names the `applySchedule` owner that declared the job; `null`: none. */
  readonly owner: string | null;
  /** Is what the job is up to. */
  readonly state: JobState;
  /** Is the next fire time, nominal, in epoch milliseconds; `null`: none left. Kept while paused. */
  readonly nextRunAt: number | null;
  /** Is the next fire time plus its jitter, from which lateness is measured; `null` with `nextRunAt`. */
  readonly dueAt: number | null;
  /** Is when a claim may take the job: `dueAt`, a claim's expiry, or a back-off; `null`: never. Stores keep it. */
  readonly wakeAt: number | null;
  /** Is the latest fire time that was committed, nominal; `null`: none was. */
  readonly lastFireAt: number | null;
  /** Counts the runs that the trigger caused. */
  readonly runCount: number;
  /** Counts the fire times that did not become runs. */
  readonly counts: JobCounts;
  /** Is the last fencing token drawn; begins at the store's epoch milliseconds. */
  readonly lastToken: number;
  /** Says why the job is parked; `null` unless it is. */
  readonly error: string | null;
  /** Is when the job was added, in epoch milliseconds of the store. */
  readonly createdAt: number;
  /** Is when the job was last edited. */
  readonly updatedAt: number;
  /** Is when the job came to its end; `null` before. */
  readonly finishedAt: number | null;
}

/** Counts nothing: what a job begins with. */
export const NO_COUNTS: JobCounts = Object.freeze({ missed: null, skipped: null, coalesced: null });

/** Adds a span of fire times to one of a job's counts. */
export function countSpan(counts: JobCounts, kind: CountKind, span: FireSpan | null): JobCounts {
  if (span === null) return counts;
  const before = counts[kind];
  const tally: Tally = {
    total: (before?.total ?? 0) + span.count,
    exact: (before?.exact ?? true) && span.exact,
    last: span,
  };
  return { ...counts, [kind]: tally };
}

/** Gives the wake time of a job that nobody claims: stores set it with every edit and commit. */
export function idleWakeAt(job: Pick<JobRecord, 'state' | 'dueAt'>): number | null {
  return job.state === 'active' ? job.dueAt : null;
}

/** Tells whether a job has caused as many runs as it may. */
export function isUsedUp(runCount: number, maxRuns: number | null): boolean {
  return maxRuns !== null && runCount >= maxRuns;
}

/** Is what the cycle moves in a job: where it stands in time, and what it counts. */
export type JobProgress = Pick<
  JobRecord,
  'fence' | 'nextRunAt' | 'dueAt' | 'wakeAt' | 'lastFireAt' | 'runCount' | 'counts'
>;

/**
 * Gives a job as the cycle has moved it on, with the last fencing token that was drawn for it.
 *
 * Written out, not spread: V8 makes a hidden class for each spread of a spread, and a job is moved on twice with every
 * firing. Past four of them a copy takes microseconds instead of nanoseconds.
 */
export function moveOn(job: JobRecord, to: JobProgress, lastToken: number = job.lastToken): JobRecord {
  return {
    format: job.format,
    uid: job.uid,
    id: job.id,
    named: job.named,
    version: job.version,
    fence: to.fence,
    definition: job.definition,
    declaration: job.declaration,
    revision: job.revision,
    owner: job.owner,
    state: job.state,
    nextRunAt: to.nextRunAt,
    dueAt: to.dueAt,
    wakeAt: to.wakeAt,
    lastFireAt: to.lastFireAt,
    runCount: to.runCount,
    counts: to.counts,
    lastToken,
    error: job.error,
    createdAt: job.createdAt,
    updatedAt: job.updatedAt,
    finishedAt: job.finishedAt,
  };
}
