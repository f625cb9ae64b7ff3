import type { Scenario } from '../scenario.js';
import { cutAtCommit, halfOpen, lateCommit, listenerKilled } from './broken-network.js';
import { deadlocks } from './deadlocks.js';
import { rollingDefinitions, sameJobAdds } from './declarations.js';
import { overdueDrain, runNowCrowd } from './drains.js';
import { editAfterDeadClaim, editStorm, lastTwoRuns } from './edits.js';
import { blockedLoop, frozenBeforeFinish, frozenBeforeStart, frozenDuringRun } from './frozen-node.js';
import { killDuringRun } from './kill-during-run.js';
import { killPoints } from './kill-points.js';
import { killStorm } from './kill-storm.js';
import { poisonPill } from './poison-pill.js';
import { debugSleep, debugSleepPastLease, memoryFull, scriptFlush } from './redis-blocked.js';
import { replicaFailover } from './redis-failover.js';
import { deletedHash, wrongTypeKey } from './redis-keys.js';
import { flushallUnderLoad, serverKilledWithoutPersistence } from './redis-resets.js';
import { serverAbsent, serverKilled, serverStopped, shortOutage } from './server-stops.js';
import { staleCommits } from './stale-commits.js';
import { diskFull, longReader } from './sqlite-files.js';

/** Holds all scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  ...killPoints,
  killDuringRun,
  poisonPill,
  frozenDuringRun,
  frozenBeforeStart,
  frozenBeforeFinish,
  blockedLoop,
  editAfterDeadClaim,
  ...staleCommits,
  lastTwoRuns,
  sameJobAdds,
  rollingDefinitions,
  runNowCrowd,
  overdueDrain,
  editStorm,
  killStorm,
  serverAbsent,
  serverStopped,
  shortOutage,
  serverKilled,
  halfOpen,
  cutAtCommit,
  lateCommit,
  listenerKilled,
  longReader,
  diskFull,
  deadlocks,
  flushallUnderLoad,
  serverKilledWithoutPersistence,
  deletedHash,
  wrongTypeKey,
  scriptFlush,
  debugSleep,
  debugSleepPastLease,
  memoryFull,
  replicaFailover,
];
