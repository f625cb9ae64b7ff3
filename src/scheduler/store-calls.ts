import type { JobStore } from '../stores/job-store.js';
import { GatheredCalls } from './gathered-calls.js';
import type { GatheredCallsContext } from './gathered-calls.js';
import type { StoreLink } from './store-link.js';

/** Is how items are sent to a store. */
export interface StoreCallsContext<T, R> extends Pick<GatheredCallsContext<T, R>, 'areVoid'> {
  /** Sends items; gives a result for each, in order. */
  send(store: JobStore, items: readonly T[]): Promise<readonly R[]>;
}

/** Makes the calls that add something to stores, and gathers those of single items where a call costs more than a turn. */
export class StoreCalls<T, R> {
  readonly #context: StoreCallsContext<T, R>;
  readonly #gathered = new WeakMap<StoreLink, GatheredCalls<T, R>>();

  /** Makes it; nothing is under way. */
  constructor(context: StoreCallsContext<T, R>) {
    this.#context = context;
  }

  /** Sends items: a single one with others that come together with it, several as they are. */
  async send(items: readonly T[], link: StoreLink): Promise<readonly R[]> {
    const [item, ...others] = items;
    const isWorthIt = item !== undefined && others.length === 0 && link.store.capabilities.durable;
    return isWorthIt ? [await this.#gatheredFor(link).add(item)] : this.#call(items, link);
  }

  #gatheredFor(link: StoreLink): GatheredCalls<T, R> {
    let calls = this.#gathered.get(link);
    if (calls === undefined) {
      const { areVoid } = this.#context;
      calls = new GatheredCalls({ send: (items) => this.#call(items, link), areVoid });
      this.#gathered.set(link, calls);
    }
    return calls;
  }

  #call(items: readonly T[], link: StoreLink): Promise<readonly R[]> {
    return link.call((store) => this.#context.send(store, items));
  }
}
