import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobQuery, Page, RunQuery } from '../job-store.js';
import { matchesJob, matchesRun, runCursor } from '../match-records.js';
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
