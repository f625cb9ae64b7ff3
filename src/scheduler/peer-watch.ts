import type { Peer } from '../stores/job-store.js';
import type { Clock } from '../time/clock.js';

interface Sighting {
  readonly sequence: number;
  readonly since: number;
}

interface Beat {
  readonly storeMs: number;
  readonly runningMs: number;
}

/** Is how far the store's clock may stray from ours between two heartbeats and still count as running true. */
const MAX_DRIFT_MS = 1000;
/** Is after how much of a lease without a look the observer is taken not to have seen. */
const LATE = 2 / 3;
/** Is how many leases past its last heartbeat a node is dead by the store's clock alone. */
const LEASES_BY_STORE = 3;

/**
 * Tells which nodes are dead.
 *
 * - Those whose heartbeats stood still for a whole lease, on the observer's own running clock, while the observer itself
 *   could see: it counts anew after a heartbeat of its own that failed, or that came late.
 * - For observers that do not live that long: those whose last heartbeat is three leases past on the store's clock and
 *   stood still for half a lease, in which the observer saw that clock run true. A living node beats in that time, even
 *   one whose lease the store's clock has just leapt over.
 */
export class PeerWatch {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #sightings = new Map<string, Sighting>();
  readonly #expired = new Set<string>();
  #lastBeat: Beat | null = null;
  #trueSince = Infinity;

  /** Makes a watch that has seen nobody. */
  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Takes note of the nodes that a heartbeat of ours saw, and of the store's time then. */
  see(peers: readonly Peer[], storeMs: number): void {
    const runningMs = this.#clock.monotonic();
    const lookedAt = this.#lastBeat?.runningMs ?? runningMs;
    if (runningMs - lookedAt > this.#leaseMs * LATE) this.blink();
    const beat = { storeMs, runningMs };
    if (!this.#runsTrue(beat)) this.#trueSince = runningMs;
    this.#lastBeat = beat;
    const seen = new Set(peers.map(({ node }) => node));
    for (const node of this.#sightings.keys()) if (!seen.has(node)) this.#sightings.delete(node);
    this.#expired.clear();
    for (const { node, sequence, leaseUntil } of peers) {
      const sighting = this.#sightings.get(node);
      const since = sighting?.sequence === sequence ? sighting.since : runningMs;
      this.#sightings.set(node, { sequence, since });
      const stillMs = runningMs - Math.max(since, this.#trueSince);
      const isLongPast = storeMs >= leaseUntil + (LEASES_BY_STORE - 1) * this.#leaseMs;
      if (isLongPast && stillMs >= this.#leaseMs / 2) this.#expired.add(node);
    }
  }

  /** Counts anew for everybody: we could not see, so that nobody seemed to move. */
  blink(): void {
    const now = this.#clock.monotonic();
    for (const [node, { sequence }] of this.#sightings) this.#sightings.set(node, { sequence, since: now });
    this.#expired.clear();
    this.#lastBeat = null;
  }

  /** Gives the nodes that are dead as far as the last heartbeat could tell; the next may tell otherwise. */
  dead(): readonly string[] {
    const now = this.#clock.monotonic();
    return [...this.#sightings]
      .filter(([node, { since }]) => now - since >= this.#leaseMs || this.#expired.has(node))
      .map(([node]) => node);
  }

  /** Forgets a node that was taken care of. */
  forget(node: string): void {
    this.#sightings.delete(node);
  }

  #runsTrue({ storeMs, runningMs }: Beat): boolean {
    if (this.#lastBeat === null) return false;
    const drift = storeMs - this.#lastBeat.storeMs - (runningMs - this.#lastBeat.runningMs);
    return Math.abs(drift) <= MAX_DRIFT_MS;
  }
}
