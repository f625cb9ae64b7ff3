import { assertNever } from '../internal/assert-never.js';
import { MAX_RECOVERIES } from '../job/job-policy.js';
import type { JobRecord } from '../job/job-record.js';
import { isAwaiting, isOpenStep } from '../job/run-record.js';
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

/** Is how a run stands to its job, where its attempt ends. */
export interface JobStanding {
  /** Says whether the run had a job, and that is gone. */
  readonly isOrphan: boolean;
  /** Says whether a later fire time of the job was committed than the one that the run stands for. */
  readonly isSuperseded: boolean;
}

/** Tells how a run stands to its job; `null`: it has none, or that is gone. */
export function standingOf(run: RunRecord, job: Pick<JobRecord, 'lastFireAt'> | null): JobStanding {
  return {
    isOrphan: run.jobUid !== null && job === null,
    isSuperseded: run.origin === 'scheduled' && (job?.lastFireAt ?? -Infinity) > run.scheduledAt,
  };
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
 * Records how an attempt ended. A run whose job is gone is not run again, nor is one that somebody asked to cancel. One
 * that is to await its steps is as before: what it awaits has to be written first (see {@link awaitSteps}).
 */
export function endAttempt(
  run: RunRecord,
  outcome: RunOutcome,
  now: number,
  standing: JobStanding,
): RunRecord {
  const { isOrphan } = standing;
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
    case 'died':
      return survive(run, standing, now);
    case 'await':
      return run;
    default:
      return assertNever(outcome);
  }
}

/** Lets go of a run until its steps have ended; it keeps its slot. */
export function awaitSteps(run: RunRecord): RunRecord {
  return { ...run, held: false };
}

/** Gives a run that awaited its steps to the node that goes on with it. */
export function takeParent(run: RunRecord, node: string): RunRecord {
  return { ...run, owner: node, held: true };
}

/** Queues a run that awaited its steps, for any node to go on with; a request to cancel it stays. */
export function queueParent(run: RunRecord, now: number): RunRecord {
  return { ...releaseRun(run), status: 'queued', availableAt: now };
}

/** Tells whether a queued step may be inserted beside the end of another run; `null`: its parent is gone. */
export function mayFollow(step: RunRecord, parent: RunRecord | null): boolean {
  if (!isOpenStep(step)) return true;
  return parent?.status === 'running' && !parent.cancelRequested;
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
  return free.status === 'running' ? survive(free, standingOf(free, job), now) : free;
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

/**
 * Tells whether the owner of an attempt comes with what is not to be recorded: an outcome other than the run has, or none
 * yet. While a run awaits its steps, nothing of it is recorded.
 */
export function isRefused(run: RunRecord, outcome: RunOutcome | null): boolean {
  if (isAwaiting(run)) return outcome?.kind !== 'await';
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
    case 'died':
      return run.status === 'queued' || run.status === 'lost';
    case 'await':
      return false;
    default:
      return assertNever(outcome);
  }
}

/** Runs a run again that died with whoever executed it, or ends it. */
function survive(run: RunRecord, standing: JobStanding, now: number): RunRecord {
  if (run.cancelRequested) return endRun(run, 'cancelled', now);
  if (!mayRunAgain(run, standing)) return endRun(run, 'lost', now);
  return queueAgain(run, { availableAt: now, recoveries: run.recoveries + 1 });
}

/** Makes a run wait for another attempt; while its handler has not settled, nobody can claim it. */
function queueAgain(run: RunRecord, changes: Partial<RunRecord>): RunRecord {
  return { ...run, ...changes, status: 'queued', cancelRequested: false };
}

function mayRunAgain({ recovery, recoveries }: RunRecord, { isOrphan, isSuperseded }: JobStanding): boolean {
  if (recovery === 'abandon' || recoveries >= MAX_RECOVERIES || isOrphan) return false;
  return recovery === 'resume' || !isSuperseded;
}
