/// <reference lib="esnext.disposable" preserve="true" />
import { UnknownExecutorError, UnknownStoreError } from '../errors/scheduler-errors.js';
import { EventHub } from '../events/event-hub.js';
import type { EventListener } from '../events/event-hub.js';
import type { SchedulerEventName } from '../events/event-map.js';
import type { Executor } from '../executors/executor.js';
import { checkArray, checkBoolean, checkObject, checkOneOf, checkRecord } from '../internal/check.js';
import { IdSource } from '../internal/ids.js';
import { Job } from '../job/job.js';
import type { IfExists, JobChanges, JobOptions, OptionsArgument } from '../job/job-options.js';
import type { RunHandle } from '../job/run-handle.js';
import type { Run } from '../job/run.js';
import type { AnyTask, Task, TaskHandler } from '../job/task.js';
import { TaskRegistry } from '../job/task-registry.js';
import type { JobStore, Page } from '../stores/job-store.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';
import { instantMs } from '../time/instants.js';
import type { InstantInput } from '../time/instants.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import { TriggerRegistry } from '../triggers/trigger-registry.js';
import { applySchedule } from './apply-schedule.js';
import type { ScheduleChanges, ScheduleEntry } from './apply-schedule.js';
import { Directory } from './directory.js';
import type { Environment } from './environment.js';
import { ExecutorSlots } from './executor-slots.js';
import { Housekeeping } from './housekeeping.js';
import { JOB_OPTION_KEYS, JobBuilder } from './job-builder.js';
import type { JobSource, TaskInput } from './job-builder.js';
import { JobOperations } from './job-operations.js';
import { JobReader } from './job-reader.js';
import { JobRestorer } from './job-restorer.js';
import { JobTransfer } from './job-transfer.js';
import { Lanes } from './lanes.js';
import { Lifecycle } from './lifecycle.js';
import type { SchedulerState } from './lifecycle.js';
import { previewFireTimes } from './preview.js';
import type { UpcomingFireTime } from './preview.js';
import { checkLimit } from './queries.js';
import type { JobFilter, RunFilter } from './queries.js';
import { RunOperations } from './run-operations.js';
import type { EnqueueOptions } from './run-operations.js';
import { RunWaiters } from './run-waiters.js';
import { checkExecutor, checkStore, resolveSchedulerOptions } from './scheduler-options.js';
import type { SchedulerOptions } from './scheduler-options.js';
import { StoreLink } from './store-link.js';
import { StoreReporters } from './store-reporters.js';
import { TaskDefaults } from './task-defaults.js';

/** Names the store that a call is about. */
export interface InStore {
  /** Is the store's name. @defaultValue 'default' */
  readonly store?: string;
}

/** Says how to start. */
export interface StartOptions {
  /** Starts without firing, until {@link Scheduler.resume}. @defaultValue false */
  readonly paused?: boolean;
}

/** Says how to stop. */
export interface ShutdownOptions {
  /** Waits for running handlers before their signals are aborted. @defaultValue true */
  readonly wait?: boolean;
  /** Is how long to wait for them. @defaultValue as long as they take */
  readonly timeout?: DurationInput;
}

/** Is one job of {@link Scheduler.addJobs}: the arguments of {@link Scheduler.addJob} by name. */
export interface AddJobRequest<TData = unknown> {
  /** Is a task, or the name of a registered one, or a plain function. */
  readonly task: AnyTask | string | TaskHandler;
  /** Says when the job runs. @defaultValue once, now */
  readonly trigger?: TriggerInput;
  /** Holds the job's options, all but its store. */
  readonly options?: Omit<JobOptions<TData>, 'store'>;
}

/** Says how to import jobs. */
export interface ImportOptions extends InStore {
  /** Says what to do with ids that the store holds already. @defaultValue 'error' */
  readonly ifExists?: IfExists;
}

/** Says what to preview. */
export interface PreviewOptions extends InStore {
  /** Is how many fire times to give at most, from 1 to 10,000. @defaultValue 100 */
  readonly limit?: number;
}

const IN_STORE_KEYS: ReadonlySet<string> = new Set(['store']);
const REQUEST_KEYS: ReadonlySet<string> = new Set(['task', 'trigger', 'options']);
const BATCH_OPTION_KEYS: ReadonlySet<string> = new Set([...JOB_OPTION_KEYS].filter((key) => key !== 'store'));
const IF_EXISTS: readonly IfExists[] = ['error', 'keep', 'update', 'replace'];

