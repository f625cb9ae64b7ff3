import type { Entry } from '../history/entries.js';
import { allSettled } from './all-settled.js';
import { attemptsJustified } from './attempts-justified.js';
import { chainsWhole } from './chains-whole.js';
import type { Check, Evidence, Finding } from './evidence.js';
import { fireTimesAccounted } from './fire-times-accounted.js';
import { fireTimesOnce } from './fire-times-once.js';
import { instancesBounded } from './instances-bounded.js';
import { lateFinishesRefused } from './late-finishes-refused.js';
import { nothingLost } from './nothing-lost.js';
import { oneHandler } from './one-handler.js';
import { startsOnce } from './starts-once.js';
import { stepsInOrder } from './steps-in-order.js';
import { tokensGrow } from './tokens-grow.js';

const CHECKS: readonly Check[] = [
  fireTimesOnce,
  startsOnce,
  instancesBounded,
  fireTimesAccounted,
  tokensGrow,
  lateFinishesRefused,
  nothingLost,
  stepsInOrder,
  chainsWhole,
  oneHandler,
  allSettled,
];

/** Looks for breaches of all invariants in what a scenario left behind. */
export function checkHistory(evidence: Evidence): Finding[] {
  const standing = { ...evidence, entries: standingEntries(evidence.entries) };
  // What an attempt followed may be from before the store fell back.
  return [...CHECKS.flatMap((check) => check(standing)), ...attemptsJustified(evidence)];
}

/**
 * Gives what is still to be held against a store: of what came before it fell back, nothing but which jobs were put.
 *
 * What it forgot may be committed, started and ended once more.
 */
function standingEntries(entries: readonly Entry[]): readonly Entry[] {
  const fellBackAt = entries.reduce((last, entry) => (fellBack(entry) ? entry.at : last), -Infinity);
  return entries.filter((entry) => {
    const askedAt = entry.kind === 'answer' ? entry.sentAt : entry.at;
    return askedAt >= fellBackAt || (entry.kind === 'answer' && entry.method === 'putJobs');
  });
}

function fellBack(entry: Entry): boolean {
  return entry.kind === 'fault' && entry.lost === 'latest';
}
