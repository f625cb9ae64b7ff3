import type { JobRecord } from '../job/job-record.js';
import type { RunRecord } from '../job/run-record.js';
import type { JobQuery, RunQuery } from './job-store.js';

/** Tells whether a query selects a job. */
export function matchesJob(job: JobRecord, query: JobQuery): boolean {
  const { states, task, tag, owner, after } = query;
  if (states === undefined ? job.state === 'finished' : !states.includes(job.state)) return false;
  if (task !== undefined && job.definition.task !== task) return false;
  if (tag !== undefined && !job.definition.tags.includes(tag)) return false;
  if (owner !== undefined && job.owner !== owner) return false;
  return after === undefined || job.id > after;
}

/** Tells whether a query selects a run. */
export function matchesRun(run: RunRecord, query: RunQuery): boolean {
  const { jobId, task, statuses, origin, parentRunId, after } = query;
  if (jobId !== undefined && run.jobId !== jobId) return false;
  if (task !== undefined && run.task !== task) return false;
  if (statuses !== undefined && !statuses.includes(run.status)) return false;
  if (origin !== undefined && run.origin !== origin) return false;
  if (parentRunId !== undefined && run.parentRunId !== parentRunId) return false;
  return after === undefined || runCursor(run) < after;
}

/** Orders runs by creation and then by id; digits are padded so that texts sort as numbers do. */
export function runCursor({ createdAt, id }: RunRecord): string {
  return `${String(createdAt).padStart(16, '0')}-${id}`;
}
