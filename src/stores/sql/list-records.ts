import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobQuery, Page, RunQuery } from '../job-store.js';
import { pageOf } from '../page-of.js';
import type { Database } from './database.js';
import { decodeJob } from './job-row.js';
import { textInTexts } from './row-values.js';
import { decodeRun } from './run-row.js';

/** Lists jobs, as {@link JobStore.listJobs} says. */
export async function listJobs(db: Database, query: JobQuery): Promise<Page<JobRecord>> {
  const { states, task, tag, owner, after, limit } = query;
  const { dialect } = db;
  const rows = await db.read(
    db.session,
    sql`select * from ${db.tables.jobs.sql} where ${allOf([
      states === undefined ? sql`state <> 'finished'` : dialect.isIn(sql`state`, states),
      task === undefined ? null : sql`task = ${task}`,
      tag === undefined ? null : dialect.contains(sql`tags`, textInTexts(tag)),
      owner === undefined ? null : sql`owner = ${owner}`,
      after === undefined ? null : sql`id > ${after}`,
    ])} order by id limit ${limit + 1}`,
  );
  return pageOf(rows.map(decodeJob), limit, ({ id }) => id);
}

/** Lists runs, as {@link JobStore.listRuns} says. */
export async function listRuns(db: Database, query: RunQuery): Promise<Page<RunRecord>> {
  const { jobId, task, statuses, origin, parentRunId, after, limit } = query;
  const rows = await db.read(
    db.session,
    sql`select * from ${db.tables.runs.sql} where ${allOf([
      jobId === undefined ? null : sql`job_id = ${jobId}`,
      task === undefined ? null : sql`task = ${task}`,
      statuses === undefined ? null : db.dialect.isIn(sql`status`, statuses),
      origin === undefined ? null : sql`origin = ${origin}`,
      parentRunId === undefined ? null : sql`parent_run_id = ${parentRunId}`,
      after === undefined ? null : isBefore(after),
    ])} order by ${newest(parentRunId !== undefined)} limit ${limit + 1}`,
  );
  return pageOf(rows.map(decodeRun), limit, ({ createdAt, id }) => `${createdAt}-${id}`);
}

/**
 * Puts the newest runs first. Those of one parent are few: in an order that no index has, so that the database finds them
 * and sorts them, and does not read all runs from the newest on until it has met enough of them.
 */
function newest(isOfParent: boolean): RawBuilder<unknown> {
  return isOfParent ? sql`created_at + 0 desc, id desc` : sql`created_at desc, id desc`;
}

/** Tells whether a run comes after the one that a cursor names, in a list that begins with the newest. */
function isBefore(cursor: string): RawBuilder<unknown> {
  const dash = cursor.indexOf('-', 1);
  const createdAt = Number(cursor.slice(0, dash));
  const id = cursor.slice(dash + 1);
  return sql`(created_at < ${createdAt} or (created_at = ${createdAt} and id < ${id}))`;
}

function allOf(conditions: readonly (RawBuilder<unknown> | null)[]): RawBuilder<unknown> {
  const given = conditions.filter((condition) => condition !== null);
  return given.length === 0 ? sql`1 = 1` : sql.join(given, sql` and `);
}
