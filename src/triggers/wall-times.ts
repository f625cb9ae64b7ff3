/**
 * Is a set of wall-clock times, without a zone, in whole seconds as if the wall clock were UTC. Pure.
 */
export interface WallTimes {
  /** Gives the first time that is not before `wall`, or `Infinity`. */
  next(wall: number): number;
  /** Gives the last time that is not after `wall`, or `-Infinity`. */
  previous(wall: number): number;
  /** Counts the times in `[from, to]`, both included; 0 when `to` is less than `from`. */
  count(from: number, to: number): number;
}
