import { setTimeout as sleep } from 'node:timers/promises';
import { date, defineTask, interval, Scheduler, type Task } from 'escapement';
import type { Benchmark } from '../support/benchmark.js';

type Kind = 'enqueue' | 'enqueued' | 'one-off' | 'recurring';

interface RunsParams {
  readonly kind: Kind;
  readonly count: number;
}

const LABELS: Readonly<Record<Kind, string>> = {
  enqueue: 'enqueued, with enqueue()',
  enqueued: 'enqueued before',
  'one-off': 'one-off jobs due at once',
  recurring: 'recurring jobs due at once',
};

/** Is how many calls of `enqueue` are under way at once. */
const AT_ONCE = 1000;

/**
 * Measures how many runs of a handler that does nothing go through the whole cycle in a second: claimed, planned,
 * committed, executed, their ends recorded. The clock stops when the last end is recorded. Options are the defaults.
 *
 * - `enqueued, with enqueue()`: from the first call of `enqueue` on
 * - `enqueued before`: from `resume` on, all having been queued while the scheduler was paused
 * - `one-off jobs due at once`, `recurring jobs due at once`: likewise, with jobs instead of queued runs
 */
export const runs: Benchmark<RunsParams> = {
  name: 'runs',
  module: import.meta.url,

  probes({ isQuick }) {
    const count = isQuick ? 50_000 : 100_000;
    return (['enqueue', 'enqueued', 'one-off', 'recurring'] as const).map((kind) => ({
      label: LABELS[kind],
      params: { kind, count },
    }));
  },

  async measure({ kind, count }) {
    const finish = new Countdown(count);
    const noop = defineTask('noop', () => {
      finish.step();
    });
    const scheduler = new Scheduler();
    await scheduler.start({ paused: kind !== 'enqueue' });
    if (kind === 'enqueued') await enqueueAll(scheduler, noop, count);
    else if (kind !== 'enqueue') await addAll(scheduler, kind, noop, count);
    const startedAt = performance.now();
    if (kind === 'enqueue') await enqueueAll(scheduler, noop, count);
    else await scheduler.resume();
    await finish.done;
    // Waits until every end is recorded.
    await scheduler.shutdown();
    const seconds = (performance.now() - startedAt) / 1000;
    return [{ case: LABELS[kind], value: count / seconds, unit: 'runs/s', target: { atLeast: 150_000 } }];
  },
};

async function enqueueAll(scheduler: Scheduler, task: Task<undefined, void>, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const calls = Math.min(AT_ONCE, count - sent);
    await Promise.all(Array.from({ length: calls }, () => scheduler.enqueue(task)));
  }
}

/** Adds jobs to a paused scheduler, and waits until they are due. */
async function addAll(
  scheduler: Scheduler,
  kind: 'one-off' | 'recurring',
  task: Task<undefined, void>,
  count: number,
): Promise<void> {
  const dueAt = Date.now() + count / 20;
  const trigger =
    kind === 'one-off' ? date(new Date(dueAt)) : interval({ hours: 1 }, { start: new Date(dueAt) });
  await scheduler.addJobs(Array.from({ length: count }, () => ({ task, trigger })));
  if (Date.now() > dueAt) throw new Error('The jobs were due before all were added');
  await sleep(dueAt - Date.now() + 1);
}

/** Waits for a number of steps. */
class Countdown {
  readonly done: Promise<void>;
  #left: number;
  #resolve!: () => void;

  constructor(steps: number) {
    this.#left = steps;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  step(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }
}
