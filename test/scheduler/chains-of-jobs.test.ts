import { describe, expect, test } from 'vitest';
import { MemoryJobStore, all, chain, defineTask, interval } from '../../src/index.js';
import type { RunContext } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { startedStage } from '../support/stage.js';
import { lasting, openRuns, statusesOf } from './steps/support/chain-stage.js';

const one = defineTask('one', ({ data }: RunContext<{ n: number }>) => data.n + 1);
const two = defineTask('two', ({ previous }) => (previous as number) * 10);
const three = defineTask('three', ({ previous }) => `got ${String(previous)}`);
const boom = defineTask('boom', () => Promise.reject(new RangeError('boom')));

describe('a chain of a job', () => {
  test('holds the slot of its job until its last step has ended', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    const slow = lasting(made, 'slow', 3000);
    await scheduler.addJob(chain([slow, slow], { name: 'slowly' }), interval({ seconds: 1 }), { id: 'job' });
    await clock.advance({ seconds: 7.5 });
    const runs = await scheduler.getRuns({ task: 'slowly' });
    expect(runs.items.map(({ status }) => status)).toEqual(['running', 'succeeded']);
    expect(events.of('run:skipped').length).toBeGreaterThan(3);
  });

  test('runs as often at once as maxInstances says, a backlog of it one after another', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const log: string[] = [];
    const tasks = [lasting(made, 'first', 2000, log), lasting(made, 'second', 2000, log)] as const;
    await scheduler.pause();
    await scheduler.addJob(chain(tasks, { name: 'pair' }), interval({ seconds: 1 }), {
      id: 'job',
      coalesce: false,
      maxInstances: 2,
      maxRuns: 5,
    });
    await clock.advance({ seconds: 5 });
    await scheduler.resume();
    await clock.settle();
    const running = async (): Promise<number> =>
      (await scheduler.getRuns({ task: 'pair', statuses: ['running'] })).items.length;
    expect([await running(), log]).toEqual([2, ['first', 'first']]);
    await clock.advance({ seconds: 3 });
    expect([await running(), log]).toEqual([2, ['first', 'first', 'second', 'second']]);
    await clock.advance({ seconds: 9 });
    expect(log).toHaveLength(10);
    expect(await openRuns(scheduler)).toEqual([]);
    expect(await scheduler.getJob('job')).toMatchObject({ state: 'finished', runCount: 5 });
  });

  test('that is to make room for the next is cancelled with the step that is under way', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const log: string[] = [];
    const steps = [lasting(made, 'slow', 60_000, log), lasting(made, 'never', 1, log)] as const;
    await scheduler.addJob(chain(steps, { name: 'whole' }), interval({ seconds: 10 }), {
      id: 'job',
      overlap: 'cancelRunning',
    });
    await clock.advance({ seconds: 25 });
    const { items } = await scheduler.getRuns({ task: 'whole' });
    expect(items.map(({ status }) => status)).toEqual(['running', 'cancelled']);
    expect(await statusesOf(scheduler, items[1]?.id ?? '')).toEqual(['cancelled', 'cancelled', 'skipped']);
    expect(log).toEqual(['slow', 'slow']);
  });

  test('goes on while its job is paused, and after it was removed', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const log: string[] = [];
    const pair = chain([lasting(made, 'first', 2000, log), lasting(made, 'second', 2000, log)], {
      name: 'pair',
    });
    await scheduler.addJob(pair, interval({ seconds: 10 }), { id: 'paused' });
    await scheduler.addJob(pair, interval({ seconds: 10 }), { id: 'removed' });
    await clock.advance({ seconds: 11 });
    await scheduler.pauseJob('paused');
    expect(await scheduler.removeJob('removed')).toBe(true);
    await clock.advance({ seconds: 10 });
    expect(log).toEqual(['first', 'first', 'second', 'second']);
    const runs = await scheduler.getRuns({ task: 'pair' });
    expect(runs.items.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
    expect(await openRuns(scheduler)).toEqual([]);
  });

  test('goes on though its job is removed while its next step waits', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const log: string[] = [];
    const pair = chain([lasting(made, 'first', 2000, log), lasting(made, 'second', 1000, log)], {
      name: 'pair',
    });
    await scheduler.addJob(pair, undefined, { id: 'job' });
    await clock.advance(1000);
    const [run] = (await scheduler.getRuns({ task: 'pair' })).items;
    await scheduler.pause();
    await clock.advance(2000);
    expect(await statusesOf(scheduler, run?.id ?? '')).toEqual(['running', 'succeeded', 'queued']);
    await scheduler.removeJob('job');
    await scheduler.resume();
    await clock.advance(2000);
    expect(await statusesOf(scheduler, run?.id ?? '')).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(log).toEqual(['first', 'second']);
  });

  test('that is queued to go on after its last step is cancelled with its job', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    await scheduler.addJob(chain([lasting(made, 'only', 2000)], { name: 'x' }), undefined, { id: 'job' });
    await clock.advance(1000);
    await scheduler.pause();
    await clock.advance(2000);
    const [run] = (await scheduler.getRuns({ task: 'x' })).items;
    expect(await statusesOf(scheduler, run?.id ?? '')).toEqual(['queued', 'succeeded']);
    await scheduler.removeJob('job');
    expect(await statusesOf(scheduler, run?.id ?? '')).toEqual(['cancelled', 'succeeded']);
    expect(events.of('run:cancelled')).toHaveLength(1);
  });

  test('keeps the job of a random id until it has ended', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    const job = await scheduler.addJob(chain([lasting(made, 'a', 1000), lasting(made, 'b', 1000)]));
    await clock.advance(1500);
    expect((await scheduler.getJob(job.id))?.state).toBe('active');
    await clock.advance(1000);
    expect(await scheduler.getJob(job.id)).toBeNull();
    expect(events.of('job:finished')).toHaveLength(1);
  });
});

