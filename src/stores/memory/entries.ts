import type { IndexedHeap } from '../../internal/indexed-heap.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { QueueEntry } from './due-queue.js';

/** Is a job in memory: its record, its place in the due queue, and what its runs hold. */
export class JobEntry implements QueueEntry<JobEntry> {
  key: number = Infinity;
  order: number = 0;
  position: number = -1;
  heap: IndexedHeap<JobEntry> | null = null;
  record: JobRecord;
  /** Holds the runs that are queued or held; `null`: none ever was. */
  open: Set<RunEntry> | null = null;
  /** Counts the runs that hold a slot. */
  held: number = 0;
  /** Holds the queued runs that wait for a slot; `null`: none ever did. */
  blocked: IndexedHeap<RunEntry> | null = null;
  #freeSlots: number[] | null = null;
  #slots: number = 0;

  constructor(record: JobRecord) {
    this.record = record;
  }

  get priority(): number {
    return this.record.definition.priority;
  }

  get format(): number {
    return this.record.format;
  }

  get task(): string {
    return this.record.definition.task;
  }

  get triggerKind(): string {
    return this.record.definition.triggerKind;
  }

  get freeSlots(): number {
    return this.record.definition.maxInstances - this.held;
  }

  get hasOpenRuns(): boolean {
    return this.open !== null && this.open.size > 0;
  }

  /** Takes a slot that no other run holds, below `maxInstances`: that may be less than it was. */
  takeSlot(): number {
    this.held++;
    const free = this.#freeSlots ?? [];
    const at = free.findIndex((slot) => slot < this.record.definition.maxInstances);
    const [slot] = at === -1 ? [this.#slots++] : free.splice(at, 1);
    return slot ?? 0;
  }

  freeSlot(slot: number): void {
    this.held--;
    (this.#freeSlots ??= []).push(slot);
  }
}

/** Is a run in memory: its record and its place in a queue. */
export class RunEntry implements QueueEntry<RunEntry> {
  key: number = Infinity;
  order: number = 0;
  position: number = -1;
  heap: IndexedHeap<RunEntry> | null = null;
  record: RunRecord;
  /** Says whether the run is in the history. */
  isInHistory: boolean = false;
  /** Is the run's job; `null` where there is none, or it was removed. */
  job: JobEntry | null;

  constructor(record: RunRecord, job: JobEntry | null) {
    this.record = record;
    this.job = job;
  }

  get priority(): number {
    return this.record.priority;
  }

  get format(): number {
    return this.record.format;
  }

  get task(): string {
    return this.record.task;
  }

  /** Is `null`: a run needs no trigger. */
  get triggerKind(): null {
    return null;
  }

  /** Says whether the run's job has no slot for it. */
  get isBlocked(): boolean {
    return this.job !== null && this.job.freeSlots <= 0;
  }
}
