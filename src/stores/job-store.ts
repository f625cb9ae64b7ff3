import type { CountKind, JobDefinition, JobRecord, JobState } from '../job/job-record.js';
import type { EndStatus, RunOrigin, RunRecord, RunStatus } from '../job/run-record.js';
import type { OverlapPolicy } from '../job/job-policy.js';
import type { IfExists } from '../job/job-options.js';
import type { Logger } from '../internal/logger.js';
import type { Clock } from '../time/clock.js';
import type { FireSpan } from '../triggers/fire-span.js';

/** Says what a store can do; the scheduler behaves accordingly. */
export interface StoreCapabilities {
  /** Says whether jobs outlive the process; such a store cannot keep plain functions. */
  readonly durable: boolean;
  /** Says whether several nodes may use the store at once; they then heartbeat, and recover each other's runs. */
  readonly shared: boolean;
  /**
   * Says whether all that the store holds may vanish while it is open, as by a flush; it tells so by a `reset` hint.
   * @defaultValue false
   */
  readonly resettable?: boolean;
}

/** Is what a store gets when it is opened. */
export interface StoreContext {
  /** Tells the time to a store that has no clock of its own. */
  readonly clock: Clock;
  /** Takes what the store has to say. */
  readonly logger: Logger;
}

/**
 * Keeps jobs and runs. Memory, SQL and Redis stores implement it, and so can you; the contract suite in
 * `escapement/testing` proves an implementation.
 *
 * Rules for every store:
 * - Each call is atomic: it is done whole or not at all, and calls at the same time behave as if one came after another.
 * - `now`, due and expiry are judged by one clock, the store's; instants are epoch milliseconds.
 * - Records are kept and given back exactly; texts in them are opaque. A record that was given out never changes.
 * - Ids differ by case and by accents. Batches are worked through in the order of their ids.
 * - Every write of a job bumps its `fence`, and every edit (put, patch) its `version` too; what carries an older fence,
 *   or another uid, writes nothing.
 * - A rejected call wrote nothing, or leaves open whether it did; it may be repeated.
 *
 * Rules for steps, which are the runs with a `parentRunId` and a `step`; one is open while it is queued or running:
 * - A run whose attempt ended as `await` awaits its steps: it is `running` and not held, keeps its job slot, and is on no
 *   node's list.
 * - Once the last open step of such a run has ended, in whichever way, the run goes on: in the same transaction it is
 *   given to the node that ended the step, where that asked for it (see {@link RunFinish.takesParent}), and queued at once
 *   where not; then its slot is free meanwhile, and a request to cancel stays noted. One whose job is gone needs no slot.
 * - Ended steps of a run that has not ended are not pruned.
 */
export interface JobStore {
  /** Says what the store can do. */
  readonly capabilities: StoreCapabilities;

  /** Connects, and makes or checks what the store needs; calling it again does nothing. */
  open(context: StoreContext): Promise<void>;

  /** Gives back what {@link open} took; calling it again does nothing. */
  close(): Promise<void>;

  /** Gives the store's time. */
  now(): Promise<number>;

  /**
   * Adds jobs, treating ids that exist as each put's `ifExists` says (see `mergePut`).
   *
   * With `'error'`, one existing id refuses the whole batch: the outcomes name it, and nothing is written.
   *
   * @returns an outcome for each put, in order
   */
  putJobs(puts: readonly JobPut[]): Promise<PutOutcome[]>;

  /**
   * Edits a job: replaces the fields that the patch has, bumps `version` and `fence`, sets `updatedAt`, and sets its
   * wake time anew, so that an edited job never waits for a dead claim to expire.
   *
   * @param ifFence - writes only while the job's fence is this
   */
  patchJob(id: string, patch: JobPatch, ifFence?: number): Promise<JobRecord | 'missing' | 'conflict'>;

  /** Removes a job and cancels its queued runs, with a record; runs that are running or held go on. `null`: there is none. */
  removeJob(id: string): Promise<RemovedJob | null>;

