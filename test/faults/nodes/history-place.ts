/** Says where threads write what they do; plain, as it crosses to them. */
export interface HistoryPlace {
  readonly folder: string;
  /** Names the process that the threads are of. */
  readonly process: string;
}

/** Is the key under which threads find it. */
export const HISTORY_PLACE = 'escapement-fault-history';
