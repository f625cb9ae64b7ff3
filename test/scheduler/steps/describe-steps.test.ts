import { describe, expect, test } from 'vitest';
import { all, chain, defineTask } from '../../../src/index.js';
import type { AnyTask, Run } from '../../../src/index.js';
import { toRun } from '../../../src/job/run.js';
import type { RunRecord, RunStatus } from '../../../src/job/run-record.js';
import { withSteps } from '../../../src/scheduler/steps/describe-steps.js';
import type { ComposedTask } from '../../../src/scheduler/steps/plan-steps.js';
import { fallbackOf, runOf, stepOf } from './support/step-records.js';

const tasks = ['one', 'two', 'three', 'four'].map((name) => defineTask(name, () => name));
const whole = chain(tasks as unknown as [AnyTask], { name: 'whole' }) as ComposedTask;

function described(records: readonly RunRecord[], status: RunStatus = 'running', task = whole): Run {
  return withSteps(toRun(runOf('whole', { status }), 'default'), task, records);
}

function statuses({ steps }: Run): string[] | undefined {
  return steps?.map(({ status }) => status);
}

describe('the steps of a run', () => {
  test('are pending, each with the id that its run will have, before any has begun', () => {
    const run = described([], 'queued');
    expect(run.steps).toEqual(
      ['one', 'two', 'three', 'four'].map((task, step) => ({
        step,
        task,
        status: 'pending',
        runId: `run.${String(step)}`,
      })),
    );
    expect(run.progress).toEqual({ fraction: 0, note: null });
  });

  test('have the state of their runs, and the run is as far as the share of those that have succeeded', () => {
    const run = described([stepOf(1, 'two', 'running'), stepOf(0, 'one', 'succeeded')]);
    expect(statuses(run)).toEqual(['succeeded', 'running', 'pending', 'pending']);
    expect(run.progress).toEqual({ fraction: 0.25, note: 'two' });
    const waiting = described([stepOf(0, 'one', 'succeeded'), stepOf(1, 'two', 'queued')]);
    expect(waiting.progress).toEqual({ fraction: 0.25, note: 'two' });
  });

  test('name the fallback that stands for one that failed, and its run', () => {
    const records = [stepOf(0, 'one', 'failed'), fallbackOf(0, 'spare', 'running')];
    expect(described(records).steps?.[0]).toEqual({
      step: 0,
      task: 'spare',
      status: 'running',
      runId: 'run.0.fallback',
    });
  });

  test('are skipped where a record says so', () => {
    const records = [stepOf(0, 'one', 'failed'), ...[1, 2, 3].map((at) => stepOf(at, 'two', 'skipped'))];
    expect(statuses(described(records, 'failed'))).toEqual(['failed', 'skipped', 'skipped', 'skipped']);
  });

  test('are skipped where a run has ended without a record of them, as one that was cancelled while it was queued', () => {
    expect(statuses(described([], 'cancelled'))).toEqual(['skipped', 'skipped', 'skipped', 'skipped']);
    const between = described([stepOf(0, 'one', 'succeeded')], 'cancelled');
    expect(statuses(between)).toEqual(['succeeded', 'skipped', 'skipped', 'skipped']);
    expect(between.progress).toEqual({ fraction: 0.25, note: null });
  });

  test('say that a run that has succeeded is done', () => {
    const run = described(
      tasks.map(({ name }, at) => stepOf(at, name, 'succeeded')),
      'succeeded',
    );
    expect(run.progress).toEqual({ fraction: 1, note: null });
  });

  test('that run side by side are each as they are, and the first that is open is named', () => {
    const together = all(tasks as unknown as [AnyTask], { name: 'whole' }) as ComposedTask;
    const records = [stepOf(0, 'one', 'succeeded'), stepOf(1, 'two', 'failed'), stepOf(3, 'four', 'queued')];
    const run = described([...records, stepOf(2, 'three', 'running')], 'running', together);
    expect(statuses(run)).toEqual(['succeeded', 'failed', 'running', 'queued']);
    expect(run.progress).toEqual({ fraction: 0.25, note: 'three' });
  });

  test('leave out what is no step: the run that follows a failure', () => {
    const alert = stepOf(0, 'alert', 'succeeded', { id: 'run.onFailure', step: null });
    expect(statuses(described([alert]))).toEqual(['pending', 'pending', 'pending', 'pending']);
  });
});
