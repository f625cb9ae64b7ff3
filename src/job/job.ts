import { decodeJson } from '../internal/json-codec.js';
import type { FireSpan } from '../triggers/fire-span.js';
import type { Trigger } from '../triggers/trigger.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import type { JobChanges } from './job-options.js';
import type { JobPolicy } from './job-policy.js';
import type { CountKind, JobRecord, JobState } from './job-record.js';
import type { RunHandle } from './run-handle.js';

/** Is a count of fire times that did not become runs. */
export interface JobTally {
  /** Counts them since the job was added. */
  readonly total: number;
  /** Says whether `total` is exact, or a lower bound. */
  readonly exact: boolean;
  /** Is the last span that was counted; `null`: none was. */
  readonly last: JobTallySpan | null;
}

/** Is a span of fire times that were counted together. */
export interface JobTallySpan {
  /** Counts the fire times. */
  readonly count: number;
  /** Says whether `count` is exact, or a lower bound. */
  readonly exact: boolean;
  /** Is the first of them. */
  readonly firstAt: Date;
  /** Is the last of them. */
  readonly lastAt: Date;
}

/** Is what a {@link Job} asks of its scheduler. */
export interface JobVerbs {
  pauseJob(id: string, where: { readonly store: string }): Promise<Job>;
  resumeJob(id: string, where: { readonly store: string }): Promise<Job>;
  removeJob(id: string, where: { readonly store: string }): Promise<boolean>;
  modifyJob(id: string, changes: JobChanges, where: { readonly store: string }): Promise<Job>;
  rescheduleJob(id: string, trigger: TriggerInput, where: { readonly store: string }): Promise<Job>;
  runJob(id: string, where: { readonly store: string }): Promise<RunHandle>;
}

/** Reads the texts of a record. */
export interface DefinitionReader {
  readTrigger(text: string): Trigger;
}

/**
 * Is a snapshot of a job: it does not change. Its verbs act on the job in its store and give new snapshots.
 */
