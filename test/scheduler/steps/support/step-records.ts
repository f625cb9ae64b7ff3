import { BUILT_IN_POLICY } from '../../../../src/job/job-policy.js';
import type { RunRecord, RunStatus } from '../../../../src/job/run-record.js';
import { encodeInput } from '../../../../src/job/run-input.js';
import { newRun } from '../../../../src/scheduler/new-run.js';

/** Is when all of these runs were made. */
export const MADE_AT: number = Date.parse('2026-01-01T00:00:00Z');

/** Makes the record of a run. */
export function runOf(task: string, overrides: Partial<RunRecord> = {}): RunRecord {
  const run = newRun({
    id: 'run',
    uniqueKey: null,
    origin: 'enqueued',
    scheduledAt: MADE_AT,
    createdAt: MADE_AT,
    availableAt: MADE_AT,
    expiresAt: null,
    jobUid: null,
    jobId: null,
    jobName: null,
    tags: [],
    recovery: 'rerun',
    definition: {
      task,
      executor: 'default',
      priority: 0,
      data: null,
      policy: JSON.stringify(BUILT_IN_POLICY),
    },
  });
  return { ...run, ...overrides };
}

/** Makes the record of a step of the run `run` of a task `whole`. */
export function stepOf(
  step: number,
  task: string,
  status: RunStatus,
  overrides: Partial<RunRecord> = {},
): RunRecord {
  return runOf(task, {
    id: `run.${String(step)}`,
    origin: 'chained',
    parentRunId: 'run',
    step,
    status,
    result: status === 'succeeded' ? `"result of ${String(step)}"` : null,
    error: status === 'failed' ? `{"name":"Error","message":"step ${String(step)} is broken"}` : null,
    input: encodeInput({ parent: { task: 'whole', priority: 0 } }, null),
    ...overrides,
  });
}

/** Makes the record of the fallback of a step of `run`. */
export function fallbackOf(step: number, task: string, status: RunStatus): RunRecord {
  return stepOf(step, task, status, { id: `run.${String(step)}.fallback` });
}
