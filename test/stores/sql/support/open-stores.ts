import { systemClock } from 'escapement';
import type { Clock, JobStore } from 'escapement';
import { onTestFinished } from 'vitest';
import { SILENT } from '../../support/silent.js';

/** Opens stores, each as in a process of its own; they are closed when the test is over. */
export async function openAll<T extends JobStore>(
  stores: readonly T[],
  clock: Clock = systemClock,
): Promise<readonly T[]> {
  for (const store of stores) onTestFinished(() => store.close());
  await Promise.all(stores.map((store) => store.open({ clock, logger: SILENT })));
  return stores;
}

/** Opens a store; it is closed when the test is over. */
export async function opened<T extends JobStore>(store: T): Promise<T> {
  await openAll([store]);
  return store;
}