/**
 * Runs tasks at the times that their jobs' triggers name.
 *
 * States: `stopped` → `starting` → `running` ⇄ `paused` → `stopping` → `stopped`.
 * A scheduler does nothing until {@link Scheduler.start}; it holds the process open until {@link Scheduler.shutdown}.
 * Jobs may be added before the start and after it.
 *
 * @example
 * ```ts
 * import { Scheduler, cron, interval } from 'escapement';
 *
 * const scheduler = new Scheduler({ timezone: 'Europe/Paris' });
 * await scheduler.addJob(() => console.log('tick'), interval({ seconds: 5 }));
 * await scheduler.addJob(() => console.log('good morning'), cron('0 8 * * mon-fri'));
 * await scheduler.start();
 * // …
 * await scheduler.shutdown({ timeout: { seconds: 15 } });
 * ```
 */
export class Scheduler implements AsyncDisposable {
  readonly #env: Environment;
  readonly #links: Directory<StoreLink>;
  readonly #executors: Directory<ExecutorSlots>;
  readonly #lanes: Lanes;
  readonly #waiters: RunWaiters;
  readonly #lifecycle: Lifecycle;
  readonly #jobs: JobOperations;
  readonly #runs: RunOperations;
  readonly #transfer: JobTransfer;
  readonly #restorer: JobRestorer;

