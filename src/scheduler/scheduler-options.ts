import { InvalidOptionError } from '../errors/input-errors.js';
import { AsyncExecutor } from '../executors/async-executor.js';
import type { Executor } from '../executors/executor.js';
import { checkArray, checkBoolean, checkInteger, checkObject, checkRecord } from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { DEFAULT_MAX_DATA_BYTES } from '../internal/json-codec.js';
import { consoleLogger, guardLogger } from '../internal/logger.js';
import type { Logger } from '../internal/logger.js';
import { BUILT_IN_DEFAULTS, JOB_DEFAULT_KEYS, layDefaults } from '../job/job-defaults.js';
import type { JobDefaults, ResolvedDefaults } from '../job/job-defaults.js';
import type { AnyTask } from '../job/task.js';
import type { JobStore } from '../stores/job-store.js';
import { MemoryJobStore } from '../stores/memory/memory-job-store.js';
import type { Clock } from '../time/clock.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';
import { systemClock } from '../time/system-clock.js';
import { isTimezone } from '../time/zones.js';
import type { TriggerCodec } from '../triggers/trigger.js';

/** Holds the options of a {@link Scheduler}. */
export interface SchedulerOptions {
  /** Is the zone of triggers that name none: an IANA name. @defaultValue 'UTC', never the host's */
  readonly timezone?: string;
  /** Holds the stores by name; jobs are kept in `default` unless they say otherwise. @defaultValue a {@link MemoryJobStore} as `default` */
  readonly stores?: Readonly<Record<string, JobStore>>;
  /** Holds the executors by name. @defaultValue an {@link AsyncExecutor} as `default` */
  readonly executors?: Readonly<Record<string, Executor>>;
  /** Holds the tasks that stored jobs may name. @defaultValue none */
  readonly tasks?: readonly AnyTask[];
  /** Holds the codecs of trigger kinds of your own. @defaultValue none */
  readonly triggers?: readonly TriggerCodec[];
  /** Holds what applies to jobs where neither they nor their task say otherwise. @defaultValue none */
  readonly jobDefaults?: JobDefaults;
  /** Is where the scheduler writes what happens; pino fits. @defaultValue warnings and errors go to the console */
  readonly logger?: Logger;
  /** Tells the time and sets timers. @defaultValue the system's clock */
  readonly clock?: Clock;
  /** Lets the process exit although the scheduler runs. @defaultValue false */
  readonly unref?: boolean;
  /** Shuts down on SIGTERM and SIGINT. @defaultValue false */
  readonly handleSignals?: boolean;
  /** Is how long a finished job with an id of yours is kept, so that adding it again does not run it again. @defaultValue 30 days */
  readonly finishedRetention?: DurationInput;
  /** Is how long ended runs are kept, in stores that have no limit of their own. @defaultValue 30 days */
  readonly runRetention?: DurationInput;
  /** Is how much JSON text a job's data may have, in bytes. @defaultValue 262144 */
  readonly maxDataBytes?: number;
  /** Is how long a claim lasts: a job whose node dies between claim and commit is taken up again after it. @defaultValue 30 seconds */
  readonly claimTimeout?: DurationInput;
  /** Is how long a node of a shared store counts as alive without a heartbeat. @defaultValue 30 seconds */
  readonly lease?: DurationInput;
  /** Is how often a node of a shared store says that it lives; at most a third of the lease. @defaultValue a third of the lease */
  readonly heartbeat?: DurationInput;
  /** Is how often a shared store is looked at although it gave no hint. @defaultValue 5 seconds */
  readonly backstop?: DurationInput;
}

/** Is what {@link SchedulerOptions} come to. */
export interface ResolvedSchedulerOptions {
  readonly timezone: string;
  readonly stores: Readonly<Record<string, JobStore>>;
  readonly executors: Readonly<Record<string, Executor>>;
  readonly tasks: readonly AnyTask[];
  readonly triggers: readonly TriggerCodec[];
  readonly jobDefaults: ResolvedDefaults;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly unref: boolean;
  readonly handleSignals: boolean;
  readonly finishedRetentionMs: number;
  readonly runRetentionMs: number;
  readonly maxDataBytes: number;
  readonly claimTimeoutMs: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly backstopMs: number;
}

const DAY_MS = 86_400_000;

const KEYS: ReadonlySet<string> = new Set([
  'timezone',
  'stores',
  'executors',
  'tasks',
  'triggers',
  'jobDefaults',
  'logger',
  'clock',
  'unref',
  'handleSignals',
  'finishedRetention',
  'runRetention',
  'maxDataBytes',
  'claimTimeout',
  'lease',
  'heartbeat',
  'backstop',
]);

