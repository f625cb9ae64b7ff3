import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { JobRecord } from '../../job/job-record.js';
import { endJob } from '../job-transitions.js';
import type { Database, Session } from './database.js';
import {
  ADVANCING_COLUMNS,
  decodeAdvancingJob,
  decodeJob,
  decodeSlottedJob,
  jobProgress,
  jobToken,
  wholeJob,
} from './job-row.js';
import type { AdvancingJob, MovedJob, TokenOfJob } from './job-row.js';
import { readFlag, readStoreNow, readText } from './row-values.js';
import type { Row } from './row-values.js';
import { releaseBlocked } from './run-table.js';

/** Holds jobs that a transaction has locked, and the store's time. */
export interface LockedJobs<T> {
  /** Is the store's time when they were locked; 0 where there are none. */
  readonly now: number;
  /** Holds them by uid. */
  readonly jobs: ReadonlyMap<string, T>;
}

/** Tells what became of jobs whose runs have ended. */
export interface SettledJobs {
  /** Holds the jobs that have come to their end, by uid. */
  readonly ended: ReadonlyMap<string, JobRecord>;
  /** Holds the uids of the jobs of which a run that waited for a slot can be claimed now. */
  readonly unblocked: ReadonlySet<string>;
}

const NOTHING_SETTLED: SettledJobs = { ended: new Map(), unblocked: new Set() };

/** Gives a job; `null`: there is none. */
export async function readJob(db: Database, session: Session, id: string): Promise<JobRecord | null> {
  const [row] = await db.read(session, sql`select * from ${db.tables.jobs.sql} where id = ${id}`);
  return row === undefined ? null : decodeJob(row);
}

/** Locks jobs, in the order of their ids, waiting for those that others have locked. */
export async function lockJobs(
  db: Database,
  session: Session,
  condition: RawBuilder<unknown>,
): Promise<LockedJobs<JobRecord>> {
  const rows = await db.read(session, selectJobs(db, sql`j.*`, condition));
  return { now: readStoreNow(rows), jobs: byUid(rows.map(decodeJob)) };
}

/** Locks jobs by their uids, for what depends on where they stand in time. */
export async function lockJobsByUid(
  db: Database,
  session: Session,
  uids: readonly string[],
): Promise<LockedJobs<AdvancingJob>> {
  if (uids.length === 0) return { now: 0, jobs: new Map() };
  return lockAdvancingJobs(db, session, db.dialect.isIn(sql`j.uid`, uids));
}

/** Locks the jobs of runs, so that jobs are locked before their runs, as everywhere. */
export async function lockJobsOfRuns(
  db: Database,
  session: Session,
  runs: RawBuilder<unknown>,
  otherUids: readonly string[] = [],
): Promise<LockedJobs<AdvancingJob>> {
  const jobUids = sql`select r.job_uid from ${db.tables.runs.sql} as r where ${runs}`;
  const ofRuns = db.dialect.isInSelect(sql`j.uid`, jobUids);
  const condition =
    otherUids.length === 0 ? ofRuns : sql`(${ofRuns} or ${db.dialect.isIn(sql`j.uid`, otherUids)})`;
  return lockAdvancingJobs(db, session, condition);
}

/** Locks those of some jobs that nobody else has locked; gives them by uid. */
export async function lockIdleJobs(
  db: Database,
  session: Session,
  uids: readonly string[],
): Promise<ReadonlyMap<string, AdvancingJob>> {
  if (uids.length === 0) return new Map();
  const rows = await db.read(
    session,
    sql`select ${ADVANCING} from ${db.tables.jobs.sql} as j where ${db.dialect.isIn(sql`j.uid`, uids)}
      ${db.dialect.skipLocked}`,
  );
  return byUid(rows.map(decodeAdvancingJob));
}

/** Inserts jobs. */
export async function insertJobs(db: Database, session: Session, jobs: readonly JobRecord[]): Promise<void> {
  await db.insert(session, db.tables.jobs, wholeJob, [...jobs].sort(byId));
}

/** Writes jobs that are there whole. */
export async function updateJobs(db: Database, session: Session, jobs: readonly JobRecord[]): Promise<void> {
  await db.update(session, db.tables.jobs, wholeJob, jobs);
}

/** Writes what the cycle moves of jobs that are there. */
export async function moveJobs(db: Database, session: Session, jobs: readonly MovedJob[]): Promise<void> {
  await db.update(session, db.tables.jobs, jobProgress, jobs);
}

/** Writes the last fencing tokens of jobs that are there. */
export async function writeTokens(
  db: Database,
  session: Session,
  jobs: readonly TokenOfJob[],
): Promise<void> {
  await db.update(session, db.tables.jobs, jobToken, jobs);
}

