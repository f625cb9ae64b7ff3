import { describe, expect, test } from 'vitest';
import { all, chain, defineTask } from '../../../src/index.js';
import type { AnyTask } from '../../../src/index.js';
import { BUILT_IN_DEFAULTS } from '../../../src/job/job-defaults.js';
import { encodeInput, readInput } from '../../../src/job/run-input.js';
import type { RunRecord } from '../../../src/job/run-record.js';
import { NO_SEQUEL, sequelOf } from '../../../src/scheduler/steps/sequels.js';
import type { Sequel } from '../../../src/scheduler/steps/sequels.js';
import { StepRuns } from '../../../src/scheduler/steps/step-runs.js';
import { TaskDefaults } from '../../../src/scheduler/task-defaults.js';
import type { RunOutcome } from '../../../src/stores/job-store.js';
import { MADE_AT, runOf, stepOf } from './support/step-records.js';

const last = defineTask('last', () => 1);
const cached = defineTask('cached', () => 1, { fallback: last });
const one = defineTask('one', () => 1, { fallback: cached });
const two = defineTask('two', () => 2, { priority: -1, executor: 'gpu', timeout: 500 });
const three = defineTask('three', () => 3);
const whole = chain([one, two, three], { name: 'whole' });
const together = all([one, two], { name: 'together' });
const NOW = MADE_AT + 1000;

function after(run: RunRecord, outcome: RunOutcome, known: readonly AnyTask[] = [whole, together]): Sequel {
  const tasks = new Map([whole, together, one, two, three, cached, last].map((task) => [task.name, task]));
  const runs = new StepRuns(new TaskDefaults(BUILT_IN_DEFAULTS));
  const find = (name: string): AnyTask | null => known.find((task) => task.name === name) ?? null;
  return sequelOf(run, tasks.get(run.task) ?? null, outcome, { runs, find, now: NOW });
}

function end(
  status: 'succeeded' | 'failed' | 'cancelled' | 'lost',
  result: string | null = null,
): RunOutcome {
  const error = status === 'failed' ? '{"name":"TypeError","message":"broken"}' : null;
  return { kind: 'end', status, result, error };
}

const again: readonly RunOutcome[] = [
  { kind: 'retry', availableAt: NOW, error: null },
  { kind: 'hand-back' },
  { kind: 'died' },
  { kind: 'await' },
];

function idsOf({ followUps }: Sequel): string[] {
  return followUps.map(({ id }) => id);
}

describe('what follows a step of a chain', () => {
  test('that has succeeded is the next, which is given its result and the data of the whole', () => {
    const link = { task: 'whole', priority: 2 };
    const step = stepOf(0, 'one', 'running', {
      data: '{"n":1}',
      jobId: 'job',
      jobName: 'Job',
      tags: ['a'],
      scheduledAt: 5,
      priority: -2,
      input: encodeInput({ parent: link }, '"before"'),
    });
    const { followUps, takesParent } = after(step, end('succeeded', '[1]'));
    expect(followUps).toHaveLength(1);
    expect(followUps[0]).toMatchObject({
      id: 'run.1',
      task: 'two',
      step: 1,
      parentRunId: 'run',
      origin: 'chained',
      status: 'queued',
      attempt: 0,
      data: '{"n":1}',
      jobId: 'job',
      jobName: 'Job',
      jobUid: null,
      uniqueKey: null,
      tags: ['a'],
      scheduledAt: 5,
      createdAt: NOW,
      availableAt: NOW,
      expiresAt: null,
      executor: 'gpu',
      priority: -1,
    });
    expect(JSON.parse(followUps[0]?.policy ?? '')).toMatchObject({ timeoutMs: 500 });
    expect(readInput(followUps[0] as RunRecord)).toEqual({ parent: link, previous: [1] });
    expect(takesParent).toBe(true);
  });

  test('has the priority of the whole where its task has none', () => {
    const step = stepOf(1, 'two', 'running', {
      priority: -1,
      input: encodeInput({ parent: { task: 'whole', priority: 2 } }, null),
    });
    expect(after(step, end('succeeded')).followUps).toMatchObject([
      { id: 'run.2', task: 'three', priority: 2 },
    ]);
  });

  test('that gave nothing is given nothing', () => {
    const [next] = after(stepOf(1, 'two', 'running'), end('succeeded')).followUps;
    expect(readInput(next as RunRecord)).not.toHaveProperty('previous');
  });

  test('is nothing after the last, and nothing where a step does not succeed', () => {
    expect(after(stepOf(2, 'three', 'running'), end('succeeded', '1'))).toEqual({
      followUps: [],
      takesParent: true,
    });
    for (const status of ['failed', 'cancelled', 'lost'] as const)
      expect(after(stepOf(1, 'two', 'running'), end(status))).toEqual({ followUps: [], takesParent: true });
  });

  test.each(again)('is nothing while it may run again, or awaits steps of its own: $kind', (outcome) => {
    expect(after(stepOf(0, 'one', 'running'), outcome)).toBe(NO_SEQUEL);
  });

  test('is for others to say where this node does not know the whole', () => {
    const step = stepOf(1, 'two', 'running');
    expect(after(step, end('succeeded'), [])).toEqual({ followUps: [], takesParent: false });
  });

  test('is for the whole to judge where its steps are others now', () => {
    const moved = stepOf(0, 'two', 'running');
    expect(after(moved, end('succeeded'))).toEqual({ followUps: [], takesParent: true });
    expect(after(stepOf(7, 'two', 'running'), end('succeeded'))).toEqual({
      followUps: [],
      takesParent: true,
    });
  });

  test('is for others to say where the task of its whole has no steps here', () => {
    const step = stepOf(1, 'two', 'running', {
      input: encodeInput({ parent: { task: 'three', priority: 0 } }, null),
    });
    expect(after(step, end('succeeded'), [three])).toEqual({ followUps: [], takesParent: false });
  });
});

