import { InvalidStateError } from '../../errors/scheduler-errors.js';
import type { ResolvedRateLimit } from '../../job/rate-limit.js';
import type { RunRecord } from '../../job/run-record.js';
import type { Execution, Executor, ExecutorContext } from '../executor.js';
import { loadBullMQ } from './bullmq.js';
import type { BullMQ } from './bullmq.js';
import { resolveExecutorOptions } from './executor-options.js';
import type { BullMQExecutorOptions, ResolvedExecutorOptions } from './executor-options.js';
import { checkSource } from './queue-parts.js';
import { makeOrder, queueJobId } from './run-order.js';
import { RunQueue } from './run-queue.js';

/**
 * Has runs executed by other processes, on as many machines as you like: each becomes a job of a queue of BullMQ, in Redis or
 * PostgreSQL, and a worker made by `createBullMQWorker` executes it. Workers need no scheduler and no store.
 *
 * A run is in the queue once, however many schedulers there are: one that takes a run over finds what was put there before.
 * A worker that dies is noticed; the run then goes on as after the death of a node.
 *
 * States: `stopped` → `started` → `stopped`. It has connections only while it is started. A scheduler that stops lets its
 * runs go on in the queue, and the next one finds them there.
 *
 * Needs the package bullmq, and ioredis or pg.
 *
 * @example
 * ```ts
 * import { Scheduler, defineTask } from 'escapement';
 * import { BullMQExecutor } from 'escapement/executors/bullmq';
 * import { SqlJobStore } from 'escapement/stores/sql';
 *
 * const resize = defineTask('resize', ({ data }: { data: { file: string } }) => data.file.length);
 * const scheduler = new Scheduler({
 *   stores: { default: SqlJobStore.postgres('postgres://localhost/app') },
 *   executors: { default: new BullMQExecutor({ connection: { url: 'redis://localhost:6390' } }) },
 *   tasks: [resize],
 * });
 * ```
 */
export class BullMQExecutor implements Executor {
  readonly rateLimit?: ResolvedRateLimit;
  readonly #options: ResolvedExecutorOptions;
  readonly #bullmq: BullMQ;
  #queue: RunQueue | null = null;
  #active = 0;

  /**
   * Makes an executor.
   *
   * @throws `InvalidOptionError` when an option is unknown or not what it should be
   * @throws `MissingPeerError` when bullmq is not installed
   */
  constructor(options: BullMQExecutorOptions) {
    this.#options = resolveExecutorOptions(options);
    this.#bullmq = loadBullMQ('BullMQExecutor');
    checkSource(this.#bullmq, this.#options);
    if (this.#options.rateLimit !== null) this.rateLimit = this.#options.rateLimit;
  }

  get freeSlots(): number {
    return this.#options.concurrency - this.#active;
  }

  async start(context: ExecutorContext): Promise<void> {
    this.#queue ??= new RunQueue(this.#bullmq, this.#options, context);
  }

  async execute(execution: Execution): Promise<unknown> {
    this.#active++;
    try {
      if (this.#queue === null)
        throw new InvalidStateError('A BullMQExecutor executes nothing before its scheduler is started.');
      return await this.#queue.execute(execution, makeOrder(execution));
    } finally {
      this.#active--;
    }
  }

  /** Removes what the queue keeps of a run. */
  recorded(run: RunRecord): void {
    void this.#queue?.recorded(queueJobId(run));
  }

  async shutdown(): Promise<void> {
    const queue = this.#queue;
    this.#queue = null;
    await queue?.close();
  }
}
