import { BoundedMap } from '../../internal/bounded-map.js';
import { moveOn } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimResult, CommittedFiring, FiringDecision } from '../job-store.js';
import { advanceJob } from '../job-transitions.js';

/** Is how many records of a kind are remembered: more than run at once, and few enough to be no burden. */
const MAX_KNOWN = 10_000;

/**
 * Remembers what this instance has claimed and started, so that the end of a run need not bring back all of it.
 *
 * What is remembered is used only where the store says that nothing else has changed it: a run that ends as it was
 * started, a job of the same fence.
 */
export class KnownRecords {
  #runs = new BoundedMap<string, RunRecord>(MAX_KNOWN);
  #jobs = new BoundedMap<string, JobRecord>(MAX_KNOWN);

  /** Remembers what was claimed. */
  claimed({ runs, jobs }: Pick<ClaimResult, 'runs' | 'jobs'>): void {
    for (const run of runs) this.#runs.set(run.id, run);
    for (const job of jobs) this.#jobs.set(job.uid, job);
  }

  /** Remembers what a decision has started, and the job if it may come to its end with that. */
  committed(decision: FiringDecision, { started, queued, skipped }: CommittedFiring): void {
    for (const run of started) this.#runs.set(run.id, run);
    const job = this.#jobs.find(decision.uid);
    if (job === undefined) return;
    const progress = advanceJob(job, decision, [...started, ...queued], skipped);
    if (progress.nextRunAt === null) this.#jobs.set(job.uid, moveOn(job, progress));
    else this.#jobs.delete(job.uid);
  }

  /** Forgets a claim that came to nothing. */
  released(uid: string): void {
    this.#jobs.delete(uid);
  }

  /** Gives a run as it was started. */
  run(id: string): RunRecord | undefined {
    return this.#runs.find(id);
  }

  /** Gives a job as it was after its last commit. */
  job(uid: string | null): JobRecord | undefined {
    return uid === null ? undefined : this.#jobs.find(uid);
  }

  /** Forgets a run that is over here, and its job if that is at its end. */
  finished(id: string, endedUid: string | null): void {
    this.#runs.delete(id);
    if (endedUid !== null) this.#jobs.delete(endedUid);
  }

  /** Forgets all: the store was emptied. */
  clear(): void {
    this.#runs = new BoundedMap(MAX_KNOWN);
    this.#jobs = new BoundedMap(MAX_KNOWN);
  }
}
