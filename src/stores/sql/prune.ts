import { sql } from 'kysely';
import type { Database } from './database.js';
import { deleteJobs, lockJobs } from './job-table.js';
import { forgetPermits } from './permits.js';
import { readText } from './row-values.js';

/** Deletes jobs that were finished before an instant, at most `limit`; gives how many. */
export async function pruneJobs(db: Database, before: number, limit: number): Promise<number> {
  const isOld = sql`state = 'finished' and finished_at < ${before}`;
  const found = await db.read(
    db.session,
    sql`select uid from ${db.tables.jobs.sql} where ${isOld} order by finished_at limit ${limit}`,
  );
  if (found.length === 0) return 0;
  return db.transaction(async (session) => {
    const uids = found.map((row) => readText(row['uid']));
    const { jobs } = await lockJobs(db, session, sql`${db.dialect.isIn(sql`j.uid`, uids)} and ${isOld}`);
    await deleteJobs(db, session, [...jobs.values()]);
    return jobs.size;
  });
}

/** Deletes ended runs that ended before an instant, at most `limit`, and permits that have run out; gives how many runs. */
export async function pruneRuns(db: Database, before: number, limit: number): Promise<number> {
  const { runs } = db.tables;
  await forgetPermits(db);
  const found = await db.read(
    db.session,
    // By when they were created, which is never later: an index on their ends would be one more to write for each run.
    sql`select r.id from ${runs.sql} as r
      where r.created_at < ${before} and r.finished_at < ${before} and r.held = 0
      and (r.step is null or not exists (select 1 from ${runs.sql} as p
        where p.id = r.parent_run_id and p.status in ('queued', 'running')))
      order by r.created_at limit ${limit}`,
  );
  if (found.length === 0) return 0;
  const ids = found.map((row) => readText(row['id']));
  // What has ended and is not held is never changed again, nor is a parent that has ended.
  await db.write(sql`delete from ${runs.sql} where ${db.dialect.isIn(sql`id`, ids)}`);
  return ids.length;
}
