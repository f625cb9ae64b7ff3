import { Deferred } from '../internal/deferred.js';
import { endOfTurn } from '../time/turns.js';

/** Is how many items one call takes at most. */
const MAX_BATCH = 500;

/** Is how items are sent. */
export interface GatheredCallsContext<T, R> {
  /** Sends items; gives a result for each, in order. */
  send(items: readonly T[]): Promise<readonly R[]>;
  /** Tells whether results say that nothing was done because of one of the items. */
  readonly areVoid: (results: readonly R[]) => boolean;
}

/** Is an item that waits to be sent. */
interface Waiting<T, R> {
  readonly item: T;
  readonly result: Deferred<R>;
}

/**
 * Makes one call of those that come together: in the same turn of the event loop, or while a call is under way. Where
 * one item keeps all from being done, each is sent by itself; a call that is rejected is so for all of its items, because
 * nobody knows what it did.
 */
export class GatheredCalls<T, R> {
  readonly #context: GatheredCallsContext<T, R>;
  #waiting: Waiting<T, R>[] = [];
  #isSending = false;

  /** Makes it; nothing is under way. */
  constructor(context: GatheredCallsContext<T, R>) {
    this.#context = context;
  }

  /** Sends an item, soon. */
  add(item: T): Promise<R> {
    const result = new Deferred<R>();
    this.#waiting.push({ item, result });
    if (!this.#isSending) {
      this.#isSending = true;
      endOfTurn(() => {
        void this.#sendAll();
      });
    }
    return result.promise;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, MAX_BATCH);
      this.#waiting = this.#waiting.slice(MAX_BATCH);
      if (await this.#send(batch)) continue;
      for (const one of batch) await this.#send([one]);
    }
    this.#isSending = false;
  }

  /** Sends items and settles them; `false`: one of several kept all from being done, and none is settled. */
  async #send(batch: readonly Waiting<T, R>[]): Promise<boolean> {
    try {
      const results = await this.#context.send(batch.map(({ item }) => item));
      if (batch.length > 1 && this.#context.areVoid(results)) return false;
      batch.forEach(({ result }, at) => {
        result.resolve(results[at] as R);
      });
    } catch (error) {
      for (const { result } of batch) result.reject(error);
    }
    return true;
  }
}
