import type { JobDefinition } from '../../job/job-record.js';

/** Is what counts for a job's slots. */
export interface SlottedJob {
  /** Is its uid. */
  readonly uid: string;
  /** Holds how many there are. */
  readonly definition: Pick<JobDefinition, 'maxInstances'>;
}

/** Holds the slots of jobs that their runs hold. */
export class HeldSlots {
  readonly #slots: ReadonlyMap<string, Set<number>>;

  /** Takes note of slots by their jobs' uids. */
  constructor(slots: ReadonlyMap<string, Set<number>>) {
    this.#slots = slots;
  }

  /** Counts the slots of a job that are held. */
  count({ uid }: SlottedJob): number {
    return this.#slots.get(uid)?.size ?? 0;
  }

  /** Tells whether a job has a slot to give. */
  isAnyFree(job: SlottedJob): boolean {
    return this.count(job) < job.definition.maxInstances;
  }

  /** Takes the first slot of a job that is free. */
  take({ uid }: SlottedJob): number {
    const held = this.#slots.get(uid);
    let slot = 0;
    while (held?.has(slot) === true) slot++;
    held?.add(slot);
    return slot;
  }
}
