import { JobNotFoundError } from '../errors/job-errors.js';
import { InvalidOptionError } from '../errors/input-errors.js';
import { checkRecord } from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import { checkComposable } from '../job/chain.js';
import { layDefaults } from '../job/job-defaults.js';
import type { JobDefaults } from '../job/job-defaults.js';
import type { RunHandle } from '../job/run-handle.js';
import { toRun } from '../job/run.js';
import type { Run } from '../job/run.js';
import type { RunOrigin, RunRecord } from '../job/run-record.js';
import type { JobRecord } from '../job/job-record.js';
import type { AnyTask } from '../job/task.js';
import type { AddedRun, Page } from '../stores/job-store.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';
import { instantMs } from '../time/instants.js';
import type { InstantInput } from '../time/instants.js';
import type { Directory } from './directory.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { JobBuilder } from './job-builder.js';
import { newJobRun, newRun, recoveryOf } from './new-run.js';
import type { RunFilter } from './queries.js';
import { resolveRunQuery } from './queries.js';
import type { RunCanceller } from './run-canceller.js';
import { nextAfter } from './sound-times.js';
import type { RunWaiters } from './run-waiters.js';
import { StoreCalls } from './store-calls.js';
import { withSteps } from './steps/describe-steps.js';
import { isComposed } from './steps/plan-steps.js';
import { readSteps } from './steps/step-coordinator.js';
import type { StoreLink } from './store-link.js';
import type { TaskDefaults } from './task-defaults.js';

/** Holds the options of a run that is enqueued without a job. */
export interface EnqueueOptions
  extends Pick<JobDefaults, 'executor' | 'priority' | 'timeout' | 'retry' | 'recovery' | 'expiresAfter'> {
  /** Is how long to wait before the run may start; not together with `at`. @defaultValue none */
  readonly delay?: DurationInput;
  /** Is when the run may start. @defaultValue now */
  readonly at?: InstantInput;
  /** Makes the run unique among the task's: while one with the key is queued, running or in the history, it is the one. */
  readonly key?: string;
  /** Names the store that keeps the run. @defaultValue 'default' */
  readonly store?: string;
}

const ENQUEUE_KEYS: ReadonlySet<string> = new Set([
  'executor',
  'priority',
  'timeout',
  'retry',
  'recovery',
  'expiresAfter',
  'delay',
  'at',
  'key',
  'store',
]);

/** Is how many fire times one backfill may queue. */
const MAX_BACKFILL = 100_000;
const BATCH = 1000;
const NO_TAGS: readonly string[] = Object.freeze([]);

/** Is what run operations need besides the environment. */
export interface RunOperationsContext {
  readonly env: Environment;
  readonly builder: JobBuilder;
  readonly executors: Directory<ExecutorSlots>;
  readonly defaults: TaskDefaults;
  readonly canceller: RunCanceller;
  readonly waiters: RunWaiters;
  /** Tells whether this scheduler executes nothing. */
  isStopped(): boolean;
  /** Wakes the dispatcher that serves an executor of a store when an instant comes. */
  expect(link: StoreLink, executor: string, at: number | null): void;
}

