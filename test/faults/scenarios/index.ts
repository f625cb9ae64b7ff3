import type { Scenario } from '../scenario.js';
import { cutAtCommit, halfOpen, lateCommit, listenerKilled } from './broken-network.js';
import {
  chainAnswersLost,
  chainFrozenBeforeItsEnd,
  chainFrozenBeforeStepEnd,
  chainKillPoints,
} from './chain-kill-points.js';
import { chainServerKilled, chainServerStopped } from './chain-server-stops.js';
import { chainStorm } from './chain-storm.js';
import { deadlocks } from './deadlocks.js';
import { rollingDefinitions, sameJobAdds } from './declarations.js';
import { overdueDrain, runNowCrowd } from './drains.js';
import { editAfterDeadClaim, editStorm, lastTwoRuns } from './edits.js';
import { blockedLoop, frozenBeforeFinish, frozenBeforeStart, frozenDuringRun } from './frozen-node.js';
import { killDuringRun } from './kill-during-run.js';
import { killPoints } from './kill-points.js';
import { killStorm } from './kill-storm.js';
import { lateHeartbeats } from './late-heartbeats.js';
import { poisonPill } from './poison-pill.js';
import {
  queueHandOver,
  queueNodeKilled,
  queueServerKilled,
  queueServerStopped,
  queueStorm,
  queueWorkerKilled,
} from './queue-workers.js';
import { debugSleep, debugSleepPastLease, memoryFull, scriptFlush } from './redis-blocked.js';
import { replicaFailover } from './redis-failover.js';
import { deletedHash, wrongTypeKey } from './redis-keys.js';
import { flushallUnderLoad, serverKilledWithoutPersistence } from './redis-resets.js';
import { serverAbsent, serverKilled, serverStopped, shortOutage } from './server-stops.js';
import { staleCommits } from './stale-commits.js';
import { diskFull, longReader } from './sqlite-files.js';
import { threadNodeKilled, threadStorm } from './thread-nodes.js';

/** Holds all scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  ...killPoints,
  ...chainKillPoints,
  chainFrozenBeforeStepEnd,
  chainFrozenBeforeItsEnd,
  chainAnswersLost,
  killDuringRun,
  poisonPill,
  frozenDuringRun,
  frozenBeforeStart,
  frozenBeforeFinish,
  blockedLoop,
  lateHeartbeats,
  editAfterDeadClaim,
  ...staleCommits,
  lastTwoRuns,
  sameJobAdds,
  rollingDefinitions,
  runNowCrowd,
  overdueDrain,
  editStorm,
  killStorm,
  chainStorm,
  threadNodeKilled,
  threadStorm,
  queueWorkerKilled,
  queueNodeKilled,
  queueHandOver,
  queueServerKilled,
  queueServerStopped,
  queueStorm,
  serverAbsent,
  serverStopped,
  shortOutage,
  serverKilled,
  chainServerStopped,
  chainServerKilled,
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
