import { addingRuns } from './contract/adding-runs.js';
import { awaitingSteps } from './contract/awaiting-steps.js';
import { cancellingRuns } from './contract/cancelling-runs.js';
import { claimingJobs } from './contract/claiming-jobs.js';
import { claimingRuns } from './contract/claiming-runs.js';
import { committing } from './contract/committing.js';
import type { StoreContractCase } from './contract/contract-case.js';
import { drawingTokens } from './contract/drawing-tokens.js';
import { dying } from './contract/dying.js';
import { editingJobs } from './contract/editing-jobs.js';
import { endingJobs } from './contract/ending-jobs.js';
import { finishingRuns } from './contract/finishing-runs.js';
import { goingOn } from './contract/going-on.js';
import { keepingRecords } from './contract/keeping-records.js';
import { listingJobs } from './contract/listing-jobs.js';
import { listingRuns } from './contract/listing-runs.js';
import { living } from './contract/living.js';
import { overlapping } from './contract/overlapping.js';
import { puttingJobs } from './contract/putting-jobs.js';
import { racingJobs } from './contract/racing-jobs.js';
import { racingRuns } from './contract/racing-runs.js';
import { racingSteps } from './contract/racing-steps.js';
import { recovering } from './contract/recovering.js';
import { releasingClaims } from './contract/releasing-claims.js';
import { removingJobs } from './contract/removing-jobs.js';
import { stepping } from './contract/stepping.js';
import { takingPermits } from './contract/taking-permits.js';
import { updatingJobs } from './contract/updating-jobs.js';

/**
 * Holds every rule that a job store keeps, as cases for any test runner: each makes a store of its own, and throws when
 * the store breaks its rule.
 *
 * Stores with a clock of their own run the same cases: instants are taken relative to the store's time, and where time
 * must pass the cases wait for some milliseconds.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { MemoryJobStore } from 'escapement';
 * import { ManualClock, jobStoreContract } from 'escapement/testing';
 *
 * for (const { name, run, skipReason } of jobStoreContract) {
 *   test(name, { skip: skipReason(new MemoryJobStore()) ?? false }, () =>
 *     run(async () => {
 *       const clock = new ManualClock();
 *       const quiet = () => undefined;
 *       const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
 *       return { store: new MemoryJobStore(), context: { clock, logger }, clock, dispose: async () => undefined };
 *     }),
 *   );
 * }
 * ```
 */
export const jobStoreContract: readonly StoreContractCase[] = Object.freeze([
  ...keepingRecords,
  ...puttingJobs,
  ...updatingJobs,
  ...editingJobs,
  ...removingJobs,
  ...listingJobs,
  ...claimingJobs,
  ...claimingRuns,
  ...committing,
  ...overlapping,
  ...endingJobs,
  ...releasingClaims,
  ...addingRuns,
  ...finishingRuns,
  ...dying,
  ...awaitingSteps,
  ...stepping,
  ...goingOn,
  ...cancellingRuns,
  ...listingRuns,
  ...living,
  ...recovering,
  ...drawingTokens,
  ...takingPermits,
  ...racingJobs,
  ...racingRuns,
  ...racingSteps,
]);