  /** Gives a job, whatever its state; `null`: there is none. */
  getJob(id: string): Promise<JobRecord | null>;

  /** Lists jobs in the order of their ids, by code points. */
  listJobs(query: JobQuery): Promise<Page<JobRecord>>;

  /**
   * Takes work for a node, at most `limit` runs and jobs together: those of higher priority first, at equal priority
   * queued runs before jobs, then by time.
   *
   * - Eligible are queued runs, not held, with `availableAt <= now` and a free job slot, and active jobs with
   *   `wakeAt <= now`; of the lane's executor, of known tasks and trigger kinds, in a known format.
   * - A claimed run is started: `running`, held, owned, its slot taken, `attempt` and `fencingToken` raised. A run that
   *   has expired before its first attempt ends as `missed` instead, and is given back as such.
   * - A record in a newer format, and one of an unknown task or kind, is left alone, in `nextAt` too.
   * - A claimed job gets a new fence and `wakeAt = now + claimMs`: a claim that dies wakes by itself.
   * - `nextAt` is when the next eligible run or job comes due, `<= now` if more is due than was taken. Runs that wait
   *   for a job slot are left out: the slot's end wakes them.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>;

  /**
   * Advances claimed jobs and inserts their runs; each decision is fenced, and atomic by itself.
   *
   * A run whose unique key exists is left out as a duplicate. How many of the others start, wait or are skipped is
   * the answer of `admitRuns` under the job's lock. The job's `runCount` grows by the runs inserted, and counts by the
   * spans given and the runs skipped. A job with no next fire time, or with `maxRuns` reached, has none and ends as soon
   * as none of its runs is queued, running or held: a named one becomes `finished`, another is deleted.
   */
  commitFirings(node: string, decisions: readonly FiringDecision[]): Promise<CommitResult[]>;

  /** Gives claimed jobs back unfired; a release with an `error` parks its job. Stale ones are passed over. */
  releaseClaims(node: string, releases: readonly ClaimRelease[]): Promise<void>;

  /**
   * Inserts queued runs. A run of a job is refused as `missing` when its `jobUid` is gone; one whose unique key exists
   * is refused as `exists`.
   */
  addRuns(runs: readonly RunRecord[]): Promise<AddedRun[]>;

  /**
   * Ends attempts: records the outcome, and frees the slots if the handler has settled. Fenced by owner and attempt:
   * `lost` when the run has another owner or attempt, or another outcome already; repeating a finish answers `ok`.
   * Without an outcome it frees the slots of a run whose outcome is recorded. A run whose job is gone is not run again:
   * with a retry it ends as failed, handed back as cancelled. Nor is one that somebody asked to cancel: it is cancelled.
   * A handler that has settled frees what its run holds, though the outcome is refused.
   */
  finishRuns(node: string, finishes: readonly RunFinish[]): Promise<FinishResult[]>;

  /** Notes how far runs are; stale ones are passed over. Whoever waits for them elsewhere learns it as a hint. */
  reportProgress(node: string, reports: readonly ProgressReport[]): Promise<void>;

  /** Cancels a queued run at once, or asks the owner of a running one to; the owner learns it as a hint. */
  requestCancel(runId: string): Promise<CancelOutcome>;

  /** Gives a run; `null`: there is none. */
  getRun(id: string): Promise<RunRecord | null>;

  /** Lists runs, the newest first: by `createdAt`, then by id. */
  listRuns(query: RunQuery): Promise<Page<RunRecord>>;

  /** Deletes ended runs that ended before an instant, at most `limit`; gives how many. */
  pruneRuns(before: number, limit: number): Promise<number>;

  /** Deletes jobs that were finished before an instant, at most `limit`; gives how many. */
  pruneJobs(before: number, limit: number): Promise<number>;

  /** Says that a node lives, and how it looks from the store. */
  heartbeat(node: string, leaseMs: number): Promise<Heartbeat>;

