/** Is a number of fire times between two of them, both included. */
export interface FireSpan {
  /** Counts the fire times. */
  readonly count: number;
  /** Says whether `count` is exact, or a lower bound: the trigger could not tell. */
  readonly exact: boolean;
  /** Is the first of them, in epoch milliseconds. */
  readonly firstAt: number;
  /** Is the last of them, in epoch milliseconds. */
  readonly lastAt: number;
}
