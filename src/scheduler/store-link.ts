import { SchedulerError } from '../errors/scheduler-error.js';
import { InvalidStateError } from '../errors/scheduler-errors.js';
import { StoreDamagedError, StoreNotReplicatedError, StoreTimedOutError } from '../errors/store-errors.js';
import type { EventHub } from '../events/event-hub.js';
import { Deferred } from '../internal/deferred.js';
import type { Logger } from '../internal/logger.js';
import { describeError } from '../job/run-error.js';
import type { JobStore, StoreContext } from '../stores/job-store.js';
import type { Clock } from '../time/clock.js';
import { settlesWithin } from '../time/long-timer.js';
import { endOfTurn, nextTurn } from '../time/turns.js';
import { DeclaredJobs } from './declared-jobs.js';
import { StoreClock } from './store-clock.js';

const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** Is how far the store's clock and this machine's may be apart before that is reported. */
const MAX_SKEW_MS = 1000;

/** Is what a {@link StoreLink} needs of its scheduler. */
export interface StoreLinkContext {
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHub;
}

/**
 * Tells whether an error says that a store does not answer as it should; what a store refuses with another error of ours
 * is an answer.
 */
export function isOutage(error: unknown): boolean {
  return !(error instanceof SchedulerError) || OUTAGES.some((outage) => error instanceof outage);
}

const OUTAGES = [StoreTimedOutError, StoreNotReplicatedError, StoreDamagedError];

/**
 * Is a store with its name, as the scheduler uses it: opened once, its clock known, its failures told once.
 *
 * States: `answering` → `failing` (a call was rejected: `store:error`) → `answering` (one was not: `store:recovered`).
 * The first use opens the store. It stays open until {@link StoreLink.close}; after that each use opens it for itself
 * alone, until {@link StoreLink.keepOpen}.
 */
export class StoreLink {
  /** Is the store's name in its scheduler. */
  readonly name: string;
  /** Is the store. */
  readonly store: JobStore;
  /** Holds the jobs that code has declared to the store, if it may lose them. */
  readonly declared: DeclaredJobs;
  /** Is called when the store answers again. */
  onRecovered: (() => void) | null = null;
  /** Is the id under which this node claims work of the store; a node that gave up its lease takes another. */
  node: string;
  readonly #context: StoreLinkContext;
  readonly #storeContext: StoreContext;
  readonly #storeClock: StoreClock;
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  /** Says whether the store holds what it takes to open it, though it may not have answered. */
  #isTaken = false;
  #isOpen = false;
  #isKept = true;
  #isRetired = false;
  #isSkewed = false;
  #users = 0;
  /** Is the exponent of the back-off; 0: the store answers. */
  #failures = 0;
  #failedAt = -Infinity;
  #recovery = new Deferred<void>();

  /** Makes the link; the store is opened with its first use. */
  constructor(name: string, store: JobStore, context: StoreLinkContext) {
    this.name = name;
    this.store = store;
    this.declared = new DeclaredJobs(store.capabilities.resettable === true);
    this.node = context.node;
    this.#context = context;
    this.#storeContext = { clock: context.clock, logger: context.logger };
    this.#storeClock = new StoreClock(context.clock, store.capabilities.shared);
  }

  /** Says whether the store is open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Says that the store is to stay open from its next use on. */
  keepOpen(): void {
    this.#isKept = true;
  }

  /** Closes the store, once it is open if it is being opened. */
  async close(): Promise<void> {
    this.#isKept = false;
    await this.#opening?.catch(() => undefined);
    if (!this.#isTaken) return;
    this.#isTaken = false;
    this.#isOpen = false;
    this.#closing = this.store.close();
    try {
      await this.#closing;
    } finally {
      this.#closing = null;
    }
  }

  /** Allows no further use: the scheduler has the store no longer. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Gives the store's time, from what its calls have told of its clock. */
  now(): number {
    return this.#storeClock.now();
  }

  /**
   * Takes note of the store's time as a call gave it.
   *
   * @param sentAt - when the call was made, in running time
   */
  noteTime(storeNow: number, sentAt: number): void {
    this.#storeClock.note(storeNow, sentAt);
    const { skewMs } = this.#storeClock;
    const isSkewed = Math.abs(skewMs) > MAX_SKEW_MS;
    if (isSkewed && !this.#isSkewed) {
      this.#context.logger.warn(
        { store: this.name, skewMs },
        "This machine's clock is not that of the store, which decides what is due",
      );
    }
    this.#isSkewed = isSkewed;
  }