  /**
   * Takes the runs of a dead node from it; of many callers at once, one gets them.
   *
   * A held run that had ended keeps its outcome and frees its slots. One that somebody asked to cancel is cancelled. Any
   * other running one is queued again at once
   * (`recoveries` raised, no failure counted) if its policy's `recovery` is `'rerun'`, it was recovered fewer than
   * three times and no later fire time of its job was committed meanwhile; it is `lost` otherwise.
   *
   * @returns the runs as they are now
   */
  recover(node: string): Promise<RunRecord[]>;

  /** Takes a node off the list, and gives back what it still holds as the dispositions say; the rest can be recovered. */
  leave(node: string, dispositions: readonly RunDisposition[]): Promise<void>;

  /**
   * Takes permits to start runs under a limit that all nodes share; as many as are wanted, or as are left (see
   * `takeFromWindow`).
   */
  takePermits(request: PermitRequest): Promise<Permits>;

  /** Gives back permits that were taken at an instant, and not used. */
  returnPermits(returned: ReturnedPermits): Promise<void>;

  /**
   * Tells of changes that other nodes made, and of resets.
   *
   * @returns a function that ends the subscription
   */
  subscribe?(listener: (hint: StoreHint) => void): Promise<() => Promise<void>>;
}

/** Is a job to add. */
export interface JobPut {
  /** Is the job as it would be inserted. */
  readonly job: JobRecord;
  /** Says what to do when its id exists. */
  readonly ifExists: IfExists;
  /**
   * Gives the clock of a stored job when the fire times that it has reached are dropped, also of one that was at its end
   * and may have more runs now; pure.
   */
  readonly skipReached: (stored: JobRecord) => SkippedClock;
}

/** Is the clock of a job whose reached fire times are dropped. */
export interface SkippedClock {
  /** Is the next fire time after now; `null`: none is left. */
  readonly nextRunAt: number | null;
  /** Is that time plus its jitter. */
  readonly dueAt: number | null;
  /** Holds what was dropped; `null`: nothing. */
  readonly dropped: FireSpan | null;
}

/**
 * Tells what became of a put: `exists` (refused), `stale` (a higher revision is stored), or what was done. With one
 * `exists`, nothing of the batch was done, whatever the other outcomes say.
 */
export interface PutOutcome {
  /** Says what was done. */
  readonly outcome: 'inserted' | 'updated' | 'replaced' | 'unchanged' | 'exists' | 'stale';
  /** Is the job as stored after the call; the refused one where nothing was written. */
  readonly job: JobRecord;
  /** Holds the runs that replacing the job cancelled. */
  readonly cancelled: readonly RunRecord[];
}

/** Holds the fields of a job that an edit replaces. */
export interface JobPatch {
  /** Replaces the whole definition. */
  readonly definition?: JobDefinition;
  /** Replaces the declaration. */
  readonly declaration?: string | null;
  /** Replaces the owner. */
  readonly owner?: string | null;
  /** Replaces the state. */
  readonly state?: JobState;
  /** Replaces the next fire time. */
  readonly nextRunAt?: number | null;
  /** Replaces the next fire time plus its jitter. */
  readonly dueAt?: number | null;
  /** Replaces the reason for being parked. */
  readonly error?: string | null;
  /** Replaces when the job came to its end. */
  readonly finishedAt?: number | null;
  /** Replaces the number of runs that the trigger caused. */
  readonly runCount?: number;
  /** Adds fire times that the edit drops to the count of skipped ones. */
  readonly dropped?: FireSpan | null;
}

/** Is a removed job with the runs that its removal cancelled. */
export interface RemovedJob {
  /** Is the job as it was. */
  readonly job: JobRecord;
  /** Holds the runs that were queued, cancelled now. */
  readonly cancelled: readonly RunRecord[];
}

/** Selects jobs; absent fields select all. */
export interface JobQuery {
  /** Selects by state. @defaultValue all but `finished` */
  readonly states?: readonly JobState[];
  /** Selects by task. */
  readonly task?: string;
  /** Selects jobs that have this tag. */
  readonly tag?: string;
  /** Selects what an `applySchedule` owner declared. */
  readonly owner?: string;
  /** Is the cursor of the page before. */
  readonly after?: string;
  /** Is how many to give at most. */
  readonly limit: number;
}

