import {
  RunCancelledError,
  RunLostError,
  StepFailedError,
  StepsChangedError,
} from '../../errors/run-errors.js';
import { InvalidDataError } from '../../errors/input-errors.js';
import { DEFAULT_MAX_DATA_BYTES } from '../../internal/json-codec.js';
import { decodeError, describeError } from '../../job/run-error.js';
import type { RunError } from '../../job/run-error.js';
import type { RunFailure } from '../../job/run-input.js';
import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { AnyTask, Composition } from '../../job/task.js';

/** Is a task that is made of others. */
export type ComposedTask = AnyTask & { readonly composition: Composition };

/** Tells whether a task is made of others. */
export function isComposed(task: AnyTask | null): task is ComposedTask {
  return task?.composition !== undefined;
}

/** Is where the run of such a task stands. */
export interface StepsState {
  /** Is the run's id. */
  readonly runId: string;
  /** Is what the run was given as `previous`, as JSON text; `null`: nothing. */
  readonly previous: string | null;
  /** Says whether somebody asked to cancel the run. */
  readonly isCancelled: boolean;
  /** Holds the runs of its steps; of a step that failed and of its fallback, both. */
  readonly runs: readonly RunRecord[];
}

/** Is a step that is to begin. */
interface BeginningStep {
  /** Is its place. */
  readonly step: number;
  /** Is the result of the one before, as JSON text; `null`: none. */
  readonly previous: string | null;
}

/** Says what becomes of the run of a task that is made of others. */
export type StepsPlan = StepsBegin | StepsSuccess | StepsFailure;

/** Says that the run awaits its steps; those named begin, others may be under way. */
interface StepsBegin {
  readonly kind: 'begin';
  readonly steps: readonly BeginningStep[];
}

/** Says that all steps have succeeded. */
interface StepsSuccess {
  readonly kind: 'success';
  /** Is the result as JSON text; `null`: none. */
  readonly result: string | null;
}

/** Says that the run ends without success. */
export interface StepsFailure {
  readonly kind: 'failure';
  readonly status: 'failed' | 'cancelled';
  readonly error: Error;
  /** Is the step that failed; `null`: none did. */
  readonly failure: RunFailure | null;
  /** Holds the steps that were never begun. */
  readonly skipped: readonly number[];
}

/**
 * Plans how the run of a task that is made of others goes on.
 *
 * Pure. In a chain, a step that was begun says that those before it have succeeded: their runs need not be there any more.
 */
export function planSteps(task: ComposedTask, state: StepsState): StepsPlan {
  const standing = standingRuns(state.runs);
  for (const [step, { task: was }] of standing) {
    const is = task.composition.steps[step];
    if (is !== undefined && isTaskOf(is, was)) continue;
    const error = new StepsChangedError(task.name, step, was, is?.name ?? null);
    return { kind: 'failure', status: 'failed', error, failure: null, skipped: [] };
  }
  if ([...standing.values()].some(({ status }) => !isEndStatus(status))) return { kind: 'begin', steps: [] };
  return task.composition.kind === 'chain'
    ? planChain(task, standing, state)
    : planAll(task, standing, state);
}

/** Tells whether a run of a step is of its task: that itself, or one that its fallbacks lead to. */
export function isTaskOf(step: AnyTask, name: string): boolean {
  if (step.name === name) return true;
  const { fallback } = step.options;
  return fallback !== undefined && isTaskOf(fallback, name);
}

/** Gives for each step the run that stands for it: the last of its fallbacks, where there was one. */
export function standingRuns(runs: readonly RunRecord[]): ReadonlyMap<number, RunRecord> {
  const standing = new Map<number, RunRecord>();
  for (const run of runs) {
    if (run.step === null || run.status === 'skipped') continue;
    const other = standing.get(run.step);
    // The id of a fallback is that of the run that it follows, and more.
    if (other === undefined || run.id.length > other.id.length) standing.set(run.step, run);
  }
  return standing;
}

type Standing = ReadonlyMap<number, RunRecord>;

function planChain(task: ComposedTask, standing: Standing, state: StepsState): StepsPlan {
  const last = standing.get(Math.max(-1, ...standing.keys()));
  const next = last?.step === undefined || last.step === null ? 0 : last.step + 1;
  const left = range(next, task.composition.steps.length);
  if (last !== undefined && last.status !== 'succeeded') return failureOf(task, last, left, state);
  if (next === task.composition.steps.length) return { kind: 'success', result: last?.result ?? null };
  if (state.isCancelled) return cancellation(state, left);
  const previous = last === undefined ? state.previous : last.result;
  return { kind: 'begin', steps: [{ step: next, previous }] };
}

function planAll(task: ComposedTask, standing: Standing, state: StepsState): StepsPlan {
  const places = range(0, task.composition.steps.length);
  const left = places.filter((step) => !standing.has(step));
  const runs = places.flatMap((step) => standing.get(step) ?? []);
  const failed =
    runs.find(({ status }) => status !== 'succeeded' && status !== 'cancelled') ??
    runs.find(({ status }) => status !== 'succeeded');
  if (failed !== undefined) return failureOf(task, failed, left, state);
  if (left.length === 0) return successOf(task, `[${runs.map(({ result }) => result ?? 'null').join(',')}]`);
  if (state.isCancelled) return cancellation(state, left);
  return { kind: 'begin', steps: left.map((step) => ({ step, previous: state.previous })) };
}

function successOf(task: ComposedTask, result: string): StepsPlan {
  const size = Buffer.byteLength(result);
  if (size <= DEFAULT_MAX_DATA_BYTES) return { kind: 'success', result };
  const error = new InvalidDataError(
    'result',
    `Expected the results of "${task.name}" to be at most ${String(DEFAULT_MAX_DATA_BYTES)} bytes of JSON together, ` +
      `got ${String(size)}.`,
  );
  return { kind: 'failure', status: 'failed', error, failure: null, skipped: [] };
}

function failureOf(
  task: ComposedTask,
  run: RunRecord,
  skipped: readonly number[],
  state: StepsState,
): StepsPlan {
  if (run.status === 'cancelled' || state.isCancelled) return cancellation(state, skipped);
  const cause = errorOf(run);
  const error = new StepFailedError(task.name, run.step ?? 0, run.task, cause);
  const failure = { runId: run.id, task: run.task, error: cause };
  return { kind: 'failure', status: 'failed', error, failure, skipped };
}

function cancellation({ runId }: StepsState, skipped: readonly number[]): StepsPlan {
  return {
    kind: 'failure',
    status: 'cancelled',
    error: new RunCancelledError(runId),
    failure: null,
    skipped,
  };
}

function errorOf({ id, error }: RunRecord): RunError {
  return decodeError(error) ?? describeError(new RunLostError(id));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}
