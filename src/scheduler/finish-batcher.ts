import type { FinishResult, RunFinish } from '../stores/job-store.js';
import { Deferred } from '../internal/deferred.js';
import type { ActiveRun } from './active-run.js';
import { NO_SEQUEL } from './steps/sequels.js';
import type { StoreLink } from './store-link.js';

/** Is called when the store has taken a finish. */
export type FinishListener = (active: ActiveRun, sent: RunFinish, result: FinishResult) => void;

/** Is how many ends one call writes at most. */
const MAX_BATCH = 1000;

/**
 * Writes the ends of attempts to one store: all that have come together in one call, and one call at a time; what ends
 * meanwhile goes with the next. A store that does not answer is tried again until it does, or is closed; finishes are
 * fenced, so repeating one is harmless. After a failure fewer go at once, and those that failed go last, so that one
 * that no store can take does not hold up the others.
 */
export class FinishBatcher {
  readonly #link: StoreLink;
  readonly #onFinished: FinishListener;
  readonly #pending = new Set<ActiveRun>();
  #isBusy = false;
  #limit = MAX_BATCH;
  #writing: Deferred<void> | null = null;

  /** Makes a batcher for a store. */
  constructor(link: StoreLink, onFinished: FinishListener) {
    this.#link = link;
    this.#onFinished = onFinished;
  }

  /** Counts the attempts whose ends the store has not taken. */
  get size(): number {
    return this.#pending.size;
  }

  /** Waits until the call under way, or about to be made, has answered or failed; `false`: there is none. */
  async written(): Promise<boolean> {
    if (this.#writing === null) return false;
    await this.#writing.promise;
    return true;
  }

  /** Writes what has become of an attempt, soon. */
  add(active: ActiveRun): void {
    this.#pending.add(active);
    this.#flushSoon();
  }

  /** Writes what could not be written before its store was closed. */
  resume(): void {
    if (this.#pending.size > 0) this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#writing = new Deferred();
    this.#link.soon(() => {
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // Closed by a shutdown that could not wait: a call would open it again.
    if (!this.#link.isOpen) {
      this.#isBusy = false;
      this.#wrote();
      return;
    }
    try {
      await this.#writeFinishes();
    } catch {
      // The link has told of it. What was not taken is pending still.
      this.#wrote();
      await this.#link.pause();
    }
    const writing = this.#writing;
    this.#isBusy = false;
    this.#writing = null;
    if (this.#pending.size > 0) this.#flushSoon();
    writing?.resolve();
  }

  #wrote(): void {
    this.#writing?.resolve();
    this.#writing = null;
  }

  async #writeFinishes(): Promise<void> {
    if (this.#pending.size === 0) return;
    const next = [...this.#pending].slice(0, this.#limit);
    // A node may have come back under another id while runs of its former life were going on.
    for (const [owner, batch] of groupByOwner(next)) await this.#writeBatch(owner, batch);
  }

  async #writeBatch(owner: string, batch: readonly ActiveRun[]): Promise<void> {
    const finishes = batch.map((active) => finishOf(active));
    const results = await this.#send(owner, finishes, batch);
    batch.forEach((active, at) => {
      const sent = finishes[at];
      const result = results[at];
      if (sent === undefined || result === undefined) return;
      // What has come about since the call was made has to be written too.
      if (sent.settled === active.hasSettled) this.#pending.delete(active);
      this.#onFinished(active, sent, result);
    });
  }

  async #send(
    owner: string,
    finishes: readonly RunFinish[],
    batch: readonly ActiveRun[],
  ): Promise<FinishResult[]> {
    try {
      const results = await this.#link.call((store) => store.finishRuns(owner, finishes));
      this.#limit = Math.min(MAX_BATCH, this.#limit * 2);
      return results;
    } catch (error) {
      this.#limit = Math.max(1, Math.floor(batch.length / 2));
      for (const active of batch) {
        this.#pending.delete(active);
        this.#pending.add(active);
      }
      throw error;
    }
  }
}

function groupByOwner(runs: Iterable<ActiveRun>): Map<string, ActiveRun[]> {
  const groups = new Map<string, ActiveRun[]>();
  for (const active of runs) {
    const owner = active.record.owner ?? '';
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [active]);
    else group.push(active);
  }
  return groups;
}

function finishOf(active: ActiveRun): RunFinish {
  const { record, decision, isRecorded, hasSettled } = active;
  return {
    runId: record.id,
    attempt: record.attempt,
    settled: hasSettled,
    outcome: isRecorded ? null : (decision?.outcome ?? null),
    ...(isRecorded ? NO_SEQUEL : active.sequel),
  };
}
