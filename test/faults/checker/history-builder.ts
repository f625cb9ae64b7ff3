import type { JobRecord, RunRecord } from 'escapement';
import type { EffectStart, Entry, FinishMark, JobMark, RunMark, Unstamped } from '../history/entries.js';
import type { Evidence } from './evidence.js';

/** Is the wall clock's time at the monotonic clock's 0. */
export const EPOCH = Date.UTC(2026, 0, 1);

/** Builds evidence by hand: a line a call, one millisecond apart unless told. */
export class HistoryBuilder {
  readonly #entries: Entry[] = [];
  #at = 0;
  #calls = 0;

  /** Lets time pass. */
  pass(ms: number): this {
    this.#at += ms;
    return this;
  }

  /** Adds a line of a process. */
  add(process: string, entry: Unstamped): this {
    this.#at++;
    this.#entries.push({ at: this.#at, wall: EPOCH + this.#at, process, ...entry });
    return this;
  }

  /** Adds the start of a handler. */
  starts(process: string, run: RunRecord, token = run.fencingToken, attempt = run.attempt): this {
    const { id: runId, jobId, scheduledAt } = run;
    return this.add(process, { kind: 'effect:start', runId, jobId, attempt, scheduledAt, token });
  }

  /** Adds the start of the handler of a step, with what the one before gave. */
  begins(process: string, run: RunRecord, handed: Pick<EffectStart, 'previous' | 'failure'> = {}): this {
    const { id: runId, jobId, attempt, scheduledAt, fencingToken: token } = run;
    return this.add(process, { kind: 'effect:start', runId, jobId, attempt, scheduledAt, token, ...handed });
  }

  /** Adds the end of the handler of a step, with what it gave. */
  gives(process: string, { id: runId, attempt, status, result }: RunRecord): this {
    if (status !== 'succeeded')
      return this.add(process, { kind: 'effect:end', runId, attempt, how: 'failed' });
    const given: unknown = JSON.parse(result ?? 'null');
    return this.add(process, { kind: 'effect:end', runId, attempt, how: 'done', result: given });
  }

  /** Adds that a store is told that an attempt is over and another is to come. */
  givesBack(process: string, { id: runId }: RunRecord, attempt: number, sent: FinishMark['sent']): this {
    const finishes = [{ runId, attempt, sent }];
    return this.add(process, { kind: 'call', call: ++this.#calls, method: 'finishRuns', finishes });
  }

  /** Adds the end of a handler. */
  ends(process: string, { id: runId, attempt: last }: RunRecord, attempt = last): this {
    return this.add(process, { kind: 'effect:end', runId, attempt, how: 'done' });
  }

  /** Adds the store's answer to the end of an attempt. */
  finishes(
    process: string,
    { id: runId, attempt: last }: RunRecord,
    outcome: 'ok' | 'lost' = 'ok',
    attempt = last,
  ): this {
    const status = outcome === 'ok' ? 'succeeded' : 'queued';
    const finishes = [{ runId, attempt, sent: 'succeeded', outcome, status } as const];
    return this.#answer(process, 'finishRuns', { finishes });
  }

  /** Adds a job's insertion. */
  puts(process: string, job: JobRecord, mark: Partial<JobMark> = {}, outcome = 'inserted'): this {
    const { uid, id, fence, nextRunAt, createdAt } = job;
    const { trigger, maxInstances } = job.definition;
    const put = { uid, id, fence, nextRunAt, createdAt, trigger, maxInstances, ...mark };
    return this.#answer(process, 'putJobs', { outcomes: [outcome], jobs: [put] });
  }

  /** Adds the recovery of a node's runs. */
  recovers(process: string, dead: string, ...runs: readonly RunMark[]): this {
    return this.#answer(process, 'recover', { dead, runs });
  }

  /** Adds the exit of a process, which was killed. */
  exits(target: string): this {
    return this.add('runner', { kind: 'process', target, what: 'exited', detail: 'SIGKILL' });
  }

  /** Adds a fault that took from the store what it had, or only these. */
  loses(...ids: readonly string[]): this {
    return this.add('runner', { kind: 'fault', what: 'it is gone', lost: ids.length === 0 ? 'all' : ids });
  }

  /** Gives the evidence. */
  with(jobs: readonly JobRecord[], runs: readonly RunRecord[]): Evidence {
    return { entries: this.#entries, jobs, runs };
  }

  #answer(process: string, method: string, marks: object): this {
    const sentAt = this.#at + 0.5;
    return this.add(process, { kind: 'answer', call: ++this.#calls, method, sentAt, ...marks });
  }
}

/** Gives a job that fires every second, four times, and has come to its end. */
export function aJob(
  changes: Partial<JobRecord> = {},
  definition: Partial<JobRecord['definition']> = {},
): JobRecord {
  const start = new Date(EPOCH).toISOString();
  const end = new Date(EPOCH + 3000).toISOString();
  return {
    format: 1,
    uid: 'uid',
    id: 'job',
    named: true,
    version: 1,
    fence: 9,
    definition: {
      task: 'noop',
      executor: 'default',
      trigger: JSON.stringify({ interval: { milliseconds: 1000 }, start, end }),
      triggerKind: 'interval',
      data: null,
      policy: '{}',
      name: null,
      description: null,
      tags: [],
      priority: 0,
      maxInstances: 1,
      maxRuns: null,
      ...definition,
    },
    declaration: null,
    revision: null,
    owner: null,
    state: 'finished',
    nextRunAt: null,
    dueAt: null,
    wakeAt: null,
    lastFireAt: EPOCH + 3000,
    runCount: 4,
    counts: { missed: null, skipped: null, coalesced: null },
    lastToken: 4,
    error: null,
    createdAt: EPOCH - 1000,
    updatedAt: EPOCH - 1000,
    finishedAt: EPOCH + 3010,
    ...changes,
  };
}

/** Gives the run of {@link aJob} at one of its fire times, succeeded at its first attempt. */
export function aRun(nth: number, changes: Partial<RunRecord> = {}): RunRecord {
  const at = EPOCH + nth * 1000;
  return {
    format: 1,
    id: `run ${nth}`,
    uniqueKey: `uid@${at}`,
    jobUid: 'uid',
    jobId: 'job',
    jobName: null,
    tags: [],
    origin: 'scheduled',
    task: 'noop',
    executor: 'default',
    priority: 0,
    data: null,
    policy: '{}',
    recovery: 'rerun',
    scheduledAt: at,
    createdAt: at,
    availableAt: at,
    expiresAt: null,
    status: 'succeeded',
    attempt: 1,
    failures: 0,
    recoveries: 0,
    owner: 'node',
    held: false,
    slot: null,
    fencingToken: nth + 1,
    startedAt: at,
    finishedAt: at + 10,
    result: null,
    error: null,
    progress: null,
    cancelRequested: false,
    parentRunId: null,
    step: null,
    input: null,
    ...changes,
  };
}

/** Gives a run as an answer shows it. */
export function marked(run: RunRecord, changes: Partial<RunMark> = {}): RunMark {
  const { id, jobUid, jobId, origin, scheduledAt, status, attempt, fencingToken: token } = run;
  return { id, jobUid, jobId, origin, scheduledAt, status, attempt, token, ...changes };
}
