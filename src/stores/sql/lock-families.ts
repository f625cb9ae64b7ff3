import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { isAwaiting } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import { jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import type { AdvancingJob } from './job-row.js';
import { existingUids, lockIdleJobs, lockJobsByUid, lockJobsOfRuns } from './job-table.js';
import { readInteger, readNullableText, readText } from './row-values.js';
import { decodeRun } from './run-row.js';
import { RunChanges } from './run-changes.js';
import { lockRuns, writeOwners, writeRuns } from './run-table.js';

/**
 * Holds runs that a transaction has locked, with their jobs, and perhaps the parents of steps among them.
 *
 * All is locked in one order everywhere: jobs, parents, runs; each in the order of their ids. Ids are random, so that a
 * parent's is as often below as above those of its steps.
 */
export interface LockedFamily {
  /** Is the store's time when they were locked; 0 where there are none. */
  readonly now: number;
  /** Holds the runs, in the order of their ids. */
  readonly runs: readonly RunRecord[];
  /** Holds the jobs of runs and parents, by uid. */
  readonly jobs: ReadonlyMap<string, AdvancingJob>;
  /** Takes what becomes of runs and parents. */
  readonly changes: RunChanges;
}

/** Names what is locked beside some runs. */
export interface Relatives {
  /** Holds the uids of jobs. */
  readonly jobUids: readonly string[];
  /** Holds the ids of parents. */
  readonly parentIds: readonly string[];
}

const NO_RELATIVES: Relatives = { jobUids: [], parentIds: [] };

/** Tells whether a run is a step that its parent may await. */
export function isStep({ parentRunId, step }: RunRecord): boolean {
  return parentRunId !== null && step !== null;
}

/** Gives the ids of the parents of the steps among some runs. */
export function parentIdsOf(runs: readonly RunRecord[]): string[] {
  const steps = runs.filter(isStep);
  return [...new Set(steps.flatMap(({ parentRunId }) => (parentRunId === null ? [] : [parentRunId])))];
}

/** Locks runs with their jobs, and without parents, waiting for what others have locked. */
export async function lockWithJobs(
  db: Database,
  session: Session,
  runs: RawBuilder<unknown>,
  otherUids: readonly string[],
): Promise<LockedFamily> {
  const { jobs } = await lockJobsOfRuns(db, session, runs, otherUids);
  const locked = await lockRuns(db, session, runs);
  return { ...locked, jobs, changes: await changesOf(db, session, locked.runs) };
}

/**
 * Locks runs with their jobs and parents, waiting for what others have locked.
 *
 * @param mayAwait - the ids of those that are to await their steps
 */
export async function lockWithParents(
  db: Database,
  session: Session,
  runs: RawBuilder<unknown>,
  others: Relatives = NO_RELATIVES,
  mayAwait: readonly string[] = [],
): Promise<LockedFamily> {
  const found = await findRelatives(db, session, runs);
  const known = [...new Set([...found.parentIds, ...others.parentIds])];
  // By their uids, in whose order MySQL locks them; those of a select in a select it locks as that finds them.
  const { jobs } = await lockJobsByUid(db, session, [...new Set([...found.jobUids, ...others.jobUids])]);
  const parents = await lockRunsById(db, session, known);
  const locked = await lockRuns(db, session, runs);
  // Runs that began to meet the condition in between have parents and jobs that are not locked yet.
  const late = parentIdsOf(locked.runs).filter((id) => !known.includes(id));
  const all = [...parents, ...(await lockRunsById(db, session, late)), ...locked.runs];
  const lateUids = jobUidsOf(all).filter((uid) => !jobs.has(uid));
  const { jobs: lateJobs } = await lockJobsByUid(db, session, lateUids);
  return {
    ...locked,
    jobs: new Map([...jobs, ...lateJobs]),
    changes: await changesOf(db, session, all, mayAwait),
  };
}

/** Locks the parents of steps that are locked already, with their jobs. Where there are no steps, it asks nothing. */
export async function lockParentsOf(
  db: Database,
  session: Session,
  steps: readonly RunRecord[],
): Promise<RunChanges> {
  const ids = parentIdsOf(steps);
  if (ids.length === 0) return new RunChanges([], new Map());
  const isOne = db.dialect.isIn(sql`r.id`, ids);
  await lockJobsOfRuns(db, session, isOne);
  const { runs } = await lockRuns(db, session, isOne);
  return changesOf(db, session, runs);
}

/** Holds parents that were locked without waiting. */
export interface IdleParents extends Pick<LockedFamily, 'changes'> {
  /** Holds the ids of those that others have locked, or whose jobs they have. */
  readonly busy: ReadonlySet<string>;
}

/** Locks those parents of some steps, with their jobs, that nobody else has locked. Where there are no steps, it asks nothing. */
export async function lockIdleParents(
  db: Database,
  session: Session,
  steps: readonly RunRecord[],
): Promise<IdleParents> {
  const ids = parentIdsOf(steps);
  if (ids.length === 0) return { changes: new RunChanges([], new Map()), busy: new Set() };
  const { runs } = db.tables;
  const isOne = db.dialect.isIn(sql`r.id`, ids);
  const rows = await db.read(
    session,
    sql`select r.* from ${runs.sql} as r where ${isOne} ${db.dialect.skipLocked}`,
  );
  const parents = rows.map(decodeRun);
  const jobs = await lockIdleJobs(db, session, jobUidsOf(parents));
  const notLocked = jobUidsOf(parents).filter((uid) => !jobs.has(uid));
  const busyUids = await existingUids(db, session, notLocked);
  const idle = parents.filter(({ jobUid }) => jobUid === null || !busyUids.has(jobUid));
  const busy = new Set(ids);
  for (const { id } of idle) busy.delete(id);
  if (busy.size > 0) {
    const left = sql`select r.id from ${runs.sql} as r where ${db.dialect.isIn(sql`r.id`, [...busy])}`;
    const existing = new Set((await db.read(session, left)).map((row) => readText(row['id'])));
    for (const id of busy) if (!existing.has(id)) busy.delete(id);
  }
  return { changes: await changesOf(db, session, idle), busy };
}

/** Writes what became of runs. */
export async function writeChanges(db: Database, session: Session, changes: RunChanges): Promise<void> {
  await writeRuns(db, session, changes.changed);
  await writeOwners(db, session, changes.taken);
}

/** Finds the jobs and parents of runs, and the jobs of these. Whose a run is never changes: nothing is locked. */
async function findRelatives(db: Database, session: Session, runs: RawBuilder<unknown>): Promise<Relatives> {
  const table = db.tables.runs.sql;
  const rows = await db.read(
    session,
    sql`select r.job_uid, p.id as parent_id, p.job_uid as parent_job_uid from ${table} as r
      left join ${table} as p on p.id = r.parent_run_id and r.step is not null where ${runs}`,
  );
  const all = (names: readonly string[]): string[] =>
    [...new Set(rows.flatMap((row) => names.map((name) => readNullableText(row[name]))))].filter(
      (value) => value !== null,
    );
  return { jobUids: all(['job_uid', 'parent_job_uid']), parentIds: all(['parent_id']) };
}

async function lockRunsById(
  db: Database,
  session: Session,
  ids: readonly string[],
): Promise<readonly RunRecord[]> {
  if (ids.length === 0) return [];
  const { runs } = await lockRuns(db, session, db.dialect.isIn(sql`r.id`, ids));
  return runs;
}

async function changesOf(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
  mayAwait: readonly string[] = [],
): Promise<RunChanges> {
  const awaiting = runs.filter(isAwaiting).map(({ id }) => id);
  return new RunChanges(runs, await countOpenSteps(db, session, [...awaiting, ...mayAwait]));
}

/** Counts the open steps of locked runs. */
async function countOpenSteps(
  db: Database,
  session: Session,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.read(
    session,
    sql`select parent_run_id, count(*) as open_steps from ${db.tables.runs.sql}
      where ${db.dialect.isIn(sql`parent_run_id`, ids)} and step is not null
      and status in ('queued', 'running') group by parent_run_id`,
  );
  return new Map(rows.map((row) => [readText(row['parent_run_id']), readInteger(row['open_steps'])]));
}
