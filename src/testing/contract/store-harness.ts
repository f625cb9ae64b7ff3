import type { JobStore, StoreContext } from '../../stores/job-store.js';

/** Is a store to be tested, empty, with what the tests need around it. */
export interface JobStoreHarness {
  /** Is the store, not opened. */
  readonly store: JobStore;
  /** Holds other instances on the same data, not opened; the cases about concurrency spread their calls over them. */
  readonly peers?: readonly JobStore[];
  /** Is what the store is opened with. */
  readonly context: StoreContext;
  /** Moves the store's time; `null`: it has a clock of its own, and the tests wait for real. */
  readonly clock: MovableClock | null;
  /** Removes what the test left, after the store was closed. */
  dispose(): Promise<void>;
}

/** Moves a store's time; a `ManualClock` is one. */
export interface MovableClock {
  /** Lets time pass. */
  advance(durationMs: number): Promise<void>;
}

/** Makes an empty store for each call. */
export type JobStoreFactory = () => Promise<JobStoreHarness>;
