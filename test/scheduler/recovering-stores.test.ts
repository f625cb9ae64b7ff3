import { describe, expect, test } from 'vitest';
import { InvalidOptionError, defineTask, interval } from '../../src/index.js';
import type { JobStore } from '../../src/index.js';
import { answering, gives } from '../support/answering-store.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import type { Hooks } from '../support/hooked-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { moving, stage, startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

/** Starts a stage on a store that can be made to fail. */
async function frail(): Promise<Stage & { hooks: Hooks; store: JobStore }> {
  const { store, hooks } = hookedStore();
  const made = stage({ stores: { default: store } });
  await made.scheduler.start();
  await made.clock.settle();
  return { ...made, hooks, store };
}

function down(): void {
  throw new Error('down');
}

describe.each([
  ['rejects', down],
  ['hangs', () => new Promise<void>(() => undefined)],
])('a shutdown without a timeout while the store %s', (_how, behave) => {
  test('ends though the end of a run cannot be recorded, and says so', async () => {
    const { clock, scheduler, hooks, log } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 1 });
    hooks.before = (method) => (method === 'close' ? undefined : behave());
    gate.release('done');
    await clock.settle();
    const before = clock.now();
    await moving(clock, scheduler.shutdown());
    expect(clock.now() - before).toBeLessThanOrEqual(20_000);
    expect(scheduler.state).toBe('stopped');
    expect(log.at('warn').map(({ message }) => message)).toContain(
      'The ends of 1 runs could not be recorded before the shutdown; whoever recovers this node runs or ends them',
    );
    expect(log.at('warn').some(({ message }) => message.includes('ignore their aborted signals'))).toBe(
      false,
    );
  });

  test('waits for a handler as long as it takes', async () => {
    const { clock, scheduler, hooks, log } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a' });
    await clock.advance({ minutes: 1 });
    hooks.before = (method) => (method === 'close' ? undefined : behave());
    const stopped = scheduler.shutdown();
    await clock.advance({ minutes: 5 });
    expect([scheduler.state, gate.contexts[0]?.signal.aborted]).toEqual(['stopping', false]);
    gate.release('done');
    await moving(clock, stopped);
    expect(scheduler.state).toBe('stopped');
    expect(log.at('warn').some(({ message }) => message.includes('could not be recorded'))).toBe(true);
  });
});

test('ends that a shutdown could not record are recorded by the next start', async () => {
  const { clock, scheduler, hooks, events } = await frail();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ hours: 1 }), { id: 'a' });
  await clock.advance({ hours: 1 });
  hooks.before = (method) => {
    if (method === 'finishRuns') down();
  };
  gate.release('done');
  await moving(clock, scheduler.shutdown());
  hooks.before = null;
  await clock.advance({ minutes: 1 });
  await scheduler.start();
  await clock.advance({ seconds: 11 });
  expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
});

describe('after an outage', () => {
  test('ends are written at once when any call succeeds', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ hours: 1 }), { id: 'a' });
    await clock.advance({ hours: 1 });
    hooks.before = down;
    gate.release('done');
    await clock.advance({ minutes: 2 });
    await clock.advance(4321);
    hooks.before = null;
    await scheduler.getJob('a');
    await clock.advance(130);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });

  test('due work is claimed and committed at once when any call succeeds', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    hooks.before = down;
    await clock.advance({ minutes: 3 });
    hooks.before = (method) => {
      if (method === 'commitFirings') down();
    };
    await clock.advance({ minutes: 1 });
    hooks.before = null;
    await scheduler.getJob('a');
    await clock.advance(130);
    expect(events.of('run:succeeded').length).toBeGreaterThan(0);
  });

  test('many calls that failed together count as one failure', async () => {
    const { clock, scheduler, hooks, events } = await frail();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ hours: 1 }), { id: 'a' });
    await clock.advance({ hours: 1 });
    hooks.before = down;
    const calls = Array.from({ length: 60 }, () => scheduler.getJob('a'));
    gate.release('done');
    expect((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected')).toBe(true);
    await clock.settle();
    hooks.before = null;
    await clock.advance(250);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
  });

  test('one call that goes on failing is not tried at the rate at which others succeed', async () => {
    const { clock, scheduler, hooks } = await frail();
    let tries = 0;
    hooks.before = (method) => {
      if (method !== 'finishRuns') return;
      tries++;
      down();
    };
    await scheduler.enqueue(defineTask('t', () => undefined));
    await clock.settle();
    const calls = 1000;
    for (let call = 0; call < calls; call++) {
      await scheduler.getJob('a');
      await clock.advance(1);
    }
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThanOrEqual(9);
  });
});

