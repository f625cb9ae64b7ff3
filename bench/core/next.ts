import type { Benchmark, Figure, Probe } from '../support/benchmark.js';
import { CRON_LIBRARIES } from '../support/cron-libraries.js';
import { nextRate } from '../support/next-rate.js';

interface NextParams {
  readonly who: string;
  readonly expression: string;
  readonly timezones: readonly string[];
  readonly ms: number;
}

const EXPRESSIONS = ['*/5 * * * *', '0 9 * * 1-5', '0 0 29 2 *', '*/7 * * * * *'];
const UTC = 'UTC';
const NEW_YORK = 'America/New_York';
const BEGIN = Date.UTC(2026, 0, 1);

/**
 * Measures how many fire times of a cron expression are found in a second, one after another from 2026 on, and from
 * there again when none is left. Parsing is no part of it. cron-schedule knows the host's zone only.
 */
export const next: Benchmark<NextParams> = {
  name: 'next',
  module: import.meta.url,

  probes({ isQuick }) {
    const ms = isQuick ? 100 : 400;
    return Object.keys(CRON_LIBRARIES).flatMap((who) =>
      EXPRESSIONS.map((expression): Probe<NextParams> => {
        const timezones = who === 'cron-schedule' ? [UTC] : [UTC, NEW_YORK];
        const params = { who, expression, timezones, ms };
        return who === 'escapement'
          ? { label: expression, params }
          : { label: expression, peer: who, params };
      }),
    );
  },

  async measure({ who, expression, timezones, ms }) {
    const makeNext = await CRON_LIBRARIES[who]?.();
    if (makeNext === undefined) throw new Error(`There is no library ${who}`);
    return timezones.map((timezone): Figure => {
      const find = makeNext(expression, timezone, BEGIN);
      const figure = { case: `${expression} ${timezone}`, value: nextRate(find, BEGIN, ms), unit: 'next/s' };
      return who === 'escapement' ? { ...figure, target: { atLeast: 1_000_000 } } : figure;
    });
  },
};
