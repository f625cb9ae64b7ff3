import { setTimeout as sleep } from 'node:timers/promises';
import { date, defineTask, interval, Scheduler } from 'escapement';
import type { Benchmark, Result } from '../support/benchmark.js';

interface WakeupParams {
  readonly idle: number;
  readonly seconds: number;
  readonly isBare: boolean;
}

const IDLE_COUNTS = [1000, 10_000, 100_000, 1_000_000];
const BATCH = 50_000;

/**
 * Measures what one wake-up costs: the processor time of the whole process (user and system, all threads, garbage
 * collection included), by the number of firings, while one job fires every 2 ms and N others sleep until some day of
 * the next years. A wake-up is the timer, the claim, the plan, the commit, the handler (it counts), and the recorded end.
 *
 * `ratio 1M/1k` tells whether idle jobs cost anything. The peer `bare setInterval` is what the timer alone costs.
 */
export const wakeup: Benchmark<WakeupParams> = {
  name: 'wakeup',
  module: import.meta.url,

  probes({ isQuick }) {
    const seconds = isQuick ? 1 : 4;
    return [
      ...IDLE_COUNTS.map((idle) => ({ label: labelOf(idle), params: { idle, seconds, isBare: false } })),
      { label: labelOf(0), peer: 'bare setInterval', params: { idle: 0, seconds, isBare: true } },
    ];
  },

  async measure({ idle, seconds, isBare }) {
    const ticks = { count: 0 };
    if (isBare) setInterval(() => (ticks.count += 1), 2);
    else await wakeAmong(idle, () => (ticks.count += 1));
    globalThis.gc?.();
    // The code gets hot, and the history of runs gets full, before the measurement.
    await sleep(isBare ? 100 : seconds * 500);
    const ticksBefore = ticks.count;
    const cpuBefore = process.cpuUsage();
    await sleep(seconds * 1000);
    const { user, system } = process.cpuUsage(cpuBefore);
    return [{ case: labelOf(idle), value: (user + system) / (ticks.count - ticksBefore), unit: 'µs' }];
  },

  derive(results) {
    const few = costAmong(results, 1000);
    const many = costAmong(results, 1_000_000);
    if (few === null || many === null) return [];
    const value = Number((many / few).toPrecision(3));
    return [{ name: 'wakeup', case: 'ratio 1M/1k', value, unit: '×', target: { atMost: 3 } }];
  },
};

async function wakeAmong(idle: number, onTick: () => void): Promise<void> {
  const scheduler = new Scheduler();
  await scheduler.start();
  const asleep = defineTask('asleep', () => undefined);
  const now = Date.now();
  for (let added = 0; added < idle; added += BATCH) {
    const requests = Array.from({ length: Math.min(BATCH, idle - added) }, (_, at) => ({
      task: asleep,
      trigger: date(new Date(now + 86_400_000 + (added + at) * 60_000)),
    }));
    await scheduler.addJobs(requests);
  }
  await scheduler.addJob(defineTask('awake', onTick), interval(2));
}

function labelOf(idle: number): string {
  if (idle === 0) return 'no jobs';
  return idle < 1_000_000 ? `${idle / 1000}k idle jobs` : `${idle / 1_000_000}M idle jobs`;
}

function costAmong(results: readonly Result[], idle: number): number | null {
  return results.find((result) => result.case === labelOf(idle))?.value ?? null;
}
