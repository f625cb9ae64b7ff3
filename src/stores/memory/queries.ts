import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobQuery, Page, RunQuery } from '../job-store.js';
import { pageOf } from '../page-of.js';

/** Selects and orders jobs as {@link JobStore.listJobs} says. */
export function pageOfJobs(
  entries: Iterable<{ readonly record: JobRecord }>,
  query: JobQuery,
): Page<JobRecord> {
  const found: JobRecord[] = [];
  for (const { record } of entries) if (matchesJob(record, query)) found.push(record);
  found.sort((a, b) => compare(a.id, b.id));
  return pageOf(found, query.limit, ({ id }) => id);
}

/** Selects and orders runs as {@link JobStore.listRuns} says. */
export function pageOfRuns(
  entries: Iterable<{ readonly record: RunRecord }>,
  query: RunQuery,
): Page<RunRecord> {
  const found: RunRecord[] = [];
  for (const { record } of entries) if (matchesRun(record, query)) found.push(record);
  found.sort((a, b) => compare(runCursor(b), runCursor(a)));
  return pageOf(found, query.limit, runCursor);
}

function matchesJob(job: JobRecord, query: JobQuery): boolean {
  const { states, task, tag, owner, after } = query;
  if (states === undefined ? job.state === 'finished' : !states.includes(job.state)) return false;
  if (task !== undefined && job.definition.task !== task) return false;
  if (tag !== undefined && !job.definition.tags.includes(tag)) return false;
  if (owner !== undefined && job.owner !== owner) return false;
  return after === undefined || job.id > after;
}

function matchesRun(run: RunRecord, query: RunQuery): boolean {
  const { jobId, task, statuses, origin, parentRunId, after } = query;
  if (jobId !== undefined && run.jobId !== jobId) return false;
  if (task !== undefined && run.task !== task) return false;
  if (statuses !== undefined && !statuses.includes(run.status)) return false;
  if (origin !== undefined && run.origin !== origin) return false;
  if (parentRunId !== undefined && run.parentRunId !== parentRunId) return false;
  return after === undefined || runCursor(run) < after;
}

/** Orders runs by creation and then by id; digits are padded so that texts sort as numbers do. */
function runCursor({ createdAt, id }: RunRecord): string {
  return `${String(createdAt).padStart(16, '0')}-${id}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
