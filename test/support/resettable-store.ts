import type { JobStore, StoreCapabilities, StoreContext, StoreHint } from '../../src/index.js';
import { SharedMemoryStore } from './shared-memory-store.js';

/** Is a store that may lose all that it holds, as a server that is flushed does. */
export interface ResettableStore {
  /** Is the store. */
  readonly store: JobStore;
  /** Drops all that it holds. The next call notices: it begins anew, tells of it, and goes on. */
  flush(): void;
  /** Counts the jobs that were put so far, whatever became of them. */
  readonly puts: number;
  /** Counts those who listen. */
  readonly listeners: number;
}

/** Makes a store that may lose all that it holds; several schedulers of this process may use it. */
export function resettableStore(given: Partial<StoreCapabilities> = {}): ResettableStore {
  const capabilities: StoreCapabilities = { durable: true, shared: true, resettable: true, ...given };
  const listeners = new Set<(hint: StoreHint) => void>();
  let inner = new SharedMemoryStore();
  let context: StoreContext | null = null;
  let isVanished = false;
  let isUntold = false;
  let puts = 0;

  const tell = (hint: StoreHint): void => {
    for (const listener of listeners) listener(hint);
  };

  const beginAnew = async (): Promise<void> => {
    isVanished = false;
    inner = new SharedMemoryStore();
    if (context !== null) await inner.open(context);
    await inner.subscribe(tell);
    isUntold = listeners.size === 0;
    tell({ kind: 'reset' });
  };

  const own: Partial<JobStore> = {
    open: async (opening) => {
      context ??= opening;
      await inner.open(context);
    },
    subscribe: async (listener) => {
      listeners.add(listener);
      if (isUntold) listener({ kind: 'reset' });
      isUntold = false;
      return async () => {
        listeners.delete(listener);
      };
    },
  };
  void inner.subscribe(tell);

  const store = new Proxy<JobStore>(inner, {
    get(_target, key) {
      if (key === 'capabilities') return capabilities;
      const owned: unknown = Reflect.get(own, key);
      if (owned !== undefined) return owned;
      if (typeof Reflect.get(inner, key, inner) !== 'function') return undefined;
      return async (...args: unknown[]): Promise<unknown> => {
        if (isVanished) await beginAnew();
        if (key === 'putJobs') puts += (args[0] as readonly unknown[]).length;
        return Reflect.apply(Reflect.get(inner, key, inner) as () => unknown, inner, args);
      };
    },
  });

  return {
    store,
    flush: () => {
      isVanished = true;
    },
    get puts() {
      return puts;
    },
    get listeners() {
      return listeners.size;
    },
  };
}
