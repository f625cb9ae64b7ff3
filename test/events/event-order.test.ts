import { describe, expect, test } from 'vitest';
import { date, defineTask, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { stage, START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);

describe('events', () => {
  test('come in the order in which things happened', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => 'done', date(new Date(START_MS + 1000)), { id: 'a' });
    await clock.advance(1000);
    await scheduler.modifyJob('a', { description: 'new' });
    await scheduler.removeJob('a');
    await scheduler.pause();
    await scheduler.resume();
    await scheduler.shutdown();
    expect(events.names).toEqual([
      'scheduler:started',
      'job:added',
      'run:started',
      'run:succeeded',
      'job:finished',
      'job:modified',
      'job:removed',
      'scheduler:paused',
      'scheduler:resumed',
      'scheduler:stopped',
    ]);
  });

  test('of a backlog tell what was missed and coalesced before what starts', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => undefined, interval(1000), { misfireGraceTime: 2500 });
    events.clear();
    clock.suspend(10_000);
    await clock.advance(1000);
    expect(events.names).toEqual(['run:missed', 'run:coalesced', 'run:started', 'run:succeeded']);
  });

  test('of skipped fire times carry their count and span', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(defineTask('gated', gate.handler), interval(1000), { id: 'a' });
    await clock.advance(3000);
    const at = (seconds: number): Date => new Date(START_MS + seconds * 1000);
    const common = { jobId: 'a', task: 'gated', store: 'default', count: 1, exact: true, run: null };
    expect(events.of('run:skipped')).toEqual([
      { ...common, firstAt: at(2), lastAt: at(2) },
      { ...common, firstAt: at(3), lastAt: at(3) },
    ]);
  });

  test('of runs carry snapshots of them as they were then', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(() => ({ n: 1 }), date(new Date(START_MS + 1000)), {
      id: 'a',
      name: 'A',
      tags: ['x'],
    });
    await clock.advance(1000);
    expect(events.of('run:started')).toMatchObject([
      {
        run: {
          status: 'running',
          held: true,
          attempt: 1,
          finishedAt: null,
          jobId: 'a',
          jobName: 'A',
          tags: ['x'],
          store: 'default',
          node: scheduler.node,
        },
      },
    ]);
    expect(events.of('run:succeeded')).toMatchObject([
      {
        result: { n: 1 },
        run: { status: 'succeeded', held: false, result: { n: 1 }, finishedAt: new Date(START_MS + 1000) },
      },
    ]);
  });

  test('of jobs carry snapshots with the verbs of jobs', async () => {
    const { scheduler, events } = await startedStage();
    await scheduler.addJob(() => 1, '@daily', { id: 'a' });
    const job = events.of('job:added')[0]?.job;
    expect(job).toMatchObject({ id: 'a', state: 'active' });
    expect(await job?.remove()).toBe(true);
  });

  test('are told to listeners in the order in which they were added', async () => {
    const { scheduler } = await startedStage();
    const heard: number[] = [];
    for (const n of [1, 2, 3]) scheduler.on('job:added', () => heard.push(n));
    await scheduler.addJob(() => 1, '@daily');
    expect(heard).toEqual([1, 2, 3]);
  });
});

describe('a listener', () => {
  test('is called until it is taken off, and once if it was added with once', async () => {
    const { scheduler } = await startedStage();
    const heard: string[] = [];
    const on = (): unknown => heard.push('on');
    const once = (): unknown => heard.push('once');
    expect(scheduler.on('job:added', on)).toBe(scheduler);
    expect(scheduler.once('job:added', once)).toBe(scheduler);
    const add = (): Promise<unknown> => scheduler.addJob(() => 1, '@daily');
    await add();
    await add();
    expect(scheduler.off('job:added', on)).toBe(scheduler);
    await add();
    expect(heard).toEqual(['on', 'once', 'on']);
  });

  test('that was added with once can be taken off, and can be added again', async () => {
    const { scheduler } = await startedStage();
    let heard = 0;
    const listener = (): unknown => heard++;
    scheduler.once('job:added', listener);
    scheduler.off('job:added', listener);
    await scheduler.addJob(() => 1, '@daily');
    expect(heard).toBe(0);
    scheduler.once('job:added', listener);
    await scheduler.addJob(() => 1, '@daily');
    scheduler.once('job:added', listener);
    await scheduler.addJob(() => 1, '@daily');
    expect(heard).toBe(2);
  });

  test('may listen to several events, and be taken off one of them', async () => {
    const { scheduler } = await startedStage();
    let heard = 0;
    const listener = (): unknown => heard++;
    scheduler.on('job:added', listener).on('job:removed', listener).off('job:added', listener);
    const job = await scheduler.addJob(() => 1, '@daily');
    await job.remove();
    expect(heard).toBe(1);
  });

  test('that is no function is refused', async () => {
    const { scheduler } = await startedStage();
    for (const verb of ['on', 'once'] as const) {
      expect(() => scheduler[verb]('job:added', null as never)).toThrow(/listener/);
    }
  });
});

describe.each<[string, () => unknown]>([
  ['throws', () => fail()],
  ['rejects', () => Promise.reject(new Error('a bad listener'))],
  [
    'gives a thenable that fails',
    () => ({
      then: (_resolve: unknown, reject: (error: Error) => void) => reject(new Error('a bad listener')),
    }),
  ],
])('a listener that %s', (_what, misbehave) => {
  test('is logged, and changes nothing for the run, the job and the other listeners', async () => {
    const { clock, scheduler, events, log } = await startedStage();
    let heard = 0;
    for (const name of ['run:started', 'run:succeeded', 'job:finished'] as const) {
      scheduler.on(name, misbehave);
      scheduler.on(name, () => heard++);
    }
    await scheduler.addJob(() => 1, undefined, { id: 'a' });
    await clock.settle();
    expect(heard).toBe(3);
    expect(events.of('run:succeeded')).toHaveLength(1);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
    expect(log.at('error').map(({ fields }) => fields['event'])).toEqual([
      'run:started',
      'run:succeeded',
      'job:finished',
    ]);
    expect(log.at('error')[0]?.fields['err']).toMatchObject({ message: 'a bad listener' });
  });
});

test('a listener that never settles delays nothing, a shutdown included', async () => {
  const { clock, scheduler, events } = await startedStage();
  scheduler.on('run:started', () => new Promise(() => undefined));
  await scheduler.addJob(() => 1, interval(1000));
  await clock.advance(3000);
  await scheduler.shutdown();
  expect(events.of('run:succeeded')).toHaveLength(3);
});

test('a listener may use the scheduler', async () => {
  const { clock, scheduler, events } = await startedStage();
  scheduler.once('run:succeeded', () => scheduler.addJob(() => 'second', undefined, { id: 'second' }));
  scheduler.on('job:finished', ({ job }) => job.remove());
  await scheduler.addJob(() => 'first', undefined, { id: 'first' });
  await clock.settle();
  expect(events.of('run:succeeded').map(({ result }) => result)).toEqual(['first', 'second']);
  expect(events.of('job:removed')).toHaveLength(2);
});

test('an event of a name that does not exist is refused, since nobody would ever hear of it', () => {
  const { scheduler } = stage();
  expect(() => scheduler.on('run:success' as 'run:succeeded', () => undefined)).toThrow(
    /Expected `event` to be .*"run:succeeded".* got `"run:success"`/,
  );
});

function fail(): never {
  throw new Error('a bad listener');
}
