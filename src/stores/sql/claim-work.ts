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
import { readInteger, readNullableInteger, readStoreNow } from './row-values.js';
import type { Row } from './row-values.js';
import { decodeRun } from './run-row.js';
import type { StoredRun } from './run-row.js';
import { readSlotsAndKeys, writeEnds, writeStarts } from './run-table.js';
import type { HeldSlots } from './run-table.js';

/** Is what comes first of the runs or jobs of a priority: of those that are due, and of those that are not yet; `null`: none. */
interface Head {
  readonly kind: 'run' | 'job';
  readonly priority: number;
  readonly dueAt: number | null;
  readonly laterAt: number | null;
}

/** Holds the heads of a lane in the order in which they are claimed, and the store's time. */
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
  /** Says whether all that was due has been taken, as far as can be told. */
  isAllTaken: boolean;
}

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
  const { runs, missed, jobs, ended, isAllTaken } = claimed;
  // What comes next is known from the first look, unless something that was due is left.
  const nextAt = isAllTaken ? nextOf(heads, jobs) : firstOf(await readHeads(db, request));
  return { now: heads.now, runs, missed, jobs, ended, nextAt };
}

async function readHeads(db: Database, request: ClaimRequest): Promise<Heads> {
  const { jobs, runs } = db.tables;
  const levels = Array.from({ length: MAX_PRIORITY - MIN_PRIORITY + 1 }, (_, at) => MAX_PRIORITY - at);
  const priorities = sql.join(
    levels.map((level) => sql`select ${sql.lit(level)} as priority`),
    sql` union all `,
  );
  const first = (
    from: RawBuilder<unknown>,
    isKnown: RawBuilder<unknown>,
    when: string,
  ): RawBuilder<unknown> =>
    sql`(select r.wake_at from ${from} as r where r.executor = ${request.executor} and r.priority = p.priority
      and r.wake_at ${sql.raw(when)} ${db.now} and ${isKnown} order by r.wake_at limit 1)`;
  const isKnownRunRow = isKnownRun(db, request);
  const isKnownJobRow = isKnownJob(db, request);
  const rows = await db.read(
    db.session,
    sql`select p.priority, ${db.now} as store_now,
      ${first(runs.sql, isKnownRunRow, '<=')} as run_due_at,
      ${first(runs.sql, isKnownRunRow, '>')} as run_later_at,
      ${first(jobs.sql, isKnownJobRow, '<=')} as job_due_at,
      ${first(jobs.sql, isKnownJobRow, '>')} as job_later_at
      from (${priorities}) as p order by p.priority desc`,
  );
  return { now: readStoreNow(rows), heads: rows.flatMap(decodeHeads) };
}

function decodeHeads(row: Row): Head[] {
  const priority = readInteger(row['priority']);
  return (['run', 'job'] as const).map((kind) => ({
    kind,
    priority,
    dueAt: readNullableInteger(row[`${kind}_due_at`]),
    laterAt: readNullableInteger(row[`${kind}_later_at`]),
  }));
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
      if (limit <= 0 && request.limit > 0) claimed.isAllTaken = false;
      if (!claimed.isAllTaken) return claimed;
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
  // Where there is not one of those that were due, others have them locked: whether they take them remains to be seen.
  if (jobs.length === 0) claimed.isAllTaken = false;
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
    const rules = { node: request.node, now, mayStart: limit > 0 };
    const start = await startRuns(db, session, rows.map(decodeRun), rules);
    const endedJobs = await endMissedRuns(db, session, start.missed, now);
    return { ...start.outcome, ended: endedJobs, found: rows.length };
  });
  claimed.runs.push(...started);
  claimed.missed.push(...missed);
  claimed.ended.push(...ended);
  // What a job that others are busy with kept back is at the head again; they have it locked for a moment only.
  if (!isAnyMoved || limit === 0) claimed.isAllTaken = false;
  return found === pageSize && isAnyMoved;
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

  /** Holds what came of it. */
  get outcome(): Pick<RunStart, 'started' | 'missed'> & { readonly isAnyMoved: boolean } {
    const { started, missed, blocked } = this;
    return { started, missed, isAnyMoved: started.length + missed.length + blocked.length > 0 };
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

function isKnownRun(db: Database, { tasks }: ClaimRequest): RawBuilder<unknown> {
  return sql`r.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`r.task`, [...tasks])}`;
}

function isKnownJob(db: Database, { tasks, triggerKinds }: ClaimRequest): RawBuilder<unknown> {
  return sql`r.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`r.task`, [...tasks])}
    and ${db.dialect.isIn(sql`r.trigger_kind`, [...triggerKinds])}`;
}

/** Gives when the first of a lane comes due, or has. */
function firstOf({ heads }: Heads): number | null {
  return least(heads.flatMap(({ dueAt, laterAt }) => [dueAt, laterAt]));
}

/** Gives when the next of a lane comes due, once all that was due is taken: a claimed job does so when its claim expires. */
function nextOf({ heads }: Heads, claimed: readonly JobRecord[]): number | null {
  return least([...heads.map(({ laterAt }) => laterAt), claimed[0]?.wakeAt ?? null]);
}

function least(times: readonly (number | null)[]): number | null {
  const known = times.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}
