import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRequest, ClaimResult } from '../job-store.js';
import { claimJob } from '../job-transitions.js';
import { isExpired } from '../run-transitions.js';
import { jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import { firstOf, isKnownJob, isKnownRun, nextOf, readHeads } from './due-heads.js';
import type { Heads } from './due-heads.js';
import { decodeJob } from './job-row.js';
import { settleJobs } from './job-table.js';
import { lockIdleParents, writeChanges } from './lock-families.js';
import type { IdleParents } from './lock-families.js';
import { decodeRun } from './run-row.js';
import { writeEnds } from './run-table.js';
import { asleep, startRuns } from './start-runs.js';

/** Is a claim while it is gathered. */
interface Claimed {
  readonly runs: RunRecord[];
  readonly missed: RunRecord[];
  readonly jobs: JobRecord[];
  readonly ended: JobRecord[];
  /** Says whether all that was due has been taken, as far as can be told. */
  isAllTaken: boolean;
}

/** Is how long to leave what is due and locked: others have it for a moment, or somebody holds it by hand. */
const LOCKED_PAUSE_MS = 50;
/** Is how many runs are looked at to set aside those that cannot start. */
const BLOCKED_PAGE = 500;

/**
 * Takes work for a node, as {@link JobStore.claim} says.
 *
 * Looks first, with one statement that locks nothing: where nothing is due, that is all.
 */
export async function claimWork(db: Database, request: ClaimRequest): Promise<ClaimResult> {
  const heads = await readHeads(db, request);
  const claimed = await takeDue(db, request, heads);
  const { runs, missed, jobs, ended } = claimed;
  return { now: heads.now, runs, missed, jobs, ended, nextAt: await readNextAt(db, request, heads, claimed) };
}

/** Gives when to ask again. What comes next is known from the first look, unless something that was due is left. */
async function readNextAt(
  db: Database,
  request: ClaimRequest,
  before: Heads,
  { runs, missed, jobs, isAllTaken }: Claimed,
): Promise<number | null> {
  if (isAllTaken) return nextOf(before, jobs);
  const after = await readHeads(db, request);
  const first = firstOf(after);
  const isStuck = request.limit > 0 && runs.length + missed.length + jobs.length === 0;
  return isStuck && first !== null ? Math.max(first, after.now + LOCKED_PAUSE_MS) : first;
}

async function takeDue(db: Database, request: ClaimRequest, { now, heads }: Heads): Promise<Claimed> {
  const claimed: Claimed = { runs: [], missed: [], jobs: [], ended: [], isAllTaken: true };
  for (const { kind, priority, dueAt } of heads) {
    if (dueAt === null) continue;
    const take = kind === 'run' ? takeRuns : takeJobs;
    let isMore = true;
    while (isMore) {
      const limit = request.limit - claimed.runs.length - claimed.jobs.length;
      // Asked for the next time alone, it still sets aside the runs that cannot start then.
      if (limit <= 0 && request.limit > 0) {
        claimed.isAllTaken = false;
        return claimed;
      }
      isMore = await take(db, request, { priority, now, limit }, claimed);
    }
  }
  return claimed;
}

/** Says which rows to take. */
interface Page {
  readonly priority: number;
  readonly now: number;
  /** Is how many to take; with 0, runs whose jobs have no slot for them are set aside, and nothing else is done. */
  readonly limit: number;
}

/** Takes due jobs; tells whether to look for more. */
async function takeJobs(db: Database, request: ClaimRequest, page: Page, claimed: Claimed): Promise<boolean> {
  if (page.limit === 0) {
    claimed.isAllTaken = false;
    return false;
  }
  const { tables, dialect } = db;
  const wakeAt = page.now + request.claimMs;
  const select = (columns: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`select ${columns} from ${tables.jobs.sql} as r where r.executor = ${request.executor}
      and r.priority = ${sql.lit(page.priority)} and r.wake_at <= ${page.now} and ${isKnownJob(db, request)}
      order by r.wake_at limit ${page.limit} ${dialect.skipLocked}`;
  const update = (which: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`update ${tables.jobs.sql} set fence = fence + 1, wake_at = ${wakeAt} where ${which}`;
  const jobs = dialect.canReturn
    ? await takeReturned(db, update(dialect.isInSelect(sql`uid`, select(sql`r.uid`))))
    : await takeSelected(db, select(sql`r.*`), update, wakeAt);
  claimed.jobs.push(...jobs);
  // What others have locked was left out: whether they take it remains to be seen.
  if (dialect.leavesOut) claimed.isAllTaken = false;
  return jobs.length === page.limit;
}

async function takeReturned(db: Database, update: RawBuilder<unknown>): Promise<JobRecord[]> {
  const rows = await db.read(db.session, sql`${update} returning *`);
  return rows.map(decodeJob).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0));
}

async function takeSelected(
  db: Database,
  select: RawBuilder<unknown>,
  update: (which: RawBuilder<unknown>) => RawBuilder<unknown>,
  wakeAt: number,
): Promise<JobRecord[]> {
  return db.transaction(async (session) => {
    const jobs = (await db.read(session, select)).map((row) => claimJob(decodeJob(row), wakeAt));
    const uids = jobs.map(({ uid }) => uid);
    await update(db.dialect.isIn(sql`uid`, uids)).execute(session);
    return jobs;
  });
}

/** Takes due runs; tells whether to look for more. */
async function takeRuns(db: Database, request: ClaimRequest, page: Page, claimed: Claimed): Promise<boolean> {
  const { now, limit } = page;
  const pageSize = limit === 0 ? BLOCKED_PAGE : limit;
  const { started, missed, ended, isAnyMoved, found } = await db.transaction(async (session) => {
    const rows = await db.read(
      session,
      sql`select r.* from ${db.tables.runs.sql} as r where r.executor = ${request.executor}
        and r.priority = ${sql.lit(page.priority)} and r.wake_at <= ${now} and ${isKnownRun(db, request)}
        order by r.wake_at limit ${pageSize} ${db.dialect.skipLocked}`,
    );
    const due = rows.map(decodeRun);
    const expired = due.filter((run) => isExpired(run, now));
    const parents = await lockIdleParents(db, session, expired);
    const left = new Set(expired.filter(({ parentRunId }) => parents.busy.has(parentRunId ?? '')));
    const rules = { node: request.node, now, mayStart: limit > 0 };
    const start = await startRuns(
      db,
      session,
      due.filter((run) => !left.has(run)),
      rules,
    );
    const endedJobs = await endMissedRuns(db, session, start.missed, parents, now);
    return { ...start.outcome, ended: endedJobs, found: rows.length };
  });
  claimed.runs.push(...started);
  claimed.missed.push(...missed);
  claimed.ended.push(...ended);
  // The end of a missed run may have let another one out that waited for its slot.
  if (db.dialect.leavesOut || missed.length > 0 || limit === 0) claimed.isAllTaken = false;
  return found === pageSize && isAnyMoved;
}

async function endMissedRuns(
  db: Database,
  session: Session,
  missed: readonly RunRecord[],
  { changes }: IdleParents,
  now: number,
): Promise<readonly JobRecord[]> {
  for (const run of missed) changes.close(run, null, now);
  await writeEnds(db, session, missed.map(asleep));
  await writeChanges(db, session, changes);
  const { ended } = await settleJobs(db, session, jobUidsOf([...missed, ...changes.queued]), now);
  return [...ended.values()];
}
