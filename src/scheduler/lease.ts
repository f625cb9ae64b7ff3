import type { Clock } from '../time/clock.js';
import { Elapsed } from '../time/elapsed.js';

/** Is a moment at which a lease may have been renewed. */
export interface Renewal {
  /** Is the time since it, by whichever clock says more. */
  readonly elapsed: Elapsed;
  /** Is when it was, in running time. */
  readonly at: number;
}

/** Is how long before the end of its lease a node gives up, so that its handlers have stopped when others take over. */
const FENCE_MARGIN_MS = 5000;

/**
 * Is a node's right to work on a shared store, as far as it can tell without asking.
 *
 * States: `held` → `doubtful` (the wall clock alone says that it is over: the machine was suspended, or its clock was
 * set) → `over` (time has run out, or the doubt lasts), and `held` again once it is renewed.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #renewal: Renewal | null = null;
  #doubtfulSince: number | null = null;

  /** Makes a lease that is over. */
  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Gives this moment, for {@link Lease.renew} when the store has answered. */
  renewal(): Renewal {
    return { elapsed: new Elapsed(this.#clock), at: this.#clock.monotonic() };
  }

  /** Renews the lease from a moment on, unless it was renewed from a later one. */
  renew(renewal: Renewal): void {
    if (this.#renewal !== null && this.#renewal.at > renewal.at) return;
    this.#renewal = renewal;
    this.#doubtfulSince = null;
  }

  /** Says how it stands with the lease. */
  state(): 'held' | 'doubtful' | 'over' {
    if (this.#renewal === null) return 'over';
    const now = this.#clock.monotonic();
    const termMs = this.#leaseMs - this.#marginMs;
    if (now - this.#renewal.at >= termMs) return 'over';
    if (this.#renewal.elapsed.ms < termMs) return 'held';
    this.#doubtfulSince ??= now;
    return now - this.#doubtfulSince < this.#marginMs ? 'doubtful' : 'over';
  }

  get #marginMs(): number {
    return Math.min(FENCE_MARGIN_MS, this.#leaseMs / 6);
  }
}
