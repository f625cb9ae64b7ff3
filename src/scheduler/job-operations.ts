import { JobConflictError, JobExistsError, JobNotFoundError } from '../errors/job-errors.js';
import { InvalidOptionError } from '../errors/input-errors.js';
import { checkInteger, checkRecord, checkStrings, checkText } from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { checkData } from '../job/check-data.js';
import type { Job } from '../job/job.js';
import { checkComposable } from '../job/chain.js';
import { BUILT_IN_DEFAULTS, JOB_DEFAULT_KEYS, layDefaults } from '../job/job-defaults.js';
import type { ResolvedDefaults } from '../job/job-defaults.js';
import type { JobChanges } from '../job/job-options.js';
import { isUsedUp } from '../job/job-record.js';
import type { JobDefinition, JobRecord } from '../job/job-record.js';
import type { JobPatch, Page, PutOutcome } from '../stores/job-store.js';
import { instantMs } from '../time/instants.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import type { Directory } from './directory.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { JobBuilder, JobSource, BuiltJob } from './job-builder.js';
import { clockAt } from './plan-firings.js';
import type { JobFilter } from './queries.js';
import { resolveJobQuery } from './queries.js';
import { StoreCalls } from './store-calls.js';
import type { StoreLink } from './store-link.js';
import type { StoreReporters } from './store-reporters.js';

/** Is how often an edit is tried while others change the job. */
const MAX_TRIES = 20;

const CHANGE_KEYS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'tags',
  'data',
  'maxRuns',
  'nextRunTime',
  ...JOB_DEFAULT_KEYS,
]);

/** Is what job operations need besides the environment. */
export interface JobOperationsContext {
  readonly env: Environment;
  readonly builder: JobBuilder;
  readonly executors: Directory<ExecutorSlots>;
  readonly reporters: StoreReporters;
  /** Wakes the dispatcher that serves an executor of a store when an instant comes. */
  expect(link: StoreLink, executor: string, at: number | null): void;
  /** Wakes every dispatcher. */
  wakeAll(): void;
  /** Wakes the dispatchers of a store: a slot of a job may be free. */
  wake(link: StoreLink): void;
  /** Waits until no turn of a dispatcher that is under way now is. */
  turnsOver(): Promise<void>;
}

