import { describe, expect, test } from 'vitest';
import { MemoryJobStore, date, defineTask, interval } from '../../src/index.js';
import type { Trigger } from '../../src/index.js';
import { scripted } from '../support/custom-triggers.js';
import type { TriggerScript } from '../support/custom-triggers.js';
import { failing, hookedStore } from '../support/hooked-store.js';
import { stage, startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

const MINUTE_MS = 60_000;

/** Adds a job whose trigger misbehaves from some moment on, and a sound one. */
async function withBadTrigger(
  bad: TriggerScript,
): Promise<Stage & { turnBad(): void; turnGood(): void; trigger: Trigger }> {
  let isBad = false;
  const onTheMinute = (after: number): number => Math.floor(after / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
  const { codec, trigger } = scripted('wild', {
    next: (after) => (isBad ? bad.next(after) : onTheMinute(after)),
    ...(bad.previous !== undefined && {
      previous: (before: number) => (isBad ? bad.previous?.(before) : onTheMinute(before - 1) - MINUTE_MS),
    }),
  });
  const made = await startedStage({ triggers: [codec] });
  await made.scheduler.addJob(() => 'wild', trigger, { id: 'wild' });
  await made.scheduler.addJob(() => 'sound', interval({ minutes: 1 }), { id: 'sound' });
  await made.clock.advance({ minutes: 1 });
  return {
    ...made,
    trigger,
    turnBad: () => {
      isBad = true;
    },
    turnGood: () => {
      isBad = false;
    },
  };
}

const MISBEHAVIOURS: readonly [string, TriggerScript][] = [
  ['throws', { next: () => fail() }],
  ['throws undefined', { next: () => failWith(undefined) }],
  ['goes back in time', { next: (after) => after - MINUTE_MS }],
  ['stands still', { next: (after) => after }],
  ['gives NaN', { next: () => NaN }],
  ['gives Infinity', { next: () => Infinity }],
  ['gives undefined', { next: () => undefined }],
  ['gives a date', { next: (after) => new Date(after + MINUTE_MS) }],
  ['gives a string', { next: (after) => String(after + MINUTE_MS) }],
  ['gives a fraction', { next: (after) => after + 0.5 }],
  ['gives a promise', { next: async (after) => Promise.resolve(after + MINUTE_MS) }],
  [
    'looks back into the future',
    { next: (after) => after + MINUTE_MS, previous: (before) => before + MINUTE_MS },
  ],
  ['looks back and gives NaN', { next: (after) => after + MINUTE_MS, previous: () => NaN }],
  ['throws when it looks back', { next: (after) => after + MINUTE_MS, previous: () => fail() }],
];

describe.each(MISBEHAVIOURS)('a trigger that %s', (_what, script) => {
  test('parks its job, and the others go on', async () => {
    const { clock, scheduler, events, log, turnBad } = await withBadTrigger(script);
    events.clear();
    turnBad();
    await clock.advance({ minutes: 3 });
    expect(events.of('job:parked')).toMatchObject([{ job: { id: 'wild', state: 'parked' } }]);
    expect(await scheduler.getJob('wild')).toMatchObject({ state: 'parked', nextRunTime: null });
    expect((await scheduler.getJob('wild'))?.error).toEqual(expect.any(String));
    expect(events.of('run:succeeded').map(({ run }) => run.jobId)).toEqual(['sound', 'sound', 'sound']);
    expect(log.at('error')).toMatchObject([{ fields: { jobId: 'wild' } }]);
  });

  test('is refused when the job is added, or never fires early', async () => {
    const { codec, trigger } = scripted('wild', script);
    const { scheduler, clock, events } = await startedStage({ triggers: [codec] });
    await scheduler.addJob(() => undefined, trigger, { id: 'wild' }).catch(() => undefined);
    await scheduler.addJob(() => 'sound', interval({ minutes: 1 }), { id: 'sound' });
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded').filter(({ run }) => run.jobId === 'sound')).toHaveLength(2);
    for (const { run } of events.of('run:started')) {
      expect(run.scheduledAt.getTime()).toBeLessThanOrEqual(run.startedAt?.getTime() ?? 0);
    }
  });
});

test('a job is told of as parked once the store knows that it is', async () => {
  const { store, hooks, calls } = hookedStore();
  let isBad = false;
  const { codec, trigger } = scripted('wild', {
    next: (after) => (isBad ? fail() : Math.floor(after / MINUTE_MS) * MINUTE_MS + MINUTE_MS),
  });
  const { clock, scheduler, events } = await startedStage({ stores: { default: store }, triggers: [codec] });
  await scheduler.addJob(() => 'wild', trigger, { id: 'wild' });
  const stored: unknown[] = [];
  scheduler.on('job:parked', () => {
    void store.getJob('wild').then((job) => stored.push(job?.state));
  });
  isBad = true;
  hooks.before = failing(1, 'releaseClaims');
  await clock.settle();
  expect(calls.at(-1)).toBe('releaseClaims');
  expect(events.of('job:parked')).toEqual([]);
  await clock.advance({ minutes: 1 });
  expect(events.of('job:parked')).toHaveLength(1);
  expect(stored).toEqual(['parked']);
});

test('a parked job goes on after resumeJob once its trigger is sound, and what it passed is skipped', async () => {
  const { clock, scheduler, events, turnBad, turnGood } = await withBadTrigger({ next: () => fail() });
  turnBad();
  await clock.advance({ minutes: 3 });
  turnGood();
  const resumed = await scheduler.resumeJob('wild');
  expect(resumed).toMatchObject({ state: 'active', error: null, skipped: { total: 3 } });
  events.clear();
  await clock.advance({ minutes: 2 });
  expect(events.of('run:succeeded').filter(({ run }) => run.jobId === 'wild')).toHaveLength(2);
});

test('a parked job that still cannot be planned is parked again', async () => {
  const { clock, scheduler, events, turnBad } = await withBadTrigger({ next: () => fail() });
  turnBad();
  await clock.advance({ minutes: 1 });
  await scheduler.resumeJob('wild').catch(() => undefined);
  await clock.advance({ minutes: 2 });
  expect((await scheduler.getJob('wild'))?.state).toBe('parked');
  expect(events.of('run:succeeded').filter(({ run }) => run.jobId === 'sound')).toHaveLength(4);
});

test('a parked job goes on with a new trigger', async () => {
  const { clock, scheduler, events, turnBad } = await withBadTrigger({ next: () => fail() });
  turnBad();
  await clock.advance({ minutes: 1 });
  await scheduler.rescheduleJob('wild', interval({ minutes: 1 }));
  events.clear();
  await clock.advance({ minutes: 1 });
  expect(
    events
      .of('run:succeeded')
      .map(({ run }) => run.jobId)
      .sort(),
  ).toEqual(['sound', 'wild']);
});

test('a run whose data no longer passes the schema fails, and its job goes on', async () => {
  let isStrict = false;
  const strict = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        isStrict ? { issues: [{ message: 'too late', path: ['to'] }] } : { value: value as { to: string } },
    },
  };
  const send = defineTask('send', () => 'sent', { schema: strict });
  const { clock, scheduler, events } = await startedStage();
  await scheduler.addJob(send, interval({ minutes: 1 }), { id: 'a', data: { to: 'x' } });
  isStrict = true;
  await clock.advance({ minutes: 2 });
  expect(events.of('run:failed')).toMatchObject([
    { error: { code: 'ESC_INVALID_DATA', path: 'data.to' } },
    { error: { code: 'ESC_INVALID_DATA' } },
  ]);
  expect((await scheduler.getJob('a'))?.state).toBe('active');
});

test('a job of a task that nobody knows here is left alone, and fires once the task is registered', async () => {
  const known = defineTask('known-later', () => 'ran');
  const first = stage();
  await first.scheduler.addJob(known, date('2026-01-01T00:01:00Z'), { id: 'a' });
  const text = await first.scheduler.exportJobs();
  const store = new MemoryJobStore();
  const importer = stage({ stores: { default: store }, tasks: [known] });
  await importer.scheduler.importJobs(text);
  await importer.scheduler.shutdown();
  const { clock, scheduler, events } = await startedStage({ stores: { default: store } });
  await clock.advance({ minutes: 5 });
  expect(events.of('run:started')).toHaveLength(0);
  expect((await scheduler.getJob('a'))?.state).toBe('active');
  scheduler.registerTask(known);
  await clock.settle();
  expect(events.of('run:succeeded')).toMatchObject([{ result: 'ran' }]);
});

function fail(): never {
  throw new Error('the trigger is broken');
}

function failWith(thrown: unknown): never {
  throw thrown;
}
