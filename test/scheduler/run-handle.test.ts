import { describe, expect, test } from 'vitest';
import {
  JobNotFoundError,
  MemoryJobStore,
  RunCancelledError,
  RunFailedError,
  RunLostError,
  RunNotFoundError,
  RunTimedOutError,
  ShutdownError,
  defineTask,
  interval,
} from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { moving, stage, startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';

const never = defineTask('never', () => new Promise(() => undefined));

describe('result', () => {
  test('gives what the handler gave, as JSON carries it, to all who wait', async () => {
    const { scheduler } = await startedStage();
    const handle = await scheduler.enqueue(defineTask('t', () => ({ at: new Date(0), gone: undefined })));
    const results = await within(Promise.all([handle.result(), handle.result()]));
    expect(results).toEqual([{ at: '1970-01-01T00:00:00.000Z' }, { at: '1970-01-01T00:00:00.000Z' }]);
    expect(await handle.result()).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test('throws the very value that the handler threw', async () => {
    const { scheduler } = await startedStage();
    const thrown = { odd: true };
    const handle = await scheduler.enqueue(defineTask('t', () => Promise.reject(thrown as unknown as Error)));
    expect(await rejectionOf(handle.result())).toBe(thrown);
  });

  test('throws what is known of the failure when that was before anybody waited', async () => {
    const { clock, scheduler } = await startedStage();
    const task = defineTask('t', () =>
      Promise.reject(Object.assign(new RangeError('too far'), { code: 'E_FAR' })),
    );
    const handle = await scheduler.enqueue(task);
    await clock.settle();
    const error = await rejectionOf(handle.result());
    expect(error).toBeInstanceOf(RunFailedError);
    expect(error).toMatchObject({
      code: 'ESC_RUN_FAILED',
      cause: { name: 'RangeError', message: 'too far', code: 'E_FAR' },
    });
  });

  test('waits through retries for the last outcome', async () => {
    const { clock, scheduler } = await startedStage();
    const flaky = defineTask(
      't',
      ({ attempt }) => (attempt < 3 ? Promise.reject(new Error('no')) : attempt),
      {
        retry: { attempts: 3, delay: 1000 },
      },
    );
    const handle = await scheduler.enqueue(flaky);
    const result = handle.result();
    await clock.advance(5000);
    expect(await within(result)).toBe(3);
  });

  test('tells a time-out, before and after', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(never, undefined, { timeout: 500 });
    const error = rejectionOf(handle.result());
    await clock.advance(500);
    expect(await error).toBeInstanceOf(RunTimedOutError);
    expect(await rejectionOf(handle.result())).toBeInstanceOf(RunTimedOutError);
  });

  test('tells a cancellation, of a queued run and of a running one, before and after', async () => {
    const { clock, scheduler } = await startedStage();
    const queued = await scheduler.enqueue(never, undefined, { delay: 1000 });
    const running = await scheduler.enqueue(never);
    await clock.settle();
    const errors = [rejectionOf(queued.result()), rejectionOf(running.result())];
    expect([await queued.cancel(), await running.cancel()]).toEqual([true, true]);
    for (const error of errors) expect(await error).toBeInstanceOf(RunCancelledError);
    await clock.settle();
    for (const handle of [queued, running])
      expect(await rejectionOf(handle.result())).toBeInstanceOf(RunCancelledError);
  });

  test('tells that the scheduler shut down, and what has become of the run after', async () => {
    const { clock, scheduler } = await startedStage();
    const handle = await scheduler.enqueue(never, undefined, { recovery: 'abandon' });
    const later = await scheduler.enqueue(never, undefined, { delay: { days: 1 } });
    await clock.settle();
    const errors = [rejectionOf(handle.result()), rejectionOf(later.result())];
    await moving(clock, scheduler.shutdown({ wait: false }));
    expect(await errors[0]).toBeInstanceOf(RunLostError);
    expect(await errors[1]).toBeInstanceOf(ShutdownError);
    expect(await rejectionOf(handle.result())).toBeInstanceOf(RunLostError);
  });

  test('tells that the run is gone', async () => {
    const store = new MemoryJobStore({ history: { maxRuns: 0 } });
    const { clock, scheduler } = await startedStage({ stores: { default: store } });
    const handle = await scheduler.enqueue(defineTask('t', () => 1));
    await clock.settle();
    const error = await rejectionOf(handle.result());
    expect(error).toBeInstanceOf(RunNotFoundError);
    expect(error).toMatchObject({ code: 'ESC_RUN_NOT_FOUND' });
    expect(await handle.run()).toBeNull();
    expect(await handle.cancel()).toBe(false);
  });

  test('stops waiting when its signal aborts, and harms neither the run nor others who wait', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    await clock.settle();
    const other = handle.result();
    const impatient = new AbortController();
    const waiting = rejectionOf(handle.result({ signal: impatient.signal }));
    const reason = new Error('enough');
    impatient.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await rejectionOf(handle.result({ signal: impatient.signal }))).toBe(reason);
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    gate.release('done');
    expect(await within(other)).toBe('done');
  });

  test('may be asked for before the scheduler starts', async () => {
    const { scheduler } = stage();
    const handle = await scheduler.enqueue(defineTask('t', () => 1));
    const result = handle.result();
    await scheduler.start();
    expect(await within(result)).toBe(1);
  });
});

