import type { Executor } from '../executors/executor.js';

/**
 * Is an executor with its name, as several lanes share it: a lane reserves slots before it claims, so that two lanes
 * never claim for the same one.
 */
export class ExecutorSlots {
  /** Is the executor's name in its scheduler. */
  readonly name: string;
  /** Is the executor. */
  readonly executor: Executor;
  readonly #waiting = new Set<() => void>();
  #reserved = 0;

  /** Makes the slots of an executor. */
  constructor(name: string, executor: Executor) {
    this.name = name;
    this.executor = executor;
  }

  /** Counts the slots that are free and not reserved. */
  get free(): number {
    const free = Math.floor(this.executor.freeSlots) - this.#reserved;
    // An executor that does not know its slots has none.
    return Number.isNaN(free) ? 0 : Math.max(0, free);
  }

  /** Reserves as many free slots as there are, up to a number; gives how many. */
  reserve(wanted: number): number {
    const count = Math.min(wanted, this.free);
    this.#reserved += count;
    return count;
  }

  /** Gives reserved slots back: they are in use now, or were not needed; a lane that found all of them reserved may try again. */
  release(count: number): void {
    this.#reserved -= count;
    if (this.#mayHaveFree()) this.freed();
  }

  /** Calls back once, the next time that a slot is freed. */
  onceFreed(callback: () => void): void {
    this.#waiting.add(callback);
  }

  #mayHaveFree(): boolean {
    try {
      return this.executor.freeSlots > this.#reserved;
    } catch {
      // An executor of somebody's own that fails here is heard by the next lane that reserves: nothing is lost now.
      return true;
    }
  }

  /** Tells those who wait that a slot was freed. */
  freed(): void {
    if (this.#waiting.size === 0) return;
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback();
  }
}
