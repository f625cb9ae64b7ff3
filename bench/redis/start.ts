import type { Benchmark, Probe, Result } from '../support/benchmark.js';
import { quantilesOf } from '../support/quantiles.js';
import { ratio, valueOf } from '../support/ratio.js';
import { startDelays } from '../support/start-delays.js';
import { fleetOrder, isOurs, loadContender, type ContenderName } from './contenders.js';
import { createKeyspace } from './keyspace.js';

interface StartParams {
  readonly who: ContenderName;
  readonly seconds: number;
}

const OURS = ['enqueued runs', 'one-off jobs'] as const satisfies readonly ContenderName[];
const PEERS = ['bullmq', 'bullmq, removes all'] as const satisfies readonly ContenderName[];
const ADDED_PER_SECOND = 50;

/**
 * Measures how long after its adding a job starts, when one process adds 50 a second and another runs them: from the
 * call of `enqueue` or `addJob`, or BullMQ's `add`, to the handler's first line. `ratio` is the time of BullMQ, where it
 * is shorter of jobs that are kept and jobs that are removed, by that of ours with enqueued runs, so that more is better.
 */
export const start: Benchmark<StartParams> = {
  name: 'start',
  module: import.meta.url,

  probes({ isQuick }) {
    return [...OURS, ...PEERS].map((who): Probe<StartParams> => {
      const params = { who, seconds: isQuick ? 5 : 10 };
      return { label: caseOf(who), params, ...(isOurs(who) ? {} : { peer: who }) };
    });
  },

  async measure({ who, seconds }) {
    const contender = await loadContender(who);
    const keyspace = createKeyspace();
    try {
      const order = fleetOrder(who, keyspace.url);
      const late = await startDelays({ order, contender, perSecond: ADDED_PER_SECOND, seconds });
      return quantilesOf(caseOf(who), late);
    } finally {
      await keyspace.drop();
    }
  },

  derive: (results) =>
    ['p50', 'p99'].map((share) => ratioOf(results, share)).filter((result) => result !== null),
};

function ratioOf(results: readonly Result[], share: string): Result | null {
  const ofOurs = valueOf(results, `${caseOf('enqueued runs')}, ${share}`);
  const best = Math.min(...PEERS.map((who) => valueOf(results, `${caseOf(who)}, ${share}`, who)));
  return ratio('ratio', `start, ${share}`, best / ofOurs, { atLeast: 1 });
}

function caseOf(who: ContenderName): string {
  return isOurs(who) ? who : 'jobs';
}
