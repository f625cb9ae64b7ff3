import type { Timer } from '../time/clock.js';
import type { Environment } from './environment.js';
import type { StoreLink } from './store-link.js';

/** Is how many jobs of a store are looked at: those of an app that keeps a few, and no more than one page of many. */
const LIMIT = 100;

/**
 * Warns, once after each start, of stored jobs whose tasks are not known here: they are left alone, since another node
 * may know them, and without a word a renamed task would look like jobs that have vanished.
 */
export class UnknownTasks {
  readonly #env: Environment;
  readonly #timers = new Map<StoreLink, Timer>();

  /** Makes it without a store to look at. */
  constructor(env: Environment) {
    this.#env = env;
  }

  /** Looks at a store that outlives its nodes, once the app has had the time to register its tasks. */
  lookSoon(link: StoreLink): void {
    const { durable, shared } = link.store.capabilities;
    if (!durable && !shared) return;
    const timer = this.#env.clock.setTimer(() => {
      this.#timers.delete(link);
      void this.#look(link);
    }, this.#env.options.heartbeatMs);
    this.#timers.set(link, timer);
  }

  /** Looks at a store no more. */
  forget(link: StoreLink): void {
    this.#timers.get(link)?.cancel();
    this.#timers.delete(link);
  }

  async #look(link: StoreLink): Promise<void> {
    try {
      const { items } = await link.call((store) => store.listJobs({ states: ['active'], limit: LIMIT }));
      const unknown = items.filter(({ definition: { task } }) => !this.#env.tasks.names.has(task));
      if (unknown.length === 0) return;
      this.#env.logger.warn(
        {
          store: link.name,
          tasks: [...new Set(unknown.map(({ definition: { task } }) => task))],
          jobs: unknown.map(({ id }) => id).slice(0, 10),
        },
        'The store holds jobs of tasks that are not registered here; they are left alone',
      );
    } catch {
      // The link has told of it.
    }
  }
}
