import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { AsyncExecutor, Scheduler, defineTask, interval } from '../../src/index.js';
import type { RateLimit, Run, Task } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { answering } from '../support/answering-store.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { START, moving } from '../support/stage.js';

/** Is several nodes on one store, whose calls take time. */
interface Cluster {
  readonly clock: ManualClock;
  readonly nodes: readonly Scheduler[];
  readonly calls: Map<string, number>;
  started(task?: string): Run[];
  stop(): Promise<void>;
}

interface ClusterOptions {
  readonly nodes: number;
  readonly tasks: readonly Task<unknown>[];
  readonly rateLimit?: RateLimit | undefined;
  readonly concurrency?: number;
  /** Tells whether a call of a node fails. */
  readonly fails?: (node: number, method: string) => boolean;
  /** Gives how long the next request, or the next answer, is under way. */
  readonly latencyMs?: () => number;
}

async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { tasks, rateLimit, concurrency = 50, latencyMs = () => 0, fails = () => false } = options;
  const clock = new ManualClock(START);
  const server = new SharedMemoryStore();
  const calls = new Map<string, number>();
  const made = Array.from({ length: options.nodes }, (_, node) => {
    const { store, hooks } = answering(server);
    const travel = (): Promise<void> | undefined => {
      const ms = latencyMs();
      if (ms === 0) return undefined;
      return new Promise((resolve) => {
        clock.setTimer(resolve, ms);
      });
    };
    hooks.before = (method) => {
      calls.set(method, (calls.get(method) ?? 0) + 1);
      if (fails(node, method)) throw new Error('The connection is cut');
      return travel();
    };
    hooks.after = travel;
    const executors = { default: new AsyncExecutor({ concurrency, ...(rateLimit && { rateLimit }) }) };
    const logger = new RecordingLogger();
    const scheduler = new Scheduler({ stores: { default: store }, executors, tasks, clock, logger });
    return { scheduler, events: new EventRecorder(scheduler) };
  });
  const nodes = made.map(({ scheduler }) => scheduler);
  // Time is moved by one hand at a time.
  for (const scheduler of nodes) await moving(clock, scheduler.start(), 10);
  const started = (task?: string): Run[] =>
    made
      .flatMap(({ events }) => events.of('run:started'))
      .map(({ run }) => run)
      .filter((run) => task === undefined || run.task === task);
  const stop = async (): Promise<void> => {
    for (const scheduler of nodes) await moving(clock, scheduler.shutdown({ wait: false }));
  };
  return { clock, nodes, calls, started, stop };
}

/** Counts the most starts that lie in one span. */
function mostInSpan(runs: readonly Run[], spanMs: number): number {
  const times = runs.map(({ startedAt }) => startedAt?.getTime() ?? 0).sort((a, b) => a - b);
  return Math.max(
    0,
    ...times.map((from) => times.filter((time) => time >= from && time < from + spanMs).length),
  );
}

const limits = fc.record({ max: fc.integer({ min: 1, max: 12 }), per: fc.constantFrom(1000, 4000, 20_000) });

