import { describe, expect, onTestFinished, test } from 'vitest';
import {
  LeaseLostError,
  RunNotFoundError,
  Scheduler,
  anyOf,
  cron,
  date,
  defineTask,
  interval,
} from '../../src/index.js';
import type { Job, JobStore, RunContext, SchedulerOptions } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { answering } from '../support/answering-store.js';
import { Gate } from '../support/gate.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { resettableStore } from '../support/resettable-store.js';
import type { ResettableStore } from '../support/resettable-store.js';
import { START, moving, stop } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';

const START_MS = Date.parse(START);
const note = defineTask('note', () => 'done');

/** Is one node of those that share a store. */
interface Node {
  readonly scheduler: Scheduler;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

/** Makes a node that is stopped. */
function node(clock: ManualClock, store: JobStore, options: SchedulerOptions = {}): Node {
  const log = new RecordingLogger();
  const scheduler = new Scheduler({
    tasks: [note],
    ...options,
    clock,
    logger: log,
    stores: { default: store },
  });
  onTestFinished(() => stop({ scheduler, clock }));
  return { scheduler, events: new EventRecorder(scheduler), log };
}

interface Alone extends Node, ResettableStore {
  readonly clock: ManualClock;
}

/** Starts a node by itself. */
async function alone(options: SchedulerOptions = {}): Promise<Alone> {
  const clock = new ManualClock(START);
  const resettable = resettableStore();
  const made = node(clock, resettable.store, options);
  await made.scheduler.start();
  return { ...resettable, ...made, clock };
}

/** Empties the store, and lets it be noticed. */
async function lose({ clock, flush, store }: Pick<Alone, 'clock' | 'flush' | 'store'>): Promise<void> {
  flush();
  await store.now();
  await clock.settle();
}

async function jobsOf(scheduler: Scheduler): Promise<readonly Job[]> {
  return (await scheduler.getJobs({ states: ['active', 'paused', 'finished', 'parked'] })).items;
}

async function idsOf(scheduler: Scheduler): Promise<readonly string[]> {
  return (await jobsOf(scheduler)).map(({ id }) => id);
}

function minutesOf(job: Job | null): number {
  return ((job?.nextRunTime?.getTime() ?? NaN) - START_MS) / 60_000;
}

describe('a store that was emptied', () => {
  test('is told of once each time, by an event and a warning', async () => {
    const made = await alone();
    await lose(made);
    await made.clock.advance({ minutes: 1 });
    expect(made.events.of('store:reset')).toEqual([{ store: 'default' }]);
    expect(made.log.at('warn')).toMatchObject([
      { fields: { store: 'default' }, message: expect.stringContaining('emptied') as string },
    ]);
    await lose(made);
    await made.clock.advance({ minutes: 1 });
    expect(made.events.of('store:reset')).toHaveLength(2);
    expect(made.events.of('store:error')).toHaveLength(0);
  });

  test('is told of to a node that joins after nobody had heard of it', async () => {
    const made = await alone();
    await made.scheduler.addJob(note, cron('0 * * * *'), { id: 'hourly' });
    await made.scheduler.shutdown();
    await lose(made);
    await made.scheduler.start();
    await made.clock.settle();
    expect(made.events.of('store:reset')).toHaveLength(1);
    expect(await idsOf(made.scheduler)).toEqual(['hourly']);
  });

  test('rejects at once what waited for its runs', async () => {
    const made = await alone();
    const handle = await made.scheduler.enqueue(note, undefined, { delay: { hours: 1 } });
    const rejection = rejectionOf(handle.result());
    await made.clock.settle();
    await lose(made);
    expect(await rejection).toBeInstanceOf(RunNotFoundError);
  });
});

describe('a node whose store was emptied', () => {
  test('gives up what it runs, and runs none of it twice', async () => {
    const gate = new Gate();
    const slow = defineTask('slow', gate.handler);
    const made = await alone({ tasks: [slow] });
    const { clock, scheduler, events, log } = made;
    await scheduler.addJob(slow, interval({ minutes: 10 }), { id: 'often' });
    await clock.advance({ minutes: 10 });
    expect(gate.contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
    await lose(made);
    expect(gate.contexts[0]?.signal.reason).toBeInstanceOf(LeaseLostError);
    gate.release('too late');
    await clock.advance({ minutes: 9 });
    expect(gate.entered).toBe(1);
    expect(events.of('run:succeeded')).toHaveLength(0);
    await clock.advance({ minutes: 1 });
    expect(gate.contexts.map(({ scheduledAt }) => minutesFromStart(scheduledAt))).toEqual([10, 20]);
    gate.release('in time');
    await clock.settle();
    expect(events.of('run:succeeded').map(({ run }) => minutesFromStart(run.scheduledAt))).toEqual([20]);
    expect(log.at('error')).toHaveLength(1);
    const [first, second] = gate.contexts;
    expect(second?.fencingToken).toBeGreaterThan(first?.fencingToken ?? Infinity);
  });

  test('is on the list again at once, under another id', async () => {
    const made = await alone();
    await lose(made);
    await made.clock.advance(1);
    const { peers } = await made.store.heartbeat('observer', 1000);
    const listed = peers.map((peer) => peer.node);
    expect(listed.filter((id) => id !== made.scheduler.node)).toHaveLength(1);
    const handle = await made.scheduler.enqueue(note);
    await made.clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'succeeded', node: listed.at(-1) });
  });

  test('comes back when that happens twice in a row', async () => {
    const made = await alone();
    const { clock, scheduler, events, flush, store } = made;
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    flush();
    await store.now();
    flush();
    await store.now();
    await clock.settle();
    expect(events.of('store:reset')).toHaveLength(2);
    await clock.advance({ minutes: 3 });
    expect(events.of('run:succeeded').map(({ run }) => minutesFromStart(run.scheduledAt))).toEqual([1, 2, 3]);
  });

  test('is fenced by a heartbeat sent afterwards when one was under way', async () => {
    const clock = new ManualClock(START);
    const { store, flush } = resettableStore();
    const client = answering(store);
    const gate = new Gate();
    const slow = defineTask('slow', gate.handler);
    const { scheduler } = node(clock, client.store, { tasks: [slow] });
    await scheduler.start();
    await scheduler.enqueue(slow);
    await clock.settle();
    let answer = (): void => undefined;
    client.hooks.after = (method) =>
      method === 'heartbeat'
        ? new Promise((resolve) => {
            client.hooks.after = null;
            answer = resolve;
          })
        : undefined;
    await clock.advance({ seconds: 10 });
    await lose({ clock, store, flush });
    expect(gate.contexts[0]?.signal.aborted).toBe(false);
    answer();
    await clock.settle();
    expect(gate.contexts[0]?.signal.aborted).toBe(true);
  });

  test('joins as ever when that happens while it is joining', async () => {
    const clock = new ManualClock(START);
    const { store, flush } = resettableStore();
    const client = answering(store);
    const { scheduler, events } = node(clock, client.store);
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    client.hooks.after = async (method) => {
      if ((method as string) !== 'subscribe') return;
      flush();
      await store.now();
    };
    await scheduler.start();
    await clock.settle();
    expect(events.of('store:reset')).toHaveLength(1);
    expect((await store.heartbeat('observer', 1000)).peers.length).toBeGreaterThan(0);
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded').map(({ run }) => minutesFromStart(run.scheduledAt))).toEqual([1, 2]);
  });

  test('comes back though nobody shares the store with it', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore({ shared: false });
    const { scheduler, events } = node(clock, resettable.store);
    await scheduler.start();
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    await lose({ ...resettable, clock });
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded').map(({ run }) => minutesFromStart(run.scheduledAt))).toEqual([1, 2]);
    await scheduler.shutdown();
    expect(clock.timerCount).toBe(0);
  });
});

