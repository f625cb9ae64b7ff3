import type { RunOrigin, RunRecord, RunRecovery, RunStatus } from '../../job/run-record.js';
import {
  readFlag,
  readInteger,
  readNullableInteger,
  readNullableText,
  readText,
  readTexts,
  writeFlag,
  writeTexts,
} from './row-values.js';
import type { Row } from './row-values.js';
import { rowWriter } from './row-writer.js';
import type { Field, RowWriter } from './row-writer.js';

/** Is a run with what its store keeps beside it: when a claim may take it; `null`: never, or not before a slot is freed. */
export interface StoredRun {
  /** Is the run. */
  readonly run: RunRecord;
  /** Is when a claim may take it. */
  readonly wakeAt: number | null;
}

const KEY = ['id', ({ run }: StoredRun) => run.id] as const;

const START_FIELDS: readonly Field<StoredRun>[] = [
  ['status', ({ run }) => run.status],
  ['attempt', ({ run }) => run.attempt],
  ['owner', ({ run }) => run.owner],
  ['held', ({ run }) => writeFlag(run.held)],
  ['slot', ({ run }) => run.slot],
  ['fencing_token', ({ run }) => run.fencingToken],
  ['started_at', ({ run }) => run.startedAt],
  ['progress', ({ run }) => run.progress],
  ['cancel_requested', ({ run }) => writeFlag(run.cancelRequested)],
  ['wake_at', ({ wakeAt }) => wakeAt],
];

const END_ONLY_FIELDS: readonly Field<StoredRun>[] = [
  ['available_at', ({ run }) => run.availableAt],
  ['failures', ({ run }) => run.failures],
  ['recoveries', ({ run }) => run.recoveries],
  ['finished_at', ({ run }) => run.finishedAt],
  ['result', ({ run }) => run.result],
  ['error', ({ run }) => run.error],
];

/** Names what a start writes and no end does. */
const START_ONLY: ReadonlySet<string> = new Set(['attempt', 'owner', 'fencing_token', 'started_at']);

/** Writes what a start moves of runs. */
export const runStart: RowWriter<StoredRun> = rowWriter<StoredRun>(KEY, START_FIELDS);

/** Writes what the end of an attempt moves of runs, a retry and a request to cancel included. */
export const runEnd: RowWriter<StoredRun> = rowWriter<StoredRun>(KEY, [
  ...START_FIELDS.filter(([column]) => !START_ONLY.has(column)),
  ...END_ONLY_FIELDS,
]);

/** Writes who owns runs. */
export const runOwner: RowWriter<StoredRun> = rowWriter<StoredRun>(KEY, [['owner', ({ run }) => run.owner]]);

/** Writes runs whole. */
export const wholeRun: RowWriter<StoredRun> = rowWriter<StoredRun>(KEY, [
  ...START_FIELDS,
  ...END_ONLY_FIELDS,
  ['format', ({ run }) => run.format],
  ['unique_key', ({ run }) => run.uniqueKey],
  ['job_uid', ({ run }) => run.jobUid],
  ['job_id', ({ run }) => run.jobId],
  ['job_name', ({ run }) => run.jobName],
  ['tags', ({ run }) => writeTexts(run.tags)],
  ['origin', ({ run }) => run.origin],
  ['task', ({ run }) => run.task],
  ['executor', ({ run }) => run.executor],
  ['priority', ({ run }) => run.priority],
  ['data', ({ run }) => run.data],
  ['policy', ({ run }) => run.policy],
  ['recovery', ({ run }) => run.recovery],
  ['scheduled_at', ({ run }) => run.scheduledAt],
  ['created_at', ({ run }) => run.createdAt],
  ['expires_at', ({ run }) => run.expiresAt],
  ['parent_run_id', ({ run }) => run.parentRunId],
  ['step', ({ run }) => run.step],
  ['input', ({ run }) => run.input],
]);

/** Reads the row of a run. */
export function decodeRun(row: Row): RunRecord {
  return {
    format: readInteger(row['format']),
    id: readText(row['id']),
    uniqueKey: readNullableText(row['unique_key']),
    jobUid: readNullableText(row['job_uid']),
    jobId: readNullableText(row['job_id']),
    jobName: readNullableText(row['job_name']),
    tags: readTexts(row['tags']),
    origin: readText(row['origin']) as RunOrigin,
    task: readText(row['task']),
    executor: readText(row['executor']),
    priority: readInteger(row['priority']),
    data: readNullableText(row['data']),
    policy: readText(row['policy']),
    recovery: readText(row['recovery']) as RunRecovery,
    scheduledAt: readInteger(row['scheduled_at']),
    createdAt: readInteger(row['created_at']),
    availableAt: readInteger(row['available_at']),
    expiresAt: readNullableInteger(row['expires_at']),
    status: readText(row['status']) as RunStatus,
    attempt: readInteger(row['attempt']),
    failures: readInteger(row['failures']),
    recoveries: readInteger(row['recoveries']),
    owner: readNullableText(row['owner']),
    held: readFlag(row['held']),
    slot: readNullableInteger(row['slot']),
    fencingToken: readInteger(row['fencing_token']),
    startedAt: readNullableInteger(row['started_at']),
    finishedAt: readNullableInteger(row['finished_at']),
    result: readNullableText(row['result']),
    error: readNullableText(row['error']),
    progress: readNullableText(row['progress']),
    cancelRequested: readFlag(row['cancel_requested']),
    parentRunId: readNullableText(row['parent_run_id']),
    step: readNullableInteger(row['step']),
    input: readNullableText(row['input']),
  };
}
