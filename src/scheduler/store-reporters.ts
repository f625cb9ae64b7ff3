import type { Environment } from './environment.js';
import { FiringReporter } from './firing-reporter.js';
import type { RunWaiters } from './run-waiters.js';
import type { StoreLink } from './store-link.js';

/** Gives the reporter of each store. */
export class StoreReporters {
  readonly #env: Environment;
  readonly #waiters: RunWaiters;
  readonly #reporters = new WeakMap<StoreLink, FiringReporter>();

  /** Makes reporters that wake these waiters. */
  constructor(env: Environment, waiters: RunWaiters) {
    this.#env = env;
    this.#waiters = waiters;
  }

  /** Gives the reporter of a store. */
  of(link: StoreLink): FiringReporter {
    let reporter = this.#reporters.get(link);
    if (reporter === undefined) {
      reporter = new FiringReporter(this.#env, link, this.#waiters);
      this.#reporters.set(link, reporter);
    }
    return reporter;
  }
}
