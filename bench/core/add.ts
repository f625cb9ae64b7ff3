import { Scheduler } from 'escapement';
import type { Benchmark, Figure, Probe } from '../support/benchmark.js';
import { expressionOf, noop, requestsOf, triggerOf, type TriggerName } from './jobs.js';
import { loadPeer, PEERS } from './peers.js';

interface AddParams {
  readonly who: string;
  readonly way: 'addJob' | 'addJobs';
  readonly trigger: TriggerName;
  readonly count: number;
}

const COUNTS = [10_000, 100_000];
const WARM_UP = 1000;

/**
 * Measures how many jobs a second are added to a started scheduler that holds none: by that many calls of `addJob`
 * that are awaited together, or by one call of `addJobs`. Making the triggers is part of it, as it is with the peers,
 * which know cron expressions only. A thousand jobs are added before, so that it is no compiler that is measured.
 */
export const add: Benchmark<AddParams> = {
  name: 'add',
  module: import.meta.url,

  probes() {
    return COUNTS.flatMap((count) => [
      ...(['interval', 'cron'] as const).flatMap((trigger) =>
        (['addJob', 'addJobs'] as const).map((way) => probeOf({ who: 'escapement', way, trigger, count })),
      ),
      ...Object.keys(PEERS).map((who) => probeOf({ who, way: 'addJob', trigger: 'cron', count })),
    ]);
  },

  async measure(params) {
    const { who, way, trigger, count } = params;
    const startedAt = who === 'escapement' ? await addOurs(way, trigger, count) : await addTheirs(who, count);
    const seconds = (performance.now() - startedAt) / 1000;
    const figure: Figure = { case: labelOf(params), value: count / seconds, unit: 'jobs/s' };
    return [who === 'escapement' ? { ...figure, target: { atLeast: 200_000 } } : figure];
  },
};

function probeOf(params: AddParams): Probe<AddParams> {
  const label = labelOf(params);
  return params.who === 'escapement' ? { label, params } : { label, params, peer: params.who };
}

function labelOf({ who, way, trigger, count }: AddParams): string {
  const what = `${count / 1000}k ${trigger}`;
  return who === 'escapement' ? `${what}, ${way}` : what;
}

async function addOurs(way: 'addJob' | 'addJobs', trigger: TriggerName, count: number): Promise<number> {
  const scheduler = new Scheduler();
  await scheduler.start();
  const addSome = async (some: number): Promise<void> => {
    if (way === 'addJobs') await scheduler.addJobs(requestsOf(trigger, some));
    else
      await Promise.all(
        Array.from({ length: some }, (_, at) => scheduler.addJob(noop, triggerOf(trigger, at))),
      );
  };
  await addSome(WARM_UP);
  const startedAt = performance.now();
  await addSome(count);
  return startedAt;
}

async function addTheirs(who: string, count: number): Promise<number> {
  const schedule = await loadPeer(who);
  const addSome = (some: number): void => {
    for (let at = 0; at < some; at++) schedule(expressionOf(at), () => undefined);
  };
  addSome(WARM_UP);
  const startedAt = performance.now();
  addSome(count);
  return startedAt;
}
