import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Probe, Result } from '../support/benchmark.js';
import { quantilesOf } from '../support/quantiles.js';
import { ratio, valueOf } from '../support/ratio.js';
import type { Schedule } from './contender.js';
import { isOurs, openKeeper, type KeeperName } from './contenders.js';
import { createKeyspace } from './keyspace.js';

type Spacing = 'burst' | 'spread';

interface LatenessParams {
  readonly who: KeeperName;
  readonly spacing: Spacing;
  readonly seconds: number;
}

const WHO = ['in one call', 'bullmq'] as const satisfies readonly KeeperName[];
const SPACINGS = ['burst', 'spread'] as const satisfies readonly Spacing[];
const SCHEDULES = 1000;
const EVERY_MS = 1000;
/** Is the time between the call that puts the schedules and their first fire time. */
const LEAD_MS = 3000;
const WARM_UP_MS = 3000;
/** Is how long a firing may take that is counted. */
const PATIENCE_MS = 2000;

/**
 * Measures how late 1,000 schedules fire that fire every second, for 10 seconds, in one process with 50 places: from the
 * fire time to the handler's first line. `burst` is all of them in the same instant, `spread` one in each millisecond of
 * the second. The first three seconds do not count. `made` is the share of the firings that were made.
 *
 * BullMQ with job schedulers every 1000 ms, which begin at the same instants. `ratio` is BullMQ's lateness by ours, so
 * that more is better.
 */
export const lateness: Benchmark<LatenessParams> = {
  name: 'lateness',
  module: import.meta.url,

  probes({ isQuick }) {
    return SPACINGS.flatMap((spacing) =>
      WHO.map((who): Probe<LatenessParams> => {
        const params = { who, spacing, seconds: isQuick ? 5 : 10 };
        return { label: spacing, params, ...(isOurs(who) ? {} : { peer: who }) };
      }),
    );
  },

  async measure({ who, spacing, seconds }) {
    const firings: { readonly fireAt: number; readonly late: number }[] = [];
    const keyspace = createKeyspace();
    try {
      const keeper = await openKeeper(who, keyspace.url, (fireAt) => {
        // Whole milliseconds, as `Date.now` has them, are too coarse for what is spread.
        firings.push({ fireAt, late: performance.timeOrigin + performance.now() - fireAt });
      });
      const firstAt = Math.ceil((Date.now() + LEAD_MS) / EVERY_MS) * EVERY_MS;
      await keeper.run();
      await keeper.upsert(schedulesFrom(firstAt, spacing));
      const begin = firstAt + WARM_UP_MS;
      const end = begin + seconds * 1000;
      await sleep(end + PATIENCE_MS - Date.now());
      await keeper.close();
      const counted = firings.filter(({ fireAt }) => fireAt >= begin && fireAt < end);
      const made = counted.length / (SCHEDULES * seconds);
      return [
        ...quantilesOf(
          spacing,
          counted.map(({ late }) => late),
        ),
        { case: `${spacing}, made`, value: made * 100, unit: '%' },
      ];
    } finally {
      await keyspace.drop();
    }
  },

  derive: (results) =>
    SPACINGS.flatMap((spacing) =>
      ['p50', 'p99'].map((share) => ratioOf(results, `${spacing}, ${share}`)),
    ).filter((result) => result !== null),
};

function ratioOf(results: readonly Result[], label: string): Result | null {
  const theirs = valueOf(results, label, 'bullmq');
  return ratio('ratio', `lateness, ${label}`, theirs / valueOf(results, label), { atLeast: 1 });
}

function schedulesFrom(firstAt: number, spacing: Spacing): Schedule[] {
  return Array.from({ length: SCHEDULES }, (_, n) => {
    const startAt = firstAt + (spacing === 'burst' ? 0 : Math.floor((n * EVERY_MS) / SCHEDULES));
    return { id: `schedule-${n}`, timing: { kind: 'interval', ms: EVERY_MS, startAt } };
  });
}
