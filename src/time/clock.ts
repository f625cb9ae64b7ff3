/** Is a timer that has been set. */
export interface Timer {
  /** Unsets the timer; its callback is not called any more. */
  cancel(): void;
}

/**
 * Tells the time and sets timers: the only source of both for a scheduler and what belongs to it.
 *
 * The system's clock is the default; `ManualClock` of `escapement/testing` is moved by hand.
 */
export interface Clock {
  /** Gives the wall time in epoch milliseconds; it may jump. */
  now(): number;

  /** Gives milliseconds since some moment; it never goes back, and may stand still while the machine is suspended. */
  monotonic(): number;

  /**
   * Calls back once after a delay of running time. A timer alone does not keep the process alive.
   *
   * @param delayMs - at most 2^31 - 1 ms, the longest that the runtime can wait for
   */
  setTimer(callback: () => void, delayMs: number): Timer;

  /** Keeps the process alive until the returned function is called. */
  holdOpen(): () => void;
}
