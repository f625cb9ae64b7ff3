import { describe, expect, test } from 'vitest';
import { InvalidStateError, MemoryJobStore, Scheduler, interval } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import { moving, stage, startedStage } from '../support/stage.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { rejectionOf, within } from '../support/within.js';

describe('start', () => {
  test('moves through its states, and tells of it once', async () => {
    const { scheduler, events } = stage();
    expect(scheduler.state).toBe('stopped');
    const started = scheduler.start();
    await Promise.resolve();
    expect(scheduler.state).toBe('starting');
    await started;
    expect(scheduler.state).toBe('running');
    await scheduler.start();
    expect(events.names).toEqual(['scheduler:started']);
    expect(events.of('scheduler:started')).toEqual([{ node: scheduler.node }]);
  });

  test('paused fires nothing until it is resumed', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }));
    await scheduler.start({ paused: true });
    expect(scheduler.state).toBe('paused');
    await clock.advance({ minutes: 2 });
    expect(events.of('run:started')).toHaveLength(0);
    await scheduler.resume();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('of a store that refuses to be used is rejected with its error, and the scheduler is stopped', async () => {
    const { store, hooks } = hookedStore();
    const { scheduler, clock } = stage({ stores: { default: store } });
    hooks.before = (method) => {
      if (method === 'open') throw new InvalidStateError('The schema is that of a later version');
    };
    await expect(scheduler.start()).rejects.toThrow('a later version');
    expect(scheduler.state).toBe('stopped');
    expect(clock.timerCount).toBe(0);
    hooks.before = null;
    await scheduler.start();
    expect(scheduler.state).toBe('running');
  });

  test('works again after a shutdown, with the jobs that were there', async () => {
    const { clock, scheduler, events } = stage();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    for (let round = 0; round < 3; round++) {
      await scheduler.start();
      await clock.advance({ minutes: 1 });
      await scheduler.shutdown();
    }
    expect(events.of('run:succeeded')).toHaveLength(3);
    expect(events.names.filter((name) => name === 'scheduler:stopped')).toHaveLength(3);
  });
});

describe('pause and resume', () => {
  test('need a scheduler that is started', async () => {
    const { scheduler } = stage();
    for (const call of ['pause', 'resume'] as const) {
      const error = await rejectionOf(scheduler[call]());
      expect(error).toBeInstanceOf(InvalidStateError);
      expect(error).toMatchObject({ code: 'ESC_INVALID_STATE' });
      expect((error as Error).message).toContain(`${call}()`);
      expect((error as Error).message).toContain('stopped');
    }
  });

  test('do nothing the second time', async () => {
    const { scheduler, events } = await startedStage();
    await Promise.all([scheduler.pause(), scheduler.pause()]);
    await Promise.all([scheduler.resume(), scheduler.resume()]);
    expect(events.names).toEqual(['scheduler:started', 'scheduler:paused', 'scheduler:resumed']);
  });
});