/** Makes runs by hand, and finds, follows and cancels runs. */
export class RunOperations {
  readonly #context: RunOperationsContext;
  readonly #env: Environment;
  readonly #adds = new StoreCalls<RunRecord, AddedRun>({
    send: (store, runs) => store.addRuns(runs),
    areVoid: () => false,
  });

  /** Makes the operations. */
  constructor(context: RunOperationsContext) {
    this.#context = context;
    this.#env = context.env;
  }

  /** Queues a run of a task without a job. */
  async enqueue(task: AnyTask, data: unknown, options: EnqueueOptions, link: StoreLink): Promise<RunHandle> {
    checkRecord(options, 'options', ENQUEUE_KEYS);
    const { key, delay, at, store: _store, ...given } = options;
    checkComposable(task, given, 'options');
    const { executor, priority, policy, policyText } = layDefaults(
      this.#context.defaults.of(task),
      given,
      'options',
    );
    this.#context.builder.checkExecutor(task, executor);
    const text = await this.#context.builder.encodeData(task, data);
    return link.use(async () => {
      const now = link.now();
      const availableAt = this.#availableAt(delay, at, now);
      const { expiresAfterMs } = policy;
      const run = newRun({
        id: this.#env.ids.next(),
        uniqueKey: key === undefined ? null : `${task.name}\n${checkId(key, 'options.key')}`,
        origin: 'enqueued',
        scheduledAt: availableAt,
        createdAt: now,
        availableAt,
        expiresAt: expiresAfterMs === null ? null : availableAt + expiresAfterMs,
        jobUid: null,
        jobId: null,
        jobName: null,
        tags: NO_TAGS,
        recovery: recoveryOf(task, policy),
        definition: { task: task.name, executor, priority, data: text, policy: policyText },
      });
      const [added] = await this.#add([run], link);
      return this.#handle(added?.run ?? run, added?.outcome === 'queued', link);
    });
  }

  /** Queues a run of a job, now. */
  async runJob(id: string, link: StoreLink): Promise<RunHandle> {
    const job = await this.#job(id, link);
    const [run] = this.#jobRuns(job, 'manual', [link.now()], link);
    const [added] = run === undefined ? [] : await this.#add([run], link);
    if (added === undefined || added.outcome === 'missing') throw new JobNotFoundError(id, link.name);
    return this.#handle(added.run, true, link);
  }

  /** Queues the fire times of a span of the past that have no run yet; gives how many it queued. */
  async backfill(id: string, from: InstantInput, to: InstantInput, link: StoreLink): Promise<number> {
    const { timezone } = this.#env.options;
    const start = instantMs(from, 'from', timezone);
    const end = instantMs(to, 'to', timezone);
    const job = await this.#job(id, link);
    if (end > link.now()) throw new InvalidOptionError('to', 'in the past', to);
    if (end < start) throw new InvalidOptionError('to', 'no earlier than `from`', to);
    const { trigger } = this.#env.reader.read(job.definition);
    const times: number[] = [];
    for (let at = nextAfter(trigger, start - 1); at !== null && at <= end; at = nextAfter(trigger, at)) {
      if (times.length >= MAX_BACKFILL) {
        throw new InvalidOptionError(
          'to',
          `such that there are at most ${String(MAX_BACKFILL)} fire times`,
          to,
        );
      }
      times.push(at);
    }
    let queued = 0;
    for (let at = 0; at < times.length; at += BATCH) {
      const runs = this.#jobRuns(job, 'backfill', times.slice(at, at + BATCH), link);
      const added = await this.#add(runs, link);
      if (added.some(({ outcome }) => outcome === 'missing')) throw new JobNotFoundError(id, link.name);
      queued += added.filter(({ outcome }) => outcome === 'queued').length;
    }
    return queued;
  }

  /** Gives a run of one of these stores; `null`: there is none. */
  async get(id: string, links: readonly StoreLink[]): Promise<Run | null> {
    const found = await this.#find(id, links);
    if (found === null) return null;
    const { record, link } = found;
    const run = toRun(record, link.name);
    const task = this.#env.tasks.find(record.task);
    return isComposed(task) ? withSteps(run, task, await readSteps(link, id)) : run;
  }

  /** Lists runs. */
  async list(filter: RunFilter, link: StoreLink): Promise<Page<Run>> {
    const query = resolveRunQuery(filter);
    const { items, next } = await link.call((store) => store.listRuns(query));
    return { items: items.map((record) => toRun(record, link.name)), next };
  }

  /** Cancels a run of one of these stores; `false`: there is none, or it is over. */
  async cancel(id: string, links: readonly StoreLink[]): Promise<boolean> {
    const found = await this.#find(id, links);
    return found !== null && this.#context.canceller.cancel(id, found.link);
  }

  async #find(
    id: string,
    links: readonly StoreLink[],
  ): Promise<{ record: RunRecord; link: StoreLink } | null> {
    checkId(id, 'id');
    for (const link of links) {
      const record = await link.call((store) => store.getRun(id));
      if (record !== null) return { record, link };
    }
    return null;
  }

  async #job(id: string, link: StoreLink): Promise<JobRecord> {
    checkId(id, 'id');
    const job = await link.call((store) => store.getJob(id));
    if (job === null) throw new JobNotFoundError(id, link.name);
    this.#env.tasks.get(job.definition.task);
    return job;
  }

  #jobRuns(job: JobRecord, origin: RunOrigin, fireTimes: readonly number[], link: StoreLink): RunRecord[] {
    const policy = this.#env.reader.readPolicy(job.definition.policy);
    const recovery = recoveryOf(this.#env.tasks.get(job.definition.task), policy);
    const now = link.now();
    return fireTimes.map((fireAt) =>
      newJobRun(job, policy, { id: this.#env.ids.next(), origin, recovery, fireAt, now }),
    );
  }

  async #add(runs: readonly RunRecord[], link: StoreLink): Promise<readonly AddedRun[]> {
    const added = await this.#adds.send(runs, link);
    for (const { outcome, run } of added) {
      if (outcome === 'queued') this.#context.expect(link, run.executor, run.availableAt);
    }
    return added;
  }

  #availableAt(delay: DurationInput | undefined, at: InstantInput | undefined, now: number): number {
    if (delay !== undefined && at !== undefined)
      throw new InvalidOptionError('options.delay', 'absent beside `at`', delay);
    if (at !== undefined) return instantMs(at, 'options.at', this.#env.options.timezone);
    return delay === undefined ? now : now + durationMs(delay, 'options.delay');
  }

  #handle({ id }: RunRecord, created: boolean, link: StoreLink): RunHandle {
    return {
      id,
      created,
      result: (options) => {
        if (this.#context.isStopped()) {
          this.#env.logger.warn(
            { runId: id },
            'The scheduler is not started: a result may be waited for in vain',
          );
        }
        return this.#context.waiters.result(link, id, options);
      },
      run: () => this.get(id, [link]),
      cancel: () => this.cancel(id, [link]),
    };
  }
}
