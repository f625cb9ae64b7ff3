import { describe, expect, test } from 'vitest';
import { AsyncExecutor, MemoryJobStore, all, chain, defineTask } from '../../src/index.js';
import type { Task, RunContext } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { moving, startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';
import { lasting, openRuns, statusesOf } from './steps/support/chain-stage.js';

const one = defineTask('one', ({ data }: RunContext<{ n: number }>) => data.n + 1);
const two = defineTask('two', ({ previous }) => (previous as number) * 10);
const three = defineTask('three', ({ previous }) => `got ${String(previous)}`);

describe('cancelling a chain', () => {
  const waiting = defineTask(
    'waiting',
    ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  );

  test('ends the step that is under way, and begins no other', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([waiting, two]), undefined);
    await clock.settle();
    expect(await handle.cancel()).toBe(true);
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
    expect(await rejectionOf(handle.result())).toMatchObject({ code: 'ESC_RUN_CANCELLED' });
    expect(await handle.cancel()).toBe(false);
  });

  test('before it has begun begins nothing of it', async () => {
    const { clock, scheduler, events } = await startedStage();
    const handle = await scheduler.enqueue(chain([waiting, two]), undefined, { delay: 1000 });
    expect(await handle.cancel()).toBe(true);
    await clock.advance(5000);
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'skipped', 'skipped']);
    expect(events.of('run:started')).toEqual([]);
  });

  test('while a step waits for its retry ends that at once', async () => {
    const { clock, scheduler } = await startedStage();
    const flaky = defineTask('flaky', () => Promise.reject(new Error('no')), {
      retry: { attempts: 2, delay: 60_000 },
    });
    const handle = await scheduler.enqueue(chain([flaky, two]));
    await clock.settle();
    expect(await handle.cancel()).toBe(true);
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
  });

  test('while firing is held between two steps ends the one that waits', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(chain([defineTask('gate', gate.handler), two, three]));
    await clock.settle();
    await scheduler.pause();
    gate.release(1);
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['running', 'succeeded', 'queued', 'pending']);
    expect(await handle.cancel()).toBe(true);
    await scheduler.resume();
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual([
      'cancelled',
      'succeeded',
      'cancelled',
      'skipped',
    ]);
  });

  test('of chains in all in a chain ends whatever is open, and all that is not begun is skipped', async () => {
    const { clock, scheduler } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 2 }) },
    });
    const branch = chain([waiting, two], { name: 'branch' });
    const handle = await scheduler.enqueue(chain([one, all([branch, branch, branch]), three]), { n: 1 });
    await clock.settle();
    expect(await statusesOf(scheduler, `${handle.id}.1.2`)).toEqual(['running', 'queued', 'pending']);
    expect(await handle.cancel()).toBe(true);
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual([
      'cancelled',
      'succeeded',
      'cancelled',
      'skipped',
    ]);
    for (const at of [0, 1, 2])
      expect(await statusesOf(scheduler, `${handle.id}.1.${String(at)}`)).toEqual([
        'cancelled',
        'cancelled',
        'skipped',
      ]);
    expect(await openRuns(scheduler)).toEqual([]);
  });

  test('by one of its steps cancels it as a whole', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(chain([chain([waiting, two]), three]));
    await clock.settle();
    expect(await scheduler.cancelRun(`${handle.id}.0.0`)).toBe(true);
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
  });

  test('by one branch of all lets the others go on to their ends', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const handle = await scheduler.enqueue(all([waiting, lasting(made, 'slow', 1000)]));
    await clock.settle();
    await scheduler.cancelRun(`${handle.id}.0`);
    await clock.advance(500);
    expect(await statusesOf(scheduler, handle.id)).toEqual(['running', 'cancelled', 'running']);
    await clock.advance(1000);
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'succeeded']);
  });

  test('waits for no handler that ignores its signal, which holds its place until it has settled', async () => {
    const { clock, scheduler } = await startedStage({
      executors: { default: new AsyncExecutor({ concurrency: 1 }) },
    });
    const gate = new Gate();
    const handle = await scheduler.enqueue(chain([defineTask('deaf', gate.handler), two]));
    await clock.settle();
    await handle.cancel();
    await clock.settle();
    expect(await statusesOf(scheduler, handle.id)).toEqual(['cancelled', 'cancelled', 'skipped']);
    expect(await scheduler.getRun(`${handle.id}.0`)).toMatchObject({ held: true });
    const next = await scheduler.enqueue(one, { n: 1 });
    await clock.settle();
    expect((await next.run())?.status).toBe('queued');
    gate.release('late');
    expect(await within(next.result())).toBe(2);
    expect(await scheduler.getRun(`${handle.id}.0`)).toMatchObject({ status: 'cancelled', held: false });
  });
});

describe('holding and stopping a scheduler in the middle of a chain', () => {
  test('begins no step while it is held, and goes on where it was', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const log: string[] = [];
    const tasks = ['a', 'b', 'c'].map((name) => lasting(made, name, 1000, log));
    const handle = await scheduler.enqueue(
      chain(tasks as [Task<unknown>, ...Task<unknown>[]], { name: 'abc' }),
    );
    await clock.advance(500);
    await scheduler.pause();
    await clock.advance(60_000);
    expect(log).toEqual(['a']);
    await scheduler.resume();
    await clock.advance(3000);
    expect([log, (await handle.run())?.status]).toEqual([['a', 'b', 'c'], 'succeeded']);
  });

  test.each([true, false])(
    'goes on after the next start, whether or not it was waited for: wait %s',
    async (wait) => {
      const store = new MemoryJobStore();
      const made = await startedStage({ stores: { default: store } });
      const { clock, scheduler } = made;
      const log: string[] = [];
      const tasks = ['a', 'b', 'c'].map((name) => lasting(made, name, 1000, log));
      const handle = await scheduler.enqueue(
        chain(tasks as [Task<unknown>, ...Task<unknown>[]], { name: 'abc' }),
      );
      await clock.advance(1500);
      await moving(clock, scheduler.shutdown({ wait }), 500);
      expect(log).toEqual(['a', 'b']);
      await scheduler.start();
      await clock.advance(5000);
      // The step that was broken off runs again, as another attempt of the same run; no other does.
      expect(log).toEqual(wait ? ['a', 'b', 'c'] : ['a', 'b', 'b', 'c']);
      expect((await scheduler.getRun(`${handle.id}.1`))?.attempt).toBe(wait ? 1 : 2);
      expect(await statusesOf(scheduler, handle.id)).toEqual([
        'succeeded',
        'succeeded',
        'succeeded',
        'succeeded',
      ]);
    },
  );

  test('ends a chain as failed whose step must not run again, and runs onFailure', async () => {
    const made = await startedStage();
    const { clock, scheduler } = made;
    const once = defineTask('once', () => new Promise(() => undefined), { recovery: 'abandon' });
    const alert = defineTask('alert', ({ failure }) => failure?.error.code);
    const handle = await scheduler.enqueue(chain([once, two], { onFailure: alert }));
    await clock.settle();
    await moving(clock, scheduler.shutdown({ wait: false }));
    await scheduler.start();
    await clock.advance(1000);
    expect(await statusesOf(scheduler, handle.id)).toEqual(['failed', 'lost', 'skipped']);
    expect(await scheduler.getRun(`${handle.id}.onFailure`)).toMatchObject({ result: 'ESC_RUN_LOST' });
  });
});
