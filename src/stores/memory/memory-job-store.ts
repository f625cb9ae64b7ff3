import { InvalidStateError, StoreInUseError } from '../../errors/scheduler-errors.js';
import { checkInteger, checkRecord } from '../../internal/check.js';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../job/job-policy.js';
import { idleWakeAt, moveOn } from '../../job/job-record.js';
import type { JobDefinition, JobRecord } from '../../job/job-record.js';
import { isEndStatus } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import { durationMs } from '../../time/durations.js';
import type { DurationInput } from '../../time/durations.js';
import { admitRuns } from '../admit-runs.js';
import type {
  AddedRun,
  CancelOutcome,
  ClaimRelease,
  ClaimRequest,
  ClaimResult,
  CommitResult,
  FinishResult,
  FiringDecision,
  Heartbeat,
  JobPatch,
  JobPut,
  JobQuery,
  JobStore,
  Page,
  Peer,
  PermitRequest,
  Permits,
  ProgressReport,
  PutOutcome,
  RemovedJob,
  ReturnedPermits,
  RunDisposition,
  RunFinish,
  RunOutcome,
  RunQuery,
  StoreCapabilities,
  StoreContext,
  StoreHint,
} from '../job-store.js';
import { advanceJob, claimJob, endJob, patchJob, refusedIds, releaseJob } from '../job-transitions.js';
import { mergePut } from '../merge-put.js';
import type { Merge } from '../merge-put.js';
import { returnToWindow, takeFromWindow } from '../permit-window.js';
import type { PermitWindow } from '../permit-window.js';
import { isExpired, isRefused, isWaiting } from '../run-transitions.js';
import { DueQueue } from './due-queue.js';
import { JobEntry } from './entries.js';
import type { RunEntry } from './entries.js';
import { pageOfJobs, pageOfRuns } from './queries.js';
import { RunBook } from './run-book.js';
import type { HistoryLimits } from './run-history.js';

/** Holds the options of a {@link MemoryJobStore}. */
export interface MemoryJobStoreOptions {
  /** Bounds the run history. */
  readonly history?: HistoryOptions;
}

/** Bounds how much of the past a {@link MemoryJobStore} keeps. */
export interface HistoryOptions {
  /** Is how many ended runs are kept at most. @defaultValue 10000 */
  readonly maxRuns?: number;
  /** Is how long an ended run is kept at most. @defaultValue 7 days */
  readonly maxAge?: DurationInput;
}

/** Holds what of one executor comes due. */
interface Lane {
  readonly jobs: DueQueue<JobEntry>;
  readonly runs: DueQueue<RunEntry>;
}

const WEEK_MS = 7 * 86_400_000;
const DEFAULT_MAX_RUNS = 10_000;

/**
 * Keeps jobs and runs in this process's memory, for one scheduler: all is gone with the process.
 *
 * Jobs wait on a binary heap by wake time with a position index: adding, moving and removing one is O(log n), and
 * waking up does not look at those that are idle. Run history is bounded by count and age; what leaves it is also what
 * keeps a fire time or an `enqueue` key from being used again.
 */
export class MemoryJobStore implements JobStore {
  readonly capabilities: StoreCapabilities = Object.freeze({ durable: false, shared: false });

  readonly #jobs = new Map<string, JobEntry>();
  readonly #jobsByUid = new Map<string, JobEntry>();
  readonly #lanes = new Map<string, Lane>();
  readonly #nodes = new Map<string, Peer>();
  readonly #listeners = new Set<(hint: StoreHint) => void>();
  readonly #permits = new Map<string, PermitWindow>();
  readonly #runs: RunBook;
  #context: StoreContext | null = null;

