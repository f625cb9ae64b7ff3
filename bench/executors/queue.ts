import type { Benchmark, Figure, Probe, Result } from '../support/benchmark.js';
import { median } from '../support/median.js';
import { ratio, valueOf } from '../support/ratio.js';
import { QueueContestant, WAYS, type WayName } from './queue-contestant.js';

type QueueParams =
  | { readonly kind: 'one'; readonly who: WayName; readonly atOnce: number; readonly count: number }
  | { readonly kind: 'all'; readonly rounds: number; readonly count: number };

const NAMES = Object.keys(WAYS) as WayName[];
const OURS = NAMES.filter((who) => WAYS[who].isOurs);
const PEERS = NAMES.filter((who) => !WAYS[who].isOurs);
const MANY = 100;
const SIDE_BY_SIDE = 'side by side';

/**
 * Measures how many jobs a second another process executes through a Redis, so that this process has their results, and
 * what that takes each: 100 of them under way at once, or one after another. The work takes no time; the other process
 * has up to as many under way at once, and is connected before the clock starts. That each job gave its own result is
 * checked, or there is no figure.
 *
 * - `executor alone`: `execute` is called as a scheduler calls it, and `recorded` afterwards
 * - `whole cycle`: from `enqueue` to `result` of a scheduler that keeps its jobs in memory
 * - `bullmq, waitUntilFinished`: `add` of a bare queue, and what its documentation has for the result
 * - `bullmq, QueueEvents`: `add`, and a listener that finds by the job's id who waits: the least that does it
 *
 * `ratio` is ours, alone and whole, by the faster of the two of bare BullMQ, with 100 at once: the median of rounds in
 * which all four take turns, so that what else the machine does falls on all of them.
 */
export const queue: Benchmark<QueueParams> = {
  name: 'queue',
  module: import.meta.url,

  probes({ isQuick }) {
    const ones = [MANY, 1].flatMap((atOnce) =>
      NAMES.map((who): Probe<QueueParams> => {
        const count = (isQuick ? 3000 : 20_000) / (atOnce === 1 ? 10 : 1);
        const params: QueueParams = { kind: 'one', who, atOnce, count };
        return { label: caseOf(who, atOnce), params, ...(WAYS[who].isOurs ? {} : { peer: who }) };
      }),
    );
    const params: QueueParams = { kind: 'all', rounds: isQuick ? 5 : 11, count: isQuick ? 1000 : 2000 };
    return [...ones, { label: SIDE_BY_SIDE, params, peer: 'bullmq' }];
  },

  async measure(params) {
    if (params.kind === 'all') return measureAll(params.rounds, params.count);
    const { who, atOnce, count } = params;
    const contestant = await QueueContestant.open(who, atOnce);
    await contestant.seconds(count / 10);
    const seconds = await contestant.seconds(count);
    await contestant.close();
    return [
      { case: caseOf(who, atOnce), value: count / seconds, unit: 'runs/s' },
      { case: `${caseOf(who, atOnce)}, each`, value: (seconds * 1e6) / count, unit: 'µs' },
    ];
  },

  derive: (results) =>
    OURS.map((who) => {
      const value = valueOf(results, `${SIDE_BY_SIDE}, ${who}`, 'bullmq');
      return ratio('ratio', `queue, ${who}`, value, { atLeast: 0.7 });
    }).filter((result): result is Result => result !== null),
};

/** Has all take turns, and gives how fast ours are by the faster of the others. */
async function measureAll(rounds: number, count: number): Promise<readonly Figure[]> {
  const all = await Promise.all(NAMES.map((who) => QueueContestant.open(who, MANY)));
  const times: Record<string, number[]> = Object.fromEntries(NAMES.map((who) => [who, []]));
  for (const contestant of all) await contestant.seconds(count);
  for (let round = 0; round < rounds; round++) {
    // None comes after the same one every time.
    for (const contestant of round % 2 === 0 ? all : [...all].reverse())
      times[contestant.who]?.push(await contestant.seconds(count));
  }
  for (const contestant of all) await contestant.close();
  const speedBy = (ours: WayName, peer: WayName): number =>
    median((times[peer] ?? []).map((seconds, round) => seconds / (times[ours]?.[round] ?? NaN)));
  return OURS.map((who) => ({
    case: `${SIDE_BY_SIDE}, ${who}`,
    value: Math.min(...PEERS.map((peer) => speedBy(who, peer))),
    unit: '×',
  }));
}

function caseOf(who: WayName, atOnce: number): string {
  const way = atOnce === 1 ? 'one after another' : `${atOnce} at once`;
  return WAYS[who].isOurs ? `${way}, ${who}` : way;
}