/** Is a part of a longer list. */
export interface Page<T> {
  /** Holds the entries. */
  readonly items: readonly T[];
  /** Is the cursor that asks for the next page; `null`: this is the last. */
  readonly next: string | null;
}

/** Asks for work. */
export interface ClaimRequest {
  /** Is the node that asks. */
  readonly node: string;
  /** Names the lane's executor. */
  readonly executor: string;
  /** Holds the tasks that the node knows. */
  readonly tasks: ReadonlySet<string>;
  /** Holds the kinds of trigger that the node knows. */
  readonly triggerKinds: ReadonlySet<string>;
  /** Is how many runs and jobs to take at most; with 0, `nextAt` is all that is asked for. */
  readonly limit: number;
  /** Is how long a claim lasts, in milliseconds. */
  readonly claimMs: number;
}

/** Is the work that a node got. */
export interface ClaimResult {
  /** Is the store's time of the claim. */
  readonly now: number;
  /** Holds the runs that were started. */
  readonly runs: readonly RunRecord[];
  /** Holds the runs that had expired and are missed now. */
  readonly missed: readonly RunRecord[];
  /** Holds the jobs to plan. */
  readonly jobs: readonly JobRecord[];
  /** Holds the jobs that came to their end because their last run was missed. */
  readonly ended: readonly JobRecord[];
  /** Is when to ask again; `null`: nothing is to come. */
  readonly nextAt: number | null;
}

/** Says what is to be written for a claimed job. */
export interface FiringDecision {
  /** Is the job's uid. */
  readonly uid: string;
  /** Is the fence of the claim. */
  readonly fence: number;
  /** Is the job's next fire time; `null`: none is left. */
  readonly nextRunAt: number | null;
  /** Is that time plus its jitter. */
  readonly dueAt: number | null;
  /** Holds the runs to insert, by fire time; as `queued`, and owned by nobody. */
  readonly runs: readonly RunRecord[];
  /** Is how many of them the node has executor slots for. */
  readonly startable: number;
  /** Says what to do while earlier runs hold all of the job's slots. */
  readonly overlap: OverlapPolicy;
  /** Holds the fire times that did not become runs. */
  readonly counted: readonly CountedSpan[];
}

/** Is a span of fire times and what became of them. */
export interface CountedSpan {
  /** Says which count they belong to. */
  readonly kind: CountKind;
  /** Is the span. */
  readonly span: FireSpan;
}

/** Tells what became of a decision. */
export type CommitResult = LostClaim | CommittedFiring;

/** Says that the claim was stale, and that nothing was written. */
export interface LostClaim {
  /** Says so. */
  readonly outcome: 'lost';
}

/** Tells what a committed decision came to. */
export interface CommittedFiring {
  /** Says that it was written. */
  readonly outcome: 'committed';
  /** Holds the runs that were started: the node executes them. */
  readonly started: readonly RunRecord[];
  /** Holds the runs that wait. */
  readonly queued: readonly RunRecord[];
  /** Holds the runs that were not inserted, because of `overlap`. */
  readonly skipped: readonly RunRecord[];
  /** Holds the waiting runs that were cancelled to make room. */
  readonly cancelled: readonly RunRecord[];
  /** Holds the running runs that are to be cancelled to make room; foreign ones were hinted at. */
  readonly cancelRequested: readonly RunRecord[];
  /** Is the job at its end, if that was reached. */
  readonly ended: JobRecord | null;
}

/** Gives a claim back. */
export interface ClaimRelease {
  /** Is the job's uid. */
  readonly uid: string;
  /** Is the fence of the claim. */
  readonly fence: number;
  /** Is when the job may be claimed again; `null`: as if it had not been claimed. */
  readonly wakeAt: number | null;
  /** Parks the job for this reason. */
  readonly error?: string;
}

