import type { RecoveryPolicy } from './job-policy.js';

/**
 * Says what a run is up to.
 *
 * - `queued`: waits for its time, for a slot, or for its next attempt
 * - `running`: an attempt runs
 * - `succeeded`, `failed`, `cancelled`: the outcome of its last attempt
 * - `missed`: expired before it started
 * - `lost`: its node died or left, and it is not run again
 * - `skipped`: a step that was never begun, because one before it did not succeed
 */
export type RunStatus =
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'missed'
  | 'lost'
  | 'skipped';

/** Is a status in which a run ends. */
export type EndStatus = Exclude<RunStatus, 'queued' | 'running'>;

/** Says where a run came from: its job's trigger, `runJob`, `backfill`, `enqueue`, or the run before it. */
export type RunOrigin = 'scheduled' | 'manual' | 'backfill' | 'enqueued' | 'chained';

/**
 * Says what becomes of a run if its node dies: as its job says, or `resume`, as `rerun` though a later fire time of the
 * job was committed meanwhile. A chain's run is resumed: its steps are not begun again.
 */
export type RunRecovery = RecoveryPolicy | 'resume';

/** Is a run as stores keep it: plain data. All instants are epoch milliseconds of the store's clock. */
export interface RunRecord {
  /** Is the version of this record's format. */
  readonly format: number;
  /** Is the run's id, made by the node that planned it. */
  readonly id: string;
  /** Makes the run unique in its store: a second one with the key is refused; `null`: nothing does. */
  readonly uniqueKey: string | null;
  /** Is the uid of the run's job; `null` for a run without one. */
  readonly jobUid: string | null;
  /** Is the id of the run's job; `null` for a run without one. */
  readonly jobId: string | null;
  /** Is the name of the run's job; `null` where that is its task's. */
  readonly jobName: string | null;
  /** Holds the tags of the run's job. */
  readonly tags: readonly string[];
  /** Says where the run came from. */
  readonly origin: RunOrigin;
  /** Names the task. */
  readonly task: string;
  /** Names the executor. */
  readonly executor: string;
  /** Is the run's priority, from -2 to 2. */
  readonly priority: number;
  /** Is the run's data as JSON text; `null`: none. */
  readonly data: string | null;
  /** Is the {@link JobPolicy} that the run follows, as JSON text. */
  readonly policy: string;
  /** Says what becomes of the run if its node dies. */
  readonly recovery: RunRecovery;
  /** Is the fire time that the run stands for. */
  readonly scheduledAt: number;
  /** Is when the run was planned. */
  readonly createdAt: number;
  /** Is when the next attempt may start. */
  readonly availableAt: number;
  /** Is when the run is missed unless its first attempt has started; `null`: never. */
  readonly expiresAt: number | null;
  /** Is what the run is up to. */
  readonly status: RunStatus;
  /** Counts the attempts that have started. */
  readonly attempt: number;
  /** Counts the attempts that have failed: what `retry.attempts` bounds. */
  readonly failures: number;
  /** Counts the attempts that died with their node. */
  readonly recoveries: number;
  /** Names the node of the current or last attempt; `null` before the first. */
  readonly owner: string | null;
  /**
   * Says whether the owner's handler has not settled yet: the run may be over, but its slots are still held. A running
   * one that is not held awaits its steps: it keeps its job slot, and is no node's.
   */
  readonly held: boolean;
  /** Is the job slot that is held, from 0 below `maxInstances`; `null` where none is, or there is no job. */
  readonly slot: number | null;
  /** Is the fencing token of the current or last attempt; 0 before the first. */
  readonly fencingToken: number;
  /** Is when the current or last attempt started; `null` before the first. */
  readonly startedAt: number | null;
  /** Is when the run ended; `null` before. */
  readonly finishedAt: number | null;
  /** Is the result as JSON text; `null`: none. */
  readonly result: string | null;
  /** Is the last failure as JSON text; `null`: none. */
  readonly error: string | null;
  /** Is how far the run is, as JSON text; `null`: not told. */
  readonly progress: string | null;
  /** Says whether somebody asked to cancel the run while it ran. */
  readonly cancelRequested: boolean;
  /** Is the run that this one follows or belongs to; `null`: none. */
  readonly parentRunId: string | null;
  /** Is the place of this run in its parent, from 0; `null`: it is not a step of one. */
  readonly step: number | null;
  /** Is what the run before it left for this one, as JSON text; `null`: nothing. */
  readonly input: string | null;
}

/** Tells whether a status is one in which a run ends. */
export function isEndStatus(status: RunStatus): status is EndStatus {
  return status !== 'queued' && status !== 'running';
}

/** Gives the name of a run's job: its task's unless one was given; `null`: it has no job. */
export function jobNameOf({
  jobId,
  jobName,
  task,
}: Pick<RunRecord, 'jobId' | 'jobName' | 'task'>): string | null {
  return jobId === null ? null : (jobName ?? task);
}

/** Tells whether a run awaits its steps: it runs, and is no node's. */
export function isAwaiting({ status, held }: Pick<RunRecord, 'status' | 'held'>): boolean {
  return status === 'running' && !held;
}

/** Tells whether a run is a step of its parent that has not ended. */
export function isOpenStep({ step, status }: Pick<RunRecord, 'step' | 'status'>): boolean {
  return step !== null && !isEndStatus(status);
}

/** Is the unique key of the run of a job at a fire time, whoever plans it. */
export function fireKey(jobUid: string, fireAt: number): string {
  return `${jobUid}@${String(fireAt)}`;
}
