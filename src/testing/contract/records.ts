import { randomUUID } from 'node:crypto';
import { BUILT_IN_POLICY } from '../../job/job-policy.js';
import { NO_COUNTS, RECORD_FORMAT } from '../../job/job-record.js';
import type { JobDeclaration, JobDefinition, JobRecord } from '../../job/job-record.js';
import { fireKey } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { IfExists } from '../../job/job-options.js';
import type { FiringDecision, JobPut, RunOutcome } from '../../stores/job-store.js';
import type { FireSpan } from '../../triggers/fire-span.js';

/** Is a minute in milliseconds. */
export const MINUTE = 60_000;
/** Is an hour in milliseconds. */
export const HOUR: number = 60 * MINUTE;

/** Holds the fields of a job that a test cares for. */
export type JobOverrides = Partial<Omit<JobRecord, 'definition'>> & {
  readonly definition?: Partial<JobDefinition>;
};

/** Makes a definition. */
function aDefinition(overrides: Partial<JobDefinition> = {}): JobDefinition {
  return {
    task: 'task',
    executor: 'default',
    trigger: '{"interval":{"hours":1}}',
    triggerKind: 'interval',
    data: null,
    policy: JSON.stringify(BUILT_IN_POLICY),
    name: null,
    description: null,
    tags: [],
    priority: 0,
    maxInstances: 1,
    maxRuns: null,
    ...overrides,
  };
}

/** Makes a job that has been due for a minute, declared as it is. */
export function aJob(now: number, overrides: JobOverrides = {}): JobRecord {
  const { definition: part, ...fields } = overrides;
  const definition = aDefinition(part);
  const job: JobRecord = {
    format: RECORD_FORMAT,
    uid: randomUUID(),
    id: randomUUID(),
    named: true,
    version: 1,
    fence: 1,
    definition,
    declaration: declare(definition, fields.state === 'paused'),
    revision: null,
    owner: null,
    state: 'active',
    nextRunAt: now - MINUTE,
    dueAt: now - MINUTE,
    wakeAt: null,
    lastFireAt: null,
    runCount: 0,
    counts: NO_COUNTS,
    lastToken: now,
    error: null,
    createdAt: now,
    updatedAt: now,
    finishedAt: null,
    ...fields,
  };
  return job;
}

/** Gives the declaration of a definition, as text. */
export function declare(definition: JobDefinition, paused = false): string {
  const declaration: JobDeclaration = { definition, paused };
  return JSON.stringify(declaration);
}

/** Makes the same job as code would declare it the next time: another record with another uid. */
export function redeclared(job: JobRecord, overrides: JobOverrides = {}): JobRecord {
  const { definition: part, ...fields } = overrides;
  const definition = { ...job.definition, ...part };
  const declaration = declare(definition, (fields.state ?? job.state) === 'paused');
  return { ...job, uid: randomUUID(), version: 1, fence: 1, declaration, ...fields, definition };
}

/** Makes a put whose job keeps its clock where fire times would be dropped, and gets the put's where it has none. */
export function aPut(job: JobRecord, ifExists: IfExists = 'error', overrides: Partial<JobPut> = {}): JobPut {
  const skipReached: JobPut['skipReached'] = ({ nextRunAt, dueAt }) => ({
    nextRunAt: nextRunAt ?? job.nextRunAt,
    dueAt: dueAt ?? job.dueAt,
    dropped: null,
  });
  return { job, ifExists, skipReached, ...overrides };
}

/** Makes a queued run without a job, available for a minute. */
export function aRun(now: number, overrides: Partial<RunRecord> = {}): RunRecord {
  return {
    format: RECORD_FORMAT,
    id: randomUUID(),
    uniqueKey: null,
    jobUid: null,
    jobId: null,
    jobName: null,
    tags: [],
    origin: 'enqueued',
    task: 'task',
    executor: 'default',
    priority: 0,
    data: null,
    policy: JSON.stringify(BUILT_IN_POLICY),
    recovery: 'rerun',
    scheduledAt: now - MINUTE,
    createdAt: now,
    availableAt: now - MINUTE,
    expiresAt: null,
    status: 'queued',
    attempt: 0,
    failures: 0,
    recoveries: 0,
    owner: null,
    held: false,
    slot: null,
    fencingToken: 0,
    startedAt: null,
    finishedAt: null,
    result: null,
    error: null,
    progress: null,
    cancelRequested: false,
    parentRunId: null,
    step: null,
    input: null,
    ...overrides,
  };
}

/** Makes a queued run of a job by hand, available for a minute. */
export function aManualRun(now: number, job: JobRecord, overrides: Partial<RunRecord> = {}): RunRecord {
  const { task, executor, priority, name, tags } = job.definition;
  const ofJob = { jobUid: job.uid, jobId: job.id, jobName: name, tags, task, executor, priority };
  return aRun(now, { ...ofJob, origin: 'manual', ...overrides });
}

/** Makes a queued step of a run, available for a minute. */
export function aStep(
  now: number,
  parent: RunRecord,
  step: number,
  overrides: Partial<RunRecord> = {},
): RunRecord {
  const { jobId, jobName, tags } = parent;
  return aRun(now, { jobId, jobName, tags, origin: 'chained', parentRunId: parent.id, step, ...overrides });
}

/** Makes a step of a run that was never begun. */
export function aSkippedStep(now: number, parent: RunRecord, step: number): RunRecord {
  return aStep(now, parent, step, { status: 'skipped', finishedAt: now });
}

/** Makes the run of a job at a fire time. */
export function aFiring(
  now: number,
  job: JobRecord,
  fireAt: number,
  overrides: Partial<RunRecord> = {},
): RunRecord {
  return aManualRun(now, job, {
    origin: 'scheduled',
    uniqueKey: fireKey(job.uid, fireAt),
    scheduledAt: fireAt,
    availableAt: fireAt,
    ...overrides,
  });
}

/** Makes the decision to run a claimed job's fire time, and to fire next in an hour. */
export function aDecision(
  now: number,
  job: JobRecord,
  overrides: Partial<FiringDecision> = {},
): FiringDecision {
  return {
    uid: job.uid,
    fence: job.fence,
    nextRunAt: now + HOUR,
    dueAt: now + HOUR,
    runs: job.nextRunAt === null ? [] : [aFiring(now, job, job.nextRunAt)],
    startable: 1000,
    overlap: 'skip',
    counted: [],
    ...overrides,
  };
}

/** Makes a span of fire times, a second apart. */
export function aSpan(firstAt: number, count: number, exact = true): FireSpan {
  return { count, exact, firstAt, lastAt: firstAt + (count - 1) * 1000 };
}

/** Is a success without a result. */
export const SUCCESS: RunOutcome = { kind: 'end', status: 'succeeded', result: null, error: null };
/** Is a failure for good. */
export const FAILURE: RunOutcome = { kind: 'end', status: 'failed', result: null, error: '{"message":"no"}' };
/** Is an attempt broken off by a shutdown. */
export const HAND_BACK: RunOutcome = { kind: 'hand-back' };
/** Is an attempt whose executor died. */
export const DIED: RunOutcome = { kind: 'died' };
/** Is an attempt that goes on once its steps have ended. */
export const AWAIT: RunOutcome = { kind: 'await' };

/** Makes a failure that is to be tried again at an instant. */
export function aRetry(availableAt: number, error = '{"message":"again"}'): RunOutcome {
  return { kind: 'retry', availableAt, error };
}

/** Gives a job without the fields that stores keep for themselves. */
export function asPut(job: JobRecord): JobRecord {
  return { ...job, wakeAt: null, lastToken: 0 };
}