describe('a history that keeps next to nothing', () => {
  test.each([0, 1, 2])(
    'of %i runs keeps the steps of a chain until it has ended, and no longer',
    async (maxRuns) => {
      const store = new MemoryJobStore({ history: { maxRuns } });
      const { clock, scheduler, events } = await startedStage({ stores: { default: store } });
      const gate = new Gate();
      const alert = defineTask('alert', () => 1);
      const steps = [one, all([two, three]), defineTask('gate', gate.handler), one] as const;
      const handle = await scheduler.enqueue(chain(steps, { name: 'x', onFailure: alert }), { n: 1 });
      await clock.settle();
      for (let at = 0; at < 20; at++) await scheduler.enqueue(one, { n: at });
      await clock.settle();
      expect(await statusesOf(scheduler, handle.id)).toEqual([
        'running',
        'succeeded',
        'succeeded',
        'running',
        'pending',
      ]);
      gate.fail(new Error('no'));
      await clock.settle();
      expect(events.of('run:succeeded').map(({ run }) => run.task)).toContain('alert');
      expect(await openRuns(scheduler)).toEqual([]);
    },
  );

  test('forgets the steps of chains in chains with the outermost', async () => {
    const store = new MemoryJobStore({ history: { maxRuns: 2 } });
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const whole = chain([one, chain([one, all([one, chain([one])])])], { name: 'whole' });
    for (let at = 0; at < 3; at++) await scheduler.enqueue(whole, { n: at });
    await clock.settle();
    expect((await scheduler.getRuns()).items).toHaveLength(2);
  });

  test('forgets the steps of a chain with it, and what ran because it failed', async () => {
    const store = new MemoryJobStore({ history: { maxRuns: 0 } });
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const alert = defineTask('alert', () => 1);
    await scheduler.enqueue(chain([one, boom, three], { onFailure: alert }), { n: 1 });
    const gone = await scheduler.enqueue(chain([two], { name: 'y' }), undefined, { delay: 1000 });
    await gone.cancel();
    await clock.advance(2000);
    expect((await scheduler.getRuns()).items).toEqual([]);
  });
});
