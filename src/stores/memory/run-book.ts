import { IndexedHeap } from '../../internal/indexed-heap.js';
import { moveOn } from '../../job/job-record.js';
import { isAwaiting, isEndStatus, isOpenStep } from '../../job/run-record.js';
import type { EndStatus, RunRecord } from '../../job/run-record.js';
import type { AddedRun, RunOutcome, StoreHint } from '../job-store.js';
import {
  awaitSteps,
  endAttempt,
  endRun,
  mayFollow,
  queueParent,
  recoverRun,
  releaseRun,
  standingOf,
  startRun,
  takeParent,
} from '../run-transitions.js';
import type { DueQueue } from './due-queue.js';
import { RunEntry } from './entries.js';
import type { JobEntry } from './entries.js';
import { RunHistory } from './run-history.js';
import type { HistoryLimits } from './run-history.js';

/** Sets priorities farther apart than the times of due runs are: a time in milliseconds reaches it in the year 2286. */
const PRIORITY_STEP = 1e13;

/** Is what a {@link RunBook} needs of its store. */
export interface RunBookContext {
  /** Bounds how many ended runs are kept, and how long. */
  readonly limits: HistoryLimits;
  /** Gives the queue of runs for an executor. */
  queueOf(executor: string): DueQueue<RunEntry>;
  /** Tells subscribers of a change. */
  hint(hint: StoreHint): void;
}

/**
 * Keeps the runs of a store, and moves them from state to state.
 *
 * A run is in one of these places: a due queue (queued), its job's `blocked` heap (queued and due, but the job has no
 * slot), the held ones (its handler goes on), or the history (ended, and nothing held). One that awaits its steps is in
 * none, nor is a step that has ended before its parent.
 */
export class RunBook {
  readonly #context: RunBookContext;
  readonly #runs = new Map<string, RunEntry>();
  readonly #runsByKey = new Map<string, RunEntry>();
  readonly #held = new Set<RunEntry>();
  readonly #children = new Map<string, Set<RunEntry>>();
  readonly #history: RunHistory;
  #blockedOrder = 0;
  #highestToken = 0;

