import { decodeError, describeError } from '../../job/run-error.js';
import { readInput } from '../../job/run-input.js';
import type { RunRecord } from '../../job/run-record.js';
import type { AnyTask } from '../../job/task.js';
import type { RunOutcome } from '../../stores/job-store.js';
import { isTaskOf } from './plan-steps.js';
import type { StepRuns } from './step-runs.js';

/** Is what is committed together with the end of a run. */
export interface Sequel {
  /** Holds the runs that follow. */
  readonly followUps: readonly RunRecord[];
  /** Says whether this node goes on with the parent if no step is left. */
  readonly takesParent: boolean;
}

/** Is the sequel of a run that nothing follows. */
export const NO_SEQUEL: Sequel = Object.freeze({ followUps: Object.freeze([]), takesParent: false });

/** Finds the task of a name; `null`: this node does not know it. */
export type FindTask = (name: string) => AnyTask | null;

/** Tells whether anything can follow the end of a run. */
export function mayHaveSequel({ step }: RunRecord, task: AnyTask | null): boolean {
  return step !== null || task?.options.fallback !== undefined;
}

/**
 * Gives what follows the end of a run: the next step of its chain, or the fallback of its task.
 *
 * @throws a `SyntaxError` when the run's input cannot be read
 */
export function sequelOf(
  run: RunRecord,
  task: AnyTask | null,
  outcome: RunOutcome,
  { runs, find, now }: { readonly runs: StepRuns; readonly find: FindTask; readonly now: number },
): Sequel {
  const { fallback } = task?.options ?? {};
  if (outcome.kind !== 'end' || !mayHaveSequel(run, task)) return NO_SEQUEL;
  const { parent } = readInput(run);
  const composition = parent === undefined ? undefined : find(parent.task)?.composition;
  const takesParent = composition !== undefined;
  if (outcome.status === 'failed' && fallback !== undefined) {
    const error = decodeError(outcome.error) ?? describeError(outcome.error);
    const failure = { runId: run.id, task: run.task, error };
    return { followUps: [runs.fallback(run, fallback, failure, now)], takesParent };
  }
  if (
    parent === undefined ||
    run.step === null ||
    composition?.kind !== 'chain' ||
    outcome.status !== 'succeeded'
  )
    return { followUps: [], takesParent };
  const own = composition.steps[run.step];
  const next = composition.steps[run.step + 1];
  if (own === undefined || next === undefined || !isTaskOf(own, run.task))
    return { followUps: [], takesParent };
  return { followUps: [runs.stepAfter(run, parent, next, outcome.result, now)], takesParent };
}
