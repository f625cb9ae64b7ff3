import { sql } from 'kysely';
import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { CancelOutcome, ProgressReport, RunDisposition, RunOutcome } from '../job-store.js';
import { endAttempt, endRun, recoverRun, releaseRun, standingOf } from '../run-transitions.js';
import type { Database, Session } from './database.js';
import type { AdvancingJob } from './job-row.js';
import { settleJobs } from './job-table.js';
import { lockWithParents, writeChanges } from './lock-families.js';
import type { LockedFamily } from './lock-families.js';
import { lockRuns, writeRuns } from './run-table.js';

/** Notes how far runs are, as {@link JobStore.reportProgress} says; gives the ids of those it was noted of. */
export async function reportProgress(
  db: Database,
  node: string,
  reports: readonly ProgressReport[],
): Promise<readonly string[]> {
  if (reports.length === 0) return [];
  return db.transaction(async (session) => {
    const ids = reports.map(({ runId }) => runId);
    const isMine = sql`${db.dialect.isIn(sql`r.id`, ids)} and r.owner = ${node} and r.status = 'running'`;
    const { runs } = await lockRuns(db, session, isMine);
    const running = new Map(runs.map((run) => [run.id, run]));
    const noted = reports.filter(({ runId, attempt }) => running.get(runId)?.attempt === attempt);
    for (const { runId, progress } of noted) {
      const run = running.get(runId);
      if (run !== undefined) running.set(runId, { ...run, progress });
    }
    const told = new Set(noted.map(({ runId }) => runId));
    await writeRuns(
      db,
      session,
      [...running.values()].filter(({ id }) => told.has(id)),
    );
    return [...told];
  });
}

/** Cancels a run or asks for it, as {@link JobStore.requestCancel} says. */
export async function requestCancel(db: Database, runId: string): Promise<CancelOutcome> {
  return db.transaction(async (session): Promise<CancelOutcome> => {
    const family = await lockWithParents(db, session, sql`r.id = ${runId}`);
    const { now, runs, jobs, changes } = family;
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
    move(family, run, cancelled);
    await writeChanges(db, session, changes);
    const { ended } = await settleJobs(db, session, [...jobs.keys()], now);
    return { outcome: 'cancelled', run: cancelled, ended: ended.get(run.jobUid ?? '') ?? null };
  });
}

/** Takes the runs of a dead node from it, as {@link JobStore.recover} says. */
export async function recoverRuns(db: Database, node: string): Promise<RunRecord[]> {
  return db.transaction(async (session) => {
    await leaveList(db, session, node);
    const family = await lockHeldRuns(db, session, node);
    const { now, runs, jobs, changes } = family;
    const recovered = runs.map((run) => move(family, run, recoverRun(run, jobOf(run, jobs), now)));
    await writeChanges(db, session, changes);
    await settleJobs(db, session, [...jobs.keys()], now);
    return recovered;
  });
}

/** Takes a node off the list, as {@link JobStore.leave} says; gives the runs that it gave back. */
export async function leave(
  db: Database,
  node: string,
  dispositions: readonly RunDisposition[],
): Promise<readonly RunRecord[]> {
  return db.transaction(async (session) => {
    await leaveList(db, session, node);
    if (dispositions.length === 0) return [];
    const family = await lockHeldRuns(db, session, node);
    const { now, runs, jobs, changes } = family;
    const held = new Map(runs.map((run) => [run.id, run]));
    const given = dispositions.flatMap(({ runId, attempt, action }) => {
      const run = held.get(runId);
      if (run?.attempt !== attempt) return [];
      held.delete(runId);
      const free = releaseRun(run);
      if (free.status !== 'running') return [move(family, run, free)];
      if (action === 'lose') return [move(family, run, endRun(free, 'lost', now))];
      const standing = standingOf(free, jobOf(free, jobs));
      return [move(family, run, endAttempt(free, HAND_BACK, now, standing))];
    });
    await writeChanges(db, session, changes);
    await settleJobs(db, session, [...jobs.keys()], now);
    return given;
  });
}

const HAND_BACK: RunOutcome = { kind: 'hand-back' };

/** Moves a run on; if it was open and has ended, its parent is queued should it have awaited that. */
function move({ changes, now }: LockedFamily, before: RunRecord, after: RunRecord): RunRecord {
  changes.put(after);
  if (!isEndStatus(before.status) && isEndStatus(after.status)) changes.close(after, null, now);
  return after;
}

function lockHeldRuns(db: Database, session: Session, node: string): Promise<LockedFamily> {
  return lockWithParents(db, session, sql`r.owner = ${node} and r.held = 1`);
}

async function leaveList(db: Database, session: Session, node: string): Promise<void> {
  await sql`delete from ${db.tables.nodes.sql} where node = ${node}`.execute(session);
}

function jobOf({ jobUid }: RunRecord, jobs: ReadonlyMap<string, AdvancingJob>): AdvancingJob | null {
  return jobs.get(jobUid ?? '') ?? null;
}
