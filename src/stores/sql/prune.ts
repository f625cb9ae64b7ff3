import { sql } from 'kysely';
import type { Database } from './database.js';
import { deleteJobs, lockJobs } from './job-table.js';
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

/** Deletes ended runs that ended before an instant, at most `limit`; gives how many. */
export async function pruneRuns(db: Database, before: number, limit: number): Promise<number> {
  const { runs } = db.tables;
  const found = await db.read(
    db.session,
    // By when they were created, which is never later: an index on their ends would be one more to write for each run.
    sql`select id from ${runs.sql} where created_at < ${before} and finished_at < ${before} and held = 0
      order by created_at limit ${limit}`,
  );
  if (found.length === 0) return 0;
  const ids = found.map((row) => readText(row['id']));
  // What has ended and is not held is never changed again.
  await db.write(sql`delete from ${runs.sql} where ${db.dialect.isIn(sql`id`, ids)}`);
  return ids.length;
}
