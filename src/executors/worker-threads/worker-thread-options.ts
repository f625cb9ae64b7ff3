import { availableParallelism } from 'node:os';
import { checkInteger, checkObject, checkRecord, checkStrings } from '../../internal/check.js';
import { resolveRateLimit } from '../../job/rate-limit.js';
import type { RateLimit, ResolvedRateLimit } from '../../job/rate-limit.js';
import { durationMs } from '../../time/durations.js';
import type { DurationInput } from '../../time/durations.js';

/** Bounds what a worker thread may use; one that goes beyond fails its run and is replaced. Sizes are in megabytes. */
export interface ThreadResourceLimits {
  /** Is how large the heap of what lives long may be. */
  readonly maxOldGenerationSizeMb?: number;
  /** Is how large the heap of what was made just now may be. */
  readonly maxYoungGenerationSizeMb?: number;
  /** Is how much is set aside for generated code. */
  readonly codeRangeSizeMb?: number;
  /** Is how large the stack may be. @defaultValue 4 */
  readonly stackSizeMb?: number;
}

/** Holds the options of a {@link WorkerThreadExecutor}. */
export interface WorkerThreadExecutorOptions {
  /** Is how many threads there may be, each for one run at a time. @defaultValue one less than the machine has processors, and at least 1 */
  readonly threads?: number;
  /** Is how many attempts start in a span of time, over all nodes that share a store. @defaultValue no limit */
  readonly rateLimit?: RateLimit;
  /**
   * Is how long a handler may go on after its signal was aborted; then its thread is ended. When the scheduler shuts down
   * or has lost its lease it is cut to what those allow. @defaultValue 5 seconds
   */
  readonly terminateAfter?: DurationInput;
  /** Is how long a thread without work is kept. @defaultValue 1 minute */
  readonly idleTimeout?: DurationInput;
  /** Bounds what a thread may use. @defaultValue Node's own bounds */
  readonly resourceLimits?: ThreadResourceLimits;
  /** Holds the options of Node for the threads: `['--import', 'tsx']`. @defaultValue those of the process */
  readonly execArgv?: readonly string[];
}

/** Is what {@link WorkerThreadExecutorOptions} come to. */
export interface ResolvedWorkerThreadOptions {
  readonly threads: number;
  readonly rateLimit: ResolvedRateLimit | null;
  readonly terminateAfterMs: number;
  readonly idleTimeoutMs: number;
  readonly resourceLimits: ThreadResourceLimits;
  readonly execArgv: readonly string[] | null;
}

const KEYS: ReadonlySet<string> = new Set([
  'threads',
  'rateLimit',
  'terminateAfter',
  'idleTimeout',
  'resourceLimits',
  'execArgv',
]);

const LIMITS: ReadonlySet<string> = new Set([
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
]);

/**
 * Applies defaults to options, and checks them.
 *
 * @throws `InvalidOptionError` when an option is unknown or not what it should be
 */
export function resolveWorkerThreadOptions(
  options: WorkerThreadExecutorOptions,
): ResolvedWorkerThreadOptions {
  checkRecord(options, 'options', KEYS);
  const { threads, rateLimit, execArgv } = options;
  const { terminateAfter = 5000, idleTimeout = 60_000, resourceLimits = {} } = options;
  checkObject(resourceLimits, 'options.resourceLimits');
  checkRecord(resourceLimits, 'options.resourceLimits', LIMITS);
  for (const [name, size] of Object.entries(resourceLimits)) {
    checkInteger(size, `options.resourceLimits.${name}`, { min: 1 });
  }
  return {
    threads:
      threads === undefined
        ? Math.max(1, availableParallelism() - 1)
        : checkInteger(threads, 'options.threads', { min: 1 }),
    rateLimit: rateLimit === undefined ? null : resolveRateLimit(rateLimit, 'options.rateLimit'),
    terminateAfterMs: durationMs(terminateAfter, 'options.terminateAfter'),
    idleTimeoutMs: durationMs(idleTimeout, 'options.idleTimeout'),
    resourceLimits: { ...resourceLimits },
    execArgv: execArgv === undefined ? null : checkArguments(execArgv),
  };
}

/** Checks that all are strings; unlike those of a set they may repeat: `--import a --import b`. */
function checkArguments(execArgv: readonly string[]): readonly string[] {
  checkStrings(execArgv, 'options.execArgv');
  return Object.freeze([...execArgv]);
}
