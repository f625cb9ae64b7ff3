import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  InvalidDataError,
  RunCancelledError,
  StepFailedError,
  StepsChangedError,
  all,
  chain,
  defineTask,
} from '../../../src/index.js';
import type { AnyTask } from '../../../src/index.js';
import type { EndStatus, RunRecord, RunStatus } from '../../../src/job/run-record.js';
import { isEndStatus } from '../../../src/job/run-record.js';
import { isComposed, isTaskOf, planSteps, standingRuns } from '../../../src/scheduler/steps/plan-steps.js';
import type { ComposedTask, StepsPlan, StepsState } from '../../../src/scheduler/steps/plan-steps.js';
import { fallbackOf, stepOf } from './support/step-records.js';

const FALLBACK = defineTask('fallback', () => 1);

/** Makes a task of so many steps, each with a fallback. */
function wholeOf(kind: 'chain' | 'all', count: number): ComposedTask {
  const steps = Array.from({ length: count }, (_, at) =>
    defineTask(`task ${String(at)}`, () => at, { fallback: FALLBACK }),
  ) as [AnyTask];
  const whole: AnyTask = (kind === 'chain' ? chain : all)(steps, { name: 'whole' });
  if (!isComposed(whole)) throw new Error('It has no steps');
  return whole;
}

function stateOf(runs: readonly RunRecord[], rest: Partial<StepsState> = {}): StepsState {
  return { runId: 'run', previous: null, isCancelled: false, runs, ...rest };
}

/** Says what a plan comes to, in words that are easy to compare. */
type Verdict =
  | { readonly begin: readonly (readonly [step: number, previous: string | null])[] }
  | { readonly success: string | null }
  | { readonly failed: string; readonly skipped: readonly number[] }
  | { readonly cancelled: true; readonly skipped: readonly number[] };

function verdictOf(plan: StepsPlan): Verdict {
  switch (plan.kind) {
    case 'begin':
      return { begin: plan.steps.map(({ step, previous }) => [step, previous]) };
    case 'success':
      return { success: plan.result };
    case 'failure':
      return plan.status === 'cancelled'
        ? { cancelled: true, skipped: plan.skipped }
        : { failed: plan.failure?.runId ?? '', skipped: plan.skipped };
  }
}

/** Is what has become of one step: nothing, or a run, and then perhaps its fallback. */
interface Fate {
  readonly first: RunStatus | null;
  readonly fallback: RunStatus | null;
}

/** Plans the slow, obvious way: by looking at the fate of one step after another. */
function literalPlan(
  kind: 'chain' | 'all',
  fates: readonly Fate[],
  { previous, isCancelled }: StepsState,
): Verdict {
  const lastOf = ({ first, fallback }: Fate): RunStatus | null => fallback ?? first;
  const idOf = (at: number): string =>
    (fates[at]?.fallback ?? null) === null ? `run.${String(at)}` : `run.${String(at)}.fallback`;
  const resultOf = (at: number): string => `"result of ${String(at)}"`;
  for (const fate of fates) {
    const last = lastOf(fate);
    if (last !== null && !isEndStatus(last)) return { begin: [] };
  }
  const never = fates.flatMap((fate, at) => (lastOf(fate) === null ? [at] : []));
  if (kind === 'all') {
    const bad = fates.flatMap((fate, at) => {
      const last = lastOf(fate);
      return last === null || last === 'succeeded' ? [] : [{ at, last }];
    });
    const worst = bad.find(({ last }) => last !== 'cancelled');
    if (bad.length > 0 && (isCancelled || worst === undefined)) return { cancelled: true, skipped: never };
    if (worst !== undefined) return { failed: idOf(worst.at), skipped: never };
    if (never.length === 0) return { success: `[${fates.map((_, at) => resultOf(at)).join(',')}]` };
    return isCancelled
      ? { cancelled: true, skipped: never }
      : { begin: never.map((at) => [at, previous] as const) };
  }
  for (let at = 0; at < fates.length; at++) {
    const last = lastOf(fates[at] as Fate);
    if (last === 'succeeded') continue;
    if (last === null) {
      if (isCancelled) return { cancelled: true, skipped: never };
      return { begin: [[at, at === 0 ? previous : resultOf(at - 1)]] };
    }
    return last === 'cancelled' || isCancelled
      ? { cancelled: true, skipped: never }
      : { failed: idOf(at), skipped: never };
  }
  return { success: resultOf(fates.length - 1) };
}

