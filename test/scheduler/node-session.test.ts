import { afterEach, describe, expect, it } from 'vitest';
import { LeaseLostError, Scheduler, cron, defineTask, interval } from '../../src/index.js';
import type { RunContext, SchedulerOptions, Task } from '../../src/index.js';
import { EventRecorder, ManualClock } from '../../src/testing/index.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore, clientOf } from '../support/shared-memory-store.js';

const schedulers: Scheduler[] = [];

function node(clock: ManualClock, store: SharedMemoryStore, options: SchedulerOptions = {}): Scheduler {
  const scheduler = new Scheduler({
    clock,
    stores: { default: store },
    logger: new RecordingLogger(),
    ...options,
  });
  schedulers.push(scheduler);
  return scheduler;
}

/** Runs until its signal aborts, and keeps what it was called with. */
function endless(): { task: Task<unknown>; contexts: RunContext[] } {
  const contexts: RunContext[] = [];
  const task = defineTask('endless', (context: RunContext) => {
    contexts.push(context);
    const { signal } = context;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
    });
  });
  return { task, contexts };
}

afterEach(async () => {
  await Promise.all(schedulers.splice(0).map((scheduler) => scheduler.shutdown({ wait: false })));
});

describe('several nodes on one shared store', () => {
  it('fire each time of a job once, whichever node does', async () => {
    const clock = new ManualClock('2026-01-01T00:00:30Z');
    const store = new SharedMemoryStore();
    const seen: string[] = [];
    const task = defineTask(
      'note',
      ({ scheduledAt }: RunContext) => void seen.push(scheduledAt.toISOString()),
    );
    const nodes = [node(clock, store), node(clock, store), node(clock, store)];
    for (const one of nodes)
      await one.addJob(task, cron('* * * * *'), { id: 'minutely', ifExists: 'update' });
    for (const one of nodes) await one.start();
    await clock.advance({ minutes: 10 });
    expect(seen).toHaveLength(10);
    expect(new Set(seen).size).toBe(10);
  });

  it('see a job that another node added within the backstop', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    let runs = 0;
    const task = defineTask('count', () => {
      runs++;
    });
    const server = node(clock, store, { tasks: [task] });
    await server.start();
    const client = node(clock, store);
    await client.addJob(task);
    await clock.advance({ seconds: 5 });
    expect(runs).toBe(1);
  });

  it('run again what a dead node ran, and record its late end as refused', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const first = clientOf(store);
    const { task, contexts } = endless();
    const one = node(clock, first.store, { tasks: [task] });
    await one.start();
    await one.addJob(task, undefined, { id: 'long' });
    await clock.settle();
    const two = node(clock, store, { tasks: [task] });
    await two.start();
    expect(contexts.map(({ attempt }) => attempt)).toEqual([1]);
    first.cut();
    await clock.advance({ seconds: 45 });
    expect(contexts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(contexts[0]?.runId).toBe(contexts[1]?.runId);
    expect(contexts[1]?.fencingToken).toBeGreaterThan(contexts[0]?.fencingToken ?? 0);
    const run = await two.getRun(contexts[0]?.runId ?? '');
    expect(run).toMatchObject({ status: 'running', node: two.node, attempt: 2 });
  });

  it('make a node that cannot renew its lease abort its runs before others take them over', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const client = clientOf(store);
    const { task, contexts } = endless();
    const one = node(clock, client.store, { tasks: [task] });
    await one.start();
    await one.addJob(task, undefined, { id: 'long' });
    await clock.settle();
    client.cut();
    await clock.advance({ seconds: 24 });
    expect(contexts[0]?.signal.aborted).toBe(false);
    await clock.advance({ seconds: 5 });
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect(contexts[0]?.signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('let a node that gave up its lease come back under another id and go on', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const client = clientOf(store);
    let runs = 0;
    const task = defineTask('count', () => {
      runs++;
    });
    const one = node(clock, client.store);
    await one.addJob(task, interval({ seconds: 10 }), { id: 'often' });
    await one.start();
    await clock.advance({ seconds: 30 });
    const before = runs;
    client.cut();
    await clock.advance({ minutes: 2 });
    expect(runs).toBe(before);
    client.mend();
    await clock.advance({ minutes: 1 });
    expect(runs).toBeGreaterThan(before);
    const [newest] = (await one.getRuns({ limit: 1 })).items;
    expect(newest?.node).not.toBe(one.node);
  });

  it('start nothing after a suspension until a heartbeat has answered', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    let runs = 0;
    const task = defineTask('count', () => {
      runs++;
    });
    const one = node(clock, store);
    const events = new EventRecorder(one);
    await one.addJob(task, interval({ minutes: 30 }), { id: 'half-hourly' });
    await one.start();
    clock.suspend({ hours: 2 });
    await one.runJob('half-hourly');
    await clock.settle();
    expect(runs).toBe(0);
    await clock.advance({ seconds: 15 });
    expect(runs).toBeGreaterThan(0);
    expect(events.of('run:started').length).toBe(runs);
  });

  it.each([
    ['nobody, if the outage was shorter than the lease', 15, 0],
    ['only the former selves of nodes that gave up, if it was longer', 60, 2],
  ])('convict %s', async (_who, outageSeconds, convicted) => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const recovered = new Set<string>();
    const { recover } = store;
    store.recover = (dead) => {
      recovered.add(dead);
      return recover.call(store, dead);
    };
    const clients = [clientOf(store), clientOf(store)];
    const nodes = clients.map((client) => node(clock, client.store));
    for (const one of nodes) await one.start();
    await clock.advance({ seconds: 15 });
    for (const client of clients) client.cut();
    await clock.advance({ seconds: outageSeconds });
    for (const client of clients) client.mend();
    await clock.advance({ minutes: 2 });
    expect([...recovered].sort()).toEqual(
      nodes
        .map((one) => one.node)
        .sort()
        .slice(0, convicted),
    );
  });

  it('adopt a run of theirs that they never heard of, after two heartbeats', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    let runs = 0;
    const task = defineTask('count', () => {
      runs++;
    });
    const one = node(clock, store, { tasks: [task] });
    await one.start({ paused: true });
    const handle = await one.enqueue(task);
    // A claim whose answer was lost: the store says that the node runs it, and the node knows of nothing.
    await store.claim({
      node: one.node,
      executor: 'default',
      tasks: new Set(['count']),
      triggerKinds: new Set(),
      limit: 1,
      claimMs: 1000,
    });
    await clock.advance({ seconds: 10 });
    expect(runs).toBe(0);
    await clock.advance({ seconds: 10 });
    expect(runs).toBe(1);
    expect((await handle.run())?.status).toBe('succeeded');
  });

  it('cancel a run that another node executes', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const { task, contexts } = endless();
    const one = node(clock, store, { tasks: [task] });
    await one.start();
    const two = node(clock, store);
    const handle = await two.enqueue(task);
    await clock.advance({ seconds: 5 });
    expect(contexts).toHaveLength(1);
    expect(await handle.cancel()).toBe(true);
    await clock.settle();
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect((await handle.run())?.status).toBe('cancelled');
  });

  it('give the result of a run that another node executes', async () => {
    const clock = new ManualClock();
    const store = new SharedMemoryStore();
    const task = defineTask('add', ({ data }: RunContext<[number, number]>) => data[0] + data[1]);
    const server = node(clock, store, { tasks: [task] });
    await server.start();
    const client = node(clock, store);
    await client.start();
    const handle = await client.enqueue(task, [20, 22]);
    const result = handle.result();
    await clock.advance({ seconds: 10 });
    expect(await result).toBe(42);
  });
});
