import { Scheduler } from 'escapement';
import type { Benchmark, Probe } from '../support/benchmark.js';
import { expressionOf, requestsOf, type TriggerName } from './jobs.js';
import { loadPeer, PEERS } from './peers.js';

interface HeapParams {
  readonly who: string;
  readonly trigger: TriggerName;
  /** Gives the jobs ids, as jobs that an app declares at every start have; what was declared is kept then. */
  readonly named?: boolean;
  readonly count: number;
}

const COUNTS = [10_000, 100_000];

/**
 * Measures how many bytes of heap an idle job takes: what is in use after a collection with that many jobs, less what
 * is in use before, by the number of jobs. Snapshots that `addJobs` gave are let go.
 */
export const heap: Benchmark<HeapParams> = {
  name: 'heap',
  module: import.meta.url,

  probes() {
    return COUNTS.flatMap((count) => [
      probeOf({ who: 'escapement', trigger: 'interval', count }),
      probeOf({ who: 'escapement', trigger: 'cron', count }),
      probeOf({ who: 'escapement', trigger: 'cron', named: true, count }),
      ...Object.keys(PEERS).map((who) => probeOf({ who, trigger: 'cron', count })),
    ]);
  },

  async measure(params) {
    const { who, trigger, named = false, count } = params;
    const add = who === 'escapement' ? await prepareOurs(trigger, named) : await prepareTheirs(who);
    await add(100);
    const before = await heapUsed();
    const held = await add(count);
    const bytes = ((await heapUsed()) - before) / count;
    // What is held must outlive the second look at the heap.
    if (held === undefined) throw new Error('nothing was added');
    const figure = { case: labelOf(params), value: bytes, unit: 'B/job' };
    return [who === 'escapement' ? { ...figure, target: { atMost: 1536 } } : figure];
  },
};

type Add = (count: number) => Promise<unknown>;

function probeOf(params: HeapParams): Probe<HeapParams> {
  const label = labelOf(params);
  return params.who === 'escapement' ? { label, params } : { label, params, peer: params.who };
}

function labelOf({ trigger, named = false, count }: HeapParams): string {
  return `${count / 1000}k ${trigger}${named ? ', with ids' : ''}`;
}

async function prepareOurs(trigger: TriggerName, named: boolean): Promise<Add> {
  const scheduler = new Scheduler();
  await scheduler.start();
  return async (count) => {
    const requests = requestsOf(trigger, count);
    const withIds = requests.map((request, at) => ({ ...request, options: { id: `job ${at} of ${count}` } }));
    await scheduler.addJobs(named ? withIds : requests);
    return scheduler;
  };
}

async function prepareTheirs(who: string): Promise<Add> {
  const schedule = await loadPeer(who);
  return async (count) => {
    const held: unknown[] = [];
    for (let at = 0; at < count; at++) held.push(schedule(expressionOf(at), () => undefined));
    return Promise.resolve(held);
  };
}

async function heapUsed(): Promise<number> {
  // Finalizers and what they free take a second round.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}
