import type { JobDefinition, JobRecord } from '../job/job-record.js';
import { RECORD_FORMAT } from '../job/job-record.js';
import type { JobPolicy } from '../job/job-policy.js';
import { fireKey } from '../job/run-record.js';
import type { RunOrigin, RunRecord, RunRecovery } from '../job/run-record.js';
import type { AnyTask } from '../job/task.js';

/** Is what differs from one new run to another. */
export interface NewRun {
  readonly id: string;
  readonly uniqueKey: string | null;
  readonly origin: RunOrigin;
  readonly scheduledAt: number;
  readonly createdAt: number;
  readonly availableAt: number;
  readonly expiresAt: number | null;
  readonly jobUid: string | null;
  readonly jobId: string | null;
  readonly jobName: string | null;
  readonly tags: readonly string[];
  readonly recovery: RunRecovery;
  readonly parentRunId?: string | null;
  readonly step?: number | null;
  readonly input?: string | null;
  readonly definition: Pick<JobDefinition, 'task' | 'executor' | 'priority' | 'data' | 'policy'>;
}

/** Makes the record of a run that is queued and has never been started. */
export function newRun(run: NewRun): RunRecord {
  const { definition } = run;
  return {
    format: RECORD_FORMAT,
    id: run.id,
    uniqueKey: run.uniqueKey,
    jobUid: run.jobUid,
    jobId: run.jobId,
    jobName: run.jobName,
    tags: run.tags,
    origin: run.origin,
    task: definition.task,
    executor: definition.executor,
    priority: definition.priority,
    data: definition.data,
    policy: definition.policy,
    recovery: run.recovery,
    scheduledAt: run.scheduledAt,
    createdAt: run.createdAt,
    availableAt: run.availableAt,
    expiresAt: run.expiresAt,
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
    parentRunId: run.parentRunId ?? null,
    step: run.step ?? null,
    input: run.input ?? null,
  };
}

/** Makes the record of a run of a job at a fire time. */
export function newJobRun(
  job: JobRecord,
  policy: JobPolicy,
  run: Pick<NewRun, 'id' | 'origin' | 'recovery'> & { readonly fireAt: number; readonly now: number },
): RunRecord {
  return newRun({
    id: run.id,
    uniqueKey: run.origin === 'manual' ? null : fireKey(job.uid, run.fireAt),
    origin: run.origin,
    scheduledAt: run.fireAt,
    createdAt: run.now,
    availableAt: run.now,
    expiresAt: policy.expiresAfterMs === null ? null : run.now + policy.expiresAfterMs,
    jobUid: job.uid,
    jobId: job.id,
    jobName: job.definition.name,
    tags: job.definition.tags,
    recovery: run.recovery,
    definition: job.definition,
  });
}

/** Says what becomes of the runs of a task if their node dies: those that have steps go on with them. */
export function recoveryOf({ composition }: AnyTask, { recovery }: JobPolicy): RunRecovery {
  return composition !== undefined && recovery === 'rerun' ? 'resume' : recovery;
}
