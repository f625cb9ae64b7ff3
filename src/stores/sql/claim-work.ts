import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../job/job-policy.js';
import { RECORD_FORMAT } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRequest, ClaimResult } from '../job-store.js';
import { claimJob } from '../job-transitions.js';
import { endRun, isExpired, startRun } from '../run-transitions.js';
import type { Database, Session } from './database.js';
import { decodeJob } from './job-row.js';
import type { AdvancingJob } from './job-row.js';
import { existingUids, lockIdleJobs, settleJobs, writeTokens } from './job-table.js';
import { readInteger, readNullableInteger } from './row-values.js';
import { decodeRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { readSlotsAndKeys, updateRuns } from './run-table.js';
import type { HeldSlots } from './run-table.js';

/** Tells when the first run and the first job of a priority come due; `null`: none does. */
interface Head {
  readonly priority: number;
  readonly runAt: number | null;
  readonly jobAt: number | null;
}

/** Holds the heads of a lane, highest priority first, and the store's time. */
interface Heads {
  readonly now: number;
  readonly heads: readonly Head[];
}

/** Is a claim while it is gathered. */
interface Claimed {
  readonly runs: RunRecord[];
  readonly missed: RunRecord[];
  readonly jobs: JobRecord[];
  readonly ended: JobRecord[];
}

/** Is how many runs are looked at to set aside those that cannot start. */
const BLOCKED_PAGE = 500;

/**
 * Takes work for a node, as {@link JobStore.claim} says.
 *
 * Looks first, with one statement that locks nothing: where nothing is due, that is all.
 */
export async function claimWork(db: Database, request: ClaimRequest): Promise<ClaimResult> {
  const before = await readHeads(db, request);
  const isDue = before.heads.some(
    ({ runAt, jobAt }) => isReached(runAt, before.now) || isReached(jobAt, before.now),
  );
  if (!isDue) return { ...nothing(), now: before.now, nextAt: earliest(before) };
  const claimed = await db.transaction((session) => takeDue(db, session, request, before));
  const after = await readHeads(db, request);
  return { ...claimed, now: before.now, nextAt: earliest(after) };
}

async function readHeads(db: Database, request: ClaimRequest): Promise<Heads> {
  const { jobs, runs } = db.tables;
  const levels = Array.from({ length: MAX_PRIORITY - MIN_PRIORITY + 1 }, (_, at) => MAX_PRIORITY - at);
  const priorities = sql.join(
    levels.map((level) => sql`select ${sql.lit(level)} as priority`),
    sql` union all `,
  );
  const rows = await db.read(
    db.session,
    sql`select p.priority, ${db.now} as store_now,
      (select r.wake_at from ${runs.sql} as r where r.executor = ${request.executor}
        and r.priority = p.priority and r.wake_at is not null and ${isKnownRun(db, request)}
        order by r.wake_at limit 1) as run_at,
      (select j.wake_at from ${jobs.sql} as j where j.executor = ${request.executor}
        and j.priority = p.priority and j.wake_at is not null and ${isKnownJob(db, request)}
        order by j.wake_at limit 1) as job_at
      from (${priorities}) as p order by p.priority desc`,
  );
  return {
    now: readInteger(rows[0]?.['store_now']),
    heads: rows.map((row) => ({
      priority: readInteger(row['priority']),
      runAt: readNullableInteger(row['run_at']),
      jobAt: readNullableInteger(row['job_at']),
    })),
  };
}

async function takeDue(
  db: Database,
  session: Session,
  request: ClaimRequest,
  { now, heads }: Heads,
): Promise<Claimed> {
  const claimed = nothing();
  const room = (): number => request.limit - claimed.runs.length - claimed.jobs.length;
  for (const { priority, runAt, jobAt } of heads) {
    let isMore = isReached(runAt, now);
    while (isMore && room() > 0) {
      isMore = await takeRuns(db, session, request, { priority, now, limit: room() }, claimed);
    }
    // Asked for the next time alone, it still sets aside the runs that cannot start then.
    if (isMore && request.limit === 0)
      await takeRuns(db, session, request, { priority, now, limit: 0 }, claimed);
    if (isReached(jobAt, now) && room() > 0)
      await takeJobs(db, session, request, { priority, now, limit: room() }, claimed);
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

async function takeJobs(
  db: Database,
  session: Session,
  request: ClaimRequest,
  page: Page,
  { jobs }: Claimed,
): Promise<void> {
  const rows = await db.read(
    session,
    sql`select j.* from ${db.tables.jobs.sql} as j where j.executor = ${request.executor}
      and j.priority = ${sql.lit(page.priority)} and j.wake_at <= ${page.now} and ${isKnownJob(db, request)}
      order by j.wake_at limit ${sql.lit(page.limit)} ${db.dialect.skipLocked}`,
  );
  if (rows.length === 0) return;
  const wakeAt = page.now + request.claimMs;
  const taken = rows.map((row) => claimJob(decodeJob(row), wakeAt));
  await sql`update ${db.tables.jobs.sql} set fence = fence + 1, wake_at = ${wakeAt}
    where ${db.dialect.isIn(
      sql`uid`,
      taken.map(({ uid }) => uid),
    )}`.execute(session);
  jobs.push(...taken);
}

/** Takes due runs; tells whether to look for more. */
async function takeRuns(
  db: Database,
  session: Session,
  request: ClaimRequest,
  page: Page,
  claimed: Claimed,
): Promise<boolean> {
  const { now, limit } = page;
  const rows = await db.read(
    session,
    sql`select r.* from ${db.tables.runs.sql} as r where r.executor = ${request.executor}
      and r.priority = ${sql.lit(page.priority)} and r.wake_at <= ${now} and ${isKnownRun(db, request)}
      order by r.wake_at limit ${sql.lit(limit === 0 ? BLOCKED_PAGE : limit)} ${db.dialect.skipLocked}`,
  );
  if (rows.length === 0) return false;
  const runs = rows.map(decodeRun);
  const uids = [...new Set(runs.flatMap(({ jobUid }) => (jobUid === null ? [] : [jobUid])))];
  const jobs = await lockIdleJobs(db, session, uids);
  const notLocked = uids.filter((uid) => !jobs.has(uid));
  const busy = await existingUids(db, session, notLocked);
  const { slots } = await readSlotsAndKeys(db, session, [...jobs.keys()], []);
  const start = new RunStart({ node: request.node, now, jobs, slots, mayStart: limit > 0 });
  for (const run of runs) if (run.jobUid === null || !busy.has(run.jobUid)) start.take(run);
  await updateRuns(db, session, start.written);
  await writeTokens(db, session, start.drawn);
  claimed.runs.push(...start.started);
  if (start.missed.length > 0) {
    claimed.missed.push(...start.missed);
    const uidsOfMissed = start.missed.flatMap(({ jobUid }) => (jobUid === null ? [] : [jobUid]));
    const { ended } = await settleJobs(db, session, uidsOfMissed, now);
    claimed.ended.push(...ended.values());
  }
  // What a job that others are busy with kept back is at the head again; they have it locked for a moment only.
  return rows.length === limit && start.written.length > 0;
}

/** Is what due runs are started with. */
interface RunStartContext {
  readonly node: string;
  readonly now: number;
  readonly jobs: ReadonlyMap<string, AdvancingJob>;
  readonly slots: HeldSlots;
  readonly mayStart: boolean;
}

/** Decides what becomes of due runs: started, missed, or left to wait for a slot of their job. */
class RunStart {
  readonly started: RunRecord[] = [];
  readonly missed: RunRecord[] = [];
  readonly written: StoredRun[] = [];
  readonly #node: string;
  readonly #now: number;
  readonly #jobs: ReadonlyMap<string, AdvancingJob>;
  readonly #tokens = new Map<string, number>();
  readonly #slots: HeldSlots;
  readonly #mayStart: boolean;

  constructor(context: RunStartContext) {
    this.#node = context.node;
    this.#now = context.now;
    this.#jobs = context.jobs;
    this.#slots = context.slots;
    this.#mayStart = context.mayStart;
  }

  /** Holds the uids of the jobs of which fencing tokens were drawn, each with the last one. */
  get drawn(): { uid: string; lastToken: number }[] {
    return [...this.#tokens].map(([uid, lastToken]) => ({ uid, lastToken }));
  }

  take(run: RunRecord): void {
    const job = run.jobUid === null ? undefined : this.#jobs.get(run.jobUid);
    const isBlocked = job !== undefined && !this.#slots.isAnyFree(job);
    if (!this.#mayStart && !isBlocked) return;
    if (isExpired(run, this.#now)) {
      const missed = endRun(run, 'missed', this.#now);
      this.missed.push(missed);
      this.written.push({ run: missed, wakeAt: null });
    } else if (isBlocked) {
      this.written.push({ run, wakeAt: null });
    } else {
      const started = this.#start(run, job);
      this.started.push(started);
      this.written.push({ run: started, wakeAt: null });
    }
  }

  #start(run: RunRecord, job: AdvancingJob | undefined): RunRecord {
    const now = this.#now;
    const node = this.#node;
    if (job === undefined) {
      const fencingToken = Math.max(now, run.fencingToken) + 1;
      return startRun(run, { node, now, slot: null, fencingToken });
    }
    const fencingToken = (this.#tokens.get(job.uid) ?? job.lastToken) + 1;
    this.#tokens.set(job.uid, fencingToken);
    return startRun(run, { node, now, slot: this.#slots.take(job), fencingToken });
  }
}

function isKnownRun(db: Database, { tasks }: ClaimRequest): RawBuilder<unknown> {
  return sql`r.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`r.task`, [...tasks])}`;
}

function isKnownJob(db: Database, { tasks, triggerKinds }: ClaimRequest): RawBuilder<unknown> {
  return sql`j.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`j.task`, [...tasks])}
    and ${db.dialect.isIn(sql`j.trigger_kind`, [...triggerKinds])}`;
}

function isReached(at: number | null, now: number): boolean {
  return at !== null && at <= now;
}

function earliest({ heads }: Heads): number | null {
  const times = heads.flatMap(({ runAt, jobAt }) => [runAt, jobAt]).filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}

function nothing(): Claimed {
  return { runs: [], missed: [], jobs: [], ended: [] };
}
