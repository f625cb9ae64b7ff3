import { FunctionNotTransferableError } from '../../errors/job-errors.js';
import { InvalidStateError } from '../../errors/scheduler-errors.js';
import type { ResolvedRateLimit } from '../../job/rate-limit.js';
import type { TaskModule } from '../../job/task-module.js';
import type { AnyTask } from '../../job/task.js';
import type { Execution, Executor, ExecutorContext } from '../executor.js';
import { checkClonable } from './check-clonable.js';
import { loadPiscina } from './piscina.js';
import type { PiscinaConstructor } from './piscina.js';
import { ThreadPool } from './thread-pool.js';
import { resolveWorkerThreadOptions } from './worker-thread-options.js';
import type { ResolvedWorkerThreadOptions, WorkerThreadExecutorOptions } from './worker-thread-options.js';

/**
 * Runs tasks in worker threads, on piscina: a handler that computes for seconds delays nobody. It takes tasks that are
 * given as modules, which run on an `AsyncExecutor` just as well.
 *
 * A handler that goes on after its signal was aborted has its thread ended, and the run has the outcome that it had with
 * the abort: timed out, or cancelled. A thread that dies fails its own run only.
 *
 * States: `stopped` → `started` → `stopped`. It has threads only while it is started, and makes them as runs come.
 *
 * Needs the package piscina.
 *
 * @example
 * ```ts
 * import { AsyncExecutor, Scheduler, defineTask } from 'escapement';
 * import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
 *
 * const resize = defineTask<{ file: string }>(
 *   'resize',
 *   { module: new URL('./resize.js', import.meta.url), export: 'resize' },
 *   { executor: 'threads', timeout: { minutes: 1 } },
 * );
 * const scheduler = new Scheduler({
 *   executors: { default: new AsyncExecutor(), threads: new WorkerThreadExecutor({ threads: 4 }) },
 *   tasks: [resize],
 * });
 * ```
 */
export class WorkerThreadExecutor implements Executor {
  readonly rateLimit?: ResolvedRateLimit;
  readonly #options: ResolvedWorkerThreadOptions;
  readonly #piscina: PiscinaConstructor;
  #pool: ThreadPool | null = null;
  #active = 0;

  /**
   * Makes an executor.
   *
   * @throws `InvalidOptionError` when an option is unknown or not what it should be
   * @throws `MissingPeerError` when piscina is not installed
   */
  constructor(options: WorkerThreadExecutorOptions = {}) {
    this.#options = resolveWorkerThreadOptions(options);
    if (this.#options.rateLimit !== null) this.rateLimit = this.#options.rateLimit;
    this.#piscina = loadPiscina();
  }

  get freeSlots(): number {
    return this.#options.threads - this.#active;
  }

  /**
   * Refuses a task that was given as a function.
   *
   * @throws `FunctionNotTransferableError`
   */
  checkTask(task: AnyTask): void {
    moduleOf(task);
  }

  async start(context: ExecutorContext): Promise<void> {
    this.#pool ??= new ThreadPool(this.#piscina, this.#options, context);
  }

  async execute({ task, context }: Execution): Promise<unknown> {
    this.#active++;
    try {
      if (this.#pool === null)
        throw new InvalidStateError(
          'A WorkerThreadExecutor executes nothing before its scheduler is started.',
        );
      // Data that no schema has made something else of is JSON.
      if (task.options.schema !== undefined) checkClonable(context.data, 'data');
      return await this.#pool.run(task.name, moduleOf(task), context);
    } finally {
      this.#active--;
    }
  }

  async shutdown(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    await pool?.close();
  }
}

function moduleOf({ name, module }: AnyTask): TaskModule {
  if (module === undefined) throw new FunctionNotTransferableError(name);
  return module;
}
