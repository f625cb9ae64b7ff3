import { sql } from 'kysely';
import type { RunRecord } from '../../job/run-record.js';
import { admitRuns } from '../admit-runs.js';
import type { CommitResult, CommittedFiring, FiringDecision } from '../job-store.js';
import { advanceJob } from '../job-transitions.js';
import { endRun, isWaiting, startRun } from '../run-transitions.js';
import type { Database, Session } from './database.js';
import type { AdvancingJob, MovedJob } from './job-row.js';
import { lockJobsByUid, moveJobs, settleJobs } from './job-table.js';
import type { StoredRun } from './run-row.js';
import { insertRuns, lockRuns, readSlotsAndKeys, writeEnds, wakeAtOf } from './run-table.js';
import type { HeldSlots } from './held-slots.js';

/** Advances claimed jobs and inserts their runs, as {@link JobStore.commitFirings} says. */
export async function commitFirings(
  db: Database,
  node: string,
  decisions: readonly FiringDecision[],
): Promise<CommitResult[]> {
  if (decisions.length === 0) return [];
  return db.transaction(async (session) => {
    const batch = await openBatch(db, session, node, decisions);
    const results = decisions.map((decision) => batch.decide(decision));
    await insertRuns(db, session, batch.inserted);
    await writeEnds(db, session, batch.changed);
    await moveJobs(db, session, batch.moved);
    const { ended } = await settleJobs(db, session, batch.mayBeOver, batch.now);
    return results.map(({ uid, result }) =>
      result.outcome === 'lost' ? result : { ...result, ended: ended.get(uid) ?? null },
    );
  });
}

async function openBatch(
  db: Database,
  session: Session,
  node: string,
  decisions: readonly FiringDecision[],
): Promise<CommitBatch> {
  const uids = decisions.map(({ uid }) => uid);
  const { now, jobs } = await lockJobsByUid(db, session, uids);
  const valid = decisions.filter(({ uid, fence }) => jobs.get(uid)?.fence === fence);
  const keys = valid.flatMap(({ runs }) =>
    runs.flatMap(({ uniqueKey }) => (uniqueKey === null ? [] : [uniqueKey])),
  );
  const validUids = valid.map(({ uid }) => uid);
  const taken = await readSlotsAndKeys(db, session, validUids, keys);
  // What waits and what runs matters only where a plan finds no slot.
  const full = valid.filter(({ uid, overlap, runs }) => {
    const job = jobs.get(uid);
    return overlap !== 'skip' && runs.length > 0 && job !== undefined && !taken.slots.isAnyFree(job);
  });
  const earlier = await readOpenRuns(
    db,
    session,
    full.map(({ uid }) => uid),
  );
  return new CommitBatch(node, now, jobs, taken.slots, new Set(taken.keys), earlier);
}

async function readOpenRuns(
  db: Database,
  session: Session,
  uids: readonly string[],
): Promise<ReadonlyMap<string, readonly RunRecord[]>> {
  const found = new Map<string, RunRecord[]>();
  if (uids.length === 0) return found;
  const ofJob = db.dialect.isIn(sql`r.job_uid`, uids);
  const isOpen = sql`${ofJob} and (r.status = 'queued' or r.slot is not null)`;
  const { runs } = await lockRuns(db, session, isOpen);
  for (const run of runs) {
    const uid = run.jobUid ?? '';
    const ofJob = found.get(uid);
    if (ofJob === undefined) found.set(uid, [run]);
    else ofJob.push(run);
  }
  return found;
}

/** Is a decision with what it came to. */
interface DecidedFiring {
  readonly uid: string;
  readonly result: CommitResult;
}

