import { MemoryJobStore } from '../../src/index.js';
import type { StoreCapabilities, StoreContext } from '../../src/index.js';

/** Is a memory store that several schedulers of this process may use at once, as if it were a server. */
export class SharedMemoryStore extends MemoryJobStore {
  override readonly capabilities: StoreCapabilities = { durable: false, shared: true };
  /** Says whether the server answers. */
  isDown = false;
  /** Is how far the server's clock is ahead of those of its clients, in milliseconds. */
  aheadMs = 0;
  #isOpen = false;

  override async open(context: StoreContext): Promise<void> {
    if (this.isDown) throw new Error('The server is down');
    const { clock } = context;
    const now = (): number => clock.now() + this.aheadMs;
    const server = {
      now,
      monotonic: clock.monotonic.bind(clock),
      setTimer: clock.setTimer.bind(clock),
      holdOpen: clock.holdOpen.bind(clock),
    };
    if (!this.#isOpen) await super.open({ ...context, clock: server });
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
