import { countSpan, idleWakeAt, isUsedUp, moveOn } from '../job/job-record.js';
import type { JobDefinition, JobProgress, JobRecord } from '../job/job-record.js';
import type { RunRecord } from '../job/run-record.js';
import type { ClaimRelease, FiringDecision, JobPatch, JobPut } from './job-store.js';
import { spanOfRuns } from './span-of-runs.js';

/** Claims a job: it gets a new fence, and wakes by itself should its claim die. */
export function claimJob(job: JobRecord, wakeAt: number): JobRecord {
  const { fence, nextRunAt, dueAt, lastFireAt, runCount, counts } = job;
  return moveOn(job, { fence: fence + 1, nextRunAt, dueAt, wakeAt, lastFireAt, runCount, counts });
}

/** Is what advancing a job depends on. */
export type AdvancedFrom = Pick<JobRecord, 'fence' | 'state' | 'lastFireAt' | 'runCount' | 'counts'> & {
  /** Holds the bound of its runs. */
  readonly definition: Pick<JobDefinition, 'maxRuns'>;
};

/** Gives where a claimed job stands past the fire times that a decision is about. */
export function advanceJob(
  job: AdvancedFrom,
  decision: FiringDecision,
  inserted: readonly RunRecord[],
  skipped: readonly RunRecord[],
): JobProgress {
  const usedUp = isUsedUp(job.runCount + inserted.length, job.definition.maxRuns);
  const { nextRunAt, dueAt } = usedUp ? NO_CLOCK : decision;
  let counts = countSpan(job.counts, 'skipped', spanOfRuns(skipped));
  for (const { kind, span } of decision.counted) counts = countSpan(counts, kind, span);
  return {
    fence: job.fence + 1,
    nextRunAt,
    dueAt,
    wakeAt: job.state === 'active' ? dueAt : null,
    lastFireAt: latest(job.lastFireAt, inserted.at(-1)?.scheduledAt ?? null),
    runCount: job.runCount + inserted.length,
    counts,
  };
}

/** Gives a claimed job back unfired. */
export function releaseJob(job: JobRecord, { wakeAt, error }: ClaimRelease): JobRecord {
  const fence = job.fence + 1;
  if (error !== undefined) {
    return { ...job, state: 'parked', wakeAt: null, error: keepableText(error), fence };
  }
  return { ...job, wakeAt: wakeAt ?? idleWakeAt(job), fence };
}

/** Gives a text that every store can keep: what was thrown may say anything, and not every one keeps a NUL, or half of a character. */
export function keepableText(text: string): string {
  return text.replace(UNKEEPABLE, '\ufffd');
}

/** Edits a job as a patch says. */
export function patchJob(job: JobRecord, patch: JobPatch, now: number): JobRecord {
  const { dropped = null, ...fields } = patch;
  const edited = {
    ...job,
    ...fields,
    counts: countSpan(job.counts, 'skipped', dropped),
    version: job.version + 1,
    fence: job.fence + 1,
    updatedAt: now,
  };
  return { ...edited, wakeAt: idleWakeAt(edited) };
}

/** Brings a job to its end. */
export function endJob(job: JobRecord, now: number): JobRecord {
  return { ...job, state: 'finished', wakeAt: null, finishedAt: now };
}

/** Gives the ids that `ifExists: 'error'` refuses: those that exist, or that a put before in the batch adds. */
export function refusedIds(puts: readonly JobPut[], exists: (id: string) => boolean): Set<string> {
  const refused = new Set<string>();
  const earlier = new Set<string>();
  for (const { job, ifExists } of puts) {
    if (ifExists === 'error' && (earlier.has(job.id) || exists(job.id))) refused.add(job.id);
    // Ids that are not the user's are random, and repeat none.
    if (job.named) earlier.add(job.id);
  }
  return refused;
}

const UNKEEPABLE = /\0|\p{Cs}/gu;
const NO_CLOCK = { nextRunAt: null, dueAt: null };

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