/** Tells what became of a run to add; with `exists`, `run` is the one that was there. */
export interface AddedRun {
  /** Says what was done. */
  readonly outcome: 'queued' | 'exists' | 'missing';
  /** Is the run as stored, or as refused. */
  readonly run: RunRecord;
}

/** Says which attempt ends, and how. */
export interface RunFinish {
  /** Is the run's id. */
  readonly runId: string;
  /** Is the attempt. */
  readonly attempt: number;
  /** Says whether the handler has settled, so that its slots are free. */
  readonly settled: boolean;
  /** Is the outcome; `null`: it was recorded before, and the handler has settled now. */
  readonly outcome: RunOutcome | null;
  /**
   * Holds runs to insert with the outcome, as by {@link JobStore.addRuns}. A queued step is left out unless its parent is
   * running and nobody has asked to cancel that one; a run that comes as ended is kept as it is.
   */
  readonly followUps: readonly RunRecord[];
  /**
   * Says whether the node takes the run's parent if this was the last of its open steps; it is queued otherwise.
   * @defaultValue false
   */
  readonly takesParent?: boolean;
}

/** Is the end of a run, or of one attempt of it. */
export type RunOutcome = RunEnd | RunRetry | RunHandBack | RunDeath | RunAwait;

/** Says that a run is over. */
export interface RunEnd {
  /** Says so. */
  readonly kind: 'end';
  /** Says how it ended. */
  readonly status: EndStatus;
  /** Is the result as JSON text; `null`: none. */
  readonly result: string | null;
  /** Is the failure as JSON text; `null`: none. */
  readonly error: string | null;
}

/** Says that an attempt failed, and that there is to be another. */
export interface RunRetry {
  /** Says so. */
  readonly kind: 'retry';
  /** Is when the next attempt may start. */
  readonly availableAt: number;
  /** Is the failure as JSON text; `null`: none. */
  readonly error: string | null;
}

/** Says that a shutdown broke an attempt off, and that there is to be another, at no cost. */
export interface RunHandBack {
  /** Says so. */
  readonly kind: 'hand-back';
}

/** Says that whoever executed the attempt has died: what becomes of the run is as {@link JobStore.recover} says. */
export interface RunDeath {
  /** Says so. */
  readonly kind: 'died';
}

/**
 * Says that the run goes on when its steps have ended. It awaits them if any is open once the follow-ups are inserted;
 * otherwise it stays with the node as it is, running and held.
 */
export interface RunAwait {
  /** Says so. */
  readonly kind: 'await';
}

/** Tells what became of a finish. */
export interface FinishResult {
  /** Says whether it was written, or had been. */
  readonly outcome: 'ok' | 'lost';
  /** Is the run after it; `null` where it is gone. */
  readonly run: RunRecord | null;
  /** Is the run's job at its end, if this was its last run. */
  readonly ended: JobRecord | null;
  /** Says whether a run that waited for the slot may be claimed now. */
  readonly unblocked: boolean;
  /** Is the run's parent if it goes on now: taken by the node, or queued; `null` otherwise. */
  readonly parent: RunRecord | null;
}

/** Says how far a run is. */
export interface ProgressReport {
  /** Is the run's id. */
  readonly runId: string;
  /** Is the attempt. */
  readonly attempt: number;
  /** Is the progress as JSON text. */
  readonly progress: string;
}

/** Tells what became of a request to cancel. */
export type CancelOutcome = CancelledRun | CancelRequest | EndedRun | UnknownRun;

/** Says that a queued run was cancelled at once. */
export interface CancelledRun {
  /** Says so. */
  readonly outcome: 'cancelled';
  /** Is the run after it. */
  readonly run: RunRecord;
  /** Is the run's job at its end, if this was its last run. */
  readonly ended: JobRecord | null;
}

/** Says that the owner of a running run was asked to cancel it. */
export interface CancelRequest {
  /** Says so. */
  readonly outcome: 'requested';
  /** Is the run. */
  readonly run: RunRecord;
}

