import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AsyncExecutor, MemoryJobStore, interval } from '../../src/index.js';
import type { OverlapPolicy } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { stage, startedStage, stop, unattendedStage } from '../support/stage.js';

type Step = 'tick' | 'release' | 'manual';

/** Is what should become of a job's runs: it is told of each step, and keeps the counts. */
class Model {
  readonly #policy: OverlapPolicy;
  readonly #slots: number;
  /** Says of each handler inside, the oldest first, whether its run was cancelled. */
  readonly #running: { cancelled: boolean }[] = [];
  #waiting: ('scheduled' | 'manual')[] = [];
  skipped = 0;
  cancelled = 0;
  succeeded = 0;

  constructor(policy: OverlapPolicy, slots: number) {
    this.#policy = policy;
    this.#slots = slots;
  }

  get running(): number {
    return this.#running.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  take(step: Step): void {
    if (step === 'tick') this.#tick();
    if (step === 'manual') this.#add('manual');
    if (step === 'release') this.#release();
  }

  #tick(): void {
    const scheduled = this.#waiting.filter((kind) => kind === 'scheduled').length;
    if (this.running < this.#slots) this.#add('scheduled');
    else if (this.#policy === 'skip' || (this.#policy === 'queue' && scheduled > 0)) this.skipped++;
    else if (this.#policy === 'cancelRunning') {
      this.cancelled += scheduled + this.#running.filter(({ cancelled }) => !cancelled).length;
      for (const run of this.#running) run.cancelled = true;
      this.#waiting = this.#waiting.filter((kind) => kind === 'manual');
      this.#add('scheduled');
    } else this.#add('scheduled');
  }

  #add(kind: 'scheduled' | 'manual'): void {
    if (this.running < this.#slots) this.#running.push({ cancelled: false });
    else this.#waiting.push(kind);
  }

  #release(): void {
    const ended = this.#running.shift();
    if (ended?.cancelled === false) this.succeeded++;
    if (ended !== undefined && this.#waiting.shift() !== undefined) this.#running.push({ cancelled: false });
  }
}

const steps = fc.array(fc.constantFrom<Step>('tick', 'tick', 'release', 'manual'), { maxLength: 25 });

describe.each<OverlapPolicy>(['skip', 'queue', 'queueAll', 'cancelRunning'])('overlap %s', (overlap) => {
  test('does with every fire time what a model does, and maxInstances is neither exceeded nor under-used', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (taken, maxInstances) => {
        const model = new Model(overlap, maxInstances);
        const made = unattendedStage();
        const { clock, scheduler, events } = made;
        const gate = new Gate();
        await scheduler.start();
        await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', overlap, maxInstances });
        for (const step of taken) {
          model.take(step);
          if (step === 'tick') await clock.advance({ minutes: 1 });
          if (step === 'manual') await scheduler.runJob('a');
          if (step === 'release') gate.release();
          await clock.settle();
          expect(gate.inside).toBe(model.running);
        }
        const queued = await scheduler.getRuns({ statuses: ['queued'] });
        expect({
          waiting: queued.items.length,
          succeeded: events.of('run:succeeded').length,
          cancelled: events.of('run:cancelled').length,
          skipped: events.of('run:skipped').reduce((sum, { count }) => sum + count, 0),
          skippedOfJob: (await scheduler.getJob('a'))?.skipped.total,
        }).toEqual({
          waiting: model.waiting,
          succeeded: model.succeeded,
          cancelled: model.cancelled,
          skipped: model.skipped,
          skippedOfJob: model.skipped,
        });
        expect(gate.most).toBeLessThanOrEqual(maxInstances);
        gate.releaseAll();
        await stop(made);
      }),
      { numRuns: 40 },
    );
  });
});

test('queueAll is bounded: what exceeds 1,000 waiting runs is skipped and counted', async () => {
  const { clock, scheduler, events } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ seconds: 1 }), {
    id: 'a',
    overlap: 'queueAll',
    coalesce: false,
    catchUpLimit: 2000,
  });
  await clock.advance({ seconds: 1 });
  clock.suspend({ seconds: 1100 });
  await clock.advance({ seconds: 1 });
  expect(gate.inside).toBe(1);
  expect(events.of('run:skipped')).toMatchObject([{ count: 101, exact: true }]);
  expect((await scheduler.getRuns({ statuses: ['queued'], limit: 5000 })).items).toHaveLength(1000);
});

test('overlap judges against earlier plans only: a backlog that is not coalesced runs whole under skip', async () => {
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(() => undefined, interval({ minutes: 1 }), { coalesce: false, overlap: 'skip' });
  clock.suspend({ minutes: 5 });
  await clock.advance({ minutes: 1 });
  expect(events.of('run:succeeded')).toHaveLength(6);
  expect(events.of('run:skipped')).toHaveLength(0);
});

test('a run that waits for its retry holds no slot', async () => {
  const { clock, scheduler } = await startedStage();
  const log: string[] = [];
  await scheduler.addJob(
    ({ scheduledAt, attempt }) => {
      log.push(`${scheduledAt.getUTCMinutes()}.${attempt}`);
      if (scheduledAt.getUTCMinutes() === 1) throw new Error('the first one fails');
    },
    interval({ minutes: 1 }),
    { id: 'a', retry: { attempts: 2, delay: { seconds: 90 } } },
  );
  await clock.advance({ minutes: 3 });
  expect(log).toEqual(['1.1', '2.1', '1.2', '3.1']);
  expect((await scheduler.getJob('a'))?.skipped.total).toBe(0);
});

