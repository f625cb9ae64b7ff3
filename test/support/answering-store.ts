import type { JobStore } from '../../src/index.js';
import type { StoreMethod } from './hooked-store.js';

/** Is called with what a call of a store was given or answers; what it is rejected with, the call is rejected with. */
export type AnswerHook = (method: StoreMethod, value: unknown) => void | Promise<void>;

/** Gives a store as one client sees it whose requests and answers can be held up, and lost. */
export function answering<S extends JobStore>(
  inner: S,
): { store: S; hooks: { before: AnswerHook | null; after: AnswerHook | null } } {
  const hooks: { before: AnswerHook | null; after: AnswerHook | null } = { before: null, after: null };
  const store = new Proxy(inner, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        await hooks.before?.(key as StoreMethod, args);
        const answer: unknown = await Reflect.apply(member, target, args);
        await hooks.after?.(key as StoreMethod, answer);
        return answer;
      };
    },
  });
  return { store, hooks };
}

/** Tells whether an answer is that of a claim that was given something to do, or of another method. */
export function gives(answer: unknown): boolean {
  const { runs } = answer as { runs?: readonly unknown[] };
  return runs === undefined || runs.length > 0;
}
