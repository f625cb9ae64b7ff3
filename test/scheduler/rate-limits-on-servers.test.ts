import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AsyncExecutor, Scheduler, defineTask } from 'escapement';
import type { JobStore, Task } from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import { SqlJobStore } from 'escapement/stores/sql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startServer, whyNoServer } from '../support/servers.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { within } from '../support/within.js';

const RUNS = 36;
const LIMIT = { max: 12, per: 1000 };
/** Is what a span may be shorter by on a machine that is busy with something else between a permit and its start. */
const TOLERANCE_MS = 200;

describe('three nodes on one SQLite file', () => {
  test('keep one limit together', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-rates-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await keepOneLimit(() => SqlJobStore.sqlite(join(folder, 'jobs.db')));
  });
});

const missing = whyNoServer('redis');

describe.skipIf(missing !== null)(
  `three nodes on one Redis${missing === null ? '' : ` (${missing})`}`,
  () => {
    test('keep one limit together', async () => {
      const server = await startServer('redis');
      onTestFinished(() => server[Symbol.asyncDispose]());
      await keepOneLimit(() => new RedisJobStore({ url: server.url }));
    });
  },
);

async function keepOneLimit(aStore: () => JobStore): Promise<void> {
  let allDone: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    allDone = resolve;
  });
  const count = { started: 0, free: 0 };
  const note = (): void => {
    if (count.started === RUNS && count.free === RUNS) allDone();
  };
  const limited = defineTask(
    'call-api',
    () => {
      count.started++;
      note();
    },
    { rateLimit: LIMIT },
  );
  const free = defineTask('count', () => {
    count.free++;
    note();
  });
  const nodes = [await startNode(aStore()), await startNode(aStore()), await startNode(aStore())];
  for (const { scheduler } of nodes) for (const task of [limited, free]) scheduler.registerTask(task);
  const enqueue = (task: Task<unknown>, n: number): Promise<unknown> => nodes[n % 3]!.scheduler.enqueue(task);
  await Promise.all(
    Array.from({ length: RUNS }, (_, n) => Promise.all([enqueue(limited, n), enqueue(free, n)])),
  );
  await within(done, 'all runs', 15_000);
  const { items } = await nodes[0]!.scheduler.getRuns({ task: 'call-api', limit: 100 });
  const times = items.map(({ startedAt }) => Number(startedAt));
  expect(times).toHaveLength(RUNS);
  const spanMs = LIMIT.per - TOLERANCE_MS;
  const most = times.map((from) => times.filter((time) => time >= from && time < from + spanMs).length);
  expect(Math.max(...most)).toBeLessThanOrEqual(LIMIT.max);
  for (const { log } of nodes) expect(log.at('error')).toEqual([]);
}

async function startNode(store: JobStore): Promise<{ scheduler: Scheduler; log: RecordingLogger }> {
  const log = new RecordingLogger();
  const executors = { default: new AsyncExecutor({ concurrency: 5 }) };
  const scheduler = new Scheduler({ stores: { default: store }, executors, logger: log });
  onTestFinished(() => scheduler.shutdown({ timeout: 0 }));
  await scheduler.start();
  return { scheduler, log };
}
