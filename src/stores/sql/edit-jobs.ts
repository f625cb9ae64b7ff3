import { sql } from 'kysely';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRelease, JobPatch, RemovedJob } from '../job-store.js';
import { patchJob, releaseJob } from '../job-transitions.js';
import { endRun } from '../run-transitions.js';
import { jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import { deleteJobs, lockJobs, settleJobs, updateJobs } from './job-table.js';
import { lockParentsOf, writeChanges } from './lock-families.js';
import { lockRuns, writeRuns } from './run-table.js';

/** Edits a job, as {@link JobStore.patchJob} says. */
export async function editJob(
  db: Database,
  id: string,
  patch: JobPatch,
  ifFence: number | undefined,
): Promise<JobRecord | 'missing' | 'conflict'> {
  return db.transaction(async (session) => {
    const { now, jobs } = await lockJobs(db, session, sql`j.id = ${id}`);
    const [job] = jobs.values();
    if (job === undefined) return 'missing';
    if (ifFence !== undefined && job.fence !== ifFence) return 'conflict';
    const edited = patchJob(job, patch, now);
    await updateJobs(db, session, [edited]);
    const { ended } = await settleJobs(db, session, [edited.uid], now);
    return ended.get(edited.uid) ?? edited;
  });
}

/** Removes a job, as {@link JobStore.removeJob} says. */
export async function removeJob(db: Database, id: string): Promise<RemovedJob | null> {
  return db.transaction(async (session) => {
    const { now, jobs } = await lockJobs(db, session, sql`j.id = ${id}`);
    const [job] = jobs.values();
    if (job === undefined) return null;
    const cancelled = await cancelQueuedRuns(db, session, [job], now);
    await deleteJobs(db, session, [job]);
    return { job, cancelled };
  });
}

/** Gives claims back, as {@link JobStore.releaseClaims} says. */
export async function releaseClaims(db: Database, releases: readonly ClaimRelease[]): Promise<void> {
  if (releases.length === 0) return;
  await db.transaction(async (session) => {
    const uids = releases.map(({ uid }) => uid);
    const { jobs } = await lockJobs(db, session, db.dialect.isIn(sql`j.uid`, uids));
    const released = releases.flatMap((release) => {
      const job = jobs.get(release.uid);
      return job?.fence === release.fence ? [releaseJob(job, release)] : [];
    });
    await updateJobs(db, session, released);
  });
}

/** Cancels the queued runs of locked jobs. */
export async function cancelQueuedRuns(
  db: Database,
  session: Session,
  jobs: readonly JobRecord[],
  now: number,
): Promise<readonly RunRecord[]> {
  if (jobs.length === 0) return [];
  const uids = jobs.map(({ uid }) => uid);
  const { runs } = await lockRuns(
    db,
    session,
    sql`${db.dialect.isIn(sql`r.job_uid`, uids)} and r.status = 'queued'`,
  );
  const cancelled = runs.map((run) => endRun(run, 'cancelled', now));
  const changes = await lockParentsOf(db, session, cancelled);
  for (const run of cancelled) changes.close(run, null, now);
  await writeRuns(db, session, cancelled);
  await writeChanges(db, session, changes);
  await settleJobs(db, session, jobUidsOf(changes.queued), now);
  return cancelled;
}
