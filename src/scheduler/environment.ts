import type { EventHub } from '../events/event-hub.js';
import type { IdSource } from '../internal/ids.js';
import type { Logger } from '../internal/logger.js';
import type { Job } from '../job/job.js';
import type { JobRecord } from '../job/job-record.js';
import type { TaskRegistry } from '../job/task-registry.js';
import type { Clock } from '../time/clock.js';
import type { TriggerRegistry } from '../triggers/trigger-registry.js';
import type { JobReader } from './job-reader.js';
import type { ResolvedSchedulerOptions } from './scheduler-options.js';

/** Is what the parts of one scheduler share. */
export interface Environment {
  /** Is this node's id. */
  readonly node: string;
  /** Holds the scheduler's options, with defaults applied. */
  readonly options: ResolvedSchedulerOptions;
  /** Tells the time and sets timers. */
  readonly clock: Clock;
  /** Takes what there is to say; it does not throw. */
  readonly logger: Logger;
  /** Sends events. */
  readonly events: EventHub;
  /** Holds the tasks. */
  readonly tasks: TaskRegistry;
  /** Holds the kinds of trigger. */
  readonly triggers: TriggerRegistry;
  /** Holds the names of those kinds. */
  readonly triggerKinds: ReadonlySet<string>;
  /** Reads jobs. */
  readonly reader: JobReader;
  /** Makes ids. */
  readonly ids: IdSource;
  /** Makes the snapshot of a job of a store. */
  snapshot(record: JobRecord, store: string): Job;
}