function recordsOf(fates: readonly Fate[]): RunRecord[] {
  return fates.flatMap(({ first, fallback }, at) => [
    ...(first === null ? [] : [stepOf(at, `task ${String(at)}`, first)]),
    ...(fallback === null ? [] : [fallbackOf(at, 'fallback', fallback)]),
  ]);
}

const ENDS: readonly EndStatus[] = ['succeeded', 'failed', 'cancelled', 'lost', 'missed'];
const done: Fate = { first: 'succeeded', fallback: null };
const none: Fate = { first: null, fallback: null };
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { arbitrary: fc.constant(done), weight: 3 },
  fc.record({ first: fc.constantFrom<RunStatus>('queued', 'running', ...ENDS), fallback: fc.constant(null) }),
  fc.record({
    first: fc.constant<RunStatus>('failed'),
    fallback: fc.constantFrom<RunStatus>('queued', 'running', ...ENDS),
  }),
);

/** Is what can have become of the steps of a chain: those before one have succeeded, those after it have not begun. */
const chainFates = fc
  .record({ before: fc.nat(4), one: fc.option(fate, { nil: none }), after: fc.nat(3) })
  .map(({ before, one, after }) => [
    ...Array<Fate>(before).fill(done),
    one,
    ...Array<Fate>(after).fill(none),
  ]);
const allFates = fc.oneof(
  fc.array(fate, { minLength: 1, maxLength: 6 }),
  fc.array(fc.option(fate, { nil: none }), { minLength: 1, maxLength: 6 }),
);
const rest = fc.record({ previous: fc.constantFrom(null, '"given"'), isCancelled: fc.boolean() });

