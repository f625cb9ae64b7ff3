import { describe, expect, test } from 'vitest';
import { RunFailedError, all, chain } from '../../src/index.js';
import type { AnyTask, Task } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { moving } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';
import { ChainFleet } from './steps/support/chain-fleet.js';
import { lasting, openRuns, statusesOf } from './steps/support/chain-stage.js';

describe('a chain on a store that nodes share', () => {
  test('is awaited on a node that runs none of it, with its result, or with what is known of its failure', async () => {
    const fleet = new ChainFleet();
    const good = chain([fleet.task('one', () => 1), fleet.task('two', ({ previous }) => [previous])], {
      name: 'good',
    });
    const bad = chain([fleet.task('boom', () => Promise.reject(new Error('boom')))], { name: 'bad' });
    const watcher = await fleet.join({ tasks: [good, bad] });
    await watcher.scheduler.pause();
    const handles = [await watcher.scheduler.enqueue(good), await watcher.scheduler.enqueue(bad)] as const;
    const results = [handles[0].result(), rejectionOf(handles[1].result())] as const;
    await fleet.join({ tasks: [good, bad] });
    await fleet.clock.advance({ seconds: 10 });
    expect(await results[0]).toEqual([1]);
    const error = await results[1];
    expect(error).toBeInstanceOf(RunFailedError);
    expect(error).toMatchObject({ cause: { name: 'StepFailedError', code: 'ESC_STEP_FAILED' } });
    expect(watcher.events.of('run:started')).toEqual([]);
  });

  test('goes no further than the nodes know that serve it: the next step waits for one that does', async () => {
    const fleet = new ChainFleet();
    const gate = new Gate();
    const far = fleet.task('far', gate.handler);
    const near = fleet.task('near', ({ previous }) => `near ${String(previous)}`);
    const whole = chain([far, near], { name: 'whole' });
    const knowing = await fleet.join({ tasks: [whole] });
    const handle = await knowing.scheduler.enqueue(whole);
    await fleet.clock.settle();
    await fleet.join({ tasks: [far] });
    await knowing.scheduler.pause();
    gate.release('a');
    await fleet.clock.advance({ seconds: 20 });
    expect(await statusesOf(knowing.scheduler, handle.id)).toEqual(['running', 'succeeded', 'queued']);
    await knowing.scheduler.resume();
    await fleet.clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'succeeded', result: 'near a', attempt: 1 });
  });

  test('is queued when its last step ends on a node that does not know it, and another concludes it', async () => {
    const fleet = new ChainFleet();
    const far = fleet.task('far', () => 'far');
    const whole = chain([far], { name: 'whole' });
    const knowing = await fleet.join({ tasks: [whole] });
    const handle = await knowing.scheduler.enqueue(whole, undefined, { delay: 1000 });
    const stranger = await fleet.join({ tasks: [far] });
    // The step is committed, and before this node can claim it, it is held.
    knowing.hook = ({ method, moment }) => {
      if (method === 'finishRuns' && moment === 'before') void knowing.scheduler.pause();
    };
    await fleet.clock.advance({ seconds: 10 });
    expect(stranger.events.of('run:succeeded').map(({ run }) => run.task)).toEqual(['far']);
    expect(await statusesOf(knowing.scheduler, handle.id)).toEqual(['queued', 'succeeded']);
    // It does not know what the run is made of.
    expect(await stranger.scheduler.getRun(handle.id)).toMatchObject({
      status: 'queued',
      steps: null,
      progress: null,
    });
    knowing.hook = null;
    await knowing.scheduler.resume();
    await fleet.clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'succeeded', attempt: 2, result: 'far' });
  });

  test('is handed over by a node that shuts down between two steps, which begins no other', async () => {
    const fleet = new ChainFleet();
    const log: string[] = [];
    const steps = ['a', 'b', 'c'].map((name) => lasting(fleet, name, 3000, log)) as [
      Task<unknown>,
      ...Task<unknown>[],
    ];
    const whole = chain(steps, { name: 'whole' });
    const first = await fleet.join({ tasks: [whole] });
    const handle = await first.scheduler.enqueue(whole);
    await fleet.clock.advance({ seconds: 1 });
    const second = await fleet.join({ tasks: [whole] });
    await moving(fleet.clock, first.scheduler.shutdown());
    await fleet.clock.advance({ seconds: 10 });
    expect(log).toEqual(['a', 'b', 'c']);
    expect(await second.scheduler.getRun(handle.id)).toMatchObject({
      status: 'succeeded',
      node: second.scheduler.node,
    });
    const nodes = await Promise.all(
      ['.0', '.1', '.2'].map(async (tail) => (await second.scheduler.getRun(handle.id + tail))?.node),
    );
    expect(nodes).toEqual([first.scheduler.node, second.scheduler.node, second.scheduler.node]);
  });

  test('is cancelled from a node that runs none of it, wherever its steps are', async () => {
    const fleet = new ChainFleet();
    const whole = chain(
      [all([lasting(fleet, 'a', 60_000), chain([lasting(fleet, 'b', 60_000)])]), lasting(fleet, 'c', 1)],
      {
        name: 'whole',
      },
    );
    const watcher = await fleet.join({ tasks: [whole] });
    await watcher.scheduler.pause();
    const worker = await fleet.join({ tasks: [whole] });
    const handle = await watcher.scheduler.enqueue(whole);
    await fleet.clock.advance({ seconds: 6 });
    expect(await statusesOf(watcher.scheduler, `${handle.id}.0`)).toEqual(['running', 'running', 'running']);
    expect(await handle.cancel()).toBe(true);
    await fleet.clock.advance({ seconds: 10 });
    expect(await statusesOf(watcher.scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
    expect(await statusesOf(watcher.scheduler, `${handle.id}.0`)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    expect(worker.events.of('run:cancelled')).toHaveLength(5);
    expect(await openRuns(worker.scheduler)).toEqual([]);
  });

  test('has a step run again whose node died, and none of those before it', async () => {
    const fleet = new ChainFleet();
    const log: string[] = [];
    const steps = ['a', 'b', 'c'].map((name) => lasting(fleet, name, 10_000, log)) as [
      Task<unknown>,
      ...Task<unknown>[],
    ];
    const whole = chain(steps, { name: 'whole' });
    const first = await fleet.join({ tasks: [whole] });
    const handle = await first.scheduler.enqueue(whole);
    await fleet.clock.advance({ seconds: 15 });
    const second = await fleet.join({ tasks: [whole] });
    first.crash();
    await fleet.clock.advance({ minutes: 2 });
    expect(log).toEqual(['a', 'b', 'b', 'c']);
    expect(await second.scheduler.getRun(handle.id)).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(await second.scheduler.getRun(`${handle.id}.1`)).toMatchObject({ attempt: 2 });
    // Whoever comes back finds it done, and adds nothing to it.
    first.comeBack();
    await fleet.clock.advance({ minutes: 2 });
    expect(log).toEqual(['a', 'b', 'b', 'c']);
    expect(await statusesOf(second.scheduler, handle.id)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
  });
});

describe('a chain that is changed while a run of it is under way', () => {
  /** Runs the first step of one version, and has another version go on. */
  async function changedTo(
    make: (fleet: ChainFleet) => AnyTask,
  ): Promise<{ statuses: unknown[]; error: unknown; started: string[] }> {
    const fleet = new ChainFleet();
    const gate = new Gate();
    const steps = [
      fleet.task('a', gate.handler),
      fleet.task('b', () => 'b'),
      fleet.task('c', () => 'c'),
    ] as const;
    const old = await fleet.join({ tasks: [chain(steps, { name: 'report' })] });
    const handle = await old.scheduler.enqueue('report');
    await fleet.clock.settle();
    await old.scheduler.pause();
    gate.release('a');
    await fleet.clock.settle();
    await moving(fleet.clock, old.scheduler.shutdown());
    const young = await fleet.join({ tasks: [make(fleet)] });
    await fleet.clock.advance({ seconds: 10 });
    const run = await young.scheduler.getRun(handle.id);
    return {
      statuses: await statusesOf(young.scheduler, handle.id),
      error: run?.error,
      started: fleet.started,
    };
  }

  test('goes on with the steps that it has now, where those that were begun are as they were', async () => {
    const { statuses, started } = await changedTo((fleet) =>
      chain(
        [
          fleet.task('a', () => 1),
          fleet.task('b', () => 'b'),
          fleet.task('d', () => 'd'),
          fleet.task('e', () => 'e'),
        ],
        {
          name: 'report',
        },
      ),
    );
    expect(started).toEqual(['a', 'b', 'd', 'e']);
    expect(statuses).toEqual(['succeeded', 'succeeded', 'succeeded', 'succeeded', 'succeeded']);
  });

  test('ends with the steps that it has now, where it has become shorter', async () => {
    const { statuses, started } = await changedTo((fleet) =>
      chain([fleet.task('a', () => 1), fleet.task('b', () => 'b')], { name: 'report' }),
    );
    expect([started, statuses]).toEqual([
      ['a', 'b'],
      ['succeeded', 'succeeded', 'succeeded'],
    ]);
  });

  test('fails with an error that says so, where a step that was begun is another now', async () => {
    const { statuses, error, started } = await changedTo((fleet) =>
      chain([fleet.task('new', () => 1), fleet.task('b', () => 'b')], { name: 'report' }),
    );
    expect(started).toEqual(['a', 'b']);
    expect(statuses[0]).toBe('failed');
    expect(error).toMatchObject({
      code: 'ESC_STEPS_CHANGED',
      message: expect.stringContaining('`name`') as string,
    });
  });

  test('fails, and runs no function, where it is no chain any more', async () => {
    const { statuses, started } = await changedTo((fleet) =>
      all([fleet.task('b', () => 'b'), fleet.task('report', () => 'plain')], { name: 'tasks' }),
    );
    expect([started, statuses]).toEqual([['a', 'b'], ['failed']]);
  });

  test('ends early where a node that knows fewer steps ends the last of them', async () => {
    const fleet = new ChainFleet();
    const a = fleet.task('a', () => 'a');
    const old = await fleet.join({ tasks: [chain([a], { name: 'report' })] });
    const young = fleet.add({ tasks: [chain([a, fleet.task('b', () => 'b')], { name: 'report' })] });
    const handle = await young.scheduler.enqueue('report');
    await fleet.clock.advance({ seconds: 10 });
    // Which is why a chain that has other steps is to have another name.
    expect(await handle.run()).toMatchObject({
      status: 'succeeded',
      result: 'a',
      steps: [{}, { status: 'skipped' }],
    });
    expect(old.events.of('run:succeeded')).toHaveLength(2);
  });
});
