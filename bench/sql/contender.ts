import type { Contender } from '../support/contender.js';

/** Is a way to run jobs out of an SQL database. */
export interface SqlContender extends Contender {
  /** Gives the SQL that counts how many of so many jobs the database knows to be done. */
  countDone(jobs: number): string;
}