describe('jobs that code has declared to a store that was emptied', () => {
  test('come back if they recur and have an id, from their next fire time', async () => {
    const made = await alone();
    const { clock, scheduler, events } = made;
    await scheduler.addJob(note, interval({ minutes: 7 }), { id: 'interval' });
    await scheduler.addJobs([{ task: 'note', trigger: '*/10 * * * *', options: { id: 'cron' } }]);
    await scheduler.applySchedule('app', [
      { id: 'applied', task: 'note', trigger: { cron: '0 * * * *' }, tags: ['a'] },
    ]);
    await scheduler.addJob(note, date('2026-01-02T00:00Z'), { id: 'date' });
    await scheduler.addJob(note, undefined, { id: 'once' });
    await scheduler.addJob(note, anyOf(date('2026-01-01T00:01Z'), date('2026-01-01T00:02Z')), {
      id: 'passed',
    });
    await scheduler.addJob(note, cron('0 * * * *'));
    await scheduler.enqueue(note, undefined, { delay: { hours: 1 } });
    await clock.advance({ minutes: 25 });
    const before = await scheduler.getJob('interval');
    expect(await idsOf(scheduler)).toHaveLength(7);
    await lose(made);
    expect(await idsOf(scheduler)).toEqual(['applied', 'cron', 'interval']);
    const times = await Promise.all(['interval', 'cron', 'applied'].map((id) => scheduler.getJob(id)));
    expect(times.map(minutesOf)).toEqual([28, 30, 60]);
    expect(times[0]).toMatchObject({ runCount: 0, lastFireTime: null, version: 1 });
    expect(times[0]?.trigger?.toJSON()).toEqual(before?.trigger?.toJSON());
    expect(times[2]).toMatchObject({ owner: 'app', tags: ['a'] });
    expect(events.of('job:added').slice(-3)).toHaveLength(3);
    events.events.length = 0;
    await clock.advance({ minutes: 10 });
    expect(events.of('run:started').map(({ run }) => [run.jobId, minutesFromStart(run.scheduledAt)])).toEqual(
      [
        ['interval', 28],
        ['cron', 30],
        ['interval', 35],
      ],
    );
  });

  test('come back once, whoever of the nodes that declared them does it, and fire once', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const nodes = [1, 2, 3].map(() => node(clock, resettable.store));
    for (const { scheduler } of nodes) {
      await scheduler.start();
      await scheduler.addJob(note, interval({ minutes: 10 }), { id: 'often', ifExists: 'update' });
      await clock.advance({ minutes: 3 });
    }
    await lose({ ...resettable, clock });
    expect(nodes.flatMap(({ events }) => events.of('store:reset'))).toHaveLength(3);
    const added = nodes.flatMap(({ events }) => events.of('job:added'));
    expect(added.map(({ job }) => minutesOf(job))).toEqual([10, 10]);
    expect(nodes.flatMap(({ events }) => events.of('job:modified'))).toHaveLength(0);
    await clock.advance({ minutes: 22 });
    const fired = nodes.flatMap(({ events }) => events.of('run:succeeded'));
    expect(fired.map(({ run }) => minutesFromStart(run.scheduledAt)).sort()).toEqual([10, 20, 30]);
  });

  test('are as a restart would declare them', async () => {
    const made = await alone();
    const { clock, scheduler, events } = made;
    const declare = (from: Scheduler): Promise<Job> =>
      from.addJob(note, interval({ minutes: 10 }), { id: 'often', ifExists: 'update', revision: 3 });
    await declare(scheduler);
    await clock.advance({ minutes: 25 });
    await lose(made);
    const restarted = node(clock, made.store);
    await declare(restarted.scheduler);
    expect(await scheduler.getJob('often')).toMatchObject({ version: 1, revision: 3 });
    expect(minutesOf(await scheduler.getJob('often'))).toBe(30);
    expect([...events.of('job:modified'), ...restarted.events.of('job:modified')]).toEqual([]);
  });

  test('are those of the highest revision, whichever node comes first', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const [older, newer] = [node(clock, resettable.store), node(clock, resettable.store)];
    const schedules = [
      [older, 1, '0 * * * *'],
      [newer, 2, '30 * * * *'],
    ] as const;
    for (const [{ scheduler }, revision, trigger] of schedules) {
      await scheduler.start();
      await scheduler.addJob(note, trigger, { id: 'hourly', ifExists: 'update', revision });
    }
    await lose({ ...resettable, clock });
    expect(minutesOf(await newer.scheduler.getJob('hourly'))).toBe(30);
  });

  test('stay away once they were removed, by whatever means', async () => {
    const made = await alone();
    const { scheduler } = made;
    const entry = (id: string): { id: string; task: string; trigger: string } => ({
      id,
      task: 'note',
      trigger: '0 * * * *',
    });
    await scheduler.addJob(note, '0 * * * *', { id: 'removed' });
    await scheduler.addJob(note, '0 * * * *', { id: 'tagged', tags: ['tag'] });
    await scheduler.addJob(note, '0 * * * *', { id: 'made a date' });
    await scheduler.applySchedule('app', [entry('dropped'), entry('kept')]);
    await scheduler.removeJob('removed');
    await scheduler.removeAllJobs({ tag: 'tag' });
    await scheduler.applySchedule('app', [entry('kept')]);
    await scheduler.rescheduleJob('made a date', { date: '2026-06-01T00:00Z' });
    const text = await scheduler.exportJobs();
    await scheduler.importJobs(text.replaceAll('kept', 'imported'), { ifExists: 'replace' });
    await lose(made);
    expect(await idsOf(scheduler)).toEqual(['kept']);
  });

  test('stay away if they are removed while they are being put back', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const client = answering(resettable.store);
    const { scheduler, events } = node(clock, client.store);
    await scheduler.start();
    await scheduler.addJob(note, '0 * * * *', { id: 'removed' });
    await scheduler.addJob(note, '0 * * * *', { id: 'kept' });
    const removals: Promise<boolean>[] = [];
    client.hooks.before = async (method) => {
      if (method !== 'putJobs' || removals.length > 0) return;
      removals.push(scheduler.removeJob('removed'));
      await removals[0];
    };
    await lose({ ...resettable, clock });
    await clock.settle();
    expect(await Promise.all(removals)).toEqual([false]);
    expect(await idsOf(scheduler)).toEqual(['kept']);
    expect(events.of('job:removed')).toHaveLength(1);
  });

  test('come back as they were declared last, and as this node has edited them since', async () => {
    const made = await alone();
    const { clock, scheduler, events } = made;
    await scheduler.addJob(note, '0 * * * *', { id: 'paused', paused: true });
    await scheduler.addJob(note, '0 * * * *', { id: 'resumed', paused: true });
    await scheduler.addJob(note, '0 * * * *', { id: 'edited', data: 1 });
    await scheduler.addJob(note, '0 * * * *', { id: 'declared again' });
    await scheduler.resumeJob('resumed');
    await scheduler.modifyJob('edited', { data: 2 });
    await scheduler.addJob(note, '30 * * * *', { id: 'declared again', ifExists: 'replace' });
    await lose(made);
    expect(await jobsOf(scheduler)).toMatchObject([
      { id: 'declared again', state: 'active' },
      { id: 'edited', state: 'active', data: 2 },
      { id: 'paused', state: 'paused' },
      { id: 'resumed', state: 'active' },
    ]);
    await clock.advance({ minutes: 61 });
    const started = events.of('run:started').map(({ run }) => run.jobId);
    expect(started.sort()).toEqual(['declared again', 'edited', 'resumed']);
  });

  test('stay away once they have come to their end', async () => {
    const made = await alone();
    const { clock, scheduler } = made;
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'used up', maxRuns: 2 });
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'not yet', maxRuns: 10 });
    await clock.advance({ minutes: 3 });
    await lose(made);
    expect(await idsOf(scheduler)).toEqual(['not yet']);
  });

  test('stay away if they are of plain functions, which no other process knows', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore({ durable: false });
    const { scheduler } = node(clock, resettable.store);
    await scheduler.start();
    await scheduler.addJob(() => 'done', interval({ minutes: 1 }), { id: 'function' });
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'task' });
    await lose({ ...resettable, clock });
    expect(await idsOf(scheduler)).toEqual(['task']);
  });

  test('come back however many they are', async () => {
    const made = await alone();
    const { clock, scheduler } = made;
    const requests = Array.from({ length: 1201 }, (_, at) => ({
      task: note,
      trigger: '0 * * * *',
      options: { id: String(at) },
    }));
    await scheduler.addJobs(requests);
    await lose(made);
    await clock.settle();
    expect((await scheduler.getJobs({ limit: 1000 })).items).toHaveLength(1000);
    expect(made.log.at('info')).toContainEqual({
      level: 'info',
      fields: { store: 'default', jobs: 1201 },
      message: 'Declared jobs were put back',
    });
  });

  test('come back once the store answers, from the next fire time then', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const client = answering(resettable.store);
    const { scheduler, events, log } = node(clock, client.store);
    await scheduler.start();
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'too' });
    let tries = 0;
    client.hooks.before = (method) => {
      if (method === 'putJobs') tries++;
      throw new Error('down');
    };
    await lose({ ...resettable, clock });
    await clock.advance({ minutes: 5, seconds: 30 });
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(60);
    client.hooks.before = null;
    await clock.advance({ seconds: 10 });
    expect(minutesOf(await scheduler.getJob('often'))).toBe(6);
    expect(minutesOf(await scheduler.getJob('too'))).toBe(6);
    expect(events.of('store:reset')).toHaveLength(1);
    expect(events.of('store:error')).toHaveLength(1);
    expect(log.at('error').length).toBeLessThanOrEqual(2);
  });

  test('come back though the answer to putting them back is lost', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const client = answering(resettable.store);
    const { scheduler, events } = node(clock, client.store);
    await scheduler.start();
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    let isLost = false;
    client.hooks.after = (method) => {
      if (method !== 'putJobs' || isLost) return;
      isLost = true;
      throw new Error('The answer is lost');
    };
    await lose({ ...resettable, clock });
    await clock.advance({ minutes: 2 });
    expect(isLost).toBe(true);
    expect(events.of('run:succeeded').map(({ run }) => minutesFromStart(run.scheduledAt))).toEqual([1, 2]);
  });

  test('are put back anew when the store is emptied again in the middle', async () => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const client = answering(resettable.store);
    const { scheduler } = node(clock, client.store);
    await scheduler.start();
    const requests = Array.from({ length: 600 }, (_, at) => ({
      task: note,
      trigger: '0 * * * *',
      options: { id: String(at).padStart(3, '0') },
    }));
    await scheduler.addJobs(requests);
    let calls = 0;
    client.hooks.after = (method) => {
      if (method === 'putJobs' && ++calls === 1) resettable.flush();
    };
    await lose({ ...resettable, clock });
    await clock.advance({ seconds: 10 });
    expect((await scheduler.getJobs({ limit: 1000 })).items).toHaveLength(600);
  });

  test.each(['hangs', 'fails'])('are given up by a shutdown when the store %s', async (how) => {
    const clock = new ManualClock(START);
    const resettable = resettableStore();
    const client = answering(resettable.store);
    const { scheduler } = node(clock, client.store);
    await scheduler.start();
    await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
    let letGo = (): void => undefined;
    client.hooks.before = (method) => {
      if (method !== 'putJobs') return undefined;
      if (how === 'fails') throw new Error('down');
      return new Promise((resolve) => {
        letGo = resolve;
      });
    };
    await lose({ ...resettable, clock });
    await moving(clock, scheduler.shutdown(), 10);
    expect([scheduler.state, clock.timerCount, resettable.listeners]).toEqual(['stopped', 0, 0]);
    const { puts } = resettable;
    client.hooks.before = null;
    await clock.advance({ minutes: 1 });
    expect(resettable.puts).toBe(puts);
    letGo();
    await clock.settle();
    expect(scheduler.state).toBe('stopped');
  });
});

test('a store that loses nothing is not told what code has declared', async () => {
  const clock = new ManualClock(START);
  const resettable = resettableStore({ resettable: false });
  const { scheduler } = node(clock, resettable.store);
  await scheduler.start();
  await scheduler.addJob(note, interval({ minutes: 1 }), { id: 'often' });
  const { puts } = resettable;
  await lose({ ...resettable, clock });
  await clock.advance({ minutes: 1 });
  expect(resettable.puts).toBe(puts);
  expect(await idsOf(scheduler)).toEqual([]);
});

function minutesFromStart(at: RunContext['scheduledAt']): number {
  return (at.getTime() - START_MS) / 60_000;
}
