/** Waits until the event loop has gone round once, so that timers and I/O get their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Calls back once everything that is ready to run in this turn has run, and before timers and I/O. */
export function endOfTurn(callback: () => void): void {
  process.nextTick(callback);
}
