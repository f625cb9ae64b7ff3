import type { RunEntry } from './entries.js';

/** Bounds how much of the past is kept. */
export interface HistoryLimits {
  /** Is how many ended runs are kept at most. */
  readonly maxRuns: number;
  /** Is how long an ended run is kept at most, in milliseconds. */
  readonly maxAgeMs: number;
}

/** Keeps the runs that are over, in the order in which their slots were freed, within limits. */
export class RunHistory {
  readonly #limits: HistoryLimits;
  readonly #forget: (run: RunEntry) => void;
  #runs: RunEntry[] = [];
  #head = 0;

  /** Makes an empty history; what leaves it is handed to `forget`. */
  constructor(limits: HistoryLimits, forget: (run: RunEntry) => void) {
    this.#limits = limits;
    this.#forget = forget;
  }

  /** Adds a run that has ended, and drops what exceeds the limits. */
  add(run: RunEntry, now: number): void {
    this.#runs.push(run);
    const oldest = now - this.#limits.maxAgeMs;
    while ((this.#runs[this.#head]?.record.finishedAt ?? Infinity) < oldest) this.#drop();
    while (this.#runs.length - this.#head > this.#limits.maxRuns) this.#drop();
  }

  /** Drops runs that ended before an instant; gives how many. */
  prune(before: number, limit: number): number {
    let dropped = 0;
    // A run is here since its handler settled; it may have ended long before those ahead of it.
    this.#runs = this.#runs.slice(this.#head).filter((run) => {
      if (dropped >= limit || (run.record.finishedAt ?? Infinity) >= before) return true;
      this.#forget(run);
      dropped++;
      return false;
    });
    this.#head = 0;
    return dropped;
  }

  #drop(): void {
    const run = this.#runs[this.#head];
    if (run === undefined) return;
    this.#head++;
    this.#forget(run);
    // Moving the rest down only once half of the array is spent keeps a drop at constant cost on average.
    if (this.#head * 2 > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#head);
      this.#head = 0;
    }
  }
}
