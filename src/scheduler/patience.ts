import { Deferred } from '../internal/deferred.js';
import type { Clock, Timer } from '../time/clock.js';
import { setLongTimer } from '../time/long-timer.js';

/** Is how long somebody is willing to wait. */
export interface WaitLimit {
  /** Says whether to wait at all. */
  readonly wait: boolean;
  /** Is how long, in milliseconds; `Infinity`: as long as it takes. */
  readonly timeoutMs: number;
}

/** Is how long a shutdown waits for handlers: as long as the least patient of those who asked for it. */
export class Patience {
  readonly #clock: Clock;
  readonly #over = new Deferred<void>();
  readonly #timers: Timer[] = [];

  /** Makes a patience without an end. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Is settled when the patience has come to its end. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Bounds it, from now. */
  limit({ wait, timeoutMs }: WaitLimit): void {
    if (!wait || timeoutMs === 0) this.#over.resolve();
    else if (timeoutMs !== Infinity) this.#timers.push(setLongTimer(this.#clock, this.#end, timeoutMs));
  }

  /** Gives its timers back: it is not needed any more. */
  release(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  readonly #end = (): void => {
    this.#over.resolve();
  };
}
