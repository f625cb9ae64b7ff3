import type { Benchmark, Probe, Result } from '../support/benchmark.js';
import { drainRate, processesOf } from '../support/drain.js';
import { ratio, valueOf } from '../support/ratio.js';
import { fleetOrder, isOurs, loadContender, type ContenderName } from './contenders.js';
import { createKeyspace, placeOf } from './keyspace.js';

interface DrainParams {
  readonly who: ContenderName;
  readonly processes: number;
  readonly jobs: number;
}

const OURS = ['one-off jobs', 'enqueued runs'] as const satisfies readonly ContenderName[];
const PEERS = [
  'bullmq',
  'bullmq, removes all',
  'bullmq, keeps 1000',
] as const satisfies readonly ContenderName[];
const PROCESSES = [1, 2, 4, 8];
const JOBS = 10_000;

/**
 * Measures how many jobs a second a number of processes run that find 10,000 of them due, each process 50 at once:
 * claimed, a handler that notes its number called, the end recorded. The processes are connected and wait while the
 * jobs are added. The clock runs from the moment they are let go until Redis knows every job to be done. That each job
 * ran exactly once is checked, or there is no figure.
 *
 * Ours as `one-off jobs` (added with `addJobs`, each with a date), which the cycle claims, plans, commits and removes,
 * and as `enqueued runs`, which is what the peer's jobs are. Both keep a record of every run.
 *
 * BullMQ with a `Worker` in each process, its jobs added with `addBulk`: as it comes, which keeps jobs that are done,
 * and told to remove them at once, or all but the last thousand, as its documentation has it for production.
 *
 * `ratio` is ours with one-off jobs by the fastest of these three, `ratio-enqueue` the same with enqueued runs.
 */
export const drain: Benchmark<DrainParams> = {
  name: 'drain',
  module: import.meta.url,

  probes({ isQuick }) {
    return PROCESSES.filter((many) => !isQuick || many === 1 || many === 4).flatMap((processes) =>
      [...OURS, ...PEERS].map((who): Probe<DrainParams> => {
        const params = { who, processes, jobs: JOBS };
        return { label: caseOf(params), params, ...(isOurs(who) ? {} : { peer: who }) };
      }),
    );
  },

  async measure(params) {
    const { who, processes, jobs } = params;
    const contender = await loadContender(who);
    const keyspace = createKeyspace();
    try {
      const place = placeOf(keyspace.url);
      const value = await drainRate({
        order: fleetOrder(who, keyspace.url),
        contender,
        processes,
        jobs,
        countDone: () => contender.countDone(keyspace.redis, place, jobs),
      });
      return [{ case: caseOf(params), value, unit: 'runs/s' }];
    } finally {
      await keyspace.drop();
    }
  },

  derive: (results) => PROCESSES.flatMap((processes) => ratiosOf(results, processesOf(processes))),
};

function ratiosOf(results: readonly Result[], label: string): Result[] {
  const ofOurs = (who: ContenderName): number => valueOf(results, `${label}, ${who}`);
  const best = Math.max(...PEERS.map((who) => valueOf(results, label, who)));
  return [
    ratio('ratio', `drain, ${label}`, ofOurs('one-off jobs') / best, { atLeast: 1 }),
    ratio('ratio-enqueue', `drain, ${label}`, ofOurs('enqueued runs') / best, { atLeast: 1 }),
  ].filter((result) => result !== null);
}

function caseOf({ who, processes }: DrainParams): string {
  return isOurs(who) ? `${processesOf(processes)}, ${who}` : processesOf(processes);
}
