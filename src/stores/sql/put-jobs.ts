import { sql } from 'kysely';
import { idleWakeAt } from '../../job/job-record.js';
import type { JobPut, PutOutcome } from '../job-store.js';
import { refusedIds } from '../job-transitions.js';
import { PutBatch, refusePuts } from '../put-batch.js';
import type { Database, Session } from './database.js';
import { cancelQueuedRuns } from './edit-jobs.js';
import { wholeJob } from './job-row.js';
import { deleteJobs, insertJobs, lockJobs, settleJobs, updateJobs } from './job-table.js';
import { readInteger } from './row-values.js';

/** Adds jobs, as {@link JobStore.putJobs} says. */
export async function putJobs(db: Database, puts: readonly JobPut[]): Promise<PutOutcome[]> {
  // Ids that are not the user's are random: there is nothing to merge with, and no older token to stay above.
  if (puts.length > 0 && puts.every(({ job, ifExists }) => !job.named && ifExists === 'error')) {
    const jobs = puts.map(({ job }) => ({ ...job, wakeAt: idleWakeAt(job) }));
    if (await db.insertAlone(db.tables.jobs, wholeJob, jobs)) {
      return jobs.map((job) => ({ outcome: 'inserted', job, cancelled: [] }));
    }
  }
  return db.transaction((session) => mergeJobs(db, session, puts));
}

async function mergeJobs(db: Database, session: Session, puts: readonly JobPut[]): Promise<PutOutcome[]> {
  const ids = [...new Set(puts.map(({ job }) => job.id))];
  const { jobs } = await lockJobs(db, session, db.dialect.isIn(sql`j.id`, ids));
  const stored = new Map([...jobs.values()].map((job) => [job.id, job]));
  const refused = refusedIds(puts, (id) => stored.has(id));
  if (refused.size > 0) return refusePuts(puts, refused, stored);
  const { now, highestToken } = await readTokenFloor(db, session);
  const batch = new PutBatch(stored, now, highestToken);
  const written = puts.map((put) => batch.put(put));
  const cancelled = await cancelQueuedRuns(db, session, batch.replaced, now);
  await deleteJobs(db, session, batch.replaced);
  await insertJobs(db, session, batch.inserted);
  await updateJobs(db, session, batch.updated);
  const { ended } = await settleJobs(
    db,
    session,
    batch.updated.map(({ uid }) => uid),
    now,
  );
  return written.map(({ outcome, job, replacedUid }) => ({
    outcome,
    job: ended.get(job.uid) ?? job,
    cancelled: cancelled.filter(({ jobUid }) => jobUid === replacedUid),
  }));
}

async function readTokenFloor(
  db: Database,
  session: Session,
): Promise<{ readonly now: number; readonly highestToken: number }> {
  const [row] = await db.read(
    session,
    // Locked: a job that is removed meanwhile may raise it.
    sql`select value, ${db.now} as store_now from ${db.tables.meta.sql} where name = 'highest_token'
      ${db.dialect.forUpdate}`,
  );
  return { now: readInteger(row?.['store_now']), highestToken: readInteger(row?.['value']) };
}
