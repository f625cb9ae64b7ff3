import { encodeInput, readInput } from '../../job/run-input.js';
import type { ParentLink, RunFailure, RunInput } from '../../job/run-input.js';
import { jobNameOf } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { AnyTask } from '../../job/task.js';
import { newRun, recoveryOf } from '../new-run.js';
import type { TaskDefaults } from '../task-defaults.js';

/** Is what a run takes over from the one that it follows or belongs to. */
type Lineage = Pick<
  RunRecord,
  'jobId' | 'jobName' | 'tags' | 'scheduledAt' | 'data' | 'priority' | 'parentRunId' | 'step'
> & { readonly id: string };

/**
 * Makes the records of runs that follow others, or are their steps. Their ids are made of those of the runs that they
 * follow, so that none is ever made twice.
 */
export class StepRuns {
  readonly #defaults: TaskDefaults;

  /** Makes runs under the defaults of their tasks. */
  constructor(defaults: TaskDefaults) {
    this.#defaults = defaults;
  }

  /**
   * Makes the run of a step.
   *
   * @param previous - the result of the one before, as JSON text; `null`: none
   */
  step(parent: RunRecord, task: AnyTask, step: number, previous: string | null, now: number): RunRecord {
    const link = { task: parent.task, priority: parent.priority };
    const jobName = jobNameOf(parent);
    const lineage = { ...parent, id: stepId(parent.id, step), jobName, parentRunId: parent.id, step };
    return this.#make(lineage, task, { parent: link }, previous, now);
  }

  /** Makes the run of the step after one. */
  stepAfter(
    run: RunRecord,
    parent: ParentLink,
    task: AnyTask,
    result: string | null,
    now: number,
  ): RunRecord {
    const step = (run.step ?? 0) + 1;
    const lineage = { ...run, id: stepId(run.parentRunId ?? '', step), priority: parent.priority, step };
    return this.#make(lineage, task, { parent }, result, now);
  }

  /** Makes the record of a step that is not to begin. */
  skipped(parent: RunRecord, task: AnyTask, step: number, now: number): RunRecord {
    return { ...this.step(parent, task, step, null, now), status: 'skipped', finishedAt: now };
  }

  /** Makes the run that follows the failure of a step; the chain's, as it is about the chain. */
  onFailure(parent: RunRecord, task: AnyTask, failure: RunFailure, now: number): RunRecord {
    const jobName = jobNameOf(parent);
    const lineage = { ...parent, id: `${parent.id}.onFailure`, jobName, parentRunId: parent.id, step: null };
    return this.#make(lineage, task, { failure }, null, now);
  }

  /** Makes the run that follows a failure; that of a step is a step in its place. */
  fallback(run: RunRecord, task: AnyTask, failure: RunFailure, now: number): RunRecord {
    const { parent, previous } = readInput(run);
    const isStep = run.step !== null && parent !== undefined;
    const jobName = jobNameOf(run);
    const lineage = {
      ...run,
      id: `${run.id}.fallback`,
      jobName,
      parentRunId: isStep ? run.parentRunId : run.id,
    };
    const priority = isStep ? parent.priority : run.priority;
    return this.#make(
      { ...lineage, priority },
      task,
      { ...(isStep && { parent }), failure },
      textOf(previous),
      now,
    );
  }

  #make(
    lineage: Lineage,
    task: AnyTask,
    input: Omit<RunInput, 'previous'>,
    previous: string | null,
    now: number,
  ): RunRecord {
    const { id, jobId, jobName, tags, scheduledAt, data, parentRunId, step } = lineage;
    const { executor, priority, policy, policyText } = this.#defaults.of(task);
    return newRun({
      id,
      uniqueKey: null,
      origin: 'chained',
      scheduledAt,
      createdAt: now,
      availableAt: now,
      expiresAt: null,
      jobUid: null,
      jobId,
      jobName,
      tags,
      recovery: recoveryOf(task, policy),
      parentRunId,
      step,
      input: encodeInput(input, previous),
      definition: {
        task: task.name,
        executor,
        priority: task.options.priority === undefined ? lineage.priority : priority,
        data,
        policy: policyText,
      },
    });
  }
}

/** Gives what a run was given as `previous` as JSON text; `null`: nothing. */
export function textOf(previous: unknown): string | null {
  return previous === undefined ? null : JSON.stringify(previous);
}

/** Gives the id of the run of a step. */
export function stepId(parentId: string, step: number): string {
  return `${parentId}.${String(step)}`;
}
