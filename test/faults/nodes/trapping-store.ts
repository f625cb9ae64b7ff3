import { setTimeout as sleep } from 'node:timers/promises';
import type { JobStore } from 'escapement';

/** Says what happens to a process around a call of its store. */
export interface Trap {
  /** Names the method. */
  readonly method: keyof JobStore;
  /** `before`: nothing has been done; `after`: it was done, and the answer does not reach the scheduler. */
  readonly when: 'before' | 'after';
  /**
   * `kill`: the process ends; `freeze`: it is stopped until somebody continues it; `lose`: the call fails;
   * a number: it takes so many milliseconds longer.
   */
  readonly then: 'kill' | 'freeze' | 'lose' | number;
  /** Is how many of the calls it happens to. */
  readonly times: number;
  /** Is a regular expression: it happens to calls whose arguments, or whose answer after them, match it as JSON. @defaultValue all */
  readonly matching?: string;
}

/** Gives a store in whose calls traps wait; a claim that gets nothing, and an empty batch, spring none. */
export function trapping<S extends JobStore>(inner: S, traps: readonly Trap[]): S {
  const left = traps.map((trap) => ({ ...trap, left: trap.times }));
  const spring = async (
    method: string | symbol,
    when: Trap['when'],
    seen: readonly unknown[],
  ): Promise<void> => {
    const trap = left.find(
      (one) => one.left > 0 && one.method === method && one.when === when && isMeant(one, seen),
    );
    if (trap === undefined) return;
    trap.left--;
    if (trap.then === 'kill') process.kill(process.pid, 'SIGKILL');
    else if (trap.then === 'freeze') process.kill(process.pid, 'SIGSTOP');
    else if (trap.then === 'lose') throw new Error(`The answer to ${String(method)} is lost`);
    else await sleep(trap.then);
  };
  return new Proxy(inner, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (key !== 'claim') await spring(key, 'before', args);
        const answer: unknown = await Reflect.apply(member, target, args);
        if (!isEmpty(answer)) await spring(key, 'after', [...args, answer]);
        return answer;
      };
    },
  });
}

function isMeant({ matching }: Trap, seen: readonly unknown[]): boolean {
  return matching === undefined || new RegExp(matching).test(JSON.stringify(seen));
}

function isEmpty(answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.length === 0;
  const { runs, jobs } = (answer ?? {}) as { runs?: readonly unknown[]; jobs?: readonly unknown[] };
  return runs?.length === 0 && jobs?.length === 0;
}