  /** Makes an empty book. */
  constructor(context: RunBookContext) {
    this.#context = context;
    this.#history = new RunHistory(context.limits, (run) => {
      this.#forget(run);
    });
  }

  /** Is the highest fencing token that was drawn. */
  get highestToken(): number {
    return this.#highestToken;
  }

  /** Gives a run. */
  get(id: string): RunEntry | undefined {
    return this.#runs.get(id);
  }

  /** Gives all runs. */
  values(): Iterable<RunEntry> {
    return this.#runs.values();
  }

  /** Gives the runs that follow or belong to a run. */
  childrenOf(id: string): Iterable<RunEntry> {
    return this.#children.get(id) ?? [];
  }

  /** Gives the runs that a node holds. */
  heldBy(node: string): RunEntry[] {
    return [...this.#held].filter(({ record }) => record.owner === node);
  }

  /** Gives the nodes that hold runs. */
  holders(): Set<string> {
    return new Set([...this.#held].flatMap(({ record }) => (record.owner === null ? [] : [record.owner])));
  }

  /** Tells whether there is a run with a key. */
  hasKey(key: string | null): boolean {
    return key !== null && this.#runsByKey.has(key);
  }

  /** Adds a queued run, unless there is one with its key or id; of a job that is `undefined`, none is added. */
  add(record: RunRecord, job: JobEntry | null | undefined, now: number): AddedRun {
    const keyed = record.uniqueKey === null ? undefined : this.#runsByKey.get(record.uniqueKey);
    const existing = keyed ?? this.#runs.get(record.id);
    if (existing !== undefined) return { outcome: 'exists', run: existing.record };
    if (job === undefined) return { outcome: 'missing', run: record };
    return { outcome: 'queued', run: this.queue(this.insert(record, job), now) };
  }

  /** Adds a run that follows the end of another, if it may. */
  follow(record: RunRecord, job: JobEntry | null | undefined, now: number): void {
    const parent = record.parentRunId === null ? undefined : this.#runs.get(record.parentRunId);
    if (!mayFollow(record, parent?.record ?? null)) return;
    if (!isEndStatus(record.status)) this.add(record, job, now);
    else if (!this.#runs.has(record.id)) this.#close(this.insert(record, null), now);
  }

  /** Adds a run that is put nowhere yet. */
  insert(record: RunRecord, job: JobEntry | null): RunEntry {
    const run = new RunEntry(record, job);
    this.#runs.set(record.id, run);
    if (record.uniqueKey !== null) this.#runsByKey.set(record.uniqueKey, run);
    if (job !== null) (job.open ??= new Set()).add(run);
    const { parentRunId } = record;
    if (parentRunId !== null) {
      const siblings = this.#children.get(parentRunId);
      if (siblings === undefined) this.#children.set(parentRunId, new Set([run]));
      else siblings.add(run);
    }
    return run;
  }

  /** Puts a run where a claim finds it, or, if it is due and its job has no slot, where the end of another one does. */
  queue(run: RunEntry, now: number): RunRecord {
    if (run.isBlocked && run.record.availableAt <= now) this.block(run);
    else this.#context.queueOf(run.record.executor).set(run, run.record.availableAt);
    return run.record;
  }

  /** Puts a run where only the end of another run of its job finds it. */
  block(run: RunEntry): void {
    if (run.job === null) return;
    this.#context.queueOf(run.record.executor).remove(run);
    run.heap = run.job.blocked ??= new IndexedHeap<RunEntry>();
    run.key = run.record.availableAt - run.record.priority * PRIORITY_STEP;
    run.order = this.#blockedOrder++;
    run.heap.push(run);
  }

  /** Lets as many blocked runs of a job be claimed as it has slots for; tells whether there was one. */
  unblock(job: JobEntry): boolean {
    let isAny = false;
    for (let free = job.freeSlots; free > 0; free--) {
      const run = job.blocked?.peek();
      if (run === undefined) break;
      run.heap?.remove(run);
      run.heap = null;
      this.#context.queueOf(run.record.executor).set(run, run.record.availableAt);
      isAny = true;
    }
    return isAny;
  }

  /** Starts an attempt of a run. */
  start(run: RunEntry, node: string, now: number): RunRecord {
    const { job } = run;
    this.#held.add(run);
    const slot = job === null ? null : job.takeSlot();
    run.record = startRun(run.record, { node, now, slot, fencingToken: this.#drawToken(job, now) });
    return run.record;
  }

  /** Records how an attempt ended. */
  record(run: RunEntry, outcome: RunOutcome, now: number): void {
    // It stays as it is until the steps that it is to await are there.
    if (outcome.kind === 'await') return;
    const standing = standingOf(run.record, run.job?.record ?? null);
    this.#move(run, endAttempt(run.record, outcome, now, standing), now);
  }

  /** Ends a run. Its slots stay held until its handler has settled. */
  end(run: RunEntry, status: EndStatus, now: number): RunRecord {
    this.#move(run, endRun(run.record, status, now), now);
    this.goOnWithParent(run, null, now);
    return run.record;
  }

  /** Lets go of a run until its steps have ended, if any is open. */
  awaitSteps(run: RunEntry): void {
    if (!this.#hasOpenSteps(run)) return;
    this.#held.delete(run);
    run.record = awaitSteps(run.record);
  }

  /**
   * Goes on with the parent of a run that has ended, if it awaits its steps and this was the last; gives it then.
   *
   * @param node - the node that takes it; `null`: it is queued
   */
  goOnWithParent({ record: step }: RunEntry, node: string | null, now: number): RunRecord | null {
    const parent = step.parentRunId === null ? undefined : this.#runs.get(step.parentRunId);
    if (parent === undefined || step.step === null || !isEndStatus(step.status)) return null;
    if (!isAwaiting(parent.record) || this.#hasOpenSteps(parent)) return null;
    if (node !== null) {
      this.#held.add(parent);
      parent.record = takeParent(parent.record, node);
      return parent.record;
    }
    const { job } = parent;
    const { slot } = parent.record;
    parent.record = queueParent(parent.record, now);
    if (job !== null && slot !== null) job.freeSlot(slot);
    this.queue(parent, now);
    if (job !== null) this.unblock(job);
    this.#context.hint({ kind: 'work', at: null });
    return parent.record;
  }

  /** Frees what a run holds; tells whether another run can have its slot now. */
  release(run: RunEntry, now: number): boolean {
    const { slot, status } = run.record;
    this.#held.delete(run);
    run.record = releaseRun(run.record);
    if (run.job !== null && slot !== null) run.job.freeSlot(slot);
    if (status === 'queued') this.queue(run, now);
    else if (isEndStatus(status)) this.#close(run, now);
    return run.job !== null && this.unblock(run.job);
  }

  /** Notes that a running run is to be cancelled. */
  askToCancel(run: RunEntry): RunRecord {
    run.record = { ...run.record, cancelRequested: true };
    this.#context.hint({ kind: 'cancel', runId: run.record.id });
    return run.record;
  }

  /** Takes a run from a dead node: it runs again, or is lost. */
  recover(run: RunEntry, now: number): RunRecord {
    const recovered = recoverRun(run.record, run.job?.record ?? null, now);
    this.release(run, now);
    if (recovered.status !== run.record.status) this.#move(run, recovered, now);
    this.goOnWithParent(run, null, now);
    return run.record;
  }

  /** Forgets runs that ended before an instant; gives how many. */
  prune(before: number, limit: number): number {
    return this.#history.prune(before, limit);
  }

  /** Puts a run that has ended, or waits for another attempt, where it belongs; one that is held stays out of reach. */
  #move(run: RunEntry, record: RunRecord, now: number): RunRecord {
    run.record = record;
    if (record.status === 'queued') {
      if (!record.held) this.queue(run, now);
      return record;
    }
    this.#context.queueOf(record.executor).remove(run);
    if (!record.held) {
      this.#close(run, now);
      // A slot that this run was let out of the blocked ones for is the next one's now.
      if (run.job !== null) this.unblock(run.job);
    }
    this.#context.hint({ kind: 'ended', runId: record.id });
    return record;
  }

  #drawToken(job: JobEntry | null, now: number): number {
    const token = (job === null ? Math.max(now, this.#highestToken) : job.record.lastToken) + 1;
    if (job !== null) job.record = moveOn(job.record, job.record, token);
    this.#highestToken = Math.max(this.#highestToken, token);
    return token;
  }

  #hasOpenSteps({ record }: RunEntry): boolean {
    for (const { record: child } of this.childrenOf(record.id)) if (isOpenStep(child)) return true;
    return false;
  }

  #close(run: RunEntry, now: number): void {
    run.job?.open?.delete(run);
    const { step, parentRunId } = run.record;
    const parent = step === null || parentRunId === null ? undefined : this.#runs.get(parentRunId);
    // What a run gave that others still build on is not to be forgotten before they are done.
    if (parent !== undefined && !isClosed(parent.record)) return;
    this.#remember(run, now);
  }

  /** Adds a run to the history, with the steps that were kept for it. */
  #remember(run: RunEntry, now: number): void {
    if (run.isInHistory) return;
    run.isInHistory = true;
    this.#history.add(run, now);
    for (const child of this.childrenOf(run.record.id))
      if (child.record.step !== null && isClosed(child.record)) this.#remember(child, now);
  }

  #forget(run: RunEntry): void {
    const { id, uniqueKey, parentRunId } = run.record;
    this.#runs.delete(id);
    if (uniqueKey !== null) this.#runsByKey.delete(uniqueKey);
    if (parentRunId === null) return;
    const siblings = this.#children.get(parentRunId);
    siblings?.delete(run);
    if (siblings?.size === 0) this.#children.delete(parentRunId);
  }
}

function isClosed({ status, held }: RunRecord): boolean {
  return isEndStatus(status) && !held;
}
