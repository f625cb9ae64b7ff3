import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, interval, Scheduler } from 'escapement';
import type { Benchmark, Figure, Probe, Target } from '../support/benchmark.js';
import { percentile } from '../support/median.js';
import { monotonicMs } from './contender.js';
import { isOurs, loadContender, type ContenderName } from './contenders.js';
import { createDatabase, type DatabaseKind } from './database.js';
import { storeOf } from './escapement.js';
import { Fleet } from './fleet.js';

interface LatenessParams {
  /** Names who is woken by another process; `null`: ours, by a job of its own every second. */
  readonly who: ContenderName | null;
  readonly database: DatabaseKind;
  readonly seconds: number;
}

const TARGETS: Readonly<Record<string, Target>> = {
  'postgres, every second, p99': { atMost: 20 },
  'postgres, one-off jobs, p50': { atMost: 5 },
  'postgres, one-off jobs, p99': { atMost: 20 },
  'sqlite, one-off jobs, max': { atMost: 100 },
};

/** Is how many jobs another process adds in a second. */
const ADDED_PER_SECOND = 10;
const SETTLE_MS = 1000;
const PATIENCE_MS = 10_000;

/**
 * Measures how late jobs start.
 *
 * - `every second`: one node, one job with an interval of a second: from the fire time to the handler's first line
 * - otherwise another process adds ten jobs a second that are due at once: from the call that adds one to the handler's
 *   first line in the process that runs it, so that the commit is part of it. graphile-worker listens as we do; pg-boss
 *   looks twice a second, which is as often as it can, for 100 jobs at a time.
 */
export const lateness: Benchmark<LatenessParams> = {
  name: 'lateness',
  module: import.meta.url,

  probes({ isQuick }) {
    const probeOf = (who: ContenderName | null, database: DatabaseKind): Probe<LatenessParams> => {
      const seconds = isQuick ? 8 : who === null ? 30 : 20;
      const params = { who, database, seconds };
      return { label: caseOf(params), params, ...(who === null || isOurs(who) ? {} : { peer: who }) };
    };
    return [
      ...(['postgres', 'sqlite'] as const).flatMap((database) => [
        probeOf(null, database),
        probeOf('one-off jobs', database),
        probeOf('enqueued runs', database),
      ]),
      probeOf('graphile-worker', 'postgres'),
      probeOf('pg-boss, a look every 500 ms', 'postgres'),
    ];
  },

  async measure(params) {
    const { who, database: kind, seconds } = params;
    const database = await createDatabase(kind);
    try {
      const late =
        who === null
          ? await lateEverySecond(database.url, seconds)
          : await lateAfterAdding(who, database.url, seconds);
      return figuresOf(caseOf(params), Float64Array.from(late).sort());
    } finally {
      await database.drop();
    }
  },
};

async function lateEverySecond(url: string, seconds: number): Promise<readonly number[]> {
  const late: number[] = [];
  const task = defineTask('tick', ({ scheduledAt }) => {
    late.push(Date.now() - scheduledAt.getTime());
  });
  const scheduler = new Scheduler({ stores: { default: storeOf(url) }, tasks: [task] });
  await scheduler.start();
  await scheduler.addJob(task, interval({ seconds: 1 }));
  await sleep((seconds + 0.5) * 1000);
  await scheduler.shutdown();
  if (late.length < seconds) throw new Error(`Of ${seconds} fire times ${late.length} ran`);
  return late;
}

async function lateAfterAdding(who: ContenderName, url: string, seconds: number): Promise<readonly number[]> {
  const contender = await loadContender(who);
  await contender.prepare(url);
  await using fleet = await Fleet.start({ who, url }, 1);
  fleet.go();
  const producer = await contender.produce(url);
  await sleep(SETTLE_MS);
  const jobs = seconds * ADDED_PER_SECOND;
  const beginMs = monotonicMs();
  for (let n = 0; n < jobs; n++) {
    await sleep(Math.max(0, beginMs + (n * 1000) / ADDED_PER_SECOND - monotonicMs()));
    await producer.add({ n, at: monotonicMs() });
  }
  for (let waitedMs = 0; fleet.count < jobs && waitedMs < PATIENCE_MS; waitedMs += 100) await sleep(100);
  await producer.close();
  const [log] = await fleet.stop();
  const lateMs = log?.lateMs ?? [];
  if (lateMs.length !== jobs) throw new Error(`Of ${jobs} jobs ${lateMs.length} ran`);
  return lateMs;
}

function figuresOf(label: string, sorted: Float64Array): Figure[] {
  const shares = { p50: 0.5, p99: 0.99, max: 1 };
  return Object.entries(shares).map(([name, share]): Figure => {
    const figure = { case: `${label}, ${name}`, value: percentile(sorted, share), unit: 'ms' };
    const target = TARGETS[figure.case];
    return target === undefined ? figure : { ...figure, target };
  });
}

function caseOf({ who, database }: LatenessParams): string {
  if (who === null) return `${database}, every second`;
  return isOurs(who) ? `${database}, ${who}` : database;
}
