import { idleWakeAt } from '../job/job-record.js';
import type { JobRecord } from '../job/job-record.js';
import type { JobPut, PutOutcome } from './job-store.js';
import { mergePut } from './merge-put.js';

/** Is a put that was decided. */
export interface DecidedPut {
  /** Says what is done. */
  readonly outcome: PutOutcome['outcome'];
  /** Is the job as it will be stored, or as it is where nothing is done. */
  readonly job: JobRecord;
  /** Is the uid of the job that it replaces; `null`: none. */
  readonly replacedUid: string | null;
}

/** Decides the puts of a batch one after another, each seeing what those before it did. */
export class PutBatch {
  readonly #stored: ReadonlyMap<string, JobRecord>;
  readonly #current: Map<string, JobRecord>;
  readonly #now: number;
  readonly #highestToken: number;

  /**
   * Begins with what is stored.
   *
   * @param stored - the jobs that have the ids of the batch, by id
   * @param now - the store's time
   * @param highestToken - the highest token of jobs that were removed
   */
  constructor(stored: ReadonlyMap<string, JobRecord>, now: number, highestToken: number) {
    this.#stored = stored;
    this.#current = new Map(stored);
    this.#now = now;
    this.#highestToken = highestToken;
  }

  /** Holds the jobs that were stored and are to be deleted. */
  get replaced(): JobRecord[] {
    return [...this.#stored.values()].filter(({ id, uid }) => this.#current.get(id)?.uid !== uid);
  }

  /** Holds the jobs to insert. */
  get inserted(): JobRecord[] {
    return [...this.#current.values()].filter(({ id, uid }) => this.#stored.get(id)?.uid !== uid);
  }

  /** Holds the jobs to write in the place of themselves. */
  get updated(): JobRecord[] {
    return [...this.#current.values()].filter((job) => {
      const before = this.#stored.get(job.id);
      return before !== undefined && before.uid === job.uid && before !== job;
    });
  }

  /** Decides what becomes of a put. */
  put(put: JobPut): DecidedPut {
    const before = this.#current.get(put.job.id) ?? null;
    const { outcome, put: merged } = mergePut(before, put);
    if (merged === null) return { outcome, job: before ?? put.job, replacedUid: null };
    const job = outcome === 'updated' ? merged : this.#asInserted(merged, before);
    this.#current.set(job.id, job);
    return { outcome, job, replacedUid: outcome === 'replaced' ? (before?.uid ?? null) : null };
  }

  /** Lets the tokens of a job begin above those of any job that had its id. */
  #asInserted(job: JobRecord, before: JobRecord | null): JobRecord {
    const lastToken = Math.max(job.lastToken, before?.lastToken ?? 0, this.#highestToken, this.#now);
    return { ...job, lastToken, wakeAt: idleWakeAt(job) };
  }
}

/** Gives the outcomes of a batch of which nothing is done, because of the ids that are refused. */
export function refusePuts(
  puts: readonly JobPut[],
  refused: ReadonlySet<string>,
  stored: ReadonlyMap<string, JobRecord>,
): PutOutcome[] {
  return puts.map(({ job }) => ({
    outcome: refused.has(job.id) ? 'exists' : 'unchanged',
    job: stored.get(job.id) ?? job,
    cancelled: [],
  }));
}
