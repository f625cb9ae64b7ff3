import type { JobStore } from '../../stores/job-store.js';
import type { JobStoreFactory } from './store-harness.js';
import { StoreBench } from './store-bench.js';

/** Is one rule of the store interface, with the test that shows it. */
export interface StoreContractCase {
  /** Says what every store does; unique in the contract. */
  readonly name: string;

  /**
   * Makes a store, and tests the rule on it.
   *
   * @throws `AssertionError` of `node:assert` when the store breaks the rule, and whatever the store throws
   */
  run(factory: JobStoreFactory): Promise<void>;

  /** Gives why a store need not pass; `null`: it must. The store is looked at, and need not be open. */
  skipReason(store: JobStore): string | null;
}

/** Makes a case that every store must pass. */
export function contractCase(
  name: string,
  test: (bench: StoreBench) => Promise<void>,
  skipReason: (store: JobStore) => string | null = () => null,
): StoreContractCase {
  return {
    name,
    skipReason,
    run: async (factory) => StoreBench.use(await factory(), test),
  };
}

/** Excuses stores that end with the one process that they serve: there is nobody to recover anything. */
export function unlessRecovered({ capabilities }: JobStore): string | null {
  return capabilities.shared || capabilities.durable ? null : 'The store ends with its process.';
}

/** Excuses stores that serve one node at a time. */
export function unlessShared({ capabilities }: JobStore): string | null {
  return capabilities.shared ? null : 'The store is not shared.';
}

/** Excuses stores that tell of no changes. */
export function unlessSubscribed(store: JobStore): string | null {
  return store.subscribe === undefined ? 'The store has no `subscribe`.' : null;
}
