import { InvalidOptionError } from '../errors/input-errors.js';
import { IndexedHeap } from '../internal/indexed-heap.js';
import type { HeapEntry } from '../internal/indexed-heap.js';
import type { JobRecord } from '../job/job-record.js';
import type { Trigger } from '../triggers/trigger.js';
import { nextAfter } from './sound-times.js';

/** Is a fire time to come. */
export interface UpcomingFireTime {
  /** Is the id of the job. */
  readonly jobId: string;
  /** Names the task. */
  readonly task: string;
  /** Is the fire time, nominal. */
  readonly fireAt: Date;
}

interface Upcoming extends HeapEntry {
  readonly job: JobRecord;
  readonly trigger: Trigger;
}

/**
 * Gives the fire times of jobs in `[from, to]`, in their order, at most `limit`.
 *
 * Jobs that cannot be read are left out: they are parked when they come due.
 */
export async function previewFireTimes(
  jobs: AsyncIterable<JobRecord>,
  triggerOf: (job: JobRecord) => Trigger,
  span: { readonly from: number; readonly to: number; readonly limit: number },
): Promise<UpcomingFireTime[]> {
  const { from, to, limit } = span;
  if (to < from) throw new InvalidOptionError('to', 'no earlier than `from`', new Date(to));
  const heap = new IndexedHeap<Upcoming>();
  for await (const job of jobs) {
    const upcoming = firstOf(job, triggerOf, from, heap.size);
    if (upcoming !== null && upcoming.key <= to) heap.push(upcoming);
  }
  const times: UpcomingFireTime[] = [];
  for (let first = heap.peek(); first !== undefined && times.length < limit; first = heap.peek()) {
    times.push({ jobId: first.job.id, task: first.job.definition.task, fireAt: new Date(first.key) });
    const next = timeFrom(first, first.key + 1);
    if (next === null || next > to) heap.remove(first);
    else heap.move(first, next);
  }
  return times;
}

function firstOf(
  job: JobRecord,
  triggerOf: (job: JobRecord) => Trigger,
  from: number,
  order: number,
): Upcoming | null {
  if (job.nextRunAt === null) return null;
  try {
    const trigger = triggerOf(job);
    const key = job.nextRunAt >= from ? job.nextRunAt : timeFrom({ trigger }, from);
    return key === null ? null : { key, order, position: -1, job, trigger };
  } catch {
    return null;
  }
}

/** Gives the first fire time at an instant or after; `null` where the trigger fails: its job is parked when it comes due. */
function timeFrom({ trigger }: Pick<Upcoming, 'trigger'>, from: number): number | null {
  try {
    return nextAfter(trigger, from - 1);
  } catch {
    return null;
  }
}
