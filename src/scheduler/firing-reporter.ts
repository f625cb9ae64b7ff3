import { assertNever } from '../internal/assert-never.js';
import type { FireTimesEvent } from '../events/event-map.js';
import type { CountKind, JobRecord } from '../job/job-record.js';
import { describeError } from '../job/run-error.js';
import { toRun } from '../job/run.js';
import type { Run } from '../job/run.js';
import type { RunRecord } from '../job/run-record.js';
import type {
  ClaimResult,
  CommittedFiring,
  CountedSpan,
  FinishResult,
  RunFinish,
} from '../stores/job-store.js';
import { spanOfRuns } from '../stores/span-of-runs.js';
import type { FireSpan } from '../triggers/fire-span.js';
import type { ActiveRun, Decision } from './active-run.js';
import type { Environment } from './environment.js';
import type { RunWaiters } from './run-waiters.js';
import type { StoreLink } from './store-link.js';

const COUNT_EVENTS = { missed: 'run:missed', skipped: 'run:skipped', coalesced: 'run:coalesced' } as const;

/** Tells listeners, and those who wait for results, what has become of the jobs and runs of one store. */
export class FiringReporter {
  readonly #env: Environment;
  readonly #link: StoreLink;
  readonly #store: string;
  readonly #waiters: RunWaiters;

  /** Makes a reporter for a store. */
  constructor(env: Environment, link: StoreLink, waiters: RunWaiters) {
    this.#env = env;
    this.#link = link;
    this.#store = link.name;
    this.#waiters = waiters;
  }

  /** Tells what a claim found to be over. */
  claimed({ missed, ended }: ClaimResult): void {
    for (const run of missed) this.#missed(run);
    for (const job of ended) this.jobEnded(job);
  }

  /** Tells what a commit did, besides the runs that it started. */
  committed(
    job: JobRecord,
    counted: readonly CountedSpan[],
    { skipped, cancelled, ended }: CommittedFiring,
  ): void {
    for (const { kind, span } of counted) this.counted(job, kind, span);
    this.counted(job, 'skipped', spanOfRuns(skipped));
    this.cancelled(cancelled);
    if (ended !== null) this.jobEnded(ended);
  }

  /** Tells of fire times of a job that did not become runs. */
  counted(job: JobRecord, kind: CountKind, span: FireSpan | null): void {
    if (span === null) return;
    this.#env.events.emit(COUNT_EVENTS[kind], () => this.#fireTimes(job.id, job.definition.task, span, null));
  }

  /** Tells of runs that were cancelled before they started. */
  cancelled(runs: readonly RunRecord[]): void {
    for (const run of runs) {
      this.#env.events.emit('run:cancelled', () => ({ run: toRun(run, this.#store) }));
      this.#waiters.ended(run);
    }
  }

  /** Tells of a job that was parked. */
  parked(job: JobRecord, error: unknown): void {
    const { id: jobId, definition } = job;
    this.#env.logger.error(
      { err: error, jobId, task: definition.task, store: this.#store },
      'The job cannot go on and is parked',
    );
    this.#env.events.emit('job:parked', () => ({
      job: this.#env.snapshot({ ...job, state: 'parked', error: describeError(error).message }, this.#store),
      error,
    }));
  }

  /** Tells of a job that came to its end, and forgets its function if it was a plain one. */
  jobEnded(job: JobRecord): void {
    this.#env.events.emit('job:finished', () => ({ job: this.#env.snapshot(job, this.#store) }));
    if (job.named) {
      this.#link.declared.edited(job);
      return;
    }
    for (const name of this.#env.tasks.releaseFunctions(job.uid)) this.#env.tasks.forgetFunction(name);
  }

  /** Tells how an attempt ended, once. */
  finished(active: ActiveRun, sent: RunFinish, { outcome, run, ended }: FinishResult): void {
    if (sent.outcome !== null && active.decision !== null) {
      if (outcome === 'ok' && run !== null) this.#attemptEnded(run, active.decision);
      else this.#refused(active);
    }
    if (ended !== null) this.jobEnded(ended);
  }

  #attemptEnded(record: RunRecord, { outcome, value }: Decision): void {
    const { events, logger } = this.#env;
    const run = (): Run => toRun(record, this.#store);
    switch (record.status) {
      case 'queued':
        if (outcome.kind === 'retry') {
          logger.warn({ err: value, ...fieldsOf(record) }, 'An attempt failed, and the run is tried again');
          events.emit('run:retrying', () => ({
            run: run(),
            error: value,
            retryAt: new Date(record.availableAt),
          }));
        } else if (outcome.kind === 'died') {
          logger.warn(
            { err: value, ...fieldsOf(record) },
            'Whoever executed the attempt has died, and the run is run again',
          );
        }
        return;
      case 'succeeded':
        events.emit('run:succeeded', () => ({ run: run(), result: value }));
        break;
      case 'failed':
        logger.error({ err: value, ...fieldsOf(record) }, 'The run failed');
        events.emit('run:failed', () => ({ run: run(), error: value }));
        break;
      case 'cancelled':
        events.emit('run:cancelled', () => ({ run: run() }));
        break;
      case 'lost':
        events.emit('run:lost', () => ({ run: run() }));
        break;
      case 'missed':
      case 'skipped':
      case 'running':
        return;
      default:
        assertNever(record.status);
    }
    // What was thrown where an execution was lost is not what the run has ended with.
    const isThrown = record.status !== 'succeeded' && outcome.kind !== 'died';
    this.#waiters.ended(record, isThrown ? { value } : undefined);
  }

  /** An end that the store refuses: the run was declared dead or given to another node meanwhile. */
  #refused({ record }: ActiveRun): void {
    const { id: runId, jobId, task } = record;
    this.#env.logger.warn(
      { runId, jobId, task, store: this.#store },
      'The end of the run was refused: it is not ours any more',
    );
    this.#waiters.look(runId);
  }

  #missed(record: RunRecord): void {
    const span = spanOfRuns([record]);
    if (span === null) return;
    this.#env.events.emit('run:missed', () =>
      this.#fireTimes(record.jobId, record.task, span, toRun(record, this.#store)),
    );
    this.#waiters.ended(record);
  }

  #fireTimes(jobId: string | null, task: string, span: FireSpan, run: Run | null): FireTimesEvent {
    const { count, exact, firstAt, lastAt } = span;
    return {
      jobId,
      task,
      store: this.#store,
      count,
      exact,
      firstAt: new Date(firstAt),
      lastAt: new Date(lastAt),
      run,
    };
  }
}

function fieldsOf({ id: runId, jobId, task, attempt }: RunRecord): object {
  return { runId, jobId, task, attempt };
}