/** Decides firings one after another, and gathers what is to be written. */
class CommitBatch {
  /** Is the store's time. */
  readonly now: number;
  /** Holds the runs to insert. */
  readonly inserted: StoredRun[] = [];
  /** Holds earlier runs to write. */
  readonly changed: StoredRun[] = [];
  /** Holds where jobs stand now, to be written. */
  readonly moved: MovedJob[] = [];
  /** Holds the uids of the jobs that have no next fire time, and may have no open run. */
  readonly mayBeOver: string[] = [];
  readonly #node: string;
  readonly #jobs: Map<string, AdvancingJob>;
  readonly #slots: HeldSlots;
  readonly #keys: Set<string>;
  readonly #earlier: ReadonlyMap<string, readonly RunRecord[]>;

  constructor(
    node: string,
    now: number,
    jobs: ReadonlyMap<string, AdvancingJob>,
    slots: HeldSlots,
    keys: Set<string>,
    earlier: ReadonlyMap<string, readonly RunRecord[]>,
  ) {
    this.now = now;
    this.#node = node;
    this.#jobs = new Map(jobs);
    this.#slots = slots;
    this.#keys = keys;
    this.#earlier = earlier;
  }

  decide(decision: FiringDecision): DecidedFiring {
    const { uid, fence } = decision;
    const job = this.#jobs.get(uid);
    if (job?.fence !== fence) return { uid, result: { outcome: 'lost' } };
    // Its fence is another one from now on.
    this.#jobs.delete(uid);
    return { uid, result: this.#commit(job, decision) };
  }

  #commit(job: AdvancingJob, decision: FiringDecision): CommittedFiring {
    const fresh = decision.runs.filter(({ uniqueKey }) => !this.#isTaken(uniqueKey));
    const earlier = this.#earlier.get(job.uid) ?? [];
    const admission = admitRuns({
      planned: fresh.length,
      held: this.#slots.count(job),
      waiting: earlier.filter(isWaiting).length,
      maxInstances: job.definition.maxInstances,
      startable: decision.startable,
      overlap: decision.overlap,
    });
    const starting = fresh.slice(0, admission.start);
    const queued = fresh.slice(admission.start, admission.start + admission.queue);
    const skipped = fresh.slice(admission.start + admission.queue);
    const { cancelled, cancelRequested } = admission.cancelEarlier
      ? this.#cancel(earlier)
      : NOTHING_CANCELLED;
    let { lastToken } = job;
    const started = starting.map((run) => {
      lastToken++;
      const slot = this.#slots.take(job);
      return startRun(run, { node: this.#node, now: this.now, slot, fencingToken: lastToken });
    });
    for (const run of started) this.inserted.push({ run, wakeAt: null });
    for (const run of queued) this.inserted.push({ run, wakeAt: this.#wakeAt(run, job) });
    const advanced = advanceJob(job, decision, [...starting, ...queued], skipped);
    this.moved.push({ uid: job.uid, lastToken, ...advanced });
    if (advanced.nextRunAt === null && started.length + queued.length === 0) this.mayBeOver.push(job.uid);
    return { outcome: 'committed', started, queued, skipped, cancelled, cancelRequested, ended: null };
  }

  /** Tells whether there is a run with a key, and takes it. */
  #isTaken(key: string | null): boolean {
    if (key === null) return false;
    const isTaken = this.#keys.has(key);
    this.#keys.add(key);
    return isTaken;
  }

  #wakeAt(run: RunRecord, job: AdvancingJob): number | null {
    return run.availableAt <= this.now && !this.#slots.isAnyFree(job) ? null : wakeAtOf(run);
  }

  /** Cancels what waits, and asks what runs to stop, so that the new plan gets their slot. */
  #cancel(earlier: readonly RunRecord[]): { cancelled: RunRecord[]; cancelRequested: RunRecord[] } {
    const cancelled = earlier.filter(isWaiting).map((run) => endRun(run, 'cancelled', this.now));
    const running = earlier.filter(({ status }) => status === 'running');
    const cancelRequested = running.map((run) => ({ ...run, cancelRequested: true }));
    for (const run of [...cancelled, ...cancelRequested]) this.changed.push({ run, wakeAt: null });
    return { cancelled, cancelRequested };
  }
}

const NOTHING_CANCELLED = { cancelled: [], cancelRequested: [] };
