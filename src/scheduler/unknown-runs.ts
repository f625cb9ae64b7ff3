import type { RunRecord } from '../job/run-record.js';

/** Is a run of ours that we do not know of. */
interface Sighting {
  /** Says whether all calls that were under way when it was seen have answered. */
  isSettled: boolean;
}

/**
 * Finds the runs that a store says this node executes, and that it does not know of: those of a claim or a commit whose
 * answer was lost.
 */
export class UnknownRuns {
  readonly #executes: (run: RunRecord) => boolean;
  readonly #turnsOver: () => Promise<void>;
  #sightings = new Map<string, Sighting>();
  /** Holds what was let go of while a heartbeat is under way, whose answer may name it still; `null`: none is. */
  #letGo: Set<string> | null = null;

  /**
   * Makes it with none found.
   *
   * @param executes - tells whether an attempt is executed here
   * @param turnsOver - waits until the calls that are under way have answered
   */
  constructor(executes: (run: RunRecord) => boolean, turnsOver: () => Promise<void>) {
    this.#executes = executes;
    this.#turnsOver = turnsOver;
  }

  /** Says whether any were found the last time. */
  get areFound(): boolean {
    return this.#sightings.size > 0;
  }

  /** Takes note that a heartbeat is sent. */
  sent(): void {
    this.#letGo = new Set();
  }

  /** Takes note that the store has taken the end of an attempt that was executed here. */
  letGo(run: RunRecord): void {
    this.#letGo?.add(keyOf(run));
  }

  /** Looks at what a heartbeat says is ours; gives those that were unknown before, with no answer to come any more. */
  find(mine: readonly RunRecord[]): RunRecord[] {
    const before = this.#sightings;
    const letGo = this.#letGo;
    this.#sightings = new Map();
    this.#letGo = null;
    const found: RunRecord[] = [];
    for (const run of mine) {
      if (run.status !== 'running' || this.#executes(run)) continue;
      const key = keyOf(run);
      // The answer is as old as the question: the attempt has ended since.
      if (letGo?.has(key) === true) continue;
      const sighting = before.get(key) ?? this.#sight();
      if (sighting.isSettled) found.push(run);
      this.#sightings.set(key, sighting);
    }
    return found;
  }

  /** Forgets them: this node is somebody else now. */
  clear(): void {
    this.#sightings.clear();
    this.#letGo = null;
  }

  #sight(): Sighting {
    const sighting = { isSettled: false };
    void this.#turnsOver().then(() => {
      sighting.isSettled = true;
    });
    return sighting;
  }
}

function keyOf({ id, attempt }: RunRecord): string {
  return `${id} ${String(attempt)}`;
}
