import { jobStoreContract } from 'escapement/testing';
import type { JobStoreFactory } from 'escapement/testing';
import type { JobStore } from 'escapement';
import { it } from 'vitest';

/**
 * Makes a test of every case of the contract.
 *
 * @param sample - is a store of the kind; it is looked at, and never opened
 */
export function keepsTheContract(sample: JobStore, factory: JobStoreFactory): void {
  for (const { name, run, skipReason } of jobStoreContract) {
    const reason = skipReason(sample);
    it.skipIf(reason !== null)(reason === null ? name : `${name} (${reason})`, () => run(factory));
  }
}
