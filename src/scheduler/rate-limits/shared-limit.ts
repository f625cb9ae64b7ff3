import type { ResolvedRateLimit } from '../../job/rate-limit.js';
import type { StoreLink } from '../store-link.js';

/** Are permits that were taken at one time. */
export interface TakenPermits {
  /** Is how many there are. */
  readonly count: number;
  /** Is when they were taken, by the store's clock. */
  readonly takenAt: number;
}

/** Is how long to leave a limit that had no permits left before asking whether others have given some back. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Is how long permits are good for at least, though their span is shorter: stores do not answer at once. */
const SHORTEST_LIFE_MS = 5000;
/** Is by which part of it a span is lengthened on a store that others use too, for starts that come after their permits. */
const MARGIN = 0.05;
const LONGEST_MARGIN_MS = 1000;

/**
 * Is a limit on the starts of attempts, as one lane keeps it together with all others that use the store.
 *
 * Permits count from when they are taken, and a start comes a little later: were the next one to come sooner after its
 * permit, the two would be too close. So the span is lengthened by how late the starts of this lane were last, and on a
 * shared store by a margin at least.
 *
 * States: `open` (there may be permits) ⇄ `closed` until an instant (there were fewer than were wanted).
 */
export class SharedLimit {
  readonly #link: StoreLink;
  readonly #key: string;
  readonly #limit: ResolvedRateLimit;
  #openAt = -Infinity;
  #pauseMs = FIRST_PAUSE_MS;
  #lateMs = 0;
  #lateUntil = -Infinity;

  /**
   * Makes a limit that is open.
   *
   * @param key - names it in the store, the same on all nodes
   */
  constructor(link: StoreLink, key: string, limit: ResolvedRateLimit) {
    this.#link = link;
    this.#key = key;
    this.#limit = limit;
  }

  /** Is when to ask for permits again, by the store's clock. */
  get openAt(): number {
    return this.#openAt;
  }

  /** Is how long permits are good for; what did not start by then needs others. */
  get lifeMs(): number {
    return Math.max(this.#limit.perMs, SHORTEST_LIFE_MS);
  }

  /** Takes as many permits as are wanted, or as there are. */
  async take(wanted: number): Promise<TakenPermits> {
    const request = {
      key: this.#key,
      wanted,
      max: this.#limit.max,
      perMs: this.#limit.perMs + this.#marginMs(),
    };
    const { now: takenAt, granted, nextAt } = await this.#link.call((store) => store.takePermits(request));
    if (granted > 0) this.#pauseMs = FIRST_PAUSE_MS;
    if (granted < wanted) this.#close(nextAt ?? takenAt);
    else this.#openAt = -Infinity;
    return { count: granted, takenAt };
  }

  /** Takes note of when starts came of permits. */
  started(takenAt: number, startedAt: number): void {
    const lateMs = startedAt - takenAt;
    if (lateMs < this.#lateMs && startedAt < this.#lateUntil) return;
    this.#lateMs = Math.max(0, lateMs);
    this.#lateUntil = startedAt + this.#limit.perMs + this.#lateMs;
  }

  /** Gives back permits that were not used. */
  async giveBack(count: number, takenAt: number): Promise<void> {
    if (count === 0) return;
    this.#openAt = -Infinity;
    try {
      await this.#link.call((store) => store.returnPermits({ key: this.#key, count, takenAt }));
    } catch {
      // The link has told of it. Until their span is over they are missing, which breaks no promise.
    }
  }

  /** Leaves the limit until it has permits again; in case others give some back before, not for too long. */
  #close(nextAt: number): void {
    const now = this.#link.now();
    this.#openAt = Math.min(Math.max(nextAt, now + 1), now + this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #marginMs(): number {
    const { perMs } = this.#limit;
    const leastMs = this.#link.store.capabilities.shared ? Math.ceil(perMs * MARGIN) : 0;
    const lateMs = this.#link.now() < this.#lateUntil ? this.#lateMs : 0;
    return Math.max(lateMs, Math.min(leastMs, LONGEST_MARGIN_MS));
  }
}
