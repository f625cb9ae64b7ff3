import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { AsyncExecutor, Scheduler, defineTask, systemClock } from 'escapement';
import type { Execution, Executor, RunContext } from 'escapement';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import type { Benchmark, Result } from '../support/benchmark.js';
import { ratio, valueOf } from '../support/ratio.js';

type Who = 'AsyncExecutor' | 'WorkerThreadExecutor' | 'piscina';
type Path = 'executor alone' | 'whole cycle';

interface OverheadParams {
  readonly who: Who;
  readonly path: Path;
  /** Is how long each run computes, in milliseconds. */
  readonly ms: number;
  readonly count: number;
}

const THREADS = 2;
const WARM_UP = 500;
const MODULE = new URL('./work.mjs', import.meta.url);
const PEER = 'piscina';

/**
 * Measures how many runs a second executors get done that are always busy, and what each run costs besides its work,
 * where two threads (or one event loop) work. Nobody is given more at once than can be executed at once; the threads are
 * up before the clock starts.
 *
 * - `executor alone`: `execute` is called with a context, as a scheduler calls it; the peer is `run` of a bare piscina
 *   with its defaults, which has the same threads do the same
 * - `whole cycle`: runs that were queued before, from `resume` until the last end is recorded in memory
 *
 * `ratio` is ours by bare piscina, for work that takes no time.
 */
export const overhead: Benchmark<OverheadParams> = {
  name: 'overhead',
  module: import.meta.url,

  probes({ isQuick }) {
    const probe = (who: Who, path: Path, ms: number): ReturnType<typeof this.probes>[number] => {
      const count = (isQuick ? 4000 : 20_000) / (ms === 0 ? 1 : 10);
      const params: OverheadParams = { who, path, ms, count };
      return { label: labelOf(params), params, ...(who === 'piscina' && { peer: PEER }) };
    };
    return [0, 1].flatMap((ms) => [
      probe('piscina', 'executor alone', ms),
      probe('WorkerThreadExecutor', 'executor alone', ms),
      probe('WorkerThreadExecutor', 'whole cycle', ms),
      probe('AsyncExecutor', 'executor alone', ms),
      probe('AsyncExecutor', 'whole cycle', ms),
    ]);
  },

  async measure(params) {
    const seconds =
      params.path === 'whole cycle'
        ? await drain(params)
        : await keepBusy(await prepare(params), params.count);
    const perRunMs = (seconds * 1000 * lanesOf(params)) / params.count;
    const label = labelOf(params);
    return [
      { case: label, value: params.count / seconds, unit: 'runs/s' },
      { case: `${label}, besides its work`, value: (perRunMs - params.ms) * 1000, unit: 'µs' },
    ];
  },

  derive(results) {
    return [0, 1]
      .map((ms) => {
        const labels = { path: 'executor alone', ms, count: 0 } as const;
        const ours = valueOf(results, labelOf({ ...labels, who: 'WorkerThreadExecutor' }));
        const bare = valueOf(results, labelOf({ ...labels, who: 'piscina' }), PEER);
        return ratio('overhead', `ratio to bare piscina, work of ${ms} ms`, ours / bare, { atLeast: 0.7 });
      })
      .filter((result): result is Result => result !== null);
  },
};

/** Makes what is called once for each run. */
async function prepare({ who, ms }: OverheadParams): Promise<() => Promise<unknown>> {
  if (who === 'piscina') {
    const filename = fileURLToPath(MODULE);
    const pool = new Piscina({ filename, name: 'work', minThreads: THREADS, maxThreads: THREADS });
    return () => pool.run({ ms });
  }
  const executor = executorOf(who);
  const quiet = (): void => {};
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  await executor.start({ clock: systemClock, logger });
  const task = defineTask('work', { module: MODULE, export: 'handle' });
  return () => {
    const { signal } = new AbortController();
    const context: RunContext = {
      data: { ms },
      job: { id: 'job', name: 'work', tags: [] },
      runId: 'V1StGXR8_Z5jdHi6B-my',
      scheduledAt: new Date(),
      startedAt: new Date(),
      attempt: 1,
      signal,
      fencingToken: 1_795_198_446_574,
      log: logger,
      previous: undefined,
      failure: null,
      progress: quiet,
    };
    return executor.execute({ task, context } as unknown as Execution);
  };
}

/** Keeps as many runs under way as there are threads, and gives how many seconds they took. */
async function keepBusy(run: () => Promise<unknown>, count: number): Promise<number> {
  const runs = async (total: number): Promise<void> => {
    let left = total;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await run();
    };
    await Promise.all(Array.from({ length: THREADS }, lane));
  };
  await runs(WARM_UP);
  const startedAt = performance.now();
  await runs(count);
  return (performance.now() - startedAt) / 1000;
}

/** Has a scheduler do all that was queued, and gives how many seconds that took. */
async function drain({ who, ms, count }: OverheadParams): Promise<number> {
  const task = defineTask<{ ms: number }>('work', { module: MODULE, export: 'handle' });
  const scheduler = new Scheduler({ executors: { default: executorOf(who) } });
  await scheduler.start();
  const queue = (total: number): Promise<unknown> =>
    Promise.all(Array.from({ length: total }, () => scheduler.enqueue(task, { ms })));
  const warmUp = (await queue(WARM_UP)) as readonly { result(): Promise<unknown> }[];
  await Promise.all(warmUp.map((run) => run.result()));
  await scheduler.pause();
  await queue(count);
  let left = count;
  const done = new Promise<void>((resolve) => {
    scheduler.on('run:succeeded', () => {
      if (--left === 0) resolve();
    });
  });
  const startedAt = performance.now();
  await scheduler.resume();
  await done;
  const seconds = (performance.now() - startedAt) / 1000;
  await scheduler.shutdown();
  return seconds;
}

function executorOf(who: Who): Executor {
  return who === 'AsyncExecutor'
    ? new AsyncExecutor({ concurrency: THREADS })
    : new WorkerThreadExecutor({ threads: THREADS });
}

/** Counts what can compute at the same time. */
function lanesOf({ who }: OverheadParams): number {
  return who === 'AsyncExecutor' ? 1 : THREADS;
}

function labelOf({ who, path, ms }: OverheadParams): string {
  return who === 'piscina'
    ? `work of ${ms} ms, bare`
    : `work of ${ms} ms, ${who}, ${path === 'whole cycle' ? path : 'alone'}`;
}
