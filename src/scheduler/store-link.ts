import { SchedulerError } from '../errors/scheduler-error.js';
import type { EventHub } from '../events/event-hub.js';
import type { Logger } from '../internal/logger.js';
import type { JobStore, StoreContext } from '../stores/job-store.js';
import type { Clock } from '../time/clock.js';

const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

/** Is what a {@link StoreLink} needs of its scheduler. */
export interface StoreLinkContext {
  readonly node: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventHub;
}

/**
 * Is a store with its name, as the scheduler uses it: opened once, its clock known, its failures told once.
 *
 * States: `answering` → `failing` (a call was rejected: `store:error`) → `answering` (one was not: `store:recovered`).
 */
export class StoreLink {
  /** Is the store's name in its scheduler. */
  readonly name: string;
  /** Is the store. */
  readonly store: JobStore;
  /** Is called when the store answers again. */
  onRecovered: (() => void) | null = null;
  /** Is the id under which this node claims work of the store; a node that gave up its lease takes another. */
  node: string;
  readonly #context: StoreLinkContext;
  readonly #storeContext: StoreContext;
  #opening: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #isOpen = false;
  #failures = 0;
  #offsetMs = 0;

  /** Makes the link; the store is opened with its first use. */
  constructor(name: string, store: JobStore, context: StoreLinkContext) {
    this.name = name;
    this.store = store;
    this.node = context.node;
    this.#context = context;
    this.#storeContext = { clock: context.clock, logger: context.logger };
  }

  /** Says whether the store is open. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Opens the store unless it is open. */
  async open(): Promise<void> {
    await this.#closing?.catch(() => undefined);
    if (this.#isOpen) return;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Closes the store. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#closing = this.store.close();
    try {
      await this.#closing;
    } finally {
      this.#closing = null;
    }
  }

  /** Gives the store's time, from what its calls have told of its clock. */
  now(): number {
    return this.#context.clock.now() + this.#offsetMs;
  }

  /** Takes note of the store's time as a call gave it. */
  noteTime(storeNow: number): void {
    this.#offsetMs = this.store.capabilities.shared ? storeNow - this.#context.clock.now() : 0;
  }

  /** Gives the local time at which the store's clock shows an instant. */
  toLocal(storeInstant: number): number {
    return storeInstant - this.#offsetMs;
  }

  /** Calls the store for the scheduler's own work, and tells when it stops or begins to answer. */
  async call<T>(work: (store: JobStore) => Promise<T>): Promise<T> {
    try {
      if (!this.#isOpen) await this.open();
      const result = await work(this.store);
      if (this.#failures > 0) this.#recovered();
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Gives how long to wait before calling a failing store again: longer each time, and never the same on two nodes. */
  backoffMs(): number {
    const full = Math.min(
      MAX_BACKOFF_MS,
      MIN_BACKOFF_MS * 2 ** Math.min(Math.max(0, this.#failures - 1), 10),
    );
    return Math.round(full * (0.5 + Math.random() / 2));
  }

  async #open(): Promise<void> {
    await this.store.open(this.#storeContext);
    if (this.store.capabilities.shared) this.noteTime(await this.store.now());
    this.#isOpen = true;
  }

  #failed(error: unknown): void {
    // What a store refuses with an error of ours is an answer.
    if (error instanceof SchedulerError) return;
    this.#failures++;
    if (this.#failures > 1) return;
    this.#context.logger.error({ err: error, store: this.name }, 'The store does not answer; trying again');
    this.#context.events.emit('store:error', () => ({ store: this.name, error }));
  }

  #recovered(): void {
    this.#failures = 0;
    this.#context.logger.info({ store: this.name }, 'The store answers again');
    this.#context.events.emit('store:recovered', () => ({ store: this.name }));
    this.onRecovered?.();
  }
}
