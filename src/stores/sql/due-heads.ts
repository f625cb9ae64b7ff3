import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../job/job-policy.js';
import { RECORD_FORMAT } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import type { ClaimRequest } from '../job-store.js';
import type { Database } from './database.js';
import { readInteger, readNullableInteger, readStoreNow } from './row-values.js';
import type { Row } from './row-values.js';

/** Is what comes first of the runs or jobs of a priority. */
interface Head {
  /** Says which of the two. */
  readonly kind: 'run' | 'job';
  /** Is the priority. */
  readonly priority: number;
  /** Is the wake time of the first that is due; `null`: none is. */
  readonly dueAt: number | null;
  /** Is the wake time of the first that is not due yet; `null`: there is none. */
  readonly laterAt: number | null;
}

/** Holds the heads of a lane in the order in which they are claimed. */
export interface Heads {
  /** Is the store's time. */
  readonly now: number;
  /** Holds them. */
  readonly heads: readonly Head[];
}

/** Looks what comes first in a lane, in one statement that locks nothing. */
export async function readHeads(db: Database, request: ClaimRequest): Promise<Heads> {
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

/** Gives when the first of a lane comes due, or has. */
export function firstOf({ heads }: Heads): number | null {
  return least(heads.flatMap(({ dueAt, laterAt }) => [dueAt, laterAt]));
}

/** Gives when the next of a lane comes due, once all that was due is taken: a claimed job does so when its claim expires. */
export function nextOf({ heads }: Heads, claimed: readonly JobRecord[]): number | null {
  return least([...heads.map(({ laterAt }) => laterAt), claimed[0]?.wakeAt ?? null]);
}

function least(times: readonly (number | null)[]): number | null {
  const known = times.filter((at) => at !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Tells whether the node knows what a run needs. */
export function isKnownRun(db: Database, { tasks }: ClaimRequest): RawBuilder<unknown> {
  return sql`r.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`r.task`, [...tasks])}`;
}

/** Tells whether the node knows what a job needs. */
export function isKnownJob(db: Database, { tasks, triggerKinds }: ClaimRequest): RawBuilder<unknown> {
  return sql`r.format <= ${sql.lit(RECORD_FORMAT)} and ${db.dialect.isIn(sql`r.task`, [...tasks])}
    and ${db.dialect.isIn(sql`r.trigger_kind`, [...triggerKinds])}`;
}
