import type { Benchmark, Figure, Probe, Result } from '../support/benchmark.js';
import { CRON_LIBRARIES } from '../support/cron-libraries.js';
import { nextRate } from '../support/next-rate.js';

interface NextTimesParams {
  readonly who: string;
  readonly timezones: readonly string[];
  readonly ms: number;
}

const EXPRESSIONS = [
  '* * * * *',
  '*/5 * * * *',
  '*/7 * * * * *',
  '30 2 * * *',
  '0 9 * * 1-5',
  '0 0 1,15 * *',
  '0 0 29 2 *',
];
const UTC = 'UTC';
const TIMEZONES = [UTC, 'America/New_York', 'Asia/Shanghai', 'Australia/Lord_Howe'];
const BEGIN = Date.UTC(2026, 0, 1);

/** Knows the host's zone only, which is UTC here, so that it is not one of the peers. */
const ZONELESS = 'cron-schedule';

/**
 * Measures how many fire times of a cron expression are found in a second, one after another from 2026 on, and from
 * there again when none is left. Parsing is no part of it. A `ratio` is ours ÷ the best of the peers that know zones.
 */
export const nextTimes: Benchmark<NextTimesParams> = {
  name: 'next-times',
  module: import.meta.url,

  probes({ isQuick }) {
    const ms = isQuick ? 60 : 250;
    return Object.keys(CRON_LIBRARIES).map((who): Probe<NextTimesParams> => {
      const params = { who, timezones: who === ZONELESS ? [UTC] : TIMEZONES, ms };
      return who === 'escapement' ? { label: 'all', params } : { label: 'all', peer: who, params };
    });
  },

  async measure({ who, timezones, ms }) {
    const makeNext = await CRON_LIBRARIES[who]?.();
    if (makeNext === undefined) throw new Error(`There is no library ${who}`);
    const figures: Figure[] = [];
    for (const expression of EXPRESSIONS) {
      for (const timezone of timezones) {
        const find = makeNext(expression, timezone, BEGIN);
        figures.push({ case: `${expression} ${timezone}`, value: nextRate(find, BEGIN, ms), unit: 'next/s' });
      }
    }
    return figures;
  },

  derive: (results) =>
    results.filter(({ peer }) => peer === undefined).flatMap((ours) => ratiosOf(ours, results)),
};

function ratiosOf(ours: Result, results: readonly Result[]): readonly Result[] {
  const others = results.filter((result) => result.peer !== undefined && result.case === ours.case);
  const peers = others.filter(({ peer }) => peer !== ZONELESS);
  return [
    ...ratioOf('ratio', ours, peers, 30),
    ...ratioOf(
      `ratio-${ZONELESS}`,
      ours,
      others.filter(({ peer }) => peer === ZONELESS),
      0.5,
    ),
  ];
}

function ratioOf(name: string, ours: Result, others: readonly Result[], target: number): readonly Result[] {
  const [best] = others
    .filter(({ value }) => value !== null)
    .sort((a, b) => Number(b.value) - Number(a.value));
  if (best === undefined || best.value === null || ours.value === null) return [];
  const value = Number((ours.value / best.value).toPrecision(3));
  const note = best.peer === undefined ? {} : { note: ` of ${best.peer}` };
  return [{ name, case: ours.case, value, unit: '×', target: { atLeast: target }, ...note }];
}