describe.each([
  ['chain', chainFates],
  ['all', allFates],
] as const)('the plan of a %s', (kind, fates) => {
  test(`is that of the obvious way, in whatever order the runs of a ${kind} are listed`, () => {
    const cases = fc.record({ fates, given: rest, seed: fc.nat() });
    fc.assert(
      fc.property(cases, ({ fates: its, given, seed }) => {
        const task = wholeOf(kind, its.length);
        const records = recordsOf(its);
        const state = stateOf(shuffled(records, seed), given);
        const expected = literalPlan(kind, its, state);
        expect(verdictOf(planSteps(task, state))).toEqual(expected);
        expect(verdictOf(planSteps(task, state))).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  test(`begins each step of a ${kind} once, skips none, and comes to an end, however they end`, () => {
    const outcomes = fc.array(
      fc.record({
        status: fc.constantFrom<EndStatus>('succeeded', 'succeeded', 'succeeded', ...ENDS),
        fallback: fc.option(fc.constantFrom<EndStatus>(...ENDS), { nil: null }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(outcomes, fc.nat(8), (ends, cancelAfter) => {
        const task = wholeOf(kind, ends.length);
        const begun: number[] = [];
        const runs: RunRecord[] = [];
        for (let turn = 0; ; turn++) {
          expect(turn).toBeLessThanOrEqual(ends.length);
          const plan = planSteps(task, stateOf(runs, { isCancelled: turn > cancelAfter }));
          if (plan.kind !== 'begin') {
            const left = task.composition.steps.map((_, at) => at).filter((at) => !begun.includes(at));
            expect(plan.kind === 'failure' ? plan.skipped : []).toEqual(left);
            const isGood = [...standingRuns(runs).values()].every(({ status }) => status === 'succeeded');
            expect(plan.kind === 'success').toBe(isGood && left.length === 0);
            return;
          }
          expect(plan.steps.length).toBeGreaterThan(0);
          for (const { step } of plan.steps) {
            begun.push(step);
            const { status = 'succeeded', fallback = null } = ends[step] ?? {};
            runs.push(stepOf(step, `task ${String(step)}`, status));
            if (status === 'failed' && fallback !== null) runs.push(fallbackOf(step, 'fallback', fallback));
          }
          expect(new Set(begun).size).toBe(begun.length);
        }
      }),
      { numRuns: 400 },
    );
  });

  test(`awaits what is under way, and begins nothing beside it, though the ${kind} is to be cancelled`, () => {
    const task = wholeOf(kind, 3);
    for (const status of ['queued', 'running'] as const)
      for (const isCancelled of [false, true])
        expect(planSteps(task, stateOf([stepOf(0, 'task 0', status)], { isCancelled }))).toEqual({
          kind: 'begin',
          steps: [],
        });
  });
});

describe('a chain', () => {
  const task = wholeOf('chain', 3);

  test('does not need the runs of the steps before the last that was begun', () => {
    const plan = planSteps(task, stateOf([stepOf(1, 'task 1', 'succeeded')]));
    expect(plan).toEqual({ kind: 'begin', steps: [{ step: 2, previous: '"result of 1"' }] });
  });

  test('hands what it was given itself to its first step, and to no other', () => {
    expect(planSteps(task, stateOf([], { previous: '[1]' }))).toMatchObject({
      steps: [{ step: 0, previous: '[1]' }],
    });
    const silent = stepOf(0, 'task 0', 'succeeded', { result: null });
    expect(planSteps(task, stateOf([silent], { previous: '[1]' }))).toMatchObject({
      steps: [{ step: 1, previous: null }],
    });
  });

  test('has succeeded, if its last step has, whoever asked too late to cancel it', () => {
    const runs = [0, 1, 2].map((at) => stepOf(at, `task ${String(at)}`, 'succeeded'));
    const plan = planSteps(task, stateOf(runs, { isCancelled: true }));
    expect(plan).toEqual({ kind: 'success', result: '"result of 2"' });
  });

  test('has no result where its last step has none', () => {
    const silent = stepOf(2, 'task 2', 'succeeded', { result: null });
    expect(planSteps(task, stateOf([silent]))).toEqual({ kind: 'success', result: null });
  });

  test('fails by the step that failed, with its place, its task and its error', () => {
    const plan = planSteps(task, stateOf([stepOf(1, 'task 1', 'failed')]));
    if (plan.kind !== 'failure') throw new Error('It has not failed');
    expect(plan.error).toBeInstanceOf(StepFailedError);
    expect(plan.error.message).toBe('Step 2 ("task 1") of task "whole" failed: step 1 is broken');
    expect(plan.failure).toEqual({
      runId: 'run.1',
      task: 'task 1',
      error: { name: 'Error', message: 'step 1 is broken' },
    });
    expect(plan.skipped).toEqual([2]);
  });

  test.each(['lost', 'missed'] as const)('fails by a step that is %s, and says so', (status) => {
    const plan = planSteps(task, stateOf([stepOf(0, 'task 0', status)]));
    expect(plan).toMatchObject({ status: 'failed', failure: { error: { code: 'ESC_RUN_LOST' } } });
  });

  test('fails by the fallback of a step, where that failed too', () => {
    const runs = [stepOf(0, 'task 0', 'failed'), fallbackOf(0, 'fallback', 'failed')];
    expect(planSteps(task, stateOf(runs))).toMatchObject({
      failure: { runId: 'run.0.fallback', task: 'fallback' },
    });
  });

  test('is cancelled, and has not failed, where a step fails after somebody asked to cancel the whole', () => {
    const plan = planSteps(task, stateOf([stepOf(0, 'task 0', 'failed')], { isCancelled: true }));
    expect(plan).toMatchObject({ status: 'cancelled', failure: null, skipped: [1, 2] });
  });

  test('is cancelled, with the id of its own run, by the cancellation of a step', () => {
    const plan = planSteps(task, stateOf([stepOf(0, 'task 0', 'cancelled')]));
    expect(plan).toMatchObject({ status: 'cancelled', failure: null, skipped: [1, 2] });
    if (plan.kind === 'failure') expect(plan.error).toBeInstanceOf(RunCancelledError);
    if (plan.kind === 'failure') expect(plan.error.message).toContain('"run"');
  });
});

describe('all', () => {
  test('gives null for a step without a result', () => {
    const runs = [stepOf(0, 'task 0', 'succeeded'), stepOf(1, 'task 1', 'succeeded', { result: null })];
    const plan = planSteps(wholeOf('all', 2), stateOf(runs));
    expect(plan).toEqual({ kind: 'success', result: '["result of 0",null]' });
  });

  test('waits for the others though one has failed', () => {
    const runs = [stepOf(0, 'task 0', 'failed'), stepOf(1, 'task 1', 'running')];
    expect(planSteps(wholeOf('all', 2), stateOf(runs))).toEqual({ kind: 'begin', steps: [] });
  });

  test('fails where its results are too large together, in bytes and not in characters', () => {
    const large = (step: number, text: string): RunRecord =>
      stepOf(step, `task ${String(step)}`, 'succeeded', { result: JSON.stringify(text) });
    const limit = 256 * 1024;
    const fitting = 'x'.repeat(limit - '["",""]'.length - 1);
    const plan = (texts: readonly string[]): StepsPlan =>
      planSteps(wholeOf('all', 2), stateOf(texts.map((text, at) => large(at, text))));
    expect(plan([fitting, 'x'])).toMatchObject({ kind: 'success' });
    expect(plan([fitting, 'é'])).toMatchObject({ kind: 'failure', status: 'failed', failure: null });
    const refused = plan([fitting, 'xx']);
    if (refused.kind !== 'failure') throw new Error('It was accepted');
    expect(refused.error).toBeInstanceOf(InvalidDataError);
    expect(refused.error.message).toContain('262145');
  });
});

describe('a task whose steps have changed since', () => {
  test('fails where a step that was begun is of another task now', () => {
    const plan = planSteps(wholeOf('chain', 3), stateOf([stepOf(1, 'old task', 'succeeded')]));
    if (plan.kind !== 'failure') throw new Error('It has not failed');
    expect(plan.error).toBeInstanceOf(StepsChangedError);
    expect(plan.error.message).toContain('step 2 was "old task" and is "task 1"');
    expect([plan.failure, plan.skipped]).toEqual([null, []]);
  });

  test('fails where a step that was begun is gone', () => {
    const plan = planSteps(wholeOf('all', 1), stateOf([stepOf(1, 'task 1', 'running')]));
    expect(plan).toMatchObject({ error: { code: 'ESC_STEPS_CHANGED' } });
    if (plan.kind === 'failure') expect(plan.error.message).toContain('is gone');
  });

  test('goes on where what was begun is as it was', () => {
    const plan = planSteps(wholeOf('chain', 4), stateOf([stepOf(0, 'task 0', 'succeeded')]));
    expect(plan).toMatchObject({ kind: 'begin', steps: [{ step: 1 }] });
    const shorter = planSteps(wholeOf('chain', 1), stateOf([stepOf(0, 'task 0', 'succeeded')]));
    expect(shorter).toEqual({ kind: 'success', result: '"result of 0"' });
  });

  test('knows a step by its fallback, and by the fallback of that', () => {
    const last = defineTask('last', () => 1);
    const middle = defineTask('middle', () => 1, { fallback: last });
    const first = defineTask('first', () => 1, { fallback: middle });
    expect(['first', 'middle', 'last', 'other'].map((name) => isTaskOf(first, name))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

test('a record of a skipped step, and a run that is no step, stand for nothing', () => {
  const alert = stepOf(0, 'alert', 'failed', { id: 'run.onFailure', step: null });
  const standing = standingRuns([alert, stepOf(1, 'task 1', 'skipped'), stepOf(0, 'task 0', 'succeeded')]);
  expect([...standing.keys()]).toEqual([0]);
});

/** Gives a list in another order, which a number decides. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const left = [...list];
  const out: T[] = [];
  for (let at = seed; left.length > 0; at = Math.floor(at / 7) + 3)
    out.push(...left.splice(at % left.length, 1));
  return out;
}
