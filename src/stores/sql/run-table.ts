import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { RunRecord } from '../../job/run-record.js';
import type { Database, Session } from './database.js';
import { HeldSlots } from './held-slots.js';
import type { SlottedJob } from './held-slots.js';
import { decodeRun, runEnd, runOwner, runStart, wholeRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { readInteger, readStoreNow, readText } from './row-values.js';

/** Holds runs that a transaction has locked, and the store's time. */
export interface LockedRuns {
  /** Is the store's time when they were locked; 0 where there are none. */
  readonly now: number;
  /** Holds them, in the order of their ids. */
  readonly runs: readonly RunRecord[];
}

/** Is how many of the runs that wait for a slot are looked at when one is freed. */
const BLOCKED_PAGE = 500;

/** Gives when a claim may take a run that waits for nothing but its time; `null`: never. */
export function wakeAtOf({ status, held, availableAt }: RunRecord): number | null {
  return status === 'queued' && !held ? availableAt : null;
}

/** Gives a run; `null`: there is none. */
export async function readRun(db: Database, session: Session, id: string): Promise<RunRecord | null> {
  const [row] = await db.read(session, sql`select * from ${db.tables.runs.sql} where id = ${id}`);
  return row === undefined ? null : decodeRun(row);
}

/** Gives the runs that have one of some ids or unique keys. */
export async function readRunsLike(
  db: Database,
  session: Session,
  ids: readonly string[],
  keys: readonly string[],
): Promise<readonly RunRecord[]> {
  const { runs } = db.tables;
  const byId = sql`select * from ${runs.sql} where ${db.dialect.isIn(sql`id`, ids)}`;
  const byKey = sql`select * from ${runs.sql} where ${db.dialect.isIn(sql`unique_key`, keys)}`;
  const rows = await db.read(session, keys.length === 0 ? byId : sql`${byId} union ${byKey}`);
  return rows.map(decodeRun);
}

/** Gives the ids of the held runs that somebody asked to cancel. */
export async function readCancelRequests(db: Database, session: Session): Promise<readonly string[]> {
  const rows = await db.read(
    session,
    sql`select id from ${db.tables.runs.sql} where held = 1 and owner is not null and cancel_requested = 1`,
  );
  return rows.map((row) => readText(row['id']));
}

/** Locks runs, in the order of their ids, waiting for those that others have locked. */
export async function lockRuns(
  db: Database,
  session: Session,
  condition: RawBuilder<unknown>,
): Promise<LockedRuns> {
  const rows = await db.read(
    session,
    sql`select r.*, ${db.now} as store_now from ${db.tables.runs.sql} as r where ${condition}
      order by r.id ${db.dialect.forUpdate}`,
  );
  return { now: readStoreNow(rows), runs: rows.map(decodeRun) };
}

/** Gives the slots of some locked jobs that their runs hold, and which of some unique keys are taken. */
export async function readSlotsAndKeys(
  db: Database,
  session: Session,
  uids: readonly string[],
  keys: readonly string[],
): Promise<{ readonly slots: HeldSlots; readonly keys: ReadonlySet<string> }> {
  const { runs } = db.tables;
  const bySlot = sql`select job_uid, slot, null as unique_key from ${runs.sql}
    where ${db.dialect.isIn(sql`job_uid`, uids)} and slot is not null`;
  const byKey = sql`select null, null, unique_key from ${runs.sql}
    where ${db.dialect.isIn(sql`unique_key`, keys)}`;
  const rows =
    uids.length === 0
      ? []
      : await db.read(session, keys.length === 0 ? bySlot : sql`${bySlot} union all ${byKey}`);
  const slots = new Map(uids.map((uid) => [uid, new Set<number>()]));
  const taken = new Set<string>();
  for (const { job_uid: uid, slot, unique_key: key } of rows) {
    if (uid === null) taken.add(readText(key));
    else slots.get(readText(uid))?.add(readInteger(slot));
  }
  return { slots: new HeldSlots(slots), keys: taken };
}

/** Inserts runs. */
export async function insertRuns(db: Database, session: Session, runs: readonly StoredRun[]): Promise<void> {
  await db.insert(session, db.tables.runs, wholeRun, [...runs].sort(byId));
}

/** Writes what a start moves of runs that are there. */
export async function writeStarts(db: Database, session: Session, runs: readonly StoredRun[]): Promise<void> {
  await db.update(session, db.tables.runs, runStart, runs);
}

/** Writes what the end of an attempt moves of runs that are there. */
export async function writeEnds(db: Database, session: Session, runs: readonly StoredRun[]): Promise<void> {
  await db.update(session, db.tables.runs, runEnd, runs);
}

/** Writes what the end of an attempt moves of runs that are there, each with when a claim may take it. */
export async function writeRuns(db: Database, session: Session, runs: readonly RunRecord[]): Promise<void> {
  await writeEnds(db, session, runs.map(withWakeAt));
}

/** Writes who owns runs that are there. */
export async function writeOwners(db: Database, session: Session, runs: readonly RunRecord[]): Promise<void> {
  await db.update(session, db.tables.runs, runOwner, runs.map(withWakeAt));
}

/** Lets as many runs that wait for a slot be claimed as their jobs have free ones; gives the uids of those jobs. */
export async function releaseBlocked(
  db: Database,
  session: Session,
  jobs: readonly SlottedJob[],
): Promise<ReadonlySet<string>> {
  const released = new Set<string>();
  if (jobs.length === 0) return released;
  const { runs } = db.tables;
  const uids = jobs.map(({ uid }) => uid);
  const { slots } = await readSlotsAndKeys(db, session, uids, []);
  for (const job of jobs) {
    const free = job.definition.maxInstances - slots.count(job);
    if (free <= 0) continue;
    // As many for each task and executor: a run that nobody here knows must not keep the slot from the others.
    const rows = await db.read(
      session,
      sql`select id from (
          select id, row_number() over (partition by task, executor
            order by priority desc, available_at, created_at) as place
          from (select id, task, executor, priority, available_at, created_at from ${runs.sql}
            where job_uid = ${job.uid} and status = 'queued' and wake_at is null and held = 0
            order by priority desc, available_at, created_at limit ${BLOCKED_PAGE}) as first
        ) as placed where place <= ${free}`,
    );
    if (rows.length === 0) continue;
    const ids = rows.map((row) => readText(row['id']));
    await sql`update ${runs.sql} set wake_at = available_at where ${db.dialect.isIn(sql`id`, ids)}`.execute(
      session,
    );
    released.add(job.uid);
  }
  return released;
}

function withWakeAt(run: RunRecord): StoredRun {
  return { run, wakeAt: wakeAtOf(run) };
}

function byId(a: StoredRun, b: StoredRun): number {
  return a.run.id < b.run.id ? -1 : a.run.id > b.run.id ? 1 : 0;
}