  /**
   * Makes an empty store.
   *
   * @throws {@link InvalidOptionError} when an option is unknown or not what it should be
   */
  constructor(options: MemoryJobStoreOptions = {}) {
    checkRecord(options, 'options', new Set(['history']));
    this.#runs = new RunBook({
      limits: resolveHistory(options.history ?? {}),
      queueOf: (executor) => this.#lane(executor).runs,
      hint: (hint) => {
        this.#hint(hint);
      },
    });
  }

  async open(context: StoreContext): Promise<void> {
    if (this.#context !== null && this.#context !== context) throw new StoreInUseError();
    this.#context = context;
  }

  async close(): Promise<void> {
    this.#context = null;
  }

  async now(): Promise<number> {
    return this.#now();
  }

  async putJobs(puts: readonly JobPut[]): Promise<PutOutcome[]> {
    const refused = refusedIds(puts, (id) => this.#jobs.has(id));
    if (refused.size > 0) {
      return puts.map(({ job }) => ({
        outcome: refused.has(job.id) ? 'exists' : 'unchanged',
        job,
        cancelled: [],
      }));
    }
    return puts.map((put) => this.#write(put, mergePut(this.#jobs.get(put.job.id)?.record ?? null, put)));
  }

  async patchJob(id: string, patch: JobPatch, ifFence?: number): Promise<JobRecord | 'missing' | 'conflict'> {
    const entry = this.#jobs.get(id);
    if (entry === undefined) return 'missing';
    const { record } = entry;
    if (ifFence !== undefined && record.fence !== ifFence) return 'conflict';
    return this.#edit(entry, patchJob(record, patch, this.#now()));
  }

  async removeJob(id: string): Promise<RemovedJob | null> {
    const entry = this.#jobs.get(id);
    return entry === undefined ? null : this.#drop(entry);
  }

  async getJob(id: string): Promise<JobRecord | null> {
    return this.#jobs.get(id)?.record ?? null;
  }

  async listJobs(query: JobQuery): Promise<Page<JobRecord>> {
    return pageOfJobs(this.#jobs.values(), query);
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const now = this.#now();
    const { jobs: jobQueue, runs: runQueue } = this.#lane(request.executor);
    const claimed: ClaimResult & Claimed = { now, runs: [], missed: [], jobs: [], ended: [], nextAt: null };
    for (let priority = MAX_PRIORITY; priority >= MIN_PRIORITY; priority--) {
      while (claimed.runs.length + claimed.jobs.length < request.limit) {
        const run = runQueue.take(priority, now, request);
        if (run === null) break;
        this.#claimRun(run, request.node, claimed);
      }
      while (claimed.runs.length + claimed.jobs.length < request.limit) {
        const job = jobQueue.take(priority, now, request);
        if (job === null) break;
        this.#claimJob(job, now + request.claimMs);
        claimed.jobs.push(job.record);
      }
    }
    const nextAt = Math.min(jobQueue.earliest(request), this.#earliestRun(request, now));
    return { ...claimed, nextAt: nextAt === Infinity ? null : nextAt };
  }

  async commitFirings(node: string, decisions: readonly FiringDecision[]): Promise<CommitResult[]> {
    const now = this.#now();
    return decisions.map((decision) => {
      const entry = this.#jobsByUid.get(decision.uid);
      if (entry?.record.fence !== decision.fence) return { outcome: 'lost' };
      return this.#commit(entry, decision, node, now);
    });
  }

  async releaseClaims(_node: string, releases: readonly ClaimRelease[]): Promise<void> {
    for (const release of releases) {
      const entry = this.#jobsByUid.get(release.uid);
      if (entry?.record.fence !== release.fence) continue;
      entry.record = releaseJob(entry.record, release);
      this.#requeueJob(entry);
    }
  }

  async addRuns(runs: readonly RunRecord[]): Promise<AddedRun[]> {
    const now = this.#now();
    return runs.map((run) => this.#runs.add(run, this.#jobOf(run), now));
  }

  async finishRuns(node: string, finishes: readonly RunFinish[]): Promise<FinishResult[]> {
    const now = this.#now();
    return finishes.map((finish) => this.#finish(node, finish, now));
  }

  async reportProgress(node: string, reports: readonly ProgressReport[]): Promise<void> {
    for (const { runId, attempt, progress } of reports) {
      const run = this.#runs.get(runId);
      if (run?.record.status !== 'running' || run.record.owner !== node || run.record.attempt !== attempt)
        continue;
      run.record = { ...run.record, progress };
      this.#hint({ kind: 'progress', runId });
    }
  }

  async requestCancel(runId: string): Promise<CancelOutcome> {
    const run = this.#runs.get(runId);
    if (run === undefined) return { outcome: 'missing' };
    if (isEndStatus(run.record.status)) return { outcome: 'over', run: run.record };
    const now = this.#now();
    // A run that waits for its retry while its last handler has not settled is still queued: it ends here too.
    if (run.record.status === 'queued') {
      const record = this.#runs.end(run, 'cancelled', now);
      return {
        outcome: 'cancelled',
        run: record,
        ended: run.job === null ? null : this.#endJobIfDone(run.job, now),
      };
    }
    return { outcome: 'requested', run: this.#runs.askToCancel(run) };
  }

  async getRun(id: string): Promise<RunRecord | null> {
    return this.#runs.get(id)?.record ?? null;
  }

  async listRuns(query: RunQuery): Promise<Page<RunRecord>> {
    const { parentRunId } = query;
    return pageOfRuns(
      parentRunId === undefined ? this.#runs.values() : this.#runs.childrenOf(parentRunId),
      query,
    );
  }

  async pruneRuns(before: number, limit: number): Promise<number> {
    return this.#runs.prune(before, limit);
  }

  async pruneJobs(before: number, limit: number): Promise<number> {
    let pruned = 0;
    for (const entry of this.#jobs.values()) {
      if (pruned >= limit) break;
      if (entry.record.state !== 'finished' || (entry.record.finishedAt ?? Infinity) >= before) continue;
      this.#drop(entry);
      pruned++;
    }
    return pruned;
  }

  async heartbeat(node: string, leaseMs: number): Promise<Heartbeat> {
    const now = this.#now();
    const before = this.#nodes.get(node);
    this.#nodes.set(node, { node, sequence: (before?.sequence ?? 0) + 1, leaseUntil: now + leaseMs });
    const unlisted = [...this.#runs.holders()].filter((holder) => !this.#nodes.has(holder));
    return {
      now,
      alive: before !== undefined,
      mine: this.#runs.heldBy(node).map(({ record }) => record),
      peers: [
        ...[...this.#nodes.values()].filter((peer) => peer.node !== node),
        ...unlisted.map((holder) => ({ node: holder, sequence: 0, leaseUntil: now })),
      ],
    };
  }

  async recover(node: string): Promise<RunRecord[]> {
    this.#nodes.delete(node);
    const now = this.#now();
    return this.#runs.heldBy(node).map((run) => {
      const record = this.#runs.recover(run, now);
      if (run.job !== null) this.#endJobIfDone(run.job, now);
      return record;
    });
  }

  async leave(node: string, dispositions: readonly RunDisposition[]): Promise<void> {
    const now = this.#now();
    for (const { runId, attempt, action } of dispositions) {
      const run = this.#runs.get(runId);
      if (run?.record.held !== true || run.record.owner !== node || run.record.attempt !== attempt) continue;
      this.#runs.release(run, now);
      if (run.record.status === 'running') {
        if (action === 'hand-back') this.#runs.record(run, HAND_BACK, now);
        else this.#runs.end(run, 'lost', now);
        this.#runs.goOnWithParent(run, null, now);
      }
      if (run.job !== null) this.#endJobIfDone(run.job, now);
    }
    this.#nodes.delete(node);
  }

  async takePermits(request: PermitRequest): Promise<Permits> {
    const { permits, window } = takeFromWindow(this.#permits.get(request.key) ?? [], request, this.#now());
    this.#permits.set(request.key, window);
    return permits;
  }

  async returnPermits({ key, count, takenAt }: ReturnedPermits): Promise<void> {
    const window = this.#permits.get(key);
    if (window !== undefined) this.#permits.set(key, returnToWindow(window, count, takenAt));
  }

  async subscribe(listener: (hint: StoreHint) => void): Promise<() => Promise<void>> {
    this.#listeners.add(listener);
    return async () => {
      this.#listeners.delete(listener);
    };
  }

  #now(): number {
    if (this.#context === null) throw new InvalidStateError('The store is closed. Its scheduler opens it.');
    return this.#context.clock.now();
  }

  #hint(hint: StoreHint): void {
    for (const listener of this.#listeners) listener(hint);
  }

  #lane(executor: string): Lane {
    let lane = this.#lanes.get(executor);
    if (lane === undefined)
      this.#lanes.set(executor, (lane = { jobs: new DueQueue(), runs: new DueQueue() }));
    return lane;
  }

  /** Gives the job of a run; `null`: it has none; `undefined`: it is gone. */
  #jobOf({ jobUid }: RunRecord): JobEntry | null | undefined {
    return jobUid === null ? null : this.#jobsByUid.get(jobUid);
  }

  #claimJob(entry: JobEntry, wakeAt: number): void {
    entry.record = claimJob(entry.record, wakeAt);
    this.#requeueJob(entry);
  }

  #claimRun(run: RunEntry, node: string, { now, runs, missed, ended }: ClaimResult & Claimed): void {
    if (isExpired(run.record, now)) {
      missed.push(this.#runs.end(run, 'missed', now));
      const job = run.job === null ? null : this.#endJobIfDone(run.job, now);
      if (job !== null) ended.push(job);
    } else if (run.isBlocked) {
      this.#runs.block(run);
    } else {
      runs.push(this.#runs.start(run, node, now));
    }
  }

  /** Gives when the next run comes due, once those that wait for a slot of their job are set aside. */
  #earliestRun(request: ClaimRequest, now: number): number {
    const { runs } = this.#lane(request.executor);
    for (let priority = MAX_PRIORITY; priority >= MIN_PRIORITY; priority--) {
      let run = runs.peek(priority, now, request);
      while (run?.isBlocked === true) {
        this.#runs.block(run);
        run = runs.peek(priority, now, request);
      }
    }
    return runs.earliest(request);
  }

  #write({ job }: JobPut, { outcome, put }: Merge): PutOutcome {
    const entry = this.#jobs.get(job.id);
    if (put === null) return { outcome, job: entry?.record ?? job, cancelled: [] };
    if (outcome === 'updated' && entry !== undefined)
      return { outcome, job: this.#edit(entry, put), cancelled: [] };
    const cancelled = entry === undefined ? [] : this.#drop(entry).cancelled;
    return { outcome, job: this.#insert(put), cancelled };
  }

  #insert(job: JobRecord): JobRecord {
    const lastToken = Math.max(job.lastToken, this.#runs.highestToken, this.#now());
    const wakeAt = idleWakeAt(job);
    const isComplete = job.lastToken === lastToken && job.wakeAt === wakeAt;
    const entry = new JobEntry(isComplete ? job : { ...job, lastToken, wakeAt });
    this.#jobs.set(job.id, entry);
    this.#jobsByUid.set(job.uid, entry);
    this.#requeueJob(entry);
    return entry.record;
  }

  #edit(entry: JobEntry, edited: JobRecord): JobRecord {
    const before = entry.record.definition;
    entry.record = edited;
    const after = edited.definition;
    if (isQueuedElsewhere(before, after)) this.#lane(before.executor).jobs.remove(entry);
    this.#requeueJob(entry);
    this.#runs.unblock(entry);
    this.#endJobIfDone(entry, edited.updatedAt);
    return entry.record;
  }

  #drop(entry: JobEntry): RemovedJob {
    const now = this.#now();
    const cancelled: RunRecord[] = [];
    for (const run of entry.open ?? []) {
      if (run.record.status === 'queued') cancelled.push(this.#runs.end(run, 'cancelled', now));
      run.job = null;
    }
    this.#lane(entry.record.definition.executor).jobs.remove(entry);
    this.#jobs.delete(entry.record.id);
    this.#jobsByUid.delete(entry.record.uid);
    return { job: entry.record, cancelled };
  }

  #requeueJob(entry: JobEntry): void {
    const { definition, wakeAt } = entry.record;
    this.#lane(definition.executor).jobs.set(entry, wakeAt ?? Infinity);
  }

  #commit(entry: JobEntry, decision: FiringDecision, node: string, now: number): CommitResult {
    const { maxInstances } = entry.record.definition;
    const keys = new Set<string>();
    const fresh = decision.runs.filter(({ uniqueKey }) => {
      if (uniqueKey === null) return true;
      const isTaken = keys.has(uniqueKey) || this.#runs.hasKey(uniqueKey);
      keys.add(uniqueKey);
      return !isTaken;
    });
    const admission = admitRuns({
      planned: fresh.length,
      held: entry.held,
      waiting: entry.freeSlots > 0 ? 0 : countWaiting(entry),
      maxInstances,
      startable: decision.startable,
      overlap: decision.overlap,
    });
    const earlier = admission.cancelEarlier ? this.#cancelEarlier(entry, now) : NOTHING_CANCELLED;
    const inserted = fresh.slice(0, admission.start + admission.queue);
    const skipped = fresh.slice(inserted.length);
    const started: RunRecord[] = [];
    const queued: RunRecord[] = [];
    for (const record of inserted) {
      const run = this.#runs.insert(record, entry);
      if (started.length < admission.start) started.push(this.#runs.start(run, node, now));
      else queued.push(this.#runs.queue(run, now));
    }
    entry.record = moveOn(entry.record, advanceJob(entry.record, decision, inserted, skipped));
    this.#requeueJob(entry);
    const ended = entry.record.nextRunAt === null ? this.#endJobIfDone(entry, now) : null;
    return { outcome: 'committed', started, queued, skipped, ...earlier, ended };
  }

  /** Cancels what waits, and asks what runs to stop, so that a new plan gets their slot. */
  #cancelEarlier(entry: JobEntry, now: number): { cancelled: RunRecord[]; cancelRequested: RunRecord[] } {
    const cancelled: RunRecord[] = [];
    const cancelRequested: RunRecord[] = [];
    for (const run of entry.open ?? []) {
      if (isWaiting(run.record)) cancelled.push(this.#runs.end(run, 'cancelled', now));
      else if (run.record.status === 'running') cancelRequested.push(this.#runs.askToCancel(run));
    }
    return { cancelled, cancelRequested };
  }

  #finish(node: string, finish: RunFinish, now: number): FinishResult {
    const run = this.#runs.get(finish.runId);
    if (run === undefined) return { ...LOST, run: null };
    const { record } = run;
    if (record.owner !== node || record.attempt !== finish.attempt) return { ...LOST, run: record };
    const { outcome } = finish;
    const isRunning = record.status === 'running';
    const isLost = isRefused(record, outcome);
    if (isLost && isRunning) return { ...LOST, run: record };
    const isNew = outcome !== null && isRunning && record.held;
    if (isNew) this.#record(run, outcome, finish.followUps, now);
    const isOver = run.record.status !== 'running';
    const unblocked = finish.settled && isOver && run.record.held && this.#runs.release(run, now);
    const parent = isNew
      ? this.#runs.goOnWithParent(run, finish.takesParent === true ? node : null, now)
      : null;
    const ended = run.job === null ? null : this.#endJobIfDone(run.job, now);
    return { outcome: isLost ? 'lost' : 'ok', run: run.record, ended, unblocked, parent };
  }

  #record(run: RunEntry, outcome: RunOutcome, followUps: readonly RunRecord[], now: number): void {
    this.#runs.record(run, outcome, now);
    for (const followUp of followUps) this.#runs.follow(followUp, this.#jobOf(followUp), now);
    if (outcome.kind === 'await') this.#runs.awaitSteps(run);
  }

  #endJobIfDone(entry: JobEntry, now: number): JobRecord | null {
    const { record } = entry;
    if (record.state !== 'active' || record.nextRunAt !== null || entry.hasOpenRuns) return null;
    entry.record = endJob(record, now);
    if (!record.named) this.#drop(entry);
    return entry.record;
  }
}

/** Is a claim while it is gathered. */
interface Claimed {
  readonly runs: RunRecord[];
  readonly missed: RunRecord[];
  readonly jobs: JobRecord[];
  readonly ended: JobRecord[];
}

const HAND_BACK: RunOutcome = { kind: 'hand-back' };
const LOST = { outcome: 'lost', ended: null, unblocked: false, parent: null } as const;
const NOTHING_CANCELLED = { cancelled: [], cancelRequested: [] };

function resolveHistory(history: HistoryOptions): HistoryLimits {
  const { maxRuns, maxAge } = checkRecord(history, 'options.history', new Set(['maxRuns', 'maxAge']));
  const field = 'options.history';
  return {
    maxRuns: maxRuns === undefined ? DEFAULT_MAX_RUNS : checkInteger(maxRuns, `${field}.maxRuns`, { min: 0 }),
    maxAgeMs: maxAge === undefined ? WEEK_MS : durationMs(maxAge, `${field}.maxAge`),
  };
}

/** Tells whether an edit moves a job to another place in the due queues, not just to another time. */
function isQueuedElsewhere(before: JobDefinition, after: JobDefinition): boolean {
  return (
    before.executor !== after.executor ||
    before.priority !== after.priority ||
    before.task !== after.task ||
    before.triggerKind !== after.triggerKind
  );
}

function countWaiting(entry: JobEntry): number {
  let waiting = 0;
  for (const { record } of entry.open ?? []) if (isWaiting(record)) waiting++;
  return waiting;
}