test('a run that waits for its retry is not the one that overlap queue lets wait', async () => {
  const { clock, scheduler, events } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ minutes: 1 }), {
    overlap: 'queue',
    retry: { attempts: 2, delay: { hours: 1 } },
  });
  await clock.advance({ minutes: 1 });
  gate.fail(new Error('no'));
  await clock.advance({ minutes: 2 });
  expect(gate.inside).toBe(1);
  expect(events.of('run:skipped')).toHaveLength(0);
  await clock.advance({ minutes: 1 });
  expect(events.of('run:skipped')).toHaveLength(1);
});

test('a run that waits for its retry is not cancelled by overlap cancelRunning', async () => {
  const { clock, scheduler, events } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ minutes: 1 }), {
    overlap: 'cancelRunning',
    retry: { attempts: 2, delay: { hours: 1 } },
  });
  await clock.advance({ minutes: 1 });
  gate.fail(new Error('no'));
  await clock.advance({ minutes: 2 });
  expect(events.of('run:cancelled')).toHaveLength(1);
  expect((await scheduler.getRuns({ statuses: ['queued'] })).items).toMatchObject(
    [{ attempt: 1, scheduledAt: new Date('2026-01-01T00:01:00Z') }, { attempt: 0 }].reverse(),
  );
});

test('overlap cancelRunning aborts the running handler, and the new run starts once it has settled', async () => {
  const { clock, scheduler, events } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { overlap: 'cancelRunning' });
  await clock.advance({ minutes: 2 });
  expect(gate.contexts[0]?.signal.reason).toMatchObject({ code: 'ESC_RUN_CANCELLED' });
  expect(gate.entered).toBe(1);
  gate.release();
  await clock.settle();
  expect(gate.entered).toBe(2);
  expect(events.of('run:cancelled')).toHaveLength(1);
  expect(events.of('run:succeeded')).toHaveLength(0);
});

test('several jobs that share an executor use all of its slots and no more', async () => {
  const { clock, scheduler } = await startedStage({
    executors: { default: new AsyncExecutor({ concurrency: 3 }) },
  });
  const gate = new Gate();
  for (let at = 0; at < 5; at++)
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { maxInstances: 2 });
  await clock.advance({ minutes: 1 });
  expect(gate.inside).toBe(3);
  gate.release();
  await clock.settle();
  expect(gate.inside).toBe(3);
  gate.release();
  gate.release();
  await clock.settle();
  expect([gate.inside, gate.entered, gate.most]).toEqual([2, 5, 3]);
});

test('a backlog that exceeds the slots of the executor runs whole, as many at once as there are slots', async () => {
  const { clock, scheduler } = await startedStage({
    executors: { default: new AsyncExecutor({ concurrency: 2 }) },
  });
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { coalesce: false, maxInstances: 5 });
  clock.suspend({ minutes: 4, seconds: 30 });
  await clock.advance({ seconds: 30 });
  for (let left = 5; left > 0; left--) {
    expect(gate.inside).toBe(Math.min(2, left));
    gate.release();
    await clock.settle();
  }
  expect(gate.entered).toBe(5);
});

test('maxInstances that is raised lets waiting runs start at once', async () => {
  const { clock, scheduler } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ days: 1 }), { id: 'a' });
  for (let at = 0; at < 3; at++) await scheduler.runJob('a');
  await clock.settle();
  expect(gate.inside).toBe(1);
  await scheduler.modifyJob('a', { maxInstances: 2 });
  await clock.settle();
  expect(gate.inside).toBe(2);
  await scheduler.addJob(gate.handler, interval({ days: 1 }), {
    id: 'a',
    ifExists: 'update',
    maxInstances: 3,
  });
  await clock.settle();
  expect(gate.inside).toBe(3);
});

test('two stores share the slots of one executor, and neither starves while the other is idle', async () => {
  const { clock, scheduler, events } = stage({
    stores: { busy: new MemoryJobStore(), last: new MemoryJobStore() },
    executors: { default: new AsyncExecutor({ concurrency: 1 }) },
  });
  for (const store of ['busy', 'last']) await scheduler.addJob(() => undefined, undefined, { store });
  await scheduler.start();
  await clock.settle();
  expect(events.of('run:succeeded').map(({ run }) => run.store)).toEqual(['busy', 'last']);
});

test('two stores that share an executor never claim for the same slot', async () => {
  const { clock, scheduler, events } = stage({
    stores: { other: new MemoryJobStore() },
    executors: { default: new AsyncExecutor({ concurrency: 1 }) },
  });
  const gate = new Gate();
  for (const store of ['default', 'other']) await scheduler.addJob(gate.handler, undefined, { store });
  await scheduler.start();
  await clock.settle();
  expect([gate.inside, events.of('run:started').length]).toEqual([1, 1]);
  gate.release();
  await clock.settle();
  expect([gate.inside, events.of('run:started').length]).toEqual([1, 2]);
  gate.release();
});
