import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../job/job-policy.js';
import { RECORD_FORMAT } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRequest, ClaimResult } from '../job-store.js';
import { claimJob } from '../job-transitions.js';
import { endRun, isExpired, startRun } from '../run-transitions.js';
import { jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import { decodeJob } from './job-row.js';
import type { AdvancingJob } from './job-row.js';
import { existingUids, lockIdleJobs, settleJobs, writeTokens } from './job-table.js';
import { readInteger, readNullableInteger } from './row-values.js';
import { decodeRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { readSlotsAndKeys, writeEnds, writeStarts } from './run-table.js';
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
  const claimed = await takeDue(db, request, before);
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

async function takeDue(db: Database, request: ClaimRequest, { now, heads }: Heads): Promise<Claimed> {
  const claimed = nothing();
  const room = (): number => request.limit - claimed.runs.length - claimed.jobs.length;
  for (const { priority, runAt, jobAt } of heads) {
    let isMore = isReached(runAt, now);
    while (isMore && room() > 0) {
      isMore = await takeRuns(db, request, { priority, now, limit: room() }, claimed);
    }
    // Asked for the next time alone, it still sets aside the runs that cannot start then.
    if (isMore && request.limit === 0) await takeRuns(db, request, { priority, now, limit: 0 }, claimed);
    if (isReached(jobAt, now) && room() > 0) {
      claimed.jobs.push(...(await takeJobs(db, request, { priority, now, limit: room() })));
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

async function takeJobs(db: Database, request: ClaimRequest, page: Page): Promise<JobRecord[]> {
  const { tables, dialect } = db;
  const wakeAt = page.now + request.claimMs;
  const select = (columns: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`select ${columns} from ${tables.jobs.sql} as j where j.executor = ${request.executor}
      and j.priority = ${sql.lit(page.priority)} and j.wake_at <= ${page.now} and ${isKnownJob(db, request)}
      order by j.wake_at limit ${sql.lit(page.limit)} ${dialect.skipLocked}`;
  const update = (which: RawBuilder<unknown>): RawBuilder<unknown> =>
    sql`update ${tables.jobs.sql} set fence = fence + 1, wake_at = ${wakeAt} where ${which}`;
  if (dialect.canReturn) {
    const due = dialect.isInSelect(sql`uid`, select(sql`j.uid`));
    const rows = await db.read(db.session, sql`${update(due)} returning *`);
    return rows.map(decodeJob).sort(byDueTime);
  }
  return db.transaction(async (session) => {
    const rows = await db.read(session, select(sql`j.*`));
    const jobs = rows.map((row) => claimJob(decodeJob(row), wakeAt));
    const uids = jobs.map(({ uid }) => uid);
    await update(dialect.isIn(sql`uid`, uids)).execute(session);
    return jobs;
  });
}

/** Takes due runs; tells whether to look for more. */
async function takeRuns(db: Database, request: ClaimRequest, page: Page, claimed: Claimed): Promise<boolean> {
  const { now, limit } = page;
  const pageSize = limit === 0 ? BLOCKED_PAGE : limit;
  const taken = await db.transaction(async (session) => {
    const rows = await db.read(
      session,
      sql`select r.* from ${db.tables.runs.sql} as r where r.executor = ${request.executor}
        and r.priority = ${sql.lit(page.priority)} and r.wake_at <= ${now} and ${isKnownRun(db, request)}
        order by r.wake_at limit ${sql.lit(pageSize)} ${db.dialect.skipLocked}`,
    );
    const rules = { node: request.node, now, mayStart: limit > 0 };
    const { started, missed, blocked } = await startRuns(db, session, rows.map(decodeRun), rules);
    const ended = await endMissedRuns(db, session, missed, now);
    // What a job that others are busy with kept back is at the head again; they have it locked for a moment only.
    const isAnyMoved = started.length + missed.length + blocked.length > 0;
    return { started, missed, ended, isMore: rows.length === pageSize && isAnyMoved };
  });
  claimed.runs.push(...taken.started);
  claimed.missed.push(...taken.missed);
  claimed.ended.push(...taken.ended);
  return taken.isMore;
}

/** Starts those of some locked runs that can start, and sets the others aside. */
async function startRuns(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
  { node, now, mayStart }: Pick<RunStartContext, 'node' | 'now' | 'mayStart'>,
): Promise<RunStart> {
  const uids = jobUidsOf(runs);
  const jobs = await lockIdleJobs(db, session, uids);
  const notLocked = uids.filter((uid) => !jobs.has(uid));
  const busy = await existingUids(db, session, notLocked);
  const { slots } = await readSlotsAndKeys(db, session, [...jobs.keys()], []);
  const start = new RunStart({ node, now, jobs, slots, mayStart });
  for (const run of runs) if (run.jobUid === null || !busy.has(run.jobUid)) start.take(run);
  await writeStarts(db, session, start.started.map(asleep));
  await writeEnds(db, session, start.blocked.map(asleep));
  await writeTokens(db, session, start.drawn);
  return start;
}

async function endMissedRuns(
  db: Database,
  session: Session,
  missed: readonly RunRecord[],
  now: number,
): Promise<readonly JobRecord[]> {
  await writeEnds(db, session, missed.map(asleep));
  const { ended } = await settleJobs(db, session, jobUidsOf(missed), now);
  return [...ended.values()];
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
  readonly blocked: RunRecord[] = [];
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
      this.missed.push(endRun(run, 'missed', this.#now));
    } else if (isBlocked) {
      this.blocked.push(run);
    } else {
      this.started.push(this.#start(run, job));
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

/** Gives a run as one that no claim finds. */
function asleep(run: RunRecord): StoredRun {
  return { run, wakeAt: null };
}

function byDueTime(a: JobRecord, b: JobRecord): number {
  return (a.dueAt ?? 0) - (b.dueAt ?? 0);
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
