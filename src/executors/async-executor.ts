import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';
import { checkInteger, checkRecord } from '../internal/check.js';
import { resolveRateLimit } from '../job/rate-limit.js';
import type { RateLimit, ResolvedRateLimit } from '../job/rate-limit.js';
import type { Execution, Executor } from './executor.js';

/** Holds the options of an {@link AsyncExecutor}. */
export interface AsyncExecutorOptions {
  /** Is how many handlers may be under way at once. @defaultValue 100 */
  readonly concurrency?: number;
  /** Is how many attempts start in a span of time, over all nodes that share a store. @defaultValue no limit */
  readonly rateLimit?: RateLimit;
}

const DEFAULT_CONCURRENCY = 100;

const KEYS: ReadonlySet<string> = new Set(['concurrency', 'rateLimit']);

/** Runs handlers in this event loop, a number of them at once, on p-limit. */
export class AsyncExecutor implements Executor {
  readonly rateLimit?: ResolvedRateLimit;
  readonly #concurrency: number;
  readonly #limit: LimitFunction;

  /**
   * Makes an executor.
   *
   * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
   */
  constructor(options: AsyncExecutorOptions = {}) {
    const { concurrency, rateLimit } = checkRecord(options, 'options', KEYS);
    this.#concurrency =
      concurrency === undefined
        ? DEFAULT_CONCURRENCY
        : checkInteger(concurrency, 'options.concurrency', { min: 1 });
    if (rateLimit !== undefined) this.rateLimit = resolveRateLimit(rateLimit, 'options.rateLimit');
    this.#limit = pLimit(this.#concurrency);
  }

  get freeSlots(): number {
    return this.#concurrency - this.#limit.activeCount - this.#limit.pendingCount;
  }

  async start(): Promise<void> {}

  execute({ task, context }: Execution): Promise<unknown> {
    return this.#limit(task.handler, context);
  }

  async shutdown(): Promise<void> {}
}
