import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Figure, Probe, Target } from '../support/benchmark.js';
import { isOurs, loadContender, type ContenderName } from './contenders.js';
import { createDatabase } from './database.js';
import { watchStatements } from './statements.js';

interface IdleParams {
  readonly who: ContenderName;
  readonly seconds: number;
}

const WHO = ['one-off jobs', 'graphile-worker', 'pg-boss'] as const satisfies readonly ContenderName[];
/** Is how long a node may take to come to rest. */
const SETTLE_MS = 3000;

const TARGETS: Readonly<Record<string, Target>> = {
  'looks for work': { atMost: 12 },
};

/**
 * Measures how many statements a minute a process sends to PostgreSQL that has nothing to do. Of ours, those that name
 * the table of jobs look for work; the others are what comes with heartbeats, BEGIN and COMMIT included.
 */
export const idle: Benchmark<IdleParams> = {
  name: 'idle',
  module: import.meta.url,

  probes({ isQuick }) {
    return WHO.map((who): Probe<IdleParams> => {
      const params = { who, seconds: isQuick ? 20 : 60 };
      return { label: 'statements', params, ...(isOurs(who) ? {} : { peer: who }) };
    });
  },

  async measure({ who, seconds }) {
    const statements = watchStatements();
    const contender = await loadContender(who);
    const database = await createDatabase('postgres');
    try {
      await contender.prepare(database.url);
      const worker = await contender.join(database.url, () => undefined);
      await worker.go();
      await sleep(SETTLE_MS);
      statements.clear();
      await sleep(seconds * 1000);
      const sent = [...statements].map(([text, { count }]) => ({ text, count }));
      await worker.leave();
      const perMinute = (isCounted: (text: string) => boolean): number =>
        sent.reduce((sum, { text, count }) => sum + (isCounted(text) ? count : 0), 0) * (60 / seconds);
      const isLook = (text: string): boolean => text.includes('escapement_jobs');
      return isOurs(who)
        ? [
            aimed('looks for work', perMinute(isLook)),
            aimed(
              'with heartbeats',
              perMinute((text) => !isLook(text)),
            ),
          ]
        : [
            aimed(
              'statements',
              perMinute(() => true),
            ),
          ];
    } finally {
      await database.drop();
    }
  },
};

function aimed(label: string, value: number): Figure {
  const figure = { case: label, value, unit: 'statements/min' };
  const target = TARGETS[label];
  return target === undefined ? figure : { ...figure, target };
}