describe('runJob', () => {
  test('runs a job now, besides its trigger, with its data and options', async () => {
    const { clock, scheduler, events } = await startedStage();
    const echo = defineTask('echo', ({ data, job }) => ({ data, job }));
    await scheduler.addJob(echo, interval({ hours: 1 }), {
      id: 'a',
      name: 'A',
      tags: ['x'],
      data: 5,
      maxRuns: 1,
    });
    const handle = await scheduler.runJob('a');
    expect(await handle.result()).toEqual({ data: 5, job: { id: 'a', name: 'A', tags: ['x'] } });
    expect(await handle.run()).toMatchObject({ origin: 'manual', jobId: 'a', jobName: 'A', tags: ['x'] });
    expect(await scheduler.getJob('a')).toMatchObject({ runCount: 0, state: 'active' });
    await clock.advance({ hours: 1 });
    expect(events.of('run:succeeded').map(({ run }) => run.origin)).toEqual(['manual', 'scheduled']);
  });

  test('waits for a slot, is never skipped, and runs as often as it is called', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ hours: 1 }), { id: 'a' });
    const handles = await Promise.all([1, 2, 3].map(() => scheduler.runJob('a')));
    await clock.settle();
    expect(new Set(handles.map(({ id }) => id)).size).toBe(3);
    expect(gate.inside).toBe(1);
    for (let at = 0; at < 3; at++) {
      gate.release(at);
      await clock.settle();
    }
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([0, 1, 2]);
    expect(events.of('run:skipped')).toHaveLength(0);
  });

  test('runs a paused job, and a finished one', async () => {
    const { clock, scheduler } = await startedStage();
    await scheduler.addJob(() => 'ran', interval({ hours: 1 }), { id: 'paused', paused: true });
    await scheduler.addJob(() => 'ran', undefined, { id: 'finished' });
    await clock.settle();
    for (const id of ['paused', 'finished']) expect(await (await scheduler.runJob(id)).result()).toBe('ran');
    expect((await scheduler.getJob('finished'))?.state).toBe('finished');
  });

  test('refuses a job that is not there', async () => {
    const { scheduler } = await startedStage();
    expect(await rejectionOf(scheduler.runJob('none'))).toBeInstanceOf(JobNotFoundError);
  });
});

describe('cancelRun', () => {
  test('ends a queued run at once, and never starts it', async () => {
    const { clock, scheduler, events } = await startedStage();
    const handle = await scheduler.enqueue(never, undefined, { delay: 1000 });
    expect(await scheduler.cancelRun(handle.id)).toBe(true);
    expect(await handle.run()).toMatchObject({ status: 'cancelled', attempt: 0 });
    await clock.advance(5000);
    expect(events.names.filter((name) => name.startsWith('run:'))).toEqual(['run:cancelled']);
    expect(await scheduler.cancelRun(handle.id)).toBe(false);
  });

  test('aborts a running handler, whose run is cancelled whatever the handler does then', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler, { retry: { attempts: 5 } }));
    await clock.settle();
    expect(await scheduler.cancelRun(handle.id)).toBe(true);
    await clock.settle();
    expect(gate.contexts[0]?.signal.reason).toBeInstanceOf(RunCancelledError);
    expect(await handle.run()).toMatchObject({ status: 'cancelled', held: true });
    gate.release('too late');
    await clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'cancelled', held: false, result: undefined });
    expect(events.names.filter((name) => name.startsWith('run:'))).toEqual(['run:started', 'run:cancelled']);
  });

  test('ends a run that waits for its retry', async () => {
    const { clock, scheduler, events } = await startedStage();
    const task = defineTask('t', () => Promise.reject(new Error('no')), {
      retry: { attempts: 5, delay: 1000 },
    });
    const handle = await scheduler.enqueue(task);
    await clock.settle();
    expect(await handle.cancel()).toBe(true);
    await clock.advance(60_000);
    expect(events.of('run:started')).toHaveLength(1);
    expect(await handle.run()).toMatchObject({ status: 'cancelled' });
  });

  test('ends a run that waits for its retry though its handler has not settled since its time-out', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, undefined, {
      id: 'a',
      timeout: 100,
      retry: { attempts: 5, delay: 100 },
    });
    await clock.advance(1000);
    const [run] = (await scheduler.getRuns()).items;
    expect(run).toMatchObject({ status: 'queued', held: true });
    expect(await scheduler.cancelRun(run?.id ?? '')).toBe(true);
    gate.release();
    await clock.advance(1000);
    expect(gate.entered).toBe(1);
    expect(await scheduler.getRun(run?.id ?? '')).toMatchObject({ status: 'cancelled', held: false });
    expect(events.of('run:cancelled')).toHaveLength(1);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
  });

  test('frees the slot for the run that waits', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ hours: 1 }), { id: 'a' });
    const first = await scheduler.runJob('a');
    await scheduler.runJob('a');
    await clock.settle();
    await first.cancel();
    gate.fail(new Error('aborted'));
    await clock.settle();
    expect(gate.entered).toBe(2);
  });

  test('finishes a job whose last run it was', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.pause();
    await scheduler.addJob(never, undefined, { id: 'a', paused: true });
    const handle = await scheduler.runJob('a');
    await scheduler.resumeJob('a');
    expect(events.of('job:finished')).toHaveLength(0);
    await handle.cancel();
    await clock.settle();
    expect(events.of('job:finished')).toMatchObject([{ job: { id: 'a' } }]);
  });

  test('gives false for a run that is not there', async () => {
    const { scheduler } = await startedStage();
    expect(await scheduler.cancelRun('none')).toBe(false);
    expect(await scheduler.getRun('none')).toBeNull();
  });
});
