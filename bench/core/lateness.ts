import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask, interval, Scheduler } from 'escapement';
import type { Benchmark, Figure, Target } from '../support/benchmark.js';
import { percentile } from '../support/median.js';
import { loadPeer, PEERS } from './peers.js';

type Spacing = 'burst' | 'spread';

interface LatenessParams {
  readonly who: string;
  readonly spacing: Spacing;
  readonly seconds: number;
}

const JOBS = 10_000;
const BARE = 'bare timer';
const WARM_UP_MS = 3000;
/** Is how finely blocking is observed: what it tells is too much by up to this, never too little. */
const DELAY_RESOLUTION_MS = 2;

const TARGETS: Readonly<Record<string, Target>> = {
  'burst p99': { atMost: 80 },
  'burst made': { atLeast: 100 },
  'burst cpu': { atMost: 15 },
  'burst blocked max': { atMost: 50 },
  'spread p99': { atMost: 10 },
  'spread made': { atLeast: 100 },
  'spread cpu': { atMost: 15 },
};

/**
 * Measures how late 10,000 jobs fire that fire every second, for 20 seconds: `burst`, all in the same instant, and
 * `spread`, ten in each millisecond of the second. The first three seconds, in which code gets hot, do not count.
 *
 * - `p50`, `p99`, `max`: from the fire time to the handler's first line, over all firings. The peers do not tell the
 *   fire time (theirs is the whole second): lateness of a second or more looks like less, but then firings are missing.
 * - `made`: firings, of those that there should be
 * - `cpu`: processor time of the whole process (user and system, all threads), by the time that has passed
 * - `blocked max`: the longest time between two turns of the event loop's timers, as `monitorEventLoopDelay` sees it
 *
 * The peer `bare timer` is one chain of `setTimeout` that walks through an array: the least that this can cost. The
 * schedulers that know cron expressions only cannot spread jobs over a second.
 */
export const lateness: Benchmark<LatenessParams> = {
  name: 'lateness',
  module: import.meta.url,

  probes({ isQuick }) {
    const seconds = isQuick ? 5 : 20;
    const spacings = ['burst', 'spread'] as const;
    return [
      ...spacings.map((spacing) => ({ label: spacing, params: { who: 'escapement', spacing, seconds } })),
      ...spacings.map((spacing) => ({ label: spacing, peer: BARE, params: { who: BARE, spacing, seconds } })),
      ...Object.keys(PEERS).map((who) => ({
        label: 'burst',
        peer: who,
        params: { who, spacing: 'burst' as const, seconds },
      })),
    ];
  },

  async measure({ who, spacing, seconds }) {
    const record = new Firings(JOBS * seconds);
    const begin = await startedBy(who, spacing, record);
    const end = begin + seconds * 1000;
    await sleep(begin - 100 - Date.now());
    const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    record.open(begin, end);
    delay.enable();
    const cpuBefore = process.cpuUsage();
    await sleep(end + (spacing === 'burst' ? 900 : 0) - 50 - Date.now());
    const { user, system } = process.cpuUsage(cpuBefore);
    const share = (user + system) / 1000 / (seconds * 1000);
    delay.disable();
    await sleep(spacing === 'burst' ? 0 : 900);
    return figuresOf(spacing, record, share, delay).map((figure) =>
      who === 'escapement' ? aimed(figure) : figure,
    );
  },
};

/** Takes down how late each firing was. */
class Firings {
  readonly #late: Float64Array;
  #count = 0;
  #begin = Infinity;
  #end = -Infinity;

  constructor(expected: number) {
    this.#late = new Float64Array(expected);
  }

  /** Begins to take down the firings whose fire times lie in `[begin, end)`. */
  open(begin: number, end: number): void {
    this.#begin = begin;
    this.#end = end;
  }

  /** Takes down a firing. */
  take(fireAt: number, now: number): void {
    if (fireAt < this.#begin || fireAt >= this.#end || this.#count >= this.#late.length) return;
    this.#late[this.#count++] = now - fireAt;
  }

  /** Gives the share of the firings that were made. */
  get made(): number {
    return this.#count / this.#late.length;
  }

  /** Gives how late they were, ascending. */
  sorted(): Float64Array {
    return this.#late.subarray(0, this.#count).sort();
  }
}

function figuresOf(spacing: Spacing, record: Firings, share: number, delay: IntervalHistogram): Figure[] {
  const late = record.sorted();
  return [
    { case: `${spacing} p50`, value: percentile(late, 0.5), unit: 'ms' },
    { case: `${spacing} p99`, value: percentile(late, 0.99), unit: 'ms' },
    { case: `${spacing} max`, value: percentile(late, 1), unit: 'ms' },
    { case: `${spacing} made`, value: record.made * 100, unit: '%' },
    { case: `${spacing} cpu`, value: share * 100, unit: '% of a core' },
    { case: `${spacing} blocked max`, value: delay.max / 1e6, unit: 'ms' },
  ];
}

function aimed(figure: Figure): Figure {
  const target = TARGETS[figure.case];
  return target === undefined ? figure : { ...figure, target };
}

/** Sets up the jobs, and gives the whole second from which on all of them fire. */
async function startedBy(who: string, spacing: Spacing, record: Firings): Promise<number> {
  if (who === 'escapement') return startOurs(spacing, record);
  if (who === BARE) return startBare(spacing, record);
  const schedule = await loadPeer(who);
  for (let at = 0; at < JOBS; at++) {
    schedule('* * * * * *', () => {
      const now = Date.now();
      record.take(Math.floor(now / 1000) * 1000, now);
    });
  }
  return secondAfter(Date.now()) + WARM_UP_MS;
}

async function startOurs(spacing: Spacing, record: Firings): Promise<number> {
  const task = defineTask('record', ({ scheduledAt }) => {
    record.take(scheduledAt.getTime(), Date.now());
  });
  const scheduler = new Scheduler();
  await scheduler.start();
  const start = secondAfter(Date.now() + 2000);
  const requests = Array.from({ length: JOBS }, (_, at) => ({
    task,
    trigger: interval({ seconds: 1 }, { start: new Date(start + offsetOf(spacing, at)) }),
  }));
  await scheduler.addJobs(requests);
  return start + WARM_UP_MS;
}

/** Is the least that there can be: one timer at a time, and an array of functions. */
function startBare(spacing: Spacing, record: Firings): number {
  const start = secondAfter(Date.now() + 1000);
  const calls = Array.from({ length: JOBS }, () => (fireAt: number) => {
    record.take(fireAt, Date.now());
  });
  let second = start;
  let index = 0;
  const fire = (): void => {
    for (
      let at = second + offsetOf(spacing, index);
      at <= Date.now();
      at = second + offsetOf(spacing, index)
    ) {
      calls[index]?.(at);
      index = (index + 1) % JOBS;
      if (index === 0) second += 1000;
    }
    setTimeout(fire, Math.max(1, second + offsetOf(spacing, index) - Date.now()));
  };
  setTimeout(fire, start - Date.now());
  return start + WARM_UP_MS;
}

function offsetOf(spacing: Spacing, index: number): number {
  return spacing === 'burst' ? 0 : Math.floor((index * 1000) / JOBS);
}

function secondAfter(instant: number): number {
  return Math.ceil(instant / 1000) * 1000;
}