/** Says that the run was over. */
export interface EndedRun {
  /** Says so. */
  readonly outcome: 'over';
  /** Is the run. */
  readonly run: RunRecord;
}

/** Says that there is no such run. */
export interface UnknownRun {
  /** Says so. */
  readonly outcome: 'missing';
}

/** Selects runs; absent fields select all. */
export interface RunQuery {
  /** Selects by job. */
  readonly jobId?: string;
  /** Selects by task. */
  readonly task?: string;
  /** Selects by status. */
  readonly statuses?: readonly RunStatus[];
  /** Selects by origin. */
  readonly origin?: RunOrigin;
  /** Selects by parent. */
  readonly parentRunId?: string;
  /** Is the cursor of the page before. */
  readonly after?: string;
  /** Is how many to give at most. */
  readonly limit: number;
}

/** Is how a node looks from its store. */
export interface Heartbeat {
  /** Is the store's time. */
  readonly now: number;
  /** Says whether the node was still on the list; a node that others took off must not go on as if nothing were. */
  readonly alive: boolean;
  /** Holds the runs that the node holds. */
  readonly mine: readonly RunRecord[];
  /**
   * Holds the other nodes on the list, and those that are on no list and hold runs, with a sequence that stands still:
   * a node that was taken off the list may have claimed until it heard of it.
   */
  readonly peers: readonly Peer[];
}

/** Is another node. */
export interface Peer {
  /** Is the node's id. */
  readonly node: string;
  /** Grows with each of its heartbeats. */
  readonly sequence: number;
  /** Is when its lease ends, by the store's clock. */
  readonly leaseUntil: number;
}

/** Says what becomes of a run that a leaving node holds. */
export interface RunDisposition {
  /** Is the run's id. */
  readonly runId: string;
  /** Is the attempt. */
  readonly attempt: number;
  /** Queues it again at no cost, or ends it as lost. */
  readonly action: 'hand-back' | 'lose';
}

/** Asks for permits to start runs. */
export interface PermitRequest {
  /** Names what is limited, 1–400 characters. */
  readonly key: string;
  /** Is how many are wanted, above 0. */
  readonly wanted: number;
  /** Is how many are given at most in any span of `perMs`. */
  readonly max: number;
  /** Is that span, in milliseconds. */
  readonly perMs: number;
}

/** Are the permits that were given. */
export interface Permits {
  /** Is the store's time of the call. */
  readonly now: number;
  /** Is how many were given. */
  readonly granted: number;
  /** Is when to ask again if fewer were given than wanted; `null` otherwise. */
  readonly nextAt: number | null;
}

/** Are permits that were not used. */
export interface ReturnedPermits {
  /** Names what is limited. */
  readonly key: string;
  /** Is how many there are, above 0. */
  readonly count: number;
  /** Is `now` of the call that gave them. */
  readonly takenAt: number;
}

/** Tells of a change that another node made, or of a reset. */
export type StoreHint = WorkHint | RunHint | RunsEndedHint | ResetHint;

/** Tells that work may be due. */
export interface WorkHint {
  /** Says so. */
  readonly kind: 'work';
  /** Is when; `null`: at once. */
  readonly at: number | null;
}

/** Tells of a run: it is to be cancelled, has told how far it is, or has ended. */
export interface RunHint {
  /** Says which of them. */
  readonly kind: 'cancel' | 'progress' | 'ended';
  /** Is the run's id. */
  readonly runId: string;
}

/** Tells that runs have ended, and not which: whoever waits for one looks at it. */
export interface RunsEndedHint {
  /** Says so. */
  readonly kind: 'runs-ended';
}

/**
 * Tells that all that the store held has vanished, jobs, runs and the list of nodes, and that it begins anew.
 *
 * A subscriber hears it once for each reset, whichever instance noticed it: its own too, as the calls of that one have
 * begun anew already. If nobody had subscribed to an instance when it noticed, whoever does so next is told then.
 */
export interface ResetHint {
  /** Says so. */
  readonly kind: 'reset';
}
