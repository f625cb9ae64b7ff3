import { FunctionNotStorableError } from '../errors/job-errors.js';
import { InvalidTriggerError } from '../errors/input-errors.js';
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkRecord,
  checkStrings,
  checkText,
} from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { encodeJson } from '../internal/json-codec.js';
import { checkData } from '../job/check-data.js';
import { checkComposable } from '../job/chain.js';
import { JOB_DEFAULT_KEYS, layDefaults } from '../job/job-defaults.js';
import type { JobPolicy } from '../job/job-policy.js';
import type { IfExists, JobOptions } from '../job/job-options.js';
import { NO_COUNTS, RECORD_FORMAT, countSpan, isUsedUp } from '../job/job-record.js';
import type { JobDeclaration, JobDefinition, JobRecord, JobState } from '../job/job-record.js';
import { wholeOf } from '../job/task.js';
import type { AnyTask, TaskHandler } from '../job/task.js';
import { functionTaskName } from '../job/function-name.js';
import type { JobPut } from '../stores/job-store.js';
import { MAX_INSTANT, instantMs } from '../time/instants.js';
import { cron } from '../triggers/cron-trigger.js';
import { date } from '../triggers/date-trigger.js';
import type { Trigger } from '../triggers/trigger.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import { BoundedMap } from '../internal/bounded-map.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { Directory } from './directory.js';
import { spanOfFireTimes } from './fire-times.js';
import { clockAt, skipReached } from './plan-firings.js';
import { nextAfter } from './sound-times.js';
import type { StoreLink } from './store-link.js';
import type { TaskDefaults } from './task-defaults.js';

/** Is what a job is made for: a task, the name of a registered one, or a plain function. */
export type TaskInput = AnyTask | string | TaskHandler;

/** Says where a job comes from besides its options. */
export interface JobSource {
  readonly task: TaskInput;
  readonly trigger: TriggerInput | undefined;
  readonly options: JobOptions;
  /** Names the `applySchedule` owner; `null`: none. */
  readonly owner: string | null;
}

/** Is a job that is ready to be put, with what its scheduler keeps of it. */
export interface BuiltJob extends JobPut {
  /** Is the plain function that it runs; `null`: it runs a task. */
  readonly handler: TaskHandler | null;
  /** Is the task that it runs, to be registered with it; `null`: it runs a plain function, or a task that is known. */
  readonly task: AnyTask | null;
}

const IF_EXISTS: readonly IfExists[] = ['error', 'keep', 'update', 'replace'];

/** Names the options of a job. */
export const JOB_OPTION_KEYS: ReadonlySet<string> = new Set([
  'id',
  'name',
  'description',
  'tags',
  'data',
  'store',
  'maxRuns',
  'paused',
  'ifExists',
  'revision',
  'nextRunTime',
  ...JOB_DEFAULT_KEYS,
]);

const NO_TAGS: readonly string[] = Object.freeze([]);
const REMEMBERED_CRONS = 4096;

/** Makes jobs from what users declare: checks it, applies defaults, and finds the first fire time. */
export class JobBuilder {
  readonly #env: Environment;
  readonly #executors: Directory<ExecutorSlots>;
  readonly #defaults: TaskDefaults;
  readonly #crons = new BoundedMap<string, Trigger>(REMEMBERED_CRONS);
  readonly #zoned = new WeakMap<Trigger, Trigger>();
  #lastText: { readonly trigger: Trigger; readonly text: string } | null = null;

  /** Makes a builder. */
  constructor(env: Environment, executors: Directory<ExecutorSlots>, defaults: TaskDefaults) {
    this.#env = env;
    this.#executors = executors;
    this.#defaults = defaults;
  }

