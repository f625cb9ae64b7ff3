import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { Run, RunStep } from '../../job/run.js';
import { standingRuns } from './plan-steps.js';
import type { ComposedTask } from './plan-steps.js';
import { stepId } from './step-runs.js';

/** Gives the snapshot of a run with what has become of its steps, and how far it is by them. */
export function withSteps(run: Run, task: ComposedTask, records: readonly RunRecord[]): Run {
  const standing = standingRuns(records);
  const skipped = new Set(records.flatMap(({ status, step }) => (status === 'skipped' ? [step] : [])));
  // One that is cancelled while it is queued ends without a record of what it never began.
  const isOver = isEndStatus(run.status);
  const steps = task.composition.steps.map(({ name }, step): RunStep => {
    const record = standing.get(step);
    if (record !== undefined) return { step, task: record.task, status: record.status, runId: record.id };
    return {
      step,
      task: name,
      status: isOver || skipped.has(step) ? 'skipped' : 'pending',
      runId: stepId(run.id, step),
    };
  });
  const succeeded = steps.filter(({ status }) => status === 'succeeded').length;
  const open = steps.find(({ status }) => status !== 'pending' && !isEndStatus(status));
  return { ...run, steps, progress: { fraction: succeeded / steps.length, note: open?.task ?? null } };
}
