import { countSpan, idleWakeAt, isUsedUp } from '../job/job-record.js';
import type { JobDeclaration, JobDefinition, JobRecord } from '../job/job-record.js';
import type { JobPut } from './job-store.js';

/** Is what a put comes to, given the stored job. */
export type Merge = WritingMerge | IdleMerge;

/** Is a put that writes. */
export interface WritingMerge {
  /** Says what is done. */
  readonly outcome: 'inserted' | 'replaced' | 'updated';
  /** Is the job to write, in the place of the stored one. */
  readonly put: JobRecord;
}

/** Is a put that writes nothing. */
export interface IdleMerge {
  /** Says why. */
  readonly outcome: 'unchanged' | 'exists' | 'stale';
  /** Is nothing. */
  readonly put: null;
}

/**
 * Decides what adding a job does to the one that its store holds under the id: the rules of `ifExists`.
 *
 * Pure: a store calls it between reading and writing the row, under the row's lock.
 *
 * @param stored - the job with that id; `null`: there is none
 */
export function mergePut(stored: JobRecord | null, put: JobPut): Merge {
  const { job, ifExists } = put;
  if (stored === null) return { outcome: 'inserted', put: job };
  if (ifExists === 'error') return { outcome: 'exists', put: null };
  if (ifExists === 'keep') return { outcome: 'unchanged', put: null };
  if (stored.revision !== null && stored.revision > (job.revision ?? -Infinity)) {
    return { outcome: 'stale', put: null };
  }
  return ifExists === 'replace' ? { outcome: 'replaced', put: job } : update(stored, put);
}

/** Writes what the code changed since its last declaration, and leaves what was edited at run time. */
function update(stored: JobRecord, { job, skipReached }: JobPut): Merge {
  const { declaration, revision, owner, updatedAt } = job;
  if (stored.declaration === declaration && stored.revision === revision && stored.owner === owner) {
    return { outcome: 'unchanged', put: null };
  }
  const before = readDeclaration(stored.declaration);
  const after = readDeclaration(declaration);
  const definition = mergeDefinition(
    stored.definition,
    before?.definition,
    after?.definition,
    job.definition,
  );
  const clock = mergeClock(stored, job, definition, before, after, skipReached);
  const put = {
    ...stored,
    ...clock,
    ...(isUsedUp(clock.runCount, definition.maxRuns) && { nextRunAt: null, dueAt: null }),
    format: job.format,
    definition,
    declaration,
    revision,
    owner,
    updatedAt,
    version: stored.version + 1,
    fence: stored.fence + 1,
  };
  return { outcome: 'updated', put: { ...put, wakeAt: idleWakeAt(put) } };
}

/** Reads what was declared before; of a row that somebody damaged nothing is known, and all is written anew. */
function readDeclaration(text: string | null): JobDeclaration | null {
  try {
    const declaration = text === null ? null : (JSON.parse(text) as Partial<JobDeclaration> | null);
    return typeof declaration?.definition === 'object' ? (declaration as JobDeclaration) : null;
  } catch {
    return null;
  }
}

function mergeDefinition(
  stored: JobDefinition,
  before: JobDefinition | undefined,
  after: JobDefinition | undefined,
  incoming: JobDefinition,
): JobDefinition {
  const merged: Record<string, unknown> = { ...stored };
  for (const key of Object.keys(incoming) as (keyof JobDefinition)[]) {
    if (before === undefined || after === undefined || !same(before[key], after[key]))
      merged[key] = incoming[key];
  }
  return merged as unknown as JobDefinition;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

type Clock = Pick<
  JobRecord,
  'state' | 'nextRunAt' | 'dueAt' | 'runCount' | 'counts' | 'error' | 'finishedAt'
>;

function mergeClock(
  stored: JobRecord,
  incoming: JobRecord,
  definition: JobDefinition,
  before: JobDeclaration | null,
  after: JobDeclaration | null,
  skipReached: JobPut['skipReached'],
): Clock {
  const isRetimed = before?.definition.trigger !== after?.definition.trigger;
  const { runCount } = stored;
  const isExtended = isUsedUp(runCount, stored.definition.maxRuns) && !isUsedUp(runCount, definition.maxRuns);
  const isPaused = before?.paused === after?.paused ? stored.state === 'paused' : after?.paused === true;
  const state = isPaused ? 'paused' : 'active';
  // A trigger that has not changed keeps its grid, also when it goes on after its end.
  const skipped = skipReached({ ...stored, definition: isRetimed ? stored.definition : definition });
  const { nextRunAt, dueAt } = isRetimed ? incoming : skipped;
  if (stored.state === 'finished') {
    if ((!isRetimed && !isExtended) || nextRunAt === null) return stored;
    return { ...stored, state, nextRunAt, dueAt, finishedAt: null, runCount: isRetimed ? 0 : runCount };
  }
  const counts = countSpan(stored.counts, 'skipped', skipped.dropped);
  if (isRetimed || isExtended || stored.state === 'parked') {
    return { ...stored, state, nextRunAt, dueAt, counts, error: null };
  }
  if (state === stored.state) return stored;
  if (isPaused) return { ...stored, state };
  return { ...stored, state, nextRunAt, dueAt, counts };
}
