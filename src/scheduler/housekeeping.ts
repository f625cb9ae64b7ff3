import type { Environment } from './environment.js';
import type { StoreLink } from './store-link.js';

const HOUR_MS = 3_600_000;
const BATCH = 1000;

/**
 * Deletes what is too old to be kept, at most once an hour, on the occasion of other work: a store in which nothing
 * happens does not grow.
 */
export class Housekeeping {
  readonly #env: Environment;
  readonly #doneAt = new WeakMap<StoreLink, number>();

  /** Makes the housekeeping of a scheduler. */
  constructor(env: Environment) {
    this.#env = env;
  }

  /** Tidies a store unless that was done in the last hour. */
  visit(link: StoreLink): void {
    const now = this.#env.clock.monotonic();
    const doneAt = this.#doneAt.get(link);
    if (doneAt !== undefined && now - doneAt < HOUR_MS) return;
    this.#doneAt.set(link, now);
    // The first visit is when the scheduler has just started, and has better things to do.
    if (doneAt === undefined) return;
    void this.#tidy(link);
  }

  async #tidy(link: StoreLink): Promise<void> {
    const { finishedRetentionMs, runRetentionMs } = this.#env.options;
    const now = link.now();
    try {
      while ((await link.call((store) => store.pruneJobs(now - finishedRetentionMs, BATCH))) === BATCH);
      while ((await link.call((store) => store.pruneRuns(now - runRetentionMs, BATCH))) === BATCH);
    } catch {
      // The link has told of it; the next visit tries again.
      this.#doneAt.delete(link);
    }
  }
}