  /** Uses the store, opened, for several calls. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      if (!this.#isOpen) await this.#open();
      return await work();
    } finally {
      if (this.#isLastOfUnkept()) await this.#closeAfterUse();
    }
  }

  /** Calls the store, and tells when it stops or begins to answer. */
  async call<T>(work: (store: JobStore) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      if (!this.#isOpen) await this.#open();
      const result = await work(this.store);
      if (this.#failures > 0) this.#recovered();
      return result;
    } catch (error) {
      if (isOutage(error)) this.#failed(error);
      throw error;
    } finally {
      if (this.#isLastOfUnkept()) await this.#closeAfterUse();
    }
  }

  /** Takes note of a call that has not answered for too long. */
  gaveUp(error: StoreTimedOutError): void {
    this.#failed(error);
  }

  /** Tells that the store was emptied. */
  wasReset(): void {
    this.#context.logger.warn(
      { store: this.name },
      'The store was emptied: its jobs and runs are gone; recurring jobs that were declared here are put back',
    );
    this.#context.events.emit('store:reset', () => ({ store: this.name }));
  }

  /** Gives how long to wait before calling a failing store again: longer each time, and never the same on two nodes. */
  backoffMs(): number {
    return Math.round(this.#fullBackoffMs() * (0.5 + Math.random() / 2));
  }

  /**
   * Waits before a failing store is called again: for the back-off, or until the store has recovered or the wait is cut
   * short. A recovery does not end the first moment of it: one call may go on failing while all others succeed.
   */
  async pause(cutShort?: Promise<void>): Promise<void> {
    const { clock } = this.#context;
    const recovery = this.#failures > 0 ? [this.#recovery.promise] : [];
    const cuts = cutShort === undefined ? [] : [cutShort];
    const waitMs = this.backoffMs();
    const leastMs = Math.min(waitMs, MIN_BACKOFF_MS / 2);
    if (await settlesWithin(clock, Promise.race(cuts), leastMs)) return;
    if (waitMs > leastMs) await settlesWithin(clock, Promise.race([...cuts, ...recovery]), waitMs - leastMs);
  }

  /** Calls back soon, when what else comes up now can share a call of the store. */
  soon(callback: () => void): void {
    // A call to a server costs more than this turn of the event loop, in which more comes up.
    if (this.store.capabilities.shared) void nextTurn().then(callback);
    else endOfTurn(callback);
  }

  #fullBackoffMs(): number {
    return Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(Math.max(0, this.#failures - 1), 10));
  }

  async #open(): Promise<void> {
    if (this.#isRetired)
      throw new InvalidStateError(`The store "${this.name}" was removed from this scheduler.`);
    await this.#closing?.catch(() => undefined);
    if (this.#isOpen) return;
    this.#opening ??= this.#openOnce().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  async #openOnce(): Promise<void> {
    try {
      await this.store.open(this.#storeContext);
      this.#isTaken = true;
    } catch (error) {
      // One that refuses us may be somebody else's.
      if (isOutage(error)) this.#isTaken = true;
      throw error;
    }
    if (this.store.capabilities.shared) {
      const sentAt = this.#context.clock.monotonic();
      this.noteTime(await this.store.now(), sentAt);
    }
    this.#isOpen = true;
  }

  /** Counts a user less, and tells whether to close the store after it. */
  #isLastOfUnkept(): boolean {
    this.#users--;
    return !this.#isKept && this.#users === 0 && this.#isTaken;
  }

  /** Closes a store that nobody keeps open; whoever used it has its answer whether or not that works. */
  async #closeAfterUse(): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      this.#context.logger.warn({ err: error, store: this.name }, 'The store could not be closed in order');
    }
  }

  #failed(error: unknown): void {
    const now = this.#context.clock.monotonic();
    // Calls that fail together, before any of them was to be tried again, are one failure.
    if (this.#failures > 0 && now - this.#failedAt < this.#fullBackoffMs() / 2) return;
    this.#failedAt = now;
    this.#failures++;
    if (this.#failures > 1) return;
    this.#context.logger.error(
      { err: error, store: this.name },
      `The store failed: ${reasonOf(error)}; trying again`,
    );
    this.#context.events.emit('store:error', () => ({ store: this.name, error }));
  }

  #recovered(): void {
    this.#failures = 0;
    this.#recovery.resolve();
    this.#recovery = new Deferred();
    this.#context.logger.info({ store: this.name }, 'The store answers again');
    this.#context.events.emit('store:recovered', () => ({ store: this.name }));
    this.onRecovered?.();
  }
}

/** Says in a word why a call failed; a refused connection may be an error that has no message. */
function reasonOf(error: unknown): string {
  const { message, code, name } = describeError(error);
  return [message, code, name].find((text) => text !== undefined && text !== '') ?? 'unknown';
}
