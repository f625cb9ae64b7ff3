import type { Benchmark, Figure, Probe, Result } from '../support/benchmark.js';
import { monotonicMs } from '../support/contender.js';
import { ratio, valueOf } from '../support/ratio.js';
import type { Schedule, Timing } from './contender.js';
import { isOurs, openKeeper, type KeeperName } from './contenders.js';
import { createKeyspace } from './keyspace.js';

type TimingKind = Timing['kind'];
type Round = 'new' | 'unchanged';

interface UpsertParams {
  readonly who: KeeperName;
  readonly kind: TimingKind;
  readonly schedules: number;
}

const KINDS = ['interval', 'cron'] as const satisfies readonly TimingKind[];
const ROUNDS = ['new', 'unchanged'] as const satisfies readonly Round[];
const WHO = ['by a call each', 'in one call', 'bullmq'] as const satisfies readonly KeeperName[];
const SCHEDULES = 10_000;
const WARM_UP = 200;

/**
 * Measures how many schedules a process puts in a second, 10,000 of them, each with an id of its own: `new` where there
 * are none yet, and `unchanged` when the same are put once more, as an app does each time it starts. Intervals of an
 * hour or more, and cron expressions that fire once a day. A few hundred others are put before.
 *
 * Ours by `ifExists: 'update'`: by a call of `addJob` for each, 500 under way at once, and by one call of `addJobs`.
 * BullMQ by `upsertJobScheduler`, for which there is no call for many, 500 under way at once.
 *
 * `ratio` is ours by a call each by BullMQ, `ratio-bulk` ours in one call.
 */
export const upsert: Benchmark<UpsertParams> = {
  name: 'upsert',
  module: import.meta.url,

  probes({ isQuick }) {
    return KINDS.flatMap((kind) =>
      WHO.map((who): Probe<UpsertParams> => {
        const params = { who, kind, schedules: isQuick ? SCHEDULES / 5 : SCHEDULES };
        return isOurs(who) ? { label: `${kind}, ${who}`, params } : { label: kind, params, peer: who };
      }),
    );
  },

  async measure({ who, kind, schedules: count }) {
    const keyspace = createKeyspace();
    try {
      const keeper = await openKeeper(who, keyspace.url, () => undefined);
      await keeper.upsert(schedulesOf('warm-up', kind, WARM_UP));
      const schedules = schedulesOf('schedule', kind, count);
      const figures: Figure[] = [];
      for (const round of ROUNDS) {
        const startedAt = monotonicMs();
        await keeper.upsert(schedules);
        const seconds = (monotonicMs() - startedAt) / 1000;
        figures.push({ case: caseOf(round, kind, who), value: count / seconds, unit: 'schedules/s' });
      }
      await keeper.close();
      return figures;
    } finally {
      await keyspace.drop();
    }
  },

  derive: (results) => KINDS.flatMap((kind) => ROUNDS.flatMap((round) => ratiosOf(results, round, kind))),
};

function ratiosOf(results: readonly Result[], round: Round, kind: TimingKind): Result[] {
  const theirs = valueOf(results, caseOf(round, kind, 'bullmq'), 'bullmq');
  const ofOurs = (who: KeeperName): number => valueOf(results, caseOf(round, kind, who)) / theirs;
  const label = `upsert, ${round}, ${kind}`;
  return [
    ratio('ratio', label, ofOurs('by a call each'), { atLeast: 1 }),
    ratio('ratio-bulk', label, ofOurs('in one call'), { atLeast: 1 }),
  ].filter((result) => result !== null);
}

function schedulesOf(name: string, kind: TimingKind, count: number): Schedule[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${name}-${n}`, timing: timingOf(kind, n) }));
}

function timingOf(kind: TimingKind, n: number): Timing {
  return kind === 'interval'
    ? { kind, ms: 3_600_000 + n * 1000 }
    : { kind, expression: `${n % 60} ${Math.floor(n / 60) % 24} * * *` };
}

function caseOf(round: Round, kind: TimingKind, who: KeeperName): string {
  return isOurs(who) ? `${round}, ${kind}, ${who}` : `${round}, ${kind}`;
}