  /**
   * Makes a scheduler that is stopped.
   *
   * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
   */
  constructor(options: SchedulerOptions = {}) {
    const env = this.#makeEnvironment(options);
    this.#env = env;
    this.#links = new Directory('store', (name, known) => new UnknownStoreError(name, known));
    this.#executors = new Directory('executor', (name, known) => new UnknownExecutorError(name, known));
    const waiters = new RunWaiters(env);
    this.#waiters = waiters;
    const reporters = new StoreReporters(env, waiters);
    const defaults = new TaskDefaults(env.options.jobDefaults);
    const lanes = new Lanes(
      env,
      reporters,
      new Housekeeping(env),
      waiters,
      {
        wasReset: (link) => {
          this.#restorer.restore(link);
        },
        left: (link) => {
          this.#restorer.giveUp(link);
        },
      },
      defaults,
    );
    const expect = lanes.expect.bind(lanes);
    const executors = this.#executors;
    const builder = new JobBuilder(env, executors, defaults);
    this.#lanes = lanes;
    this.#jobs = new JobOperations({
      env,
      builder,
      executors,
      reporters,
      expect,
      wakeAll: lanes.wakeAll.bind(lanes),
      wake: lanes.wake.bind(lanes),
      turnsOver: lanes.turnsOver.bind(lanes),
    });
    this.#runs = new RunOperations({
      env,
      builder,
      executors,
      defaults,
      canceller: lanes.canceller,
      waiters,
      expect,
      isStopped: () => this.state === 'stopped',
    });
    this.#transfer = new JobTransfer(env, this.#jobs, builder, executors);
    this.#restorer = new JobRestorer(env, this.#jobs, builder);
    this.#lifecycle = new Lifecycle({ env, links: this.#links, executors, lanes, waiters });
    for (const [name, store] of Object.entries(env.options.stores)) this.#addLink(name, store);
    for (const [name, executor] of Object.entries(env.options.executors)) this.#addSlots(name, executor);
  }

  /** Says what the scheduler is up to. */
  get state(): SchedulerState {
    return this.#lifecycle.state;
  }

  /** Is this node's id, under which it claims work; on a store whose lease it lost it goes on under another. */
  get node(): string {
    return this.#env.node;
  }

  /**
   * Opens the stores and begins to fire. Safe to call twice, and after a shutdown.
   *
   * A store that does not answer holds up neither the start nor the other stores: `store:error` tells of it, and it is
   * asked again, at least every ten seconds, and served once it answers (`store:recovered`). Until then calls about its
   * jobs and runs are rejected with its error.
   *
   * @throws {@link SchedulerError} when a store answers that it cannot be used, for example because its schema is not
   * that of this version; the scheduler is stopped then
   */
  async start(options: StartOptions = {}): Promise<void> {
    const { paused } = checkRecord(options, 'options', new Set(['paused']));
    await this.#lifecycle.start(paused === undefined ? false : checkBoolean(paused, 'options.paused'));
  }

  /**
   * Stops firing, waits for running handlers, aborts the signals of those that take longer than `timeout`, and closes
   * the stores. Runs that were broken off run again after the next start, unless their `recovery` is `'abandon'`.
   * Safe to call twice; a second call can only cut the waiting short.
   */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const { wait, timeout } = checkRecord(options, 'options', new Set(['wait', 'timeout']));
    await this.#lifecycle.shutdown({
      wait: wait === undefined ? true : checkBoolean(wait, 'options.wait'),
      timeoutMs:
        timeout === undefined ? Infinity : durationMs(timeout, 'options.timeout', { infinite: true }),
    });
  }

  /** Shuts the scheduler down at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Holds all firing. Once it has returned, no run is committed; runs that were go on.
   *
   * @throws {@link InvalidStateError} when the scheduler is not started
   */
  async pause(): Promise<void> {
    await this.#lifecycle.pause();
  }

  /**
   * Goes on firing. What came due meanwhile follows the misfire rules.
   *
   * @throws {@link InvalidStateError} when the scheduler is not started
   */
  async resume(): Promise<void> {
    await this.#lifecycle.resume();
  }

  /**
   * Adds a job.
   *
   * @param task - a task; it is registered if it is not yet
   * @param trigger - when to run: a trigger, a cron expression or a shorthand record; without one, once, now
   * @param options - the job's options; `data` is asked for if the task declares a type for it
   * @returns the job as stored: with `ifExists`, it may be the one that was there
   * @throws {@link InvalidOptionError}, {@link InvalidTriggerError}, {@link InvalidDataError} on bad input;
   * {@link UnknownTaskError}, {@link UnknownStoreError}, {@link UnknownExecutorError} on unknown names;
   * {@link TaskConflictError} when another task has the task's name; {@link JobExistsError} when the id is taken;
   * {@link FunctionNotStorableError} for a plain function in a durable store. Nothing was added then.
   */
  async addJob<TData, TResult>(
    task: Task<TData, TResult>,
    trigger?: TriggerInput,
    ...options: OptionsArgument<NoInfer<TData>, JobOptions<NoInfer<TData>>>
  ): Promise<Job>;
  /** Adds a job of a registered task, or of a plain function, which a store that outlives the process cannot keep. */
  async addJob(task: string | TaskHandler, trigger?: TriggerInput, options?: JobOptions): Promise<Job>;
  async addJob(task: TaskInput, trigger?: TriggerInput, options: JobOptions = {}): Promise<Job> {
    const [job] = await this.#jobs.add([{ task, trigger, options, owner: null }], this.#linkOf(options));
    return job as Job;
  }

  /** Adds many jobs to a store at once: all, or none if one of them cannot be added. */
  async addJobs(requests: readonly AddJobRequest[], where: InStore = {}): Promise<Job[]> {
    checkArray(requests, 'requests');
    const sources = requests.map((request, at): JobSource => {
      const field = `requests[${String(at)}]`;
      checkRecord(request, field, REQUEST_KEYS);
      const { task, trigger, options = {} } = request;
      checkRecord(options, `${field}.options`, BATCH_OPTION_KEYS);
      return { task, trigger, options, owner: null };
    });
    return this.#jobs.add(sources, this.#linkAt(where));
  }

  /** Gives a snapshot of a job; `null`: there is none. */
  async getJob(id: string, where: InStore = {}): Promise<Job | null> {
    return this.#jobs.get(id, this.#linkAt(where));
  }

  /** Lists jobs in the order of their ids, a page at a time; finished ones only if `states` says so. */
  async getJobs(filter: JobFilter & InStore = {}): Promise<Page<Job>> {
    return this.#jobs.list(filter, this.#linkOf(filter, 'filter'));
  }

  /**
   * Changes a job's options or data; what is not named stays. The fire time that is due stays too, unless `nextRunTime`
   * says otherwise. A parked job goes on.
   *
   * @throws {@link JobNotFoundError} when there is none; {@link JobConflictError} when others kept changing it
   */
  async modifyJob(id: string, changes: JobChanges, where: InStore = {}): Promise<Job> {
    return this.#jobs.modify(id, changes, this.#linkAt(where));
  }

  /** Gives a job another trigger, from now on. A finished or parked job goes on. */
  async rescheduleJob(id: string, trigger: TriggerInput, where: InStore = {}): Promise<Job> {
    return this.#jobs.reschedule(id, trigger, this.#linkAt(where));
  }

  /** Holds a job's trigger. Runs that are queued or running go on; no new one is committed once it has returned. */
  async pauseJob(id: string, where: InStore = {}): Promise<Job> {
    return this.#jobs.pause(id, this.#linkAt(where));
  }

  /** Lets a paused or parked job go on, from now: fire times that passed meanwhile are counted as skipped. */
  async resumeJob(id: string, where: InStore = {}): Promise<Job> {
    return this.#jobs.resume(id, this.#linkAt(where));
  }

  /** Removes a job and cancels its queued runs; running ones go on. `false`: there was none. */
  async removeJob(id: string, where: InStore = {}): Promise<boolean> {
    return this.#jobs.remove(id, this.#linkAt(where));
  }

  /** Removes all jobs of a store, or those that a filter selects; gives how many. */
  async removeAllJobs(filter: Omit<JobFilter, 'after' | 'limit'> & InStore = {}): Promise<number> {
    const link = this.#linkOf(filter, 'filter');
    const states = filter.states ?? (['active', 'paused', 'finished', 'parked'] as const);
    let removed = 0;
    for await (const { id } of this.#jobs.all({ ...filter, states }, link)) {
      if (await this.#jobs.remove(id, link)) removed++;
    }
    return removed;
  }

  /**
   * Runs a job now, besides its trigger, with all of the job's options: it waits for a slot like any other run.
   *
   * @throws {@link JobNotFoundError} when there is none
   */
  async runJob(id: string, where: InStore = {}): Promise<RunHandle> {
    return this.#runs.runJob(id, this.#linkAt(where));
  }

  /**
   * Queues a run of a task without a job.
   *
   * @throws what {@link Scheduler.addJob} throws on bad input
   */
  async enqueue<TData, TResult>(
    task: Task<TData, TResult>,
    ...rest: undefined extends TData
      ? [data?: NoInfer<TData>, options?: EnqueueOptions]
      : [data: NoInfer<TData>, options?: EnqueueOptions]
  ): Promise<RunHandle<TResult>>;
  /** Queues a run of a registered task without a job. */
  async enqueue(task: string, data?: unknown, options?: EnqueueOptions): Promise<RunHandle>;
  async enqueue(task: AnyTask | string, data?: unknown, options: EnqueueOptions = {}): Promise<RunHandle> {
    if (typeof task !== 'string') this.registerTask(task);
    const known = this.#env.tasks.get(typeof task === 'string' ? task : task.name);
    return this.#runs.enqueue(known, data, options, this.#linkOf(options));
  }

  /** Gives a snapshot of a run; `null`: there is none (any more). Looks in all stores unless one is named. */
  async getRun(id: string, where: InStore = {}): Promise<Run | null> {
    return this.#runs.get(id, this.#linksAt(where));
  }

  /** Lists the runs of a store, the newest first, a page at a time. */
  async getRuns(filter: RunFilter & InStore = {}): Promise<Page<Run>> {
    return this.#runs.list(filter, this.#linkOf(filter, 'filter'));
  }

  /** Cancels a run: at once if it is queued; if it runs, its signal is aborted. `false`: there is none, or it is over. */
  async cancelRun(id: string, where: InStore = {}): Promise<boolean> {
    return this.#runs.cancel(id, this.#linksAt(where));
  }

  /**
   * Queues a run for each fire time of a job in a span of the past, both ends included, that has none yet: however often
   * it is called, each once, as long as the runs are in the history.
   *
   * @returns how many runs were queued
   * @throws {@link InvalidOptionError} when the span is not in the past or has more than 100,000 fire times
   */
  async backfill(id: string, from: InstantInput, to: InstantInput, where: InStore = {}): Promise<number> {
    return this.#runs.backfill(id, from, to, this.#linkAt(where));
  }

  /**
   * Makes the jobs of an owner be those that are declared here: adds, updates (as `ifExists: 'update'` does) and removes
   * as needed, and touches no job that the owner did not declare.
   *
   * @param owner - names who declares: an app, a module, a config file
   * @throws {@link InvalidOptionError} when an id belongs to a job of somebody else; nothing is changed then
   */
  async applySchedule(
    owner: string,
    entries: readonly ScheduleEntry[],
    where: InStore = {},
  ): Promise<ScheduleChanges> {
    return applySchedule(this.#jobs, owner, entries, this.#linkAt(where));
  }

  /** Gives all jobs of a store as JSON lines; jobs of plain functions are left out. */
  async exportJobs(where: InStore = {}): Promise<string> {
    return this.#transfer.export(this.#linkAt(where));
  }

  /**
   * Adds the jobs of an export, with their clocks and counts: all of them, or none.
   *
   * @throws {@link InvalidImportError} naming the line that is damaged, or names what is unknown here
   */
  async importJobs(text: string, options: ImportOptions = {}): Promise<Job[]> {
    checkRecord(options, 'options', new Set(['ifExists', 'store']));
    const ifExists = checkOneOf(options.ifExists ?? 'error', 'options.ifExists', IF_EXISTS);
    return this.#transfer.import(text, ifExists, this.#linkOf(options));
  }

  /** Gives the fire times of a store's active jobs in a span, in their order, both ends included. */
  async preview(
    from: InstantInput,
    to: InstantInput,
    options: PreviewOptions = {},
  ): Promise<UpcomingFireTime[]> {
    checkRecord(options, 'options', new Set(['limit', 'store']));
    const { timezone } = this.#env.options;
    const span = {
      from: instantMs(from, 'from', timezone),
      to: instantMs(to, 'to', timezone),
      limit: checkLimit(options.limit),
    };
    const jobs = this.#jobs.all({ states: ['active'] }, this.#linkOf(options));
    return previewFireTimes(jobs, (job) => this.#env.reader.read(job.definition).trigger, span);
  }

  /** Registers a task, so that jobs in stores may name it; registering it again does nothing. */
  registerTask(task: AnyTask): void {
    if (this.#env.tasks.register(task)) this.#lanes.wakeAll();
  }

  /** Adds a store, and serves it if the scheduler is started; one that does not answer now, as soon as it does. */
  async addStore(name: string, store: JobStore): Promise<void> {
    checkStore(name, store);
    const link = this.#addLink(name, store);
    await this.#lifecycle.inTurn(async () => {
      if (this.state !== 'running' && this.state !== 'paused') return;
      try {
        await this.#lifecycle.enlist(link);
      } catch (error) {
        await this.removeStore(name);
        throw error;
      }
      this.#lanes.wakeAll();
    });
  }

  /** Stops serving a store, waits for its running handlers, and closes it; its jobs stay in it. */
  async removeStore(name: string): Promise<void> {
    const link = this.#links.take(name);
    await this.#lanes.remove(link);
    this.#waiters.forget(link);
    await this.#lifecycle.delist(link);
    link.retire();
  }

  /** Adds an executor. */
  async addExecutor(name: string, executor: Executor): Promise<void> {
    checkExecutor(name, executor);
    this.#executors.refuseTaken(name);
    const { clock, logger } = this.#env;
    await this.#lifecycle.inTurn(async () => {
      this.#executors.refuseTaken(name);
      if (this.state === 'running' || this.state === 'paused') await executor.start({ clock, logger });
      this.#addSlots(name, executor);
    });
  }

  /** Stops giving work to an executor, waits for its running handlers, and shuts it down. */
  async removeExecutor(name: string): Promise<void> {
    const slots = this.#executors.take(name);
    await this.#lanes.remove(slots);
    await slots.executor.shutdown();
  }

  /** Calls a listener with every event of a name; what it throws is logged, and changes nothing. */
  on<K extends SchedulerEventName>(event: K, listener: EventListener<K>): this {
    this.#env.events.on(event, listener);
    return this;
  }

  /** Calls a listener with the next event of a name. */
  once<K extends SchedulerEventName>(event: K, listener: EventListener<K>): this {
    this.#env.events.once(event, listener);
    return this;
  }

  /** Stops calling a listener. */
  off<K extends SchedulerEventName>(event: K, listener: EventListener<K>): this {
    this.#env.events.off(event, listener);
    return this;
  }

  #makeEnvironment(given: SchedulerOptions): Environment {
    const options = resolveSchedulerOptions(given);
    const { clock, logger } = options;
    const triggers = new TriggerRegistry(options.triggers);
    const reader = new JobReader(triggers);
    const tasks = new TaskRegistry();
    for (const task of options.tasks) tasks.register(task);
    const ids = new IdSource();
    return {
      node: ids.next(),
      options,
      clock,
      logger,
      events: new EventHub(logger),
      tasks,
      triggers,
      triggerKinds: new Set(triggers.kinds),
      reader,
      ids,
      snapshot: (record, store) => new Job(record, store, reader, this),
    };
  }

  #addLink(name: string, store: JobStore): StoreLink {
    const link = new StoreLink(name, store, this.#env);
    this.#links.add(name, link);
    for (const slots of this.#executors.values()) this.#lanes.add(link, slots);
    return link;
  }

  #addSlots(name: string, executor: Executor): void {
    const slots = new ExecutorSlots(name, executor);
    this.#executors.add(name, slots);
    for (const link of this.#links.values()) this.#lanes.add(link, slots);
  }

  /** Gives the store that options name, whose other keys are checked elsewhere. */
  #linkOf(options: InStore, field = 'options'): StoreLink {
    const { store = 'default' } = checkObject(options, field) as InStore;
    return this.#links.get(store);
  }

  #linkAt(where: InStore): StoreLink {
    checkRecord(where, 'options', IN_STORE_KEYS);
    return this.#linkOf(where);
  }

  #linksAt(where: InStore): readonly StoreLink[] {
    checkRecord(where, 'options', IN_STORE_KEYS);
    return where.store === undefined ? this.#links.values() : [this.#links.get(where.store)];
  }
}
