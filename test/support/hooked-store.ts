import { MemoryJobStore } from '../../src/index.js';
import type { JobStore } from '../../src/index.js';

/** Names a method of a store. */
export type StoreMethod = {
  [K in keyof JobStore]-?: JobStore[K] extends (...args: never) => Promise<unknown> ? K : never;
}[keyof JobStore];

/** Is called around the calls of a store; what it is rejected with, the call is rejected with. */
export type Hook = (method: StoreMethod, args: readonly unknown[]) => void | Promise<void>;

/** Holds what is done before and after the calls of a store. */
export interface Hooks {
  /** Comes before: when it fails, nothing has happened. */
  before: Hook | null;
  /** Comes after: when it fails, the call was done, and its answer is lost. */
  after: Hook | null;
}

/** Makes a memory store whose calls can be held up, made to fail, and deprived of their answers. */
export function hookedStore(): { store: JobStore; hooks: Hooks; calls: StoreMethod[] } {
  const inner = new MemoryJobStore();
  const hooks: Hooks = { before: null, after: null };
  const calls: StoreMethod[] = [];
  const store = new Proxy(inner, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const method = key as StoreMethod;
        calls.push(method);
        await hooks.before?.(method, args);
        const answer: unknown = await Reflect.apply(member, target, args);
        await hooks.after?.(method, args);
        return answer;
      };
    },
  });
  return { store, hooks, calls };
}

/** Gives a hook that fails a number of times at calls of these methods. */
export function failing(times: number, ...methods: readonly StoreMethod[]): Hook {
  let left = times;
  return (method) => {
    if (left > 0 && methods.includes(method)) {
      left--;
      throw new Error(`${method} does not answer`);
    }
  };
}