/** Deletes jobs, and remembers the highest fencing token of those that may be added again under their id. */
export async function deleteJobs(db: Database, session: Session, jobs: readonly JobRecord[]): Promise<void> {
  if (jobs.length === 0) return;
  const { tables, dialect } = db;
  const uids = jobs.map(({ uid }) => uid);
  await sql`delete from ${tables.jobs.sql} where ${dialect.isIn(sql`uid`, uids)}`.execute(session);
  const highest = Math.max(...jobs.map(({ named, lastToken }) => (named ? lastToken : 0)));
  if (highest === 0) return;
  await sql`update ${tables.meta.sql} set value = ${highest}
    where name = 'highest_token' and value < ${highest}`.execute(session);
}

/**
 * Ends those of some locked jobs whose last run is over, and lets runs that wait for a slot be claimed where one is free.
 */
export async function settleJobs(
  db: Database,
  session: Session,
  uids: readonly string[],
  now: number,
): Promise<SettledJobs> {
  if (uids.length === 0) return NOTHING_SETTLED;
  const rows = await readOpenJobs(db, session, uids);
  const isOver = (row: Row): boolean =>
    readFlag(row['may_end']) && !readFlag(row['has_queued']) && !readFlag(row['has_held']);
  const over = rows.filter(isOver).map((row) => readText(row['uid']));
  const waiting = rows.filter((row) => readFlag(row['has_queued']));
  return {
    ended: await endJobs(db, session, over, now),
    unblocked: await releaseBlocked(db, session, waiting.map(decodeSlottedJob)),
  };
}

/** Tells of jobs whether they have no time left, whether runs of them are queued, and whether any are held. */
async function readOpenJobs(
  db: Database,
  session: Session,
  uids: readonly string[],
): Promise<readonly Row[]> {
  const { tables, dialect } = db;
  const runs = sql`${tables.runs.sql} as r where r.job_uid = j.uid`;
  return db.read(
    session,
    sql`select j.uid, j.max_instances,
      case when j.state = 'active' and j.next_run_at is null then 1 else 0 end as may_end,
      case when exists (select 1 from ${runs} and r.status = 'queued') then 1 else 0 end as has_queued,
      case when exists (select 1 from ${runs} and r.slot is not null) then 1 else 0 end as has_held
      from ${tables.jobs.sql} as j where ${dialect.isIn(sql`j.uid`, uids)}`,
  );
}

async function endJobs(
  db: Database,
  session: Session,
  uids: readonly string[],
  now: number,
): Promise<ReadonlyMap<string, JobRecord>> {
  if (uids.length === 0) return NOTHING_SETTLED.ended;
  const { tables, dialect } = db;
  const areThey = dialect.isIn(sql`uid`, uids);
  const deleted = dialect.canReturn
    ? await db.read(session, sql`delete from ${tables.jobs.sql} where ${areThey} and named = 0 returning *`)
    : [];
  const rest =
    deleted.length === uids.length
      ? []
      : await db.read(session, sql`select * from ${tables.jobs.sql} where ${areThey}`);
  const ended = [...deleted, ...rest].map((row) => endJob(decodeJob(row), now));
  const left = ended.slice(deleted.length);
  await deleteJobs(
    db,
    session,
    left.filter(({ named }) => !named),
  );
  await updateJobs(
    db,
    session,
    left.filter(({ named }) => named),
  );
  return new Map(ended.map((job) => [job.uid, job]));
}

/** Gives which of some jobs exist, whoever has locked them. */
export async function existingUids(
  db: Database,
  session: Session,
  uids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (uids.length === 0) return new Set();
  const rows = await db.read(
    session,
    sql`select uid from ${db.tables.jobs.sql} where ${db.dialect.isIn(sql`uid`, uids)}`,
  );
  return new Set(rows.map((row) => readText(row['uid'])));
}

const ADVANCING = sql.raw(ADVANCING_COLUMNS.map((name) => `j.${name}`).join(', '));

async function lockAdvancingJobs(
  db: Database,
  session: Session,
  condition: RawBuilder<unknown>,
): Promise<LockedJobs<AdvancingJob>> {
  const rows = await db.read(session, selectJobs(db, ADVANCING, condition));
  return { now: readStoreNow(rows), jobs: byUid(rows.map(decodeAdvancingJob)) };
}

function selectJobs(
  db: Database,
  columns: RawBuilder<unknown>,
  condition: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`select ${columns}, ${db.now} as store_now from ${db.tables.jobs.sql} as j where ${condition}
    order by j.id ${db.dialect.forUpdate}`;
}

function byUid<T extends { readonly uid: string }>(jobs: readonly T[]): ReadonlyMap<string, T> {
  return new Map(jobs.map((job) => [job.uid, job]));
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
