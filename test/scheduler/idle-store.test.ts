import { describe, expect, test } from 'vitest';
import { AsyncExecutor, defineTask, interval } from '../../src/index.js';
import { answering } from '../support/answering-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

/** Starts a stage on a shared store, and counts what it is asked. */
async function countedStage(
  executorNames: readonly string[],
  { hasHints = true } = {},
): Promise<Stage & { counts: Map<string, number>; total(): number; server: SharedMemoryStore }> {
  const server = new SharedMemoryStore();
  if (!hasHints) Object.defineProperty(server, 'subscribe', { value: undefined });
  const { store, hooks } = answering(server);
  const executors = Object.fromEntries(executorNames.map((name) => [name, new AsyncExecutor()]));
  const made = await startedStage({ stores: { default: store }, executors });
  const counts = new Map<string, number>();
  hooks.before = (method) => {
    if (method !== 'heartbeat') counts.set(method, (counts.get(method) ?? 0) + 1);
  };
  await made.clock.advance({ seconds: 30 });
  counts.clear();
  const total = (): number => [...counts.values()].reduce((sum, count) => sum + count, 0);
  return { ...made, counts, total, server };
}

describe('a store in which nothing is due and nothing changes', () => {
  test.each([[['default']], [['default', 'one', 'two']]])(
    'is asked once in 5 s beside the heartbeats by a node with the executors %j',
    async (names) => {
      const { clock, counts, total } = await countedStage(names);
      await clock.advance({ seconds: 60 });
      expect(total()).toBeLessThanOrEqual(12);
      expect(counts.get('claim')).toBeGreaterThanOrEqual(11);
      await clock.advance({ hours: 3 });
      expect([...counts.keys()]).toEqual(['claim']);
      expect(total()).toBeLessThanOrEqual(12 * 181);
    },
  );

  test('is looked at by each of several executors in turn', async () => {
    const { clock, scheduler, server, events } = await countedStage(['default', 'one', 'two']);
    const task = defineTask('note', () => 'done');
    scheduler.registerTask(task);
    const { scheduler: other } = await startedStage({
      stores: { default: server },
      executors: { two: new AsyncExecutor() },
    });
    await other.pause();
    await other.addJob(task, undefined, { executor: 'two' });
    await clock.advance({ seconds: 15 });
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('is looked at by each of them in 5 s where there are no hints', async () => {
    const { clock, scheduler, total, server, events } = await countedStage(['default', 'one'], {
      hasHints: false,
    });
    await clock.advance({ seconds: 60 });
    expect(total()).toBeLessThanOrEqual(24);
    const task = defineTask('note', () => 'done');
    scheduler.registerTask(task);
    const { scheduler: other } = await startedStage({
      stores: { default: server },
      executors: { one: new AsyncExecutor() },
    });
    await other.pause();
    for (const executor of ['default', 'one']) await other.addJob(task, undefined, { executor });
    await clock.advance({ seconds: 5 });
    expect(events.of('run:succeeded')).toHaveLength(2);
  });
});

test('the look for old records comes at most once an hour, with other work', async () => {
  const { clock, scheduler, counts } = await countedStage(['default']);
  await scheduler.addJob(
    defineTask('note', () => undefined),
    interval({ minutes: 1 }),
    { id: 'a' },
  );
  await clock.advance({ hours: 5 });
  expect(counts.get('pruneRuns')).toBeLessThanOrEqual(5);
  expect(counts.get('pruneJobs')).toBeLessThanOrEqual(5);
});

describe('stored jobs of tasks that are not known here', () => {
  test('are left alone, with one warning that names the tasks', async () => {
    const server = new SharedMemoryStore();
    const { scheduler: before } = await startedStage({ stores: { default: server } });
    await before.addJob(
      defineTask('renamed', () => undefined),
      interval({ minutes: 1 }),
      { id: 'old' },
    );
    await before.shutdown();
    const late = defineTask('late', () => undefined);
    const { clock, scheduler, log, events } = await startedStage({ stores: { default: server } });
    await scheduler.addJob(late, interval({ hours: 1 }), { id: 'new' });
    await clock.advance({ minutes: 10 });
    const warnings = log.at('warn').filter(({ message }) => message.includes('not registered'));
    expect(warnings.map(({ fields }) => fields)).toEqual([
      { store: 'default', tasks: ['renamed'], jobs: ['old'] },
    ]);
    expect(events.of('run:started')).toEqual([]);
  });
});
