import type { Logger } from '../../internal/logger.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import { endJob } from '../job-transitions.js';
import type { RecordReply } from './hash-fields.js';
import { decodeJob } from './job-hash.js';
import { readDamage } from './read-damage.js';
import { decodeRun } from './run-hash.js';

/** Reads records one by one: one that cannot be read is told of, and left out. */
export class RecordReader {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  /** Makes a reader that tells a logger. */
  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Tells of keys of another type that were passed over; of each once. */
  damaged(damages: readonly string[]): void {
    for (const damage of damages) {
      if (this.#told.has(damage)) continue;
      this.#told.add(damage);
      const err = readDamage(damage);
      this.#logger.error({ err, key: err.key }, `${err.message} What it should hold is left alone.`);
    }
  }

  /** Reads a job; `null`: there is none, or it cannot be read. */
  job(reply: RecordReply): JobRecord | null {
    return this.#read(reply, decodeJob);
  }

  /** Reads a run; `null`: there is none, or it cannot be read. */
  run(reply: RecordReply): RunRecord | null {
    return this.#read(reply, decodeRun);
  }

  /** Reads a job as it was before it came to its end, and gives it as it is after that; `null`: none came to its end. */
  ended(reply: RecordReply, now: number): JobRecord | null {
    const job = this.job(reply);
    return job === null ? null : endJob(job, now);
  }

  /** Reads the jobs that there are. */
  jobs(replies: readonly RecordReply[]): JobRecord[] {
    return replies.map((reply) => this.job(reply)).filter((job) => job !== null);
  }

  /** Reads the runs that there are. */
  runs(replies: readonly RecordReply[]): RunRecord[] {
    return replies.map((reply) => this.run(reply)).filter((run) => run !== null);
  }

  #read<T>(reply: RecordReply, decode: (reply: RecordReply) => T | null): T | null {
    try {
      return decode(reply);
    } catch (error) {
      this.#logger.error(
        { err: error, record: reply },
        'A record of the store cannot be read; it is left alone',
      );
      return null;
    }
  }
}
