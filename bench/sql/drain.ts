import type { Benchmark, Figure, Probe, Result, Target } from '../support/benchmark.js';
import { drainRate, processesOf } from '../support/drain.js';
import { ratio, valueOf } from '../support/ratio.js';
import { fleetOrder, isOurs, loadContender, type ContenderName } from './contenders.js';
import { createDatabase, type DatabaseKind } from './database.js';

interface DrainParams {
  readonly who: ContenderName;
  readonly database: DatabaseKind;
  readonly processes: number;
  readonly jobs: number;
}

const OURS = [
  'one-off jobs',
  'enqueued runs',
  'one-off jobs, concurrency 1000',
  'enqueued runs, concurrency 1000',
] as const satisfies readonly ContenderName[];

const PEERS = [
  'graphile-worker',
  'graphile-worker, concurrency 10',
  'graphile-worker, local queue',
  'pg-boss',
  'pg-boss, fetch by 100',
  'pg-boss, fetch by 1000',
] as const satisfies readonly ContenderName[];

/** Are the peers as they come; one of them with more jobs at once, since ours comes with 100. */
const AS_THEY_COME: readonly ContenderName[] = [
  'graphile-worker',
  'graphile-worker, concurrency 10',
  'pg-boss',
];
const TUNED: ContenderName = 'graphile-worker, local queue';

const JOBS = 10_000;
/** Is how many jobs a process of pg-boss gets as it comes: it takes one every two seconds. */
const JOBS_OF_BOSS = 5;

/**
 * Measures how many jobs a second a number of processes run that find 10,000 of them due, on PostgreSQL: claimed, a
 * handler that notes its number called, the end recorded. The processes are connected and wait while the jobs are added.
 * The clock runs from the moment they are let go until the database knows every job to be done. That each job ran
 * exactly once is checked, or there is no figure.
 *
 * Ours as `one-off jobs` (added with `addJobs`, each with a date), which the cycle claims, plans, commits and removes,
 * and as `enqueued runs`, which is what the peers' jobs are; both as it comes (an executor with 100 places) and with
 * 1000 places.
 *
 * The peers: graphile-worker as it comes (one job at a time), with a concurrency of 10, and with the local queue and
 * the batches of its documentation's page on performance; it does not log successes. pg-boss as it comes (`work`, one
 * job every two seconds: with fewer jobs), and in a loop of `fetch` and `complete` of 100 or 1000 at a time.
 *
 * `ratio` is ours as it comes (one-off jobs) by the best peer as it comes, graphile-worker with a concurrency of 10
 * counted in; `ratio-enqueue` is the same with enqueued runs. `ratio-tuned` is ours with 1000 places (enqueued runs) by
 * graphile-worker with its local queue, for information.
 */
export const drain: Benchmark<DrainParams> = drainOn('postgres', {
  name: 'drain',
  ours: OURS,
  peers: PEERS,
  processes: [1, 2, 4, 8],
  target: { atLeast: 15_000 },
});

/** Measures the same on one SQLite file; the peers cannot. */
export const drainSqlite: Benchmark<DrainParams> = drainOn('sqlite', {
  name: 'drain-sqlite',
  ours: OURS,
  peers: [],
  processes: [1, 2, 4],
  target: { atLeast: 10_000 },
});

/** Measures the same on MariaDB, for information. */
export const drainMysql: Benchmark<DrainParams> = drainOn('mysql', {
  name: 'drain-mysql',
  ours: ['one-off jobs', 'enqueued runs'],
  peers: [],
  processes: [1, 4],
});

interface Drains {
  readonly name: string;
  readonly ours: readonly ContenderName[];
  readonly peers: readonly ContenderName[];
  readonly processes: readonly number[];
  /** Is what one process should reach. */
  readonly target?: Target;
}

function drainOn(database: DatabaseKind, drains: Drains): Benchmark<DrainParams> {
  const { name, ours, peers, processes, target } = drains;
  const caseOf = ({ who, processes: many }: DrainParams): string =>
    isOurs(who) ? `${processesOf(many)}, ${who}` : processesOf(many);
  return {
    name,
    module: import.meta.url,

    probes({ isQuick }) {
      return processes
        .filter((many) => !isQuick || many === 1 || many === 4)
        .flatMap((many) =>
          [...ours, ...peers].map((who): Probe<DrainParams> => {
            const jobs = who === 'pg-boss' ? JOBS_OF_BOSS * many : JOBS;
            const params = { who, database, processes: many, jobs };
            return { label: caseOf(params), params, ...(isOurs(who) ? {} : { peer: who }) };
          }),
        );
    },

    async measure(params) {
      const value = await rateOf(params);
      const figure: Figure = { case: caseOf(params), value, unit: 'runs/s' };
      const isAimed = target !== undefined && isOurs(params.who) && params.processes === 1;
      return [isAimed ? { ...figure, target } : figure];
    },

    derive: (results) => (peers.length === 0 ? [] : processes.flatMap((many) => ratiosOf(results, many))),
  };
}

async function rateOf({ who, database: kind, processes, jobs }: DrainParams): Promise<number> {
  const contender = await loadContender(who);
  const database = await createDatabase(kind);
  try {
    const order = fleetOrder(who, database.url);
    const countDone = (): Promise<number> => database.count(contender.countDone(jobs));
    return await drainRate({ order, contender, processes, jobs, countDone });
  } finally {
    await database.drop();
  }
}

function ratiosOf(results: readonly Result[], processes: number): Result[] {
  const label = processesOf(processes);
  const ofOurs = (who: ContenderName): number => valueOf(results, `${label}, ${who}`);
  const ofPeer = (who: ContenderName): number => valueOf(results, label, who);
  const best = Math.max(...AS_THEY_COME.map(ofPeer));
  return [
    ratio('ratio', label, ofOurs('one-off jobs') / best, { atLeast: 1 }),
    ratio('ratio-enqueue', label, ofOurs('enqueued runs') / best, { atLeast: 1 }),
    ratio('ratio-tuned', label, ofOurs('enqueued runs, concurrency 1000') / ofPeer(TUNED)),
  ].filter((result) => result !== null);
}
