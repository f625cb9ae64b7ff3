import { hostname } from 'node:os';
import { checkRecord } from '../../../internal/check.js';
import { durationMs } from '../../../time/durations.js';
import type { DurationInput } from '../../../time/durations.js';
import { loadBullMQ } from '../bullmq.js';
import { checkSource } from '../queue-parts.js';
import { QueueWorker } from './queue-worker.js';
import { resolveWorkerOptions } from './worker-options.js';
import type { BullMQWorkerOptions } from './worker-options.js';

/** Says how long a worker waits for its handlers when it is closed. */
export interface CloseBullMQWorkerOptions {
  /** Is how long to wait before the signals of handlers are aborted. @defaultValue as long as they take */
  readonly timeout?: DurationInput;
}

/** Is a worker of a queue, made by {@link createBullMQWorker}. */
export interface BullMQWorker extends AsyncDisposable {
  /** Counts the runs that it has under way. */
  readonly running: number;
  /** Waits until it takes runs from the queue; for ever, if it is closed before. */
  ready(): Promise<void>;
  /**
   * Takes no more runs, waits for running handlers, aborts the signals of those that take longer than `timeout`, and closes
   * the connections. Runs that were broken off are executed again by others. Safe to call twice; a second call can only
   * cut the waiting short.
   *
   * @throws `InvalidOptionError` when an option is unknown or not what it should be
   */
  close(options?: CloseBullMQWorkerOptions): Promise<void>;
}

/**
 * Makes a worker that executes what a `BullMQExecutor` puts into a queue. It begins at once, and goes on until it is closed;
 * a queue that cannot be reached is waited for.
 *
 * Needs the package bullmq, and ioredis or pg.
 *
 * @example
 * ```ts
 * import { defineTask } from 'escapement';
 * import { createBullMQWorker } from 'escapement/executors/bullmq';
 *
 * const resize = defineTask('resize', ({ data }: { data: { file: string } }) => data.file.length);
 * const worker = createBullMQWorker({
 *   connection: { url: 'redis://localhost:6390' },
 *   tasks: [resize],
 *   concurrency: 20,
 * });
 * process.once('SIGTERM', () => void worker.close({ timeout: { seconds: 25 } }));
 * ```
 *
 * @throws `InvalidOptionError` when an option is unknown or not what it should be
 * @throws `TaskConflictError` when two tasks have one name
 * @throws `MissingPeerError` when bullmq is not installed
 */
export function createBullMQWorker(options: BullMQWorkerOptions): BullMQWorker {
  const resolved = resolveWorkerOptions(options);
  const bullmq = loadBullMQ('createBullMQWorker');
  checkSource(bullmq, resolved);
  const worker = new QueueWorker(bullmq, resolved, `${hostname()}-${String(process.pid)}`);
  const close = async (given: CloseBullMQWorkerOptions = {}): Promise<void> => {
    const { timeout } = checkRecord(given, 'options', new Set(['timeout']));
    await worker.close(
      timeout === undefined ? Infinity : durationMs(timeout, 'options.timeout', { infinite: true }),
    );
  };
  return {
    get running() {
      return worker.running;
    },
    ready: () => worker.ready(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
