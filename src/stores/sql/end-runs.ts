import { sql } from 'kysely';
import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type {
  CancelOutcome,
  FinishResult,
  ProgressReport,
  RunDisposition,
  RunFinish,
  RunOutcome,
} from '../job-store.js';
import { endAttempt, endRun, isRefused, recoverRun, releaseRun } from '../run-transitions.js';
import { addRunsOf, jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import type { AdvancingJob } from './job-row.js';
import { lockJobsByUid, lockJobsOfRuns, settleJobs } from './job-table.js';
import { lockRuns, writeEnds, wakeAtOf } from './run-table.js';

/** Ends attempts, as {@link JobStore.finishRuns} says. */
export async function finishRuns(
  db: Database,
  node: string,
  finishes: readonly RunFinish[],
): Promise<FinishResult[]> {
  if (finishes.length === 0) return [];
  const ids = finishes.map(({ runId }) => runId);
  const followUpUids = jobUidsOf(finishes.flatMap(({ followUps }) => followUps));
  return db.transaction(async (session) => {
    const isOne = db.dialect.isIn(sql`r.id`, ids);
    const { jobs } = await lockJobsOfRuns(db, session, isOne, followUpUids);
    const { now, runs } = await lockRuns(db, session, isOne);
    const batch = new FinishBatch(node, now, runs, jobs);
    const judged = finishes.map((finish) => batch.finish(finish));
    await writeRuns(db, session, batch.changed);
    for (const { isNew, followUps } of judged) {
      if (isNew && followUps.length > 0) await addRunsOf(db, session, followUps, jobs, now);
    }
    const touched = jobUidsOf(batch.touched).filter((uid) => jobs.has(uid));
    const { ended, unblocked } = await settleJobs(db, session, touched, now);
    return judged.map(({ outcome, run, isFreed }) => {
      const uid = run?.jobUid ?? null;
      return {
        outcome,
        run,
        ended: uid === null ? null : (ended.get(uid) ?? null),
        unblocked: isFreed && uid !== null && unblocked.has(uid),
      };
    });
  });
}

/** Notes how far runs are, as {@link JobStore.reportProgress} says. */
export async function reportProgress(
  db: Database,
  node: string,
  reports: readonly ProgressReport[],
): Promise<void> {
  if (reports.length === 0) return;
  await db.transaction(async (session) => {
    const ids = reports.map(({ runId }) => runId);
    const isMine = sql`${db.dialect.isIn(sql`r.id`, ids)} and r.owner = ${node} and r.status = 'running'`;
    const { runs } = await lockRuns(db, session, isMine);
    const running = new Map(runs.map((run) => [run.id, run]));
    for (const { runId, attempt, progress } of reports) {
      const run = running.get(runId);
      if (run?.attempt === attempt) running.set(runId, { ...run, progress });
    }
    await writeRuns(db, session, [...running.values()]);
  });
}

/** Cancels a run or asks for it, as {@link JobStore.requestCancel} says. */
export async function requestCancel(db: Database, runId: string): Promise<CancelOutcome> {
  return db.transaction(async (session): Promise<CancelOutcome> => {
    const isIt = sql`r.id = ${runId}`;
    const { jobs } = await lockJobsOfRuns(db, session, isIt);
    const { now, runs } = await lockRuns(db, session, isIt);
    const [run] = runs;
    if (run === undefined) return { outcome: 'missing' };
    if (isEndStatus(run.status)) return { outcome: 'over', run };
    if (run.status === 'running') {
      const asked = { ...run, cancelRequested: true };
      await writeRuns(db, session, [asked]);
      return { outcome: 'requested', run: asked };
    }
    // A run that waits for its retry while its last handler has not settled is still queued: it ends here too.
    const cancelled = endRun(run, 'cancelled', now);
    await writeRuns(db, session, [cancelled]);
    const { ended } = await settleJobs(db, session, [...jobs.keys()], now);
    return { outcome: 'cancelled', run: cancelled, ended: ended.get(run.jobUid ?? '') ?? null };
  });
}

/** Takes the runs of a dead node from it, as {@link JobStore.recover} says. */
export async function recoverRuns(db: Database, node: string): Promise<RunRecord[]> {
  return db.transaction(async (session) => {
    await leaveList(db, session, node);
    const { now, runs, jobs } = await lockHeldRuns(db, session, node);
    const recovered = runs.map((run) => recoverRun(run, jobs.get(run.jobUid ?? '') ?? null, now));
    await writeRuns(db, session, recovered);
    await settleJobs(db, session, [...jobs.keys()], now);
    return recovered;
  });
}

/** Takes a node off the list, as {@link JobStore.leave} says. */
export async function leave(
  db: Database,
  node: string,
  dispositions: readonly RunDisposition[],
): Promise<void> {
  await db.transaction(async (session) => {
    await leaveList(db, session, node);
    if (dispositions.length === 0) return;
    const { now, runs, jobs } = await lockHeldRuns(db, session, node);
    const held = new Map(runs.map((run) => [run.id, run]));
    const given = dispositions.flatMap(({ runId, attempt, action }) => {
      const run = held.get(runId);
      if (run?.attempt !== attempt) return [];
      const free = releaseRun(run);
      if (free.status !== 'running') return [free];
      if (action === 'lose') return [endRun(free, 'lost', now)];
      return [endAttempt(free, HAND_BACK, now, isOrphan(free, jobs))];
    });
    await writeRuns(db, session, given);
    await settleJobs(db, session, [...jobs.keys()], now);
  });
}

/** Is a finish that was judged. */
interface JudgedFinish {
  readonly outcome: FinishResult['outcome'];
  readonly run: RunRecord | null;
  /** Says whether the outcome was written now. */
  readonly isNew: boolean;
  /** Says whether what the run held was freed now. */
  readonly isFreed: boolean;
  readonly followUps: readonly RunRecord[];
}

/** Judges finishes one after another, and gathers what is to be written. */
class FinishBatch {
  readonly #node: string;
  readonly #now: number;
  readonly #runs: Map<string, RunRecord>;
  readonly #jobs: ReadonlyMap<string, AdvancingJob>;
  readonly #changed = new Set<string>();
  readonly #touched = new Set<string>();

  constructor(
    node: string,
    now: number,
    runs: readonly RunRecord[],
    jobs: ReadonlyMap<string, AdvancingJob>,
  ) {
    this.#node = node;
    this.#now = now;
    this.#runs = new Map(runs.map((run) => [run.id, run]));
    this.#jobs = jobs;
  }

  /** Holds the runs to write. */
  get changed(): RunRecord[] {
    return [...this.#runs.values()].filter(({ id }) => this.#changed.has(id));
  }

  /** Holds the runs whose jobs may have come to their end. */
  get touched(): RunRecord[] {
    return [...this.#runs.values()].filter(({ id }) => this.#touched.has(id));
  }

  finish({ runId, attempt, settled, outcome, followUps }: RunFinish): JudgedFinish {
    const run = this.#runs.get(runId);
    if (run === undefined || run.owner !== this.#node || run.attempt !== attempt) {
      return { outcome: 'lost', run: run ?? null, isNew: false, isFreed: false, followUps };
    }
    const isRunning = run.status === 'running';
    const isNew = outcome !== null && isRunning;
    const after = isNew ? endAttempt(run, outcome, this.#now, isOrphan(run, this.#jobs)) : run;
    // Whatever was decided of it meanwhile: its handler has settled.
    const isFreed = settled && after.held && (isNew || !isRunning);
    const freed = isFreed ? releaseRun(after) : after;
    this.#touched.add(runId);
    if (freed !== run) this.#changed.add(runId);
    this.#runs.set(runId, freed);
    return { outcome: isRefused(run, outcome) ? 'lost' : 'ok', run: freed, isNew, isFreed, followUps };
  }
}

const HAND_BACK: RunOutcome = { kind: 'hand-back' };

async function writeRuns(db: Database, session: Session, runs: readonly RunRecord[]): Promise<void> {
  await writeEnds(
    db,
    session,
    runs.map((run) => ({ run, wakeAt: wakeAtOf(run) })),
  );
}

async function lockHeldRuns(
  db: Database,
  session: Session,
  node: string,
): Promise<{
  readonly now: number;
  readonly runs: readonly RunRecord[];
  readonly jobs: ReadonlyMap<string, AdvancingJob>;
}> {
  const isHeld = sql`r.owner = ${node} and r.held = 1`;
  const { jobs: known } = await lockJobsOfRuns(db, session, isHeld);
  const { now, runs } = await lockRuns(db, session, isHeld);
  // The node may have started runs in between; without their jobs they would pass for orphans.
  const late = jobUidsOf(runs).filter((uid) => !known.has(uid));
  const { jobs } = await lockJobsByUid(db, session, late);
  return { now, runs, jobs: new Map([...known, ...jobs]) };
}

async function leaveList(db: Database, session: Session, node: string): Promise<void> {
  await sql`delete from ${db.tables.nodes.sql} where node = ${node}`.execute(session);
}

function isOrphan({ jobUid }: RunRecord, jobs: ReadonlyMap<string, AdvancingJob>): boolean {
  return jobUid !== null && !jobs.has(jobUid);
}