test('nothing follows a step of all, whose whole goes on when the last has ended', () => {
  const step = stepOf(0, 'one', 'running', {
    input: encodeInput({ parent: { task: 'together', priority: 0 } }, null),
  });
  expect(after(step, end('succeeded', '1'))).toEqual({ followUps: [], takesParent: true });
});

test('nothing follows the end of a run that is no step and has no fallback', () => {
  for (const status of ['succeeded', 'failed', 'cancelled'] as const)
    expect(after(runOf('three'), end(status))).toBe(NO_SEQUEL);
});

describe('the fallback of a task', () => {
  test('follows the failure of a run, with its data and its failure', () => {
    const run = runOf('one', { data: '{"n":1}', jobId: 'job', priority: 2, input: null });
    const { followUps, takesParent } = after(run, end('failed'));
    expect(followUps).toMatchObject([
      { id: 'run.fallback', task: 'cached', parentRunId: 'run', step: null, data: '{"n":1}', jobId: 'job' },
    ]);
    expect(followUps[0]).toMatchObject({ jobName: 'one', origin: 'chained', priority: 2, jobUid: null });
    expect(readInput(followUps[0] as RunRecord)).toEqual({
      failure: { runId: 'run', task: 'one', error: { name: 'TypeError', message: 'broken' } },
    });
    expect(takesParent).toBe(false);
  });

  test('follows no other end, and no failure that is tried again', () => {
    for (const outcome of [end('succeeded'), end('cancelled'), end('lost'), ...again])
      expect(idsOf(after(runOf('one'), outcome))).toEqual([]);
  });

  test('of a step is a step in its place, and the next follows it', () => {
    const first = after(stepOf(0, 'one', 'running'), end('failed'));
    expect(first.takesParent).toBe(true);
    expect(first.followUps).toMatchObject([
      { id: 'run.0.fallback', task: 'cached', step: 0, parentRunId: 'run' },
    ]);
    const [fallback] = first.followUps;
    expect(readInput(fallback as RunRecord)).toMatchObject({ parent: { task: 'whole', priority: 0 } });
    const next = after(fallback as RunRecord, end('succeeded', '"old"'));
    expect(idsOf(next)).toEqual(['run.1']);
    expect(readInput(next.followUps[0] as RunRecord)).toMatchObject({ previous: 'old' });
  });

  test('of a fallback follows that', () => {
    const [first] = after(stepOf(0, 'one', 'running'), end('failed')).followUps;
    const second = after(first as RunRecord, end('failed'));
    expect(second.followUps).toMatchObject([{ id: 'run.0.fallback.fallback', task: 'last', step: 0 }]);
    expect(after(second.followUps[0] as RunRecord, end('failed'))).toEqual({
      followUps: [],
      takesParent: true,
    });
  });

  test('of a step has the priority of the whole', () => {
    const input = encodeInput({ parent: { task: 'whole', priority: 1 } }, null);
    const { followUps } = after(stepOf(0, 'one', 'running', { priority: -2, input }), end('failed'));
    expect(followUps).toMatchObject([{ priority: 1 }]);
  });

  test('is told of a failure whose text was damaged', () => {
    const [followUp] = after(runOf('one'), { ...end('failed'), error: 'no JSON' } as RunOutcome).followUps;
    expect(readInput(followUp as RunRecord).failure?.error).toEqual({ name: 'Error', message: 'no JSON' });
  });
});

test('a run whose input was damaged has no sequel that could be told', () => {
  expect(() => after(stepOf(0, 'one', 'running', { input: '{' }), end('succeeded'))).toThrow(SyntaxError);
});
