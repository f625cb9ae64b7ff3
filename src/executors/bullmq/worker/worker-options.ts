import { checkArray, checkInteger, checkObject, checkRecord } from '../../../internal/check.js';
import { consoleLogger, guardLogger } from '../../../internal/logger.js';
import type { Logger } from '../../../internal/logger.js';
import { TaskRegistry } from '../../../job/task-registry.js';
import type { AnyTask } from '../../../job/task.js';
import { QUEUE_KEYS, resolveQueueOptions } from '../queue-options.js';
import type { BullMQQueueOptions, ResolvedQueueOptions } from '../queue-options.js';

/** Holds the options of {@link createBullMQWorker}. */
export interface BullMQWorkerOptions extends BullMQQueueOptions {
  /** Holds the tasks that this worker runs; all workers of a queue know the same ones. */
  readonly tasks: readonly AnyTask[];
  /** Is how many runs this worker has under way at once. @defaultValue 10 */
  readonly concurrency?: number;
  /** Is where the worker and its handlers write what happens; pino fits. @defaultValue warnings and errors go to the console */
  readonly logger?: Logger;
}

/** Is what {@link BullMQWorkerOptions} come to. */
export interface ResolvedWorkerOptions extends ResolvedQueueOptions {
  readonly tasks: TaskRegistry;
  readonly concurrency: number;
  readonly logger: Logger;
}

const KEYS: ReadonlySet<string> = new Set([...QUEUE_KEYS, 'tasks', 'concurrency', 'logger']);

/**
 * Applies defaults to options, and checks them.
 *
 * @throws `InvalidOptionError` when an option is unknown or not what it should be
 * @throws `TaskConflictError` when two tasks have one name
 */
export function resolveWorkerOptions(options: BullMQWorkerOptions): ResolvedWorkerOptions {
  const record = checkRecord(options, 'options', KEYS);
  const { concurrency = 10, logger = consoleLogger } = record;
  checkArray(record['tasks'], 'options.tasks');
  const tasks = new TaskRegistry();
  for (const task of options.tasks) tasks.register(task);
  checkObject(logger, 'options.logger');
  return {
    ...resolveQueueOptions(record),
    tasks,
    concurrency: checkInteger(concurrency, 'options.concurrency', { min: 1 }),
    logger: guardLogger(logger as Logger),
  };
}