const STORE_METHODS = ['open', 'close', 'putJobs', 'claim', 'commitFirings', 'finishRuns'];
const EXECUTOR_METHODS = ['execute', 'start', 'shutdown'];
const CLOCK_METHODS = ['now', 'monotonic', 'setTimer', 'holdOpen'];
const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'];

/**
 * Applies defaults to options, and checks them.
 *
 * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
 */
export function resolveSchedulerOptions(options: SchedulerOptions): ResolvedSchedulerOptions {
  checkRecord(options, 'options', KEYS);
  const { timezone = 'UTC', jobDefaults = {}, logger = consoleLogger, clock = systemClock } = options;
  if (!isTimezone(timezone)) throw new InvalidOptionError('options.timezone', 'an IANA zone name', timezone);
  checkRecord(jobDefaults, 'options.jobDefaults', JOB_DEFAULT_KEYS);
  checkMethods(logger, 'options.logger', LOGGER_METHODS);
  checkMethods(clock, 'options.clock', CLOCK_METHODS);
  if (options.stores !== undefined) checkObject(options.stores, 'options.stores');
  if (options.executors !== undefined) checkObject(options.executors, 'options.executors');
  const stores = { default: options.stores?.['default'] ?? new MemoryJobStore(), ...options.stores };
  const executors = { default: options.executors?.['default'] ?? new AsyncExecutor(), ...options.executors };
  for (const [name, store] of Object.entries(stores)) checkStore(name, store);
  for (const [name, executor] of Object.entries(executors)) checkExecutor(name, executor);
  const leaseMs = durationMs(options.lease ?? 30_000, 'options.lease', { minMs: 300 });
  const heartbeatMs = durationMs(options.heartbeat ?? Math.floor(leaseMs / 3), 'options.heartbeat', {
    minMs: 1,
  });
  if (heartbeatMs > leaseMs / 3) {
    throw new InvalidOptionError('options.heartbeat', 'at most a third of the lease', options.heartbeat);
  }
  return {
    timezone,
    stores,
    executors,
    tasks: checkList(options.tasks, 'options.tasks'),
    triggers: checkList(options.triggers, 'options.triggers'),
    jobDefaults: layDefaults(BUILT_IN_DEFAULTS, jobDefaults, 'options.jobDefaults'),
    logger: guardLogger(logger),
    clock,
    unref: checkBoolean(options.unref ?? false, 'options.unref'),
    handleSignals: checkBoolean(options.handleSignals ?? false, 'options.handleSignals'),
    finishedRetentionMs: durationMs(options.finishedRetention ?? 30 * DAY_MS, 'options.finishedRetention'),
    runRetentionMs: durationMs(options.runRetention ?? 30 * DAY_MS, 'options.runRetention'),
    maxDataBytes: checkInteger(options.maxDataBytes ?? DEFAULT_MAX_DATA_BYTES, 'options.maxDataBytes', {
      min: 1,
    }),
    claimTimeoutMs: durationMs(options.claimTimeout ?? 30_000, 'options.claimTimeout', { minMs: 1 }),
    leaseMs,
    heartbeatMs,
    backstopMs: durationMs(options.backstop ?? 5000, 'options.backstop', { minMs: 1 }),
  };
}

const RATE_LIMIT_KEYS: ReadonlySet<string> = new Set(['max', 'perMs']);

/** Checks a store that is given under a name. */
export function checkStore(name: string, store: unknown): void {
  checkMethods(store, `stores.${checkId(name, 'the name of a store')}`, STORE_METHODS);
}

/** Checks an executor that is given under a name. */
export function checkExecutor(name: string, executor: unknown): void {
  const field = `executors.${checkId(name, 'the name of an executor')}`;
  checkMethods(executor, field, EXECUTOR_METHODS);
  const { freeSlots } = executor as { freeSlots?: unknown };
  if (typeof freeSlots !== 'number' || Number.isNaN(freeSlots)) {
    throw new InvalidOptionError(`${field}.freeSlots`, 'a number', freeSlots);
  }
  const { rateLimit } = executor as { rateLimit?: unknown };
  if (rateLimit === undefined) return;
  const { max, perMs } = checkRecord(rateLimit, `${field}.rateLimit`, RATE_LIMIT_KEYS);
  checkInteger(max, `${field}.rateLimit.max`, { min: 1 });
  checkInteger(perMs, `${field}.rateLimit.perMs`, { min: 1 });
}

function checkMethods(value: unknown, field: string, methods: readonly string[]): void {
  const missing = methods.find(
    (method) =>
      typeof value !== 'object' || value === null || typeof Reflect.get(value, method) !== 'function',
  );
  if (missing !== undefined)
    throw new InvalidOptionError(field, `an object with a method ${missing}()`, value);
}

function checkList<T>(list: readonly T[] = [], field: string): readonly T[] {
  checkArray(list, field);
  return list;
}
