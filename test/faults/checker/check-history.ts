import { allSettled } from './all-settled.js';
import type { Check, Evidence, Finding } from './evidence.js';
import { fireTimesAccounted } from './fire-times-accounted.js';
import { fireTimesOnce } from './fire-times-once.js';
import { instancesBounded } from './instances-bounded.js';
import { lateFinishesRefused } from './late-finishes-refused.js';
import { nothingLost } from './nothing-lost.js';
import { startsOnce } from './starts-once.js';
import { tokensGrow } from './tokens-grow.js';

const CHECKS: readonly Check[] = [
  fireTimesOnce,
  startsOnce,
  instancesBounded,
  fireTimesAccounted,
  tokensGrow,
  lateFinishesRefused,
  nothingLost,
  allSettled,
];

/** Looks for breaches of all invariants in what a scenario left behind. */
export function checkHistory(evidence: Evidence): Finding[] {
  return CHECKS.flatMap((check) => check(evidence));
}
