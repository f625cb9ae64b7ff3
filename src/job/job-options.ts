import type { InstantInput } from '../time/instants.js';
import type { JobDefaults } from './job-defaults.js';

/**
 * Says what adding a job does when its store holds the id already.
 *
 * - `'error'`: throws {@link JobExistsError}
 * - `'keep'`: leaves the stored job as it is
 * - `'update'`: writes what the code changed since it last declared the job, and nothing else: the run clock stays
 *   unless the trigger changed, and so does what was edited or paused at run time
 * - `'replace'`: begins anew, as if the job had been removed first
 */
export type IfExists = 'error' | 'keep' | 'update' | 'replace';

/** Holds the options of a job besides its task, its trigger and its data. */
export interface JobOptions<TData = unknown> extends JobDefaults {
  /** Is the job's id: 1–191 characters, unique in its store. @defaultValue a random id */
  readonly id?: string;
  /** Is the job's name for people. @defaultValue the task's name */
  readonly name?: string;
  /** Says more, for people. */
  readonly description?: string;
  /** Holds words to find the job by. @defaultValue none */
  readonly tags?: readonly string[];
  /** Is what the handler gets as `context.data`: a JSON value of at most 256 KiB. */
  readonly data?: TData;
  /** Names the store that keeps the job. @defaultValue 'default' */
  readonly store?: string;
  /** Is how many runs the trigger may cause in all; then the job is finished. @defaultValue no limit */
  readonly maxRuns?: number;
  /** Adds the job paused. @defaultValue false */
  readonly paused?: boolean;
  /** Says what to do when the store holds the id already. @defaultValue 'error' */
  readonly ifExists?: IfExists;
  /** Is the declaration's revision: `'update'` and `'replace'` never undo a higher one (rolling deploys). */
  readonly revision?: number;
  /** Sets the first fire time instead of asking the trigger; counts when the job is inserted only. */
  readonly nextRunTime?: InstantInput;
}

/** Holds what `modifyJob` may change; an absent option stays as it is. */
export interface JobChanges<TData = unknown> extends JobDefaults {
  /** Is the job's new name; `null`: that of its task. */
  readonly name?: string | null;
  /** Is the job's new description; `null`: none. */
  readonly description?: string | null;
  /** Holds the job's new tags. */
  readonly tags?: readonly string[];
  /** Is the job's new data. */
  readonly data?: TData;
  /** Is the job's new end, counted from its first run; `null`: no end. */
  readonly maxRuns?: number | null;
  /** Sets the next fire time; the trigger goes on from there. */
  readonly nextRunTime?: InstantInput;
}

/** Asks for `data` where a task's data has a type that must be given. */
export type WithData<TData, Options> = undefined extends TData ? Options : Options & DataOption<TData>;

/** Holds the data of a job of a task that must have some. */
export interface DataOption<TData> {
  /** Is what the handler gets as `context.data`. */
  readonly data: TData;
}

/** Makes options optional where nothing in them must be given. */
export type OptionsArgument<TData, Options> = undefined extends TData
  ? [options?: Options]
  : [options: WithData<TData, Options>];