describe('shutdown', () => {
  test('waits for running handlers, and starts nothing new meanwhile', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { maxInstances: 5 });
    await clock.advance({ minutes: 1 });
    let isOver = false;
    const over = scheduler.shutdown().then(() => {
      isOver = true;
    });
    await clock.advance({ minutes: 10 });
    expect([isOver, scheduler.state, gate.entered]).toEqual([false, 'stopping', 1]);
    gate.release('done');
    await within(over);
    expect(events.names.slice(-2)).toEqual(['run:succeeded', 'scheduler:stopped']);
    expect(scheduler.state).toBe('stopped');
  });

  test('aborts the signals of handlers that outlast its timeout, with the shutdown as the reason', async () => {
    const { clock, scheduler } = await startedStage();
    const reasons: unknown[] = [];
    await scheduler.addJob(({ signal }) => untilAborted(signal, reasons));
    await clock.settle();
    const over = scheduler.shutdown({ timeout: 5000 });
    await clock.advance(4999);
    expect(reasons).toEqual([]);
    await clock.advance(1);
    await within(over);
    expect(reasons).toMatchObject([{ code: 'ESC_SHUTDOWN' }]);
  });

  test('hands a broken-off run back, and it runs again as a later attempt after the next start', async () => {
    const { clock, scheduler, events } = await startedStage();
    const attempts: number[] = [];
    await scheduler.addJob(
      ({ signal, attempt }) => {
        attempts.push(attempt);
        return attempt === 1 ? untilAborted(signal) : 'done';
      },
      undefined,
      { id: 'a', retry: false },
    );
    await clock.settle();
    await moving(clock, scheduler.shutdown({ wait: false }));
    expect((await scheduler.getRuns()).items).toMatchObject([{ status: 'queued', held: false, attempt: 1 }]);
    await scheduler.start();
    await clock.settle();
    expect(attempts).toEqual([1, 2]);
    expect(events.of('run:succeeded')).toMatchObject([{ run: { attempt: 2 }, result: 'done' }]);
    expect(events.of('run:failed')).toHaveLength(0);
  });

  test('loses a broken-off run whose recovery is abandon', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(({ signal }) => untilAborted(signal), undefined, { id: 'a', recovery: 'abandon' });
    await clock.settle();
    await moving(clock, scheduler.shutdown({ wait: false }));
    expect(events.of('run:lost')).toMatchObject([{ run: { status: 'lost', jobId: 'a' } }]);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
  });

  test('keeps the result of a handler that succeeds although its signal was aborted', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(async ({ signal }) => untilAborted(signal).catch(() => 'saved'));
    await clock.settle();
    await moving(clock, scheduler.shutdown({ wait: false }));
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'saved' }]);
  });

  test('gives up handlers that ignore their signal, and counts their runs as lost', async () => {
    const { clock, scheduler, events, log } = await startedStage();
    await scheduler.addJob(() => new Promise(() => undefined), undefined, { id: 'deaf' });
    await clock.settle();
    await moving(clock, scheduler.shutdown({ timeout: 1000 }));
    expect(scheduler.state).toBe('stopped');
    expect(events.of('run:lost')).toMatchObject([{ run: { jobId: 'deaf' } }]);
    expect(log.at('warn')).toMatchObject([{ fields: { runs: 1 } }]);
  });

  test('does not wait again for handlers that the shutdown before gave up', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(() => new Promise(() => undefined));
    await clock.settle();
    await moving(clock, scheduler.shutdown({ timeout: 1000 }));
    await scheduler.start();
    await moving(clock, scheduler.shutdown());
    expect(scheduler.state).toBe('stopped');
  });

  test('is cut short by a second call, even one in the same breath', async () => {
    for (const pause of [true, false]) {
      const { clock, scheduler } = await startedStage();
      await scheduler.addJob(({ signal }) => untilAborted(signal));
      await clock.settle();
      const first = scheduler.shutdown();
      if (pause) await clock.settle();
      const second = scheduler.shutdown({ wait: false });
      await moving(clock, Promise.all([first, second]));
      expect(scheduler.state).toBe('stopped');
    }
  });

  test('is not made longer by a second call', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(({ signal }) => untilAborted(signal));
    await clock.settle();
    const first = scheduler.shutdown({ timeout: 1000 });
    await clock.settle();
    const second = scheduler.shutdown({ timeout: 60_000 });
    await clock.advance(1000);
    await within(Promise.all([first, second]));
  });

  test('leaves no timer behind, whatever its timeout', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { timeout: { minutes: 5 } });
    await scheduler.addJob(() => Promise.reject(new Error('no')), interval({ minutes: 1 }), {
      retry: { attempts: 3, delay: { hours: 1 } },
    });
    await clock.advance({ minutes: 3 });
    await scheduler.shutdown({ timeout: { minutes: 15 } });
    expect(clock.timerCount).toBe(0);
  });

  test('of a scheduler that was never started closes what jobs were added to', async () => {
    const store = new MemoryJobStore();
    const first = stage({ stores: { default: store } });
    await first.scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    await first.scheduler.shutdown();
    const second = stage({ stores: { default: store } });
    await second.scheduler.start();
    expect(await second.scheduler.getJob('a')).not.toBeNull();
    expect(first.events.names).toEqual(['job:added']);
  });

  test('closes every store even if one cannot be closed, and says so', async () => {
    const bad = hookedStore();
    const good = hookedStore();
    const { scheduler, log } = stage({ stores: { default: bad.store, good: good.store } });
    await scheduler.start();
    bad.hooks.before = (method) => {
      if (method === 'close') throw new Error('stuck');
    };
    await scheduler.shutdown();
    expect(good.calls).toContain('close');
    expect(log.at('warn').some(({ fields }) => (fields['err'] as Error).message === 'stuck')).toBe(true);
    expect(scheduler.state).toBe('stopped');
  });

  test('leaves no store open, whatever is asked of it afterwards', async () => {
    const { store, hooks, calls } = hookedStore();
    const { scheduler } = await startedStage({ stores: { default: store } });
    await scheduler.shutdown();
    const isOpen = (): boolean => calls.lastIndexOf('open') > calls.lastIndexOf('close');
    await scheduler.getJobs();
    expect(isOpen()).toBe(false);
    await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { id: 'a' });
    expect(isOpen()).toBe(false);
    await expect(scheduler.addJob('unknown')).rejects.toMatchObject({ code: 'ESC_UNKNOWN_TASK' });
    await Promise.all([scheduler.getJob('a'), scheduler.removeJob('a'), scheduler.getRuns()]);
    expect(isOpen()).toBe(false);
    hooks.before = (method) => {
      if (method === 'listJobs') throw new Error('down');
    };
    await expect(scheduler.getJobs()).rejects.toThrow('down');
    expect(isOpen()).toBe(false);
    hooks.before = null;
    await scheduler.start();
    await scheduler.getJobs();
    expect(isOpen()).toBe(true);
  });

  test('happens at the end of an await using block', async () => {
    const states: string[] = [];
    {
      await using scheduler = new Scheduler({ clock: new ManualClock(), logger: new RecordingLogger() });
      scheduler.on('scheduler:stopped', () => states.push(scheduler.state));
      await scheduler.start();
    }
    expect(states).toEqual(['stopped']);
  });
});

test('a memory store serves one scheduler at a time', async () => {
  const store = new MemoryJobStore();
  const one = stage({ stores: { default: store } });
  const two = stage({ stores: { default: store } });
  await one.scheduler.start();
  await expect(two.scheduler.start()).rejects.toMatchObject({ code: 'ESC_STORE_IN_USE' });
  expect(two.scheduler.state).toBe('stopped');
  await one.scheduler.shutdown();
  await two.scheduler.start();
});

test('two schedulers in one process never meet', async () => {
  const one = await startedStage();
  const two = await startedStage();
  const ran: string[] = [];
  await one.scheduler.addJob(() => ran.push('one'), interval({ minutes: 1 }), { id: 'a' });
  await two.scheduler.addJob(() => ran.push('two'), interval({ minutes: 1 }), { id: 'a' });
  await two.clock.advance({ minutes: 1 });
  expect(ran).toEqual(['two']);
  expect(one.scheduler.node).not.toBe(two.scheduler.node);
});

function untilAborted(signal: AbortSignal, reasons: unknown[] = []): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reasons.push(signal.reason);
      reject(signal.reason as Error);
    });
  });
}
