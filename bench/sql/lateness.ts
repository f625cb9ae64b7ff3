import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, interval, Scheduler } from 'escapement';
import type { Benchmark, Probe, Target } from '../support/benchmark.js';
import { quantilesOf } from '../support/quantiles.js';
import { startDelays } from '../support/start-delays.js';
import { fleetOrder, isOurs, loadContender, type ContenderName } from './contenders.js';
import { createDatabase, type DatabaseKind } from './database.js';
import { storeOf } from './escapement.js';

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
      return quantilesOf(caseOf(params), late, TARGETS);
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
  return startDelays({ order: fleetOrder(who, url), contender, perSecond: ADDED_PER_SECOND, seconds });
}

function caseOf({ who, database }: LatenessParams): string {
  if (who === null) return `${database}, every second`;
  return isOurs(who) ? `${database}, ${who}` : database;
}