test('runs that the store gave to an id that the node has given up are handed back under that id', async () => {
  const inner = new SharedMemoryStore();
  const { store, hooks } = answering(inner);
  const ran: number[] = [];
  const task = defineTask('note', ({ attempt }) => {
    ran.push(attempt);
  });
  const { clock, scheduler } = await startedStage({ stores: { default: store }, tasks: [task] });
  const { node } = scheduler;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isHeld = false;
  const back: string[] = [];
  const { finishRuns } = inner;
  inner.finishRuns = (owner, finishes) => {
    if (finishes.some(({ outcome }) => outcome?.kind === 'hand-back')) back.push(owner);
    return finishRuns.call(inner, owner, finishes);
  };
  hooks.after = async (method, answer) => {
    if (method === 'heartbeat' && isHeld && back.length === 0) throw new Error('down');
    if (method !== 'claim' || isHeld || !gives(answer)) return;
    isHeld = true;
    await held;
  };
  await scheduler.enqueue(task);
  await clock.advance({ seconds: 60 });
  expect(isHeld).toBe(true);
  release();
  await clock.settle();
  expect(back).toEqual([node]);
  await clock.advance({ seconds: 60 });
  expect(ran).toHaveLength(1);
});

test('a failure of the store is logged with what the store said', async () => {
  const { clock, hooks, scheduler, log } = await frail();
  hooks.before = () => {
    throw new Error('password authentication failed for user "app"');
  };
  await expect(scheduler.getJob('a')).rejects.toThrow('password');
  hooks.before = null;
  await scheduler.getJob('a');
  await clock.settle();
  hooks.before = () => {
    throw Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
  };
  await expect(scheduler.getJob('a')).rejects.toThrow();
  await clock.settle();
  expect(log.at('error').map(({ message }) => message)).toEqual([
    'The store failed: password authentication failed for user "app"; trying again',
    'The store failed: ECONNREFUSED; trying again',
  ]);
});

describe('a progress note', () => {
  test('is cut to 1,024 characters', async () => {
    const { clock, scheduler, events } = await frail();
    const handle = await scheduler.enqueue(
      defineTask('t', ({ progress }) => {
        progress(0.5, 'x'.repeat(5000));
      }),
    );
    await clock.settle();
    expect(events.of('run:progress')[0]?.note).toBe('x'.repeat(1024));
    expect((await handle.run())?.status).toBe('succeeded');
  });

  test('that is no string is refused', async () => {
    const { clock, scheduler, events } = await frail();
    await scheduler.addJob(({ progress }) => {
      progress(0.5, { length: 1 } as unknown as string);
    });
    await clock.settle();
    expect(events.of('run:failed')[0]?.error).toBeInstanceOf(InvalidOptionError);
  });

  test.each([
    ['fails', down],
    ['hangs', () => new Promise<void>(() => undefined)],
  ])('whose write %s delays no end', async (_how, behave) => {
    const { clock, scheduler, hooks } = await frail();
    hooks.before = (method) => (method === 'reportProgress' ? behave() : undefined);
    const gate = new Gate();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    await clock.settle();
    gate.contexts[0]?.progress(0.5, 'half');
    await clock.settle();
    gate.release('done');
    await clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'succeeded', result: 'done' });
  });
});

test('a declaration that is older than the stored one is told of', async () => {
  const { scheduler, log } = await frail();
  const task = defineTask('t', () => undefined);
  await scheduler.addJob(task, interval({ hours: 1 }), { id: 'x', revision: 2, ifExists: 'update' });
  await scheduler.addJob(task, interval({ hours: 2 }), { id: 'x', revision: 1, ifExists: 'update' });
  await scheduler.addJob(task, interval({ hours: 2 }), { id: 'x', ifExists: 'replace' });
  expect(log.at('warn').map(({ message }) => message)).toEqual([
    'The declaration of job "x" with revision 1 is ignored; the store has revision 2',
    'The declaration of job "x" without a revision is ignored; the store has revision 2',
  ]);
});
