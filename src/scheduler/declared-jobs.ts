import { RECORD_FORMAT } from '../job/job-record.js';
import type { JobRecord } from '../job/job-record.js';

/**
 * Holds the recurring jobs that code has declared to a store, as this process last saw them, so that they can be put back
 * if the store loses them. Of a store that loses nothing it holds none.
 */
export class DeclaredJobs {
  readonly #isNeeded: boolean;
  readonly #jobs = new Map<string, JobRecord>();

  /** Makes it empty. */
  constructor(isNeeded: boolean) {
    this.#isNeeded = isNeeded;
  }

  /** Gives the ids of all of them. */
  get ids(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  /** Gives the job of an id; `undefined`: it was not declared, or not to come back. */
  get(id: string): JobRecord | undefined {
    return this.#jobs.get(id);
  }

  /** Takes note of a job that code has declared, as the store has it now. */
  keep(job: JobRecord): void {
    if (this.#isNeeded && mayComeBack(job)) this.#jobs.set(job.id, job);
    else this.#jobs.delete(job.id);
  }

  /** Takes note of what an edit, or its end, has made of a job; one that was not declared is passed over. */
  edited(job: JobRecord): void {
    if (this.#jobs.has(job.id)) this.keep(job);
  }

  /** Forgets a job: it was removed. */
  forget(id: string): void {
    this.#jobs.delete(id);
  }
}

/** Tells whether a job may fire again and again; nobody could tell whether one with a random id, or a date, is still wanted. */
function mayComeBack({ named, format, nextRunAt, definition }: JobRecord): boolean {
  return named && format <= RECORD_FORMAT && nextRunAt !== null && definition.triggerKind !== 'date';
}
