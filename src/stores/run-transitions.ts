import { assertNever } from '../internal/assert-never.js';
import { MAX_RECOVERIES } from '../job/job-policy.js';
import type { JobRecord } from '../job/job-record.js';
import type { EndStatus, RunRecord } from '../job/run-record.js';
import type { RunOutcome } from './job-store.js';

/** Is what an attempt begins with. */
export interface AttemptStart {
  /** Is the node that runs it. */
  readonly node: string;
  /** Is the store's time. */
  readonly now: number;
  /** Is the job slot that it takes; `null`: it needs none. */
  readonly slot: number | null;
  /** Is the fencing token that was drawn for it. */
  readonly fencingToken: number;
}

/** Starts an attempt of a run. */
export function startRun(run: RunRecord, { node, now, slot, fencingToken }: AttemptStart): RunRecord {
  return {
    ...run,
    status: 'running',
    owner: node,
    held: true,
    slot,
    attempt: run.attempt + 1,
    fencingToken,
    startedAt: now,
    progress: null,
    cancelRequested: false,
  };
}

/** Ends a run. Its slot stays held until its handler has settled. */
export function endRun(
  run: RunRecord,
  status: EndStatus,
  now: number,
  error: string | null = run.error,
): RunRecord {
  return { ...run, status, error, finishedAt: now };
}

/**
 * Records how an attempt ended. A run whose job is gone is not run again, nor is one that somebody asked to cancel.
 *
 * @param isOrphan - whether the run had a job, and that is gone
 */
export function endAttempt(run: RunRecord, outcome: RunOutcome, now: number, isOrphan: boolean): RunRecord {
  switch (outcome.kind) {
    case 'end':
      return endRun({ ...run, result: outcome.result }, outcome.status, now, outcome.error);
    case 'retry': {
      const { availableAt, error } = outcome;
      if (isOrphan) return endRun(run, 'failed', now, error);
      if (run.cancelRequested) return endRun(run, 'cancelled', now, error);
      return queueAgain(run, { availableAt, error, failures: run.failures + 1 });
    }
    case 'hand-back':
      if (isOrphan || run.cancelRequested) return endRun(run, 'cancelled', now);
      return queueAgain(run, { availableAt: now });
    default:
      return assertNever(outcome);
  }
}

/** Frees what a run holds. */
export function releaseRun(run: RunRecord): RunRecord {
  return { ...run, held: false, slot: null };
}

/**
 * Takes a run from a dead node: it runs again, or is lost.
 *
 * @param job - its job; `null`: it has none, or that is gone
 */
export function recoverRun(
  run: RunRecord,
  job: Pick<JobRecord, 'lastFireAt'> | null,
  now: number,
): RunRecord {
  const free = releaseRun(run);
  if (free.status !== 'running') return free;
  if (free.cancelRequested) return endRun(free, 'cancelled', now);
  if (!mayRunAgain(free, job)) return endRun(free, 'lost', now);
  return queueAgain(free, { availableAt: now, recoveries: free.recoveries + 1 });
}

/** Tells whether a run has waited for its first attempt longer than it may. */
export function isExpired({ expiresAt, attempt }: RunRecord, now: number): boolean {
  return expiresAt !== null && attempt === 0 && expiresAt < now;
}

/** Tells whether a run is one that `overlap` counts as waiting: planned by the trigger, and not begun. */
export function isWaiting({
  status,
  attempt,
  origin,
}: Pick<RunRecord, 'status' | 'attempt' | 'origin'>): boolean {
  return status === 'queued' && attempt === 0 && origin === 'scheduled';
}

/** Tells whether the owner of an attempt comes with what is not to be recorded: an outcome other than the run has, or none yet. */
export function isRefused(run: RunRecord, outcome: RunOutcome | null): boolean {
  const isRunning = run.status === 'running';
  return outcome === null ? isRunning : !isRunning && !isRepeated(run, outcome);
}

/** Tells whether a run that is not running any more is so because of an outcome: then sending it again changes nothing. */
function isRepeated(run: RunRecord, outcome: RunOutcome): boolean {
  switch (outcome.kind) {
    case 'end':
      return run.status === outcome.status;
    case 'retry':
      // A run that was recovered or handed back waits too, but not for this.
      return (
        run.status === 'queued' && run.availableAt === outcome.availableAt && run.error === outcome.error
      );
    case 'hand-back':
      return run.status === 'queued';
    default:
      return assertNever(outcome);
  }
}

/** Makes a run wait for another attempt; while its handler has not settled, nobody can claim it. */
function queueAgain(run: RunRecord, changes: Partial<RunRecord>): RunRecord {
  return { ...run, ...changes, status: 'queued', cancelRequested: false };
}

function mayRunAgain(run: RunRecord, job: Pick<JobRecord, 'lastFireAt'> | null): boolean {
  const isOrphan = run.jobUid !== null && job === null;
  const isSuperseded = run.origin === 'scheduled' && (job?.lastFireAt ?? -Infinity) > run.scheduledAt;
  return run.recovery === 'rerun' && run.recoveries < MAX_RECOVERIES && !isSuperseded && !isOrphan;
}
