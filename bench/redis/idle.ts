import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark, Probe } from '../support/benchmark.js';
import { CommandWatch } from './command-watch.js';
import { isOurs, loadContender, type ContenderName } from './contenders.js';
import { createKeyspace } from './keyspace.js';

interface IdleParams {
  readonly who: ContenderName;
  readonly seconds: number;
}

const WHO = ['one-off jobs', 'bullmq'] as const satisfies readonly ContenderName[];
/** Is how long a node may take to come to rest. */
const SETTLE_MS = 3000;

/**
 * Measures how many commands a minute a process sends to Redis that has nothing to do, and how many the scripts among
 * them give in turn; for information.
 */
export const idle: Benchmark<IdleParams> = {
  name: 'idle',
  module: import.meta.url,

  probes({ isQuick }) {
    return WHO.map((who): Probe<IdleParams> => {
      const params = { who, seconds: isQuick ? 20 : 30 };
      return { label: 'commands', params, ...(isOurs(who) ? {} : { peer: who }) };
    });
  },

  async measure({ who, seconds }) {
    const contender = await loadContender(who);
    const keyspace = createKeyspace();
    try {
      await contender.prepare(keyspace.url);
      const worker = await contender.join(keyspace.url, () => undefined);
      await worker.go();
      await sleep(SETTLE_MS);
      const watch = await CommandWatch.start(keyspace.redis);
      await sleep(seconds * 1000);
      const { sent, inScripts } = watch.stop();
      await worker.leave();
      return [
        { case: 'commands', value: (sent * 60) / seconds, unit: 'commands/min' },
        { case: 'commands in scripts', value: (inScripts * 60) / seconds, unit: 'commands/min' },
      ];
    } finally {
      await keyspace.drop();
    }
  },
};
