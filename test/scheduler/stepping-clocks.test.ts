import { describe, expect, onTestFinished, test } from 'vitest';
import { Scheduler, cron, defineTask } from '../../src/index.js';
import type { JobStore, RunContext, Task } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { answering } from '../support/answering-store.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore, clientOf } from '../support/shared-memory-store.js';
import { stop } from '../support/stage.js';

const MINUTE_MS = 60_000;

function nodeOn(clock: ManualClock, store: JobStore, tasks: readonly Task<unknown>[] = []): Scheduler {
  const scheduler = new Scheduler({
    clock,
    logger: new RecordingLogger(),
    stores: { default: store },
    tasks,
  });
  onTestFinished(() => stop({ scheduler, clock }));
  return scheduler;
}

/** Makes a server that keeps which nodes were declared dead, and when. */
function watchedServer(clock: ManualClock): { server: SharedMemoryStore; convicted: Map<string, number> } {
  const server = new SharedMemoryStore();
  const convicted = new Map<string, number>();
  const { recover } = server;
  server.recover = (node) => {
    convicted.set(node, clock.monotonic());
    return recover.call(server, node);
  };
  return { server, convicted };
}

const long = (contexts: RunContext[]): Task<unknown> =>
  defineTask('long', (context: RunContext) => {
    contexts.push(context);
    return new Promise(() => undefined);
  });

const steps: [string, (clock: ManualClock, server: SharedMemoryStore) => void][] = [
  ["the server's clock steps 2 minutes ahead", (_clock, server) => void (server.aheadMs += 2 * MINUTE_MS)],
  ["the server's clock steps 1 hour back", (_clock, server) => void (server.aheadMs -= 60 * MINUTE_MS)],
  [
    'the clocks of all machines step 2 minutes ahead',
    (clock) => clock.set(new Date(clock.now() + 2 * MINUTE_MS)),
  ],
  [
    'the clocks of all machines step 1 hour back',
    (clock) => clock.set(new Date(clock.now() - 60 * MINUTE_MS)),
  ],
];

describe.each(steps)('when %s', (_what, step) => {
  test.each([0, 3000, 9999])(
    'no living node is convicted, and a dead one within 45 s (%i ms after a heartbeat)',
    async (afterMs) => {
      const clock = new ManualClock();
      const { server, convicted } = watchedServer(clock);
      const contexts: RunContext[] = [];
      const task = long(contexts);
      const living = [nodeOn(clock, server, [task]), nodeOn(clock, server, [task])];
      await living[0]?.start();
      await clock.advance(4000);
      await living[1]?.start();
      for (const node of living) await node.enqueue(task);
      const client = clientOf(server);
      const dead = nodeOn(clock, client.store);
      await dead.start();
      await clock.advance(20_000 + afterMs);
      client.cut();
      const diedAt = clock.monotonic();
      step(clock, server);
      await clock.advance({ minutes: 3 });
      expect([...convicted.keys()]).toEqual([dead.node]);
      expect((convicted.get(dead.node) ?? 0) - diedAt).toBeLessThanOrEqual(45_000);
      expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    },
  );

  test('a node that starts just then convicts nobody', async () => {
    const clock = new ManualClock();
    const { server, convicted } = watchedServer(clock);
    const first = nodeOn(clock, server);
    await first.start();
    await clock.advance(9999);
    step(clock, server);
    await nodeOn(clock, server).start();
    await clock.advance({ minutes: 3 });
    expect([...convicted.keys()]).toEqual([]);
  });
});

test("jobs fire by the server's clock though the machine's own is set back", async () => {
  const clock = new ManualClock('2026-01-01T00:00:30Z');
  const server = new SharedMemoryStore();
  const firedAt: number[] = [];
  const task = defineTask('note', () => {
    firedAt.push(clock.monotonic());
  });
  const node = nodeOn(clock, server);
  await node.addJob(task, cron('* * * * *'), { id: 'minutely' });
  await node.start();
  clock.set(new Date(clock.now() - 60 * MINUTE_MS));
  server.aheadMs = 60 * MINUTE_MS;
  await clock.advance({ minutes: 3 });
  expect(firedAt).toEqual([30_000, 90_000, 150_000]);
});

test('a skew of more than a second is reported, once', async () => {
  const clock = new ManualClock();
  const server = new SharedMemoryStore();
  server.aheadMs = 5000;
  const log = new RecordingLogger();
  const scheduler = new Scheduler({ clock, logger: log, stores: { default: server } });
  onTestFinished(() => stop({ scheduler, clock }));
  await scheduler.start();
  await clock.advance({ minutes: 1 });
  expect(log.at('warn').map(({ fields }) => fields)).toEqual([{ store: 'default', skewMs: 5000 }]);
});

describe('when the server hangs', () => {
  test('for less than the lease, nobody is convicted and nothing aborted, whoever is answered first', async () => {
    const clock = new ManualClock();
    const { server, convicted } = watchedServer(clock);
    const contexts: RunContext[] = [];
    const task = long(contexts);
    const hung = [new Deferred<void>(), new Deferred<void>()];
    const nodes: Scheduler[] = [];
    for (const { promise } of hung) {
      const { store, hooks } = answering(server);
      hooks.before = () => (clock.monotonic() >= 21_000 && clock.monotonic() < 42_000 ? promise : undefined);
      const node = nodeOn(clock, store, [task]);
      await node.start();
      await node.enqueue(task);
      nodes.push(node);
      await clock.advance(500);
    }
    await clock.advance(41_000);
    hung[0]?.resolve();
    await clock.advance(2000);
    hung[1]?.resolve();
    await clock.advance({ minutes: 2 });
    expect([...convicted.keys()]).toEqual([]);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false]);
  });

  test('and never answers a heartbeat, the next is sent nevertheless', async () => {
    const clock = new ManualClock();
    const server = new SharedMemoryStore();
    const { store, hooks } = answering(server);
    const contexts: RunContext[] = [];
    const task = long(contexts);
    const node = nodeOn(clock, store, [task]);
    await node.start();
    await node.enqueue(task);
    let swallowed = 0;
    hooks.after = (method) => {
      if (method === 'heartbeat' && swallowed++ === 0) return new Promise(() => undefined);
      return undefined;
    };
    await clock.advance({ minutes: 2 });
    expect(swallowed).toBeGreaterThan(5);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
  });
});

test('after an outage of 60 s the first node back convicts nobody who lives', async () => {
  const clock = new ManualClock();
  const { server, convicted } = watchedServer(clock);
  const clients = [clientOf(server), clientOf(server), clientOf(server)];
  const nodes = clients.map(({ store }) => nodeOn(clock, store));
  for (const node of nodes) await node.start();
  await clock.advance({ seconds: 15 });
  for (const client of clients) client.cut();
  await clock.advance({ seconds: 60 });
  clients[0]?.mend();
  await clock.advance({ seconds: 5 });
  for (const client of clients) client.mend();
  await clock.advance({ minutes: 3 });
  // They gave themselves up, and came back as somebody else.
  expect([...convicted.keys()].sort()).toEqual(nodes.map(({ node }) => node).sort());
});

test('a node that does not live for a lease finds who is long dead', async () => {
  const clock = new ManualClock();
  const { server, convicted } = watchedServer(clock);
  await server.open({ clock, logger: new RecordingLogger() });
  await server.heartbeat('dead', 30_000);
  await clock.advance({ minutes: 5 });
  await nodeOn(clock, server).start();
  await clock.advance({ seconds: 25 });
  expect([...convicted.keys()]).toEqual(['dead']);
});
