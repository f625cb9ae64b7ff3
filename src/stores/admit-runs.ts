import { assertNever } from '../internal/assert-never.js';
import { QUEUE_ALL_LIMIT } from '../job/job-policy.js';
import type { OverlapPolicy } from '../job/job-policy.js';

/** Is what decides how many runs of a new plan start. */
export interface AdmissionState {
  /** Is how many runs the plan has, duplicates left out. */
  readonly planned: number;
  /** Is how many runs of the job hold a slot. */
  readonly held: number;
  /** Is how many scheduled runs of the job wait for their first attempt. */
  readonly waiting: number;
  /** Is how many slots the job has. */
  readonly maxInstances: number;
  /** Is how many runs the node has executor slots for. */
  readonly startable: number;
  /** Says what to do while all slots are held. */
  readonly overlap: OverlapPolicy;
}

/** Says what becomes of the runs of a plan: the first `start` of them, the next `queue`, and the `skip` that remain. */
export interface Admission {
  /** Is how many start. */
  readonly start: number;
  /** Is how many are inserted to wait. */
  readonly queue: number;
  /** Is how many are dropped and counted. */
  readonly skip: number;
  /** Says whether what runs and what waits of the job is to be cancelled. */
  readonly cancelEarlier: boolean;
}

/**
 * Decides how many runs of a new plan start, wait or are skipped.
 *
 * `overlap` judges against earlier plans only: while a slot is free the plan is taken whole, and what exceeds the free
 * slots waits its turn.
 */
export function admitRuns(state: AdmissionState): Admission {
  const { planned, held, waiting, maxInstances, startable, overlap } = state;
  const free = maxInstances - held;
  if (planned === 0 || free > 0) {
    const start = Math.max(0, Math.min(planned, free, startable));
    return { start, queue: planned - start, skip: 0, cancelEarlier: false };
  }
  const room = roomToWait(overlap, planned, waiting);
  return { start: 0, queue: room, skip: planned - room, cancelEarlier: overlap === 'cancelRunning' };
}

function roomToWait(overlap: OverlapPolicy, planned: number, waiting: number): number {
  switch (overlap) {
    case 'skip':
      return 0;
    case 'queue':
      return waiting === 0 ? 1 : 0;
    case 'queueAll':
      return Math.min(planned, Math.max(0, QUEUE_ALL_LIMIT - waiting));
    case 'cancelRunning':
      return planned;
    default:
      return assertNever(overlap);
  }
}
