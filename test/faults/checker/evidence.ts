import type { JobRecord, RunRecord } from 'escapement';
import type { Entry } from '../history/entries.js';

/** Is all that is known of a scenario once it is over. */
export interface Evidence {
  /** Holds what the processes wrote, in the order of time. */
  readonly entries: readonly Entry[];
  /** Holds the jobs that the store was left with. */
  readonly jobs: readonly JobRecord[];
  /** Holds the runs that the store was left with. */
  readonly runs: readonly RunRecord[];
}

/** Is a breach of an invariant. */
export interface Finding {
  /** Names the invariant. */
  readonly invariant: string;
  /** Says what is wrong, and of what. */
  readonly what: string;
  /** Is a text of which every line of the history that tells more has one. */
  readonly about: readonly string[];
}

/** Looks for breaches of one invariant. */
export type Check = (evidence: Evidence) => Finding[];
