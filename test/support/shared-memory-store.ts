import { MemoryJobStore } from '../../src/index.js';
import type { StoreCapabilities, StoreContext } from '../../src/index.js';

/** Is a memory store that several schedulers of this process may use at once, as if it were a server. */
export class SharedMemoryStore extends MemoryJobStore {
  override readonly capabilities: StoreCapabilities = { durable: false, shared: true };
  /** Says whether the server answers. */
  isDown = false;
  #isOpen = false;

  override async open(context: StoreContext): Promise<void> {
    if (this.isDown) throw new Error('The server is down');
    if (!this.#isOpen) await super.open(context);
    this.#isOpen = true;
  }

  override async close(): Promise<void> {
    // Others may be using it still.
  }
}

/** Gives the store as one client sees it: cut off from it, that client's calls fail while others' go on. */
export function clientOf(store: SharedMemoryStore): { store: SharedMemoryStore; cut(): void; mend(): void } {
  let isCut = false;
  const client = new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        if (isCut) return Promise.reject(new Error('The connection is cut'));
        return Reflect.apply(member, target, args);
      };
    },
  });
  return {
    store: client,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
    },
  };
}