test('over several nodes no span has more starts than a limit allows, and all work is done', async () => {
  const scenario = fc.record({
    nodes: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.constantFrom(1, 3, 50),
    ofTasks: fc.array(fc.option(limits, { nil: undefined }), { minLength: 1, maxLength: 3 }),
    ofExecutor: fc.option(limits, { nil: undefined }),
    // A start comes at most five such ways after its permit: less than the margin of the shortest span.
    latencies: fc.array(fc.nat(10), { minLength: 1, maxLength: 30 }),
    loads: fc.array(
      fc.record({ waitMs: fc.nat(3000), task: fc.nat(2), count: fc.integer({ min: 1, max: 15 }) }),
      { minLength: 1, maxLength: 8 },
    ),
    everyMs: fc.constantFrom(700, 5000),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ ofTasks, ofExecutor, loads, latencies, everyMs, ...rest }) => {
      const tasks = ofTasks.map((rateLimit, n) =>
        defineTask(`task-${n}`, () => undefined, rateLimit === undefined ? {} : { rateLimit }),
      );
      let at = 0;
      const latencyMs = (): number => latencies[at++ % latencies.length] ?? 0;
      const cluster = await startCluster({ ...rest, tasks, rateLimit: ofExecutor, latencyMs });
      const { clock, nodes, started, stop } = cluster;
      let wanted = 0;
      const jobOptions = { maxRuns: 5, coalesce: false, overlap: 'queueAll', id: 'job' } as const;
      await moving(clock, nodes[0]!.addJob(tasks[0]!, interval(everyMs), jobOptions), 10);
      for (const { waitMs, task, count } of loads) {
        await clock.advance(waitMs);
        for (let n = 0; n < count; n++) {
          wanted++;
          const node = nodes[n % nodes.length]!;
          await moving(clock, node.enqueue(tasks[task % tasks.length]!), 10);
        }
      }
      for (let n = 0; n < 400 && started().length < wanted + 5; n++) await clock.advance({ seconds: 10 });
      await stop();
      expect(started()).toHaveLength(wanted + 5);
      if (ofExecutor !== undefined)
        expect(mostInSpan(started(), ofExecutor.per)).toBeLessThanOrEqual(ofExecutor.max);
      ofTasks.forEach((limit, n) => {
        if (limit !== undefined)
          expect(mostInSpan(started(`task-${n}`), limit.per)).toBeLessThanOrEqual(limit.max);
      });
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('nodes that are far from their store keep the limit, whatever the way takes', async () => {
  const task = defineTask('call-api', () => undefined, { rateLimit: { max: 5, per: { seconds: 1 } } });
  const { clock, nodes, started, stop } = await startCluster({
    nodes: 3,
    tasks: [task],
    latencyMs: () => 60,
  });
  onTestFinished(stop);
  for (let n = 0; n < 100; n++) await moving(clock, nodes[n % 3]!.enqueue(task), 10);
  await clock.advance({ minutes: 1 });
  expect(started()).toHaveLength(100);
  expect(mostInSpan(started(), 1000)).toBeLessThanOrEqual(5);
});

test('what is committed long after its permits were taken is put back, and waits for others', async () => {
  const times: number[] = [];
  const rateLimit = { max: 2, per: { seconds: 10 } };
  const task: Task<unknown> = defineTask('call-api', () => void times.push(clock.now()), { rateLimit });
  let isCut = false;
  const { clock, nodes, stop } = await startCluster({
    nodes: 2,
    tasks: [task],
    fails: (node, method) => isCut && node === 0 && method === 'commitFirings',
  });
  onTestFinished(stop);
  const [cut, other] = nodes;
  await other!.pause();
  isCut = true;
  const due = { date: new Date(clock.now() + 1) };
  for (const id of ['a', 'b']) await cut!.addJob(task, due, { id });
  await clock.advance({ seconds: 1 });
  await other!.resume();
  for (let n = 0; n < 12; n++) await other!.enqueue(task);
  await clock.advance({ seconds: 16 });
  isCut = false;
  await clock.advance({ minutes: 3 });
  expect(times).toHaveLength(14);
  const most = times.map((from) => times.filter((time) => time >= from && time < from + 10_000).length);
  expect(Math.max(...most)).toBe(2);
});

test('nodes that wait for permits call the store rarely', async () => {
  const task = defineTask('call-api', () => undefined, { rateLimit: { max: 1, per: { hours: 1 } } });
  const { clock, nodes, calls, stop } = await startCluster({ nodes: 3, tasks: [task] });
  onTestFinished(stop);
  for (let n = 0; n < 20; n++) await nodes[0]!.enqueue(task);
  await clock.advance({ minutes: 1 });
  calls.clear();
  await clock.advance({ minutes: 10 });
  expect(calls.get('takePermits')).toBeLessThanOrEqual(3 * 21);
  // The backstop looks for work of other tasks once in 5 s, and each look for permits begins with a look for work.
  expect(calls.get('claim')).toBeLessThanOrEqual(3 * (120 + 21));
  expect([...calls.keys()].sort()).toEqual(['claim', 'heartbeat', 'takePermits']);
});

test('runs that a node leaves behind count as started, and are started again under the limit', async () => {
  const rateLimit = { max: 2, per: { seconds: 10 } };
  const task = defineTask('work', ({ attempt }) => (attempt > 1 ? 'done' : new Promise(() => {})), {
    rateLimit,
  });
  const { clock, nodes, started, stop } = await startCluster({ nodes: 2, tasks: [task] });
  onTestFinished(stop);
  const [first, second] = nodes;
  await second!.pause();
  for (let n = 0; n < 6; n++) await first!.enqueue(task);
  await clock.advance({ seconds: 1 });
  expect(started()).toHaveLength(2);
  await second!.resume();
  await moving(clock, first!.shutdown({ wait: false }));
  await clock.advance({ minutes: 5 });
  expect(started().length).toBeGreaterThanOrEqual(6);
  expect(mostInSpan(started(), 10_000)).toBeLessThanOrEqual(2);
});