  /**
   * Makes a job for a store. What its task's schema says of the data remains to be asked.
   *
   * @throws {@link InvalidOptionError}, {@link InvalidTriggerError}, {@link InvalidDataError}, {@link UnknownTaskError},
   * {@link UnknownExecutorError} or {@link FunctionNotStorableError}; nothing was changed then
   */
  build(source: JobSource, link: StoreLink, skipReached: JobPut['skipReached']): BuiltJob {
    const { options } = source;
    checkRecord(options, 'options', JOB_OPTION_KEYS);
    const uid = this.#env.ids.next();
    const named = options.id !== undefined;
    const id = named ? checkId(options.id, 'options.id') : uid;
    const { task, handler } = this.#resolveTask(source.task, link);
    const now = link.now();
    const declared = this.readTrigger(source.trigger === undefined ? date(new Date(now)) : source.trigger);
    const trigger = this.bind(declared, id, now);
    const { definition, policy } = this.#define(task, handler, trigger, options, uid);
    const state =
      options.paused !== undefined && checkBoolean(options.paused, 'options.paused') ? 'paused' : 'active';
    const ifExists =
      options.ifExists === undefined ? 'error' : checkOneOf(options.ifExists, 'options.ifExists', IF_EXISTS);
    const first = this.#firstFireTime(trigger, options, now);
    if (first === null && !named) {
      throw new InvalidTriggerError({
        field: 'trigger',
        expected: 'one with a fire time left',
        received: trigger,
      });
    }
    const isOver = first === null || (named && first < now - this.#env.options.finishedRetentionMs);
    const dueAt = first === null ? null : clockAt({ id, trigger, jitterMs: policy.jitterMs }, first).dueAt;
    const job: JobRecord = {
      format: RECORD_FORMAT,
      uid,
      id,
      named,
      version: 1,
      fence: 1,
      definition,
      declaration: named
        ? this.#declare(definition, source.trigger === undefined ? null : declared, state)
        : null,
      revision:
        options.revision === undefined
          ? null
          : checkInteger(options.revision, 'options.revision', { min: 0 }),
      owner: source.owner,
      state: isOver ? 'finished' : state,
      nextRunAt: isOver ? null : first,
      dueAt: isOver ? null : dueAt,
      wakeAt: isOver || state === 'paused' ? null : dueAt,
      lastFireAt: null,
      runCount: 0,
      counts:
        isOver && first !== null
          ? countSpan(NO_COUNTS, 'missed', spanOfFireTimes(trigger, first, first))
          : NO_COUNTS,
      lastToken: now,
      error: null,
      createdAt: now,
      updatedAt: now,
      finishedAt: isOver ? now : null,
    };
    return { job, ifExists, handler, task: handler === null ? task : null, skipReached };
  }

  /** Reads what a user gave as a trigger; its zone is the scheduler's unless it names one. */
  readTrigger(input: TriggerInput): Trigger {
    if (typeof input === 'string') return this.#crons.get(input, () => cron(input));
    return this.#env.triggers.parse(input);
  }

  /** Fixes what a trigger leaves open. */
  bind(trigger: Trigger, jobId: string, now: number): Trigger {
    const { timezone } = this.#env.options;
    const zoned = this.#inZone(trigger, timezone);
    return zoned.bind?.({ now, jobId, timezone }) ?? zoned;
  }

  /** Gives a trigger's shorthand record as text; once for jobs in a row that share one. */
  textOf(trigger: Trigger): string {
    if (this.#lastText?.trigger !== trigger) this.#lastText = { trigger, text: JSON.stringify(trigger) };
    return this.#lastText.text;
  }

  /** Gives the first fire time of a bound trigger at an instant or after; of a date, the date, though it may have passed. */
  firstAt(trigger: Trigger, now: number): number | null {
    return nextAfter(trigger, now - 1) ?? (trigger.kind === 'date' ? nextAfter(trigger, -MAX_INSTANT) : null);
  }

  /**
   * Gives the clock of a stored job when what it has reached is dropped; of one that has come to its end and may have
   * more runs now, that of its next fire time; of one that cannot be read, as it is.
   */
  skipReached(stored: JobRecord, now: number): ReturnType<typeof skipReached> {
    try {
      const { id, nextRunAt, runCount, definition } = stored;
      const { trigger, policy } = this.#env.reader.read(definition);
      const clocked = { id, trigger, jitterMs: policy.jitterMs };
      if (nextRunAt === null && !isUsedUp(runCount, definition.maxRuns)) {
        return { ...clockAt(clocked, nextAfter(trigger, now)), dropped: null };
      }
      return skipReached({ ...clocked, nextRunAt }, now);
    } catch {
      return { nextRunAt: stored.nextRunAt, dueAt: stored.dueAt, dropped: null };
    }
  }

  /** Checks data with a task's schema and encodes it. */
  async encodeData(task: AnyTask, data: unknown): Promise<string | null> {
    const text = encodeJson(data, 'data', this.#env.options.maxDataBytes);
    if (task.options.schema !== undefined) await checkData(task, data);
    return text;
  }

  /**
   * Checks that an executor can run a task, and that those of the tasks that it brings with it can run them.
   *
   * @throws {@link UnknownExecutorError} when there is none of the name, and what an executor refuses a task with
   */
  checkExecutor(task: AnyTask, name: string): void {
    this.#checkAlone(task, name);
    // Most tasks bring none with them, and many jobs may be added at once.
    if (task.composition === undefined && task.options.fallback === undefined) return;
    for (const part of wholeOf(task)) {
      if (part !== task) this.#checkAlone(part, this.#defaults.of(part).executor);
    }
  }

  #checkAlone(task: AnyTask, name: string): void {
    const { executor } = this.#executors.get(name);
    if (task.composition === undefined) executor.checkTask?.(task);
  }

  /** Fixes a trigger's zone; once for each trigger, as many jobs may share one. */
  #inZone(trigger: Trigger, timezone: string): Trigger {
    if (trigger.inTimezone === undefined) return trigger;
    let zoned = this.#zoned.get(trigger);
    if (zoned === undefined) {
      zoned = trigger.inTimezone(timezone);
      if (zoned === trigger) return trigger;
      this.#zoned.set(trigger, zoned);
    }
    return zoned;
  }

  #resolveTask(input: TaskInput, link: StoreLink): { task: AnyTask; handler: TaskHandler | null } {
    if (typeof input === 'string') return { task: this.#env.tasks.get(input), handler: null };
    if (typeof input === 'function') {
      if (link.store.capabilities.durable) throw new FunctionNotStorableError(link.name);
      return { task: { name: input.name, handler: input, options: NO_OPTIONS }, handler: input };
    }
    this.#env.tasks.check(input);
    return { task: input, handler: null };
  }

  #define(
    task: AnyTask,
    handler: TaskHandler | null,
    trigger: Trigger,
    options: JobOptions,
    uid: string,
  ): { definition: JobDefinition; policy: JobPolicy } {
    const { executor, maxInstances, priority, policy, policyText } = layDefaults(
      handler === null ? this.#defaults.of(task) : this.#env.options.jobDefaults,
      options,
      'options',
    );
    checkComposable(task, options, 'options');
    this.checkExecutor(task, executor);
    const { name, description, tags, data, maxRuns } = options;
    const functionName = handler === null ? null : task.name === '' ? 'anonymous function' : task.name;
    const definition: JobDefinition = {
      task: handler === null ? task.name : functionTaskName(uid),
      executor,
      trigger: this.textOf(trigger),
      triggerKind: trigger.kind,
      data: encodeJson(data, 'data', this.#env.options.maxDataBytes),
      policy: policyText,
      name: name === undefined ? functionName : checkId(name, 'options.name'),
      description: description === undefined ? null : checkText(description, 'options.description'),
      tags: tags === undefined ? NO_TAGS : checkStrings(tags, 'options.tags'),
      priority,
      maxInstances,
      maxRuns: maxRuns === undefined ? null : checkInteger(maxRuns, 'options.maxRuns', { min: 1 }),
    };
    return { definition, policy };
  }

  /** Gives what the code declares; "once, now" is the same at every start, whenever that is. */
  #declare(definition: JobDefinition, declared: Trigger | null, state: JobState): string {
    const declaration: JobDeclaration = {
      definition: { ...definition, trigger: declared === null ? '"now"' : this.textOf(declared) },
      paused: state === 'paused',
    };
    return JSON.stringify(declaration);
  }

  #firstFireTime(trigger: Trigger, { nextRunTime }: JobOptions, now: number): number | null {
    if (nextRunTime === undefined) return this.firstAt(trigger, now);
    return instantMs(nextRunTime, 'options.nextRunTime', this.#env.options.timezone);
  }
}

const NO_OPTIONS = Object.freeze({});