export class Job {
  static {
    // Else `console.log(job)` shows the one field that is not private.
    const inspect = function (this: Job): object {
      return this.toJSON();
    };
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: inspect });
  }

  /** Names the store that keeps the job. */
  readonly store: string;
  readonly #record: JobRecord;
  readonly #reader: DefinitionReader;
  readonly #verbs: JobVerbs;

  /** Makes the snapshot of a record. */
  constructor(record: JobRecord, store: string, reader: DefinitionReader, verbs: JobVerbs) {
    this.store = store;
    this.#record = record;
    this.#reader = reader;
    this.#verbs = verbs;
  }

  /** Is the job's id. */
  get id(): string {
    return this.#record.id;
  }

  /** Is the job's name: its task's unless one was given. */
  get name(): string {
    return this.#record.definition.name ?? this.task;
  }

  /** Says more, for people; `null`: nothing. */
  get description(): string | null {
    return this.#record.definition.description;
  }

  /** Holds the job's tags. */
  get tags(): readonly string[] {
    return this.#record.definition.tags;
  }

  /** Names the task. */
  get task(): string {
    return this.#record.definition.task;
  }

  /** Names the executor. */
  get executor(): string {
    return this.#record.definition.executor;
  }

  /** Is the bound trigger; `null` where it cannot be read. */
  get trigger(): Trigger | null {
    try {
      return this.#reader.readTrigger(this.#record.definition.trigger);
    } catch {
      return null;
    }
  }

  /** Is the job's data; `undefined`: none, or it cannot be read. */
  get data(): unknown {
    try {
      return decodeJson(this.#record.definition.data);
    } catch {
      return undefined;
    }
  }

  /** Is how fire times and runs are treated, with all defaults resolved; `null` where it cannot be read. */
  get policy(): JobPolicy | null {
    try {
      return JSON.parse(this.#record.definition.policy) as JobPolicy;
    } catch {
      return null;
    }
  }

  /** Is the job's priority, from -2 to 2. */
  get priority(): number {
    return this.#record.definition.priority;
  }

  /** Is how many runs may run at once, over all nodes. */
  get maxInstances(): number {
    return this.#record.definition.maxInstances;
  }

  /** Is how many runs the trigger may cause in all; `null`: no limit. */
  get maxRuns(): number | null {
    return this.#record.definition.maxRuns;
  }

  /** Is what the job is up to. */
  get state(): JobState {
    return this.#record.state;
  }

  /** Is the next fire time, nominal; `null` while the job is not active, or when none is left. */
  get nextRunTime(): Date | null {
    return this.#record.state === 'active' ? toDate(this.#record.nextRunAt) : null;
  }

  /** Is the latest fire time that became a run, nominal; `null`: none did. */
  get lastFireTime(): Date | null {
    return toDate(this.#record.lastFireAt);
  }

  /** Counts the runs that the trigger caused. */
  get runCount(): number {
    return this.#record.runCount;
  }

  /** Counts the fire times that were reached too late. */
  get missed(): JobTally {
    return this.#tally('missed');
  }

  /** Counts the fire times that were dropped: by `overlap`, a pause or an edit. */
  get skipped(): JobTally {
    return this.#tally('skipped');
  }

  /** Counts the fire times that were folded into another run. */
  get coalesced(): JobTally {
    return this.#tally('coalesced');
  }

  /** Says why the job is parked; `null` unless it is. */
  get error(): string | null {
    return this.#record.error;
  }

  /** Grows with every edit. */
  get version(): number {
    return this.#record.version;
  }

  /** Is the revision that the job was declared with; `null`: none. */
  get revision(): number | null {
    return this.#record.revision;
  }

  /** Names the `applySchedule` owner that declared the job; `null`: none. */
  get owner(): string | null {
    return this.#record.owner;
  }

  /** Is when the job was added. */
  get createdAt(): Date {
    return new Date(this.#record.createdAt);
  }

  /** Is when the job was last edited. */
  get updatedAt(): Date {
    return new Date(this.#record.updatedAt);
  }

  /** Is when the job came to its end; `null` before. */
  get finishedAt(): Date | null {
    return toDate(this.#record.finishedAt);
  }

  /** Holds the job; see {@link Scheduler.pauseJob}. */
  pause(): Promise<Job> {
    return this.#verbs.pauseJob(this.id, this.#where);
  }

  /** Lets the job go on; see {@link Scheduler.resumeJob}. */
  resume(): Promise<Job> {
    return this.#verbs.resumeJob(this.id, this.#where);
  }

  /** Removes the job; see {@link Scheduler.removeJob}. */
  remove(): Promise<boolean> {
    return this.#verbs.removeJob(this.id, this.#where);
  }

  /** Changes the job; see {@link Scheduler.modifyJob}. */
  modify(changes: JobChanges): Promise<Job> {
    return this.#verbs.modifyJob(this.id, changes, this.#where);
  }

  /** Gives the job another trigger; see {@link Scheduler.rescheduleJob}. */
  reschedule(trigger: TriggerInput): Promise<Job> {
    return this.#verbs.rescheduleJob(this.id, trigger, this.#where);
  }

  /** Runs the job now; see {@link Scheduler.runJob}. */
  run(): Promise<RunHandle> {
    return this.#verbs.runJob(this.id, this.#where);
  }

  /** Gives the snapshot as JSON, for logs and answers. */
  toJSON(): object {
    return Object.fromEntries(SHOWN.map((key) => [key, this[key]]));
  }

  get #where(): { readonly store: string } {
    return { store: this.store };
  }

  #tally(kind: CountKind): JobTally {
    const tally = this.#record.counts[kind];
    if (tally === null) return { total: 0, exact: true, last: null };
    const { total, exact, last } = tally;
    return { total, exact, last: spanWithDates(last) };
  }
}

/** Names what a snapshot shows of itself as JSON, in this order. */
const SHOWN = [
  'id',
  'store',
  'name',
  'description',
  'tags',
  'task',
  'executor',
  'trigger',
  'data',
  'policy',
  'priority',
  'maxInstances',
  'maxRuns',
  'state',
  'nextRunTime',
  'lastFireTime',
  'runCount',
  'missed',
  'skipped',
  'coalesced',
  'error',
  'version',
  'revision',
  'owner',
  'createdAt',
  'updatedAt',
  'finishedAt',
] as const satisfies readonly (keyof Job)[];

function spanWithDates({ count, exact, firstAt, lastAt }: FireSpan): JobTallySpan {
  return { count, exact, firstAt: new Date(firstAt), lastAt: new Date(lastAt) };
}

function toDate(instant: number | null): Date | null {
  return instant === null ? null : new Date(instant);
}
