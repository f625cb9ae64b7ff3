import { checkInteger, checkRecord } from '../../internal/check.js';
import { resolveRateLimit } from '../../job/rate-limit.js';
import type { RateLimit, ResolvedRateLimit } from '../../job/rate-limit.js';
import { durationMs } from '../../time/durations.js';
import type { DurationInput } from '../../time/durations.js';
import { QUEUE_KEYS, resolveQueueOptions } from './queue-options.js';
import type { BullMQQueueOptions, ResolvedQueueOptions } from './queue-options.js';

/** Holds the options of a {@link BullMQExecutor}. */
export interface BullMQExecutorOptions extends BullMQQueueOptions {
  /** Is how many runs this scheduler has in the queue at once. @defaultValue 100 */
  readonly concurrency?: number;
  /**
   * Is how long the queue keeps the end of a run that no scheduler has recorded: should they all be down for longer, the
   * run is executed again. @defaultValue 1 day
   */
  readonly keepFinished?: DurationInput;
  /** Is how many attempts start in a span of time, over all nodes that share a store. @defaultValue no limit */
  readonly rateLimit?: RateLimit;
}

/** Is what {@link BullMQExecutorOptions} come to. */
export interface ResolvedExecutorOptions extends ResolvedQueueOptions {
  readonly concurrency: number;
  readonly keepFinishedMs: number;
  readonly rateLimit: ResolvedRateLimit | null;
}

const KEYS: ReadonlySet<string> = new Set([...QUEUE_KEYS, 'concurrency', 'keepFinished', 'rateLimit']);
const DAY_MS = 86_400_000;
/** BullMQ counts the time in whole seconds. */
const MIN_KEEP_MS = 60_000;

/**
 * Applies defaults to options, and checks them.
 *
 * @throws `InvalidOptionError` when an option is unknown or not what it should be
 */
export function resolveExecutorOptions(options: BullMQExecutorOptions): ResolvedExecutorOptions {
  const record = checkRecord(options, 'options', KEYS);
  const { concurrency = 100, keepFinished = DAY_MS } = record;
  const { rateLimit } = options;
  return {
    ...resolveQueueOptions(record),
    concurrency: checkInteger(concurrency, 'options.concurrency', { min: 1 }),
    keepFinishedMs: durationMs(keepFinished, 'options.keepFinished', { minMs: MIN_KEEP_MS }),
    rateLimit: rateLimit === undefined ? null : resolveRateLimit(rateLimit, 'options.rateLimit'),
  };
}