/** Adds, finds, edits and removes jobs. */
export class JobOperations {
  readonly #context: JobOperationsContext;
  readonly #env: Environment;
  readonly #builder: JobBuilder;
  readonly #puts = new StoreCalls<BuiltJob, PutOutcome>({
    send: (store, jobs) => store.putJobs(jobs),
    areVoid: (outcomes) => outcomes.some(({ outcome }) => outcome === 'exists'),
  });

  /** Makes the operations. */
  constructor(context: JobOperationsContext) {
    this.#context = context;
    this.#env = context.env;
    this.#builder = context.builder;
  }

  /** Adds jobs to a store: all, or none if one of them cannot be. */
  async add(sources: readonly JobSource[], link: StoreLink): Promise<Job[]> {
    const outcomes = await this.put(sources, link);
    return outcomes.map(({ job }) => this.#env.snapshot(job, link.name));
  }

  /** Does what {@link add} does, and tells what became of each. */
  put(sources: readonly JobSource[], link: StoreLink): Promise<PutOutcome[]> {
    return link.use(() => this.#buildAndPut(sources, link));
  }

  async #buildAndPut(sources: readonly JobSource[], link: StoreLink): Promise<PutOutcome[]> {
    const built: BuiltJob[] = [];
    const skipReached: BuiltJob['skipReached'] = (stored) => this.#builder.skipReached(stored, link.now());
    for (const source of sources) {
      const put = this.#builder.build(source, link, skipReached);
      if (put.task?.options.schema !== undefined) await checkData(put.task, source.options.data);
      built.push(put);
    }
    const outcomes = await this.putBuilt(built, link);
    outcomes.forEach(({ job }, at) => {
      // A function that this process alone knows is declared anew by whoever can.
      if (built[at]?.handler === null) link.declared.keep(job);
    });
    return outcomes;
  }

  /** Puts jobs that have been built. */
  async putBuilt(built: readonly BuiltJob[], link: StoreLink): Promise<PutOutcome[]> {
    refuseRepeatedIds(built);
    const isNew = built.map(({ task }) => task !== null && this.#env.tasks.register(task));
    // Jobs of a task that was not known here until now may be in a store already.
    if (isNew.includes(true)) this.#context.wakeAll();
    for (const { job, handler } of built) {
      if (handler === null) continue;
      this.#env.tasks.addFunction(job.definition.task, handler);
      this.#env.tasks.assignFunction(job.uid, job.definition.task);
    }
    let outcomes: PutOutcome[] = [];
    try {
      outcomes = [...(await this.#puts.send(built, link))];
      const taken = outcomes.filter(({ outcome }) => outcome === 'exists').map(({ job }) => job.id);
      if (taken.length > 0) throw new JobExistsError(taken, link.name);
    } catch (error) {
      for (const put of built) this.#settleFunction(put, null);
      throw error;
    }
    outcomes.forEach((outcome, at) => {
      const put = built[at];
      if (put !== undefined) this.#settleFunction(put, outcome.job);
      if (outcome.outcome === 'stale') this.#warnOfStale(outcome.job, put?.job.revision ?? null, link);
      this.#afterPut(outcome, link);
    });
    return outcomes;
  }

  /** Gives a job; `null`: there is none. */
  async get(id: string, link: StoreLink): Promise<Job | null> {
    checkId(id, 'id');
    const record = await link.call((store) => store.getJob(id));
    return record === null ? null : this.#env.snapshot(record, link.name);
  }

  /** Lists jobs. */
  async list(filter: JobFilter, link: StoreLink): Promise<Page<Job>> {
    const query = resolveJobQuery(filter);
    const { items, next } = await link.call((store) => store.listJobs(query));
    return { items: items.map((record) => this.#env.snapshot(record, link.name)), next };
  }

  /** Lists all jobs that a filter selects, page by page. */
  async *all(filter: Omit<JobFilter, 'after' | 'limit'>, link: StoreLink): AsyncGenerator<JobRecord> {
    const query = resolveJobQuery({ ...filter, limit: 1000 });
    let after: string | undefined;
    do {
      const at = after === undefined ? query : { ...query, after };
      const page = await link.call((store) => store.listJobs(at));
      yield* page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  /** Holds a job's trigger. Fire times that it has reached are dropped and counted. */
  async pause(id: string, link: StoreLink): Promise<Job> {
    const job = await this.#edit(id, link, (record) => {
      if (record.state !== 'active') return null;
      return { state: 'paused', ...this.#builder.skipReached(record, link.now()) };
    });
    return this.#told('job:paused', job, link);
  }

  /** Lets a paused or parked job go on with its next fire time from now; those that have passed are dropped and counted. */
  async resume(id: string, link: StoreLink): Promise<Job> {
    const job = await this.#edit(id, link, (record) => {
      if (record.state !== 'paused' && record.state !== 'parked') return null;
      if (record.state === 'parked') this.#env.reader.read(record.definition);
      return { state: 'active', error: null, ...this.#builder.skipReached(record, link.now()) };
    });
    return this.#told('job:resumed', job, link);
  }

  /** Removes a job and cancels its queued runs; running ones go on. `false`: there was none. */
  async remove(id: string, link: StoreLink): Promise<boolean> {
    checkId(id, 'id');
    const removed = await link.call((store) => store.removeJob(id));
    link.declared.forget(id);
    if (removed === null) return false;
    this.#forgetFunctions(removed.job);
    this.#env.events.emit('job:removed', () => ({ job: this.#env.snapshot(removed.job, link.name) }));
    this.#context.reporters.of(link).cancelled(removed.cancelled);
    return true;
  }

  /** Changes a job's options or data. */
  async modify(id: string, changes: JobChanges, link: StoreLink): Promise<Job> {
    checkRecord(changes, 'changes', CHANGE_KEYS);
    const { nextRunTime } = changes;
    const { timezone } = this.#env.options;
    const nextRunAt =
      nextRunTime === undefined ? null : instantMs(nextRunTime, 'changes.nextRunTime', timezone);
    const job = await this.#edit(id, link, async (record) => {
      const definition = await this.#changed(record, changes);
      const { trigger, policy } = this.#env.reader.read(definition);
      const clocked = { id, trigger, jitterMs: policy.jitterMs };
      if (isUsedUp(record.runCount, definition.maxRuns)) return { definition, ...clockAt(clocked, null) };
      const skipped = this.#builder.skipReached(record, link.now());
      const clock = nextRunAt === null ? null : { ...clockAt(clocked, nextRunAt), dropped: skipped.dropped };
      if (record.state === 'parked')
        return { definition, state: 'active', error: null, ...(clock ?? skipped) };
      if (clock !== null && record.state === 'finished')
        return { definition, state: 'active', finishedAt: null, ...clock };
      return { definition, ...(clock ?? clockAt(clocked, record.nextRunAt)) };
    });
    return this.#told('job:modified', job, link);
  }

  /** Gives a job another trigger; a finished job is armed anew. */
  async reschedule(id: string, input: TriggerInput, link: StoreLink): Promise<Job> {
    const declared = this.#builder.readTrigger(input);
    const job = await this.#edit(id, link, (record) => {
      const now = link.now();
      const trigger = this.#builder.bind(declared, id, now);
      const policy = this.#env.reader.readPolicy(record.definition.policy);
      const definition = {
        ...record.definition,
        trigger: this.#builder.textOf(trigger),
        triggerKind: trigger.kind,
      };
      const clock = clockAt({ id, trigger, jitterMs: policy.jitterMs }, this.#builder.firstAt(trigger, now));
      const { dropped } = this.#builder.skipReached(record, now);
      const isOver = record.state === 'finished' || isUsedUp(record.runCount, record.definition.maxRuns);
      const state = record.state === 'paused' ? 'paused' : 'active';
      return {
        definition,
        ...clock,
        dropped,
        state,
        error: null,
        finishedAt: null,
        ...(isOver && { runCount: 0 }),
      };
    });
    return this.#told('job:modified', job, link);
  }

  /** Reads, decides and writes, again while others write in between. */
  async #edit(
    id: string,
    link: StoreLink,
    decide: (record: JobRecord) => JobPatch | null | Promise<JobPatch | null>,
  ): Promise<Edited> {
    checkId(id, 'id');
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await link.call((store) => store.getJob(id));
      if (before === null) throw new JobNotFoundError(id, link.name);
      const patch = await decide(before);
      if (patch === null) return { before, record: before, patch };
      const record = await link.call((store) => store.patchJob(id, patch, before.fence));
      if (record === 'missing') throw new JobNotFoundError(id, link.name);
      if (record !== 'conflict') return { before, record, patch };
    }
    throw new JobConflictError(id);
  }

  /** Forgets the functions of a job that is gone, once no commit of a run of it can be under way. */
  #forgetFunctions(job: JobRecord): void {
    const names = this.#env.tasks.releaseFunctions(job.uid);
    if (names.length === 0) return;
    void this.#context.turnsOver().then(() => {
      for (const name of names) this.#env.tasks.forgetFunction(name);
    });
  }

  #told(
    event: 'job:paused' | 'job:resumed' | 'job:modified',
    { before, record, patch }: Edited,
    link: StoreLink,
  ): Job {
    const job = this.#env.snapshot(record, link.name);
    if (patch === null) return job;
    link.declared.edited(record);
    const reporter = this.#context.reporters.of(link);
    this.#env.events.emit(event, () => ({ job }));
    reporter.counted(record, 'skipped', patch.dropped ?? null);
    if (record.state === 'finished' && before.state !== 'finished') reporter.jobEnded(record);
    // Runs that waited for a slot may start now if the job has more of them.
    const { executor, maxInstances } = record.definition;
    if (maxInstances > before.definition.maxInstances) this.#context.wake(link);
    else this.#context.expect(link, executor, record.wakeAt);
    return job;
  }

  async #changed({ definition }: JobRecord, changes: JobChanges): Promise<JobDefinition> {
    const { name, description, tags, data, maxRuns } = changes;
    const stored: ResolvedDefaults = {
      ...BUILT_IN_DEFAULTS,
      ...definition,
      policy: this.#env.reader.readPolicy(definition.policy),
      policyText: definition.policy,
    };
    const { executor, maxInstances, priority, policyText } = layDefaults(stored, changes, 'changes');
    this.#context.executors.get(executor);
    // A task that only others know is theirs to judge.
    const task = this.#env.tasks.find(definition.task);
    if (task !== null) {
      checkComposable(task, changes, 'changes');
      if (changes.executor !== undefined) this.#context.builder.checkExecutor(task, executor);
    }
    return {
      ...definition,
      executor,
      maxInstances,
      priority,
      policy: policyText,
      ...(name !== undefined && { name: name === null ? null : checkId(name, 'changes.name') }),
      ...(description !== undefined && {
        description: description === null ? null : checkText(description, 'changes.description'),
      }),
      ...(tags !== undefined && { tags: checkStrings(tags, 'changes.tags') }),
      ...(data !== undefined && {
        data: await this.#builder.encodeData(this.#env.tasks.get(definition.task), data),
      }),
      ...(maxRuns !== undefined && {
        maxRuns: maxRuns === null ? null : checkInteger(maxRuns, 'changes.maxRuns', { min: 1 }),
      }),
    };
  }

  /** Keeps the plain function of a put if the stored job runs it, and forgets it if not. */
  #settleFunction({ job, handler }: BuiltJob, stored: JobRecord | null): void {
    if (handler === null) return;
    const { tasks } = this.#env;
    const name = job.definition.task;
    if (stored?.uid === job.uid) return;
    tasks.releaseFunctions(job.uid);
    if (stored?.definition.task === name) tasks.assignFunction(stored.uid, name);
    else tasks.forgetFunction(name);
  }

  #warnOfStale({ id, revision }: JobRecord, declared: number | null, link: StoreLink): void {
    const declaration = declared === null ? 'without a revision' : `with revision ${declared}`;
    this.#env.logger.warn(
      { jobId: id, store: link.name },
      `The declaration of job "${id}" ${declaration} is ignored; the store has revision ${revision}`,
    );
  }

  #afterPut({ outcome, job, cancelled }: PutOutcome, link: StoreLink): void {
    if (outcome === 'unchanged' || outcome === 'stale' || outcome === 'exists') return;
    const event = outcome === 'updated' ? 'job:modified' : 'job:added';
    this.#env.events.emit(event, () => ({ job: this.#env.snapshot(job, link.name) }));
    if (job.state === 'finished' && outcome === 'inserted') {
      this.#env.logger.warn(
        { jobId: job.id, store: link.name },
        'The job has no fire time left, or its date is older than finishedRetention: it is kept as finished and does not run',
      );
    }
    if (cancelled.length > 0) this.#context.reporters.of(link).cancelled(cancelled);
    if (outcome === 'updated') this.#context.wake(link);
    else this.#context.expect(link, job.definition.executor, job.wakeAt);
  }
}

interface Edited {
  readonly before: JobRecord;
  readonly record: JobRecord;
  readonly patch: JobPatch | null;
}

function refuseRepeatedIds(built: readonly BuiltJob[]): void {
  if (built.length < 2) return;
  const seen = new Set<string>();
  for (const { job } of built) {
    if (!job.named) continue;
    if (seen.has(job.id)) throw new InvalidOptionError('options.id', 'given to one job only', job.id);
    seen.add(job.id);
  }
}
