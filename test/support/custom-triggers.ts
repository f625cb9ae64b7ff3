import type { JsonObject, Trigger, TriggerCodec } from '../../src/index.js';

/** Fires at listed instants; with or without the optional methods of a trigger. */
export class ListTrigger implements Trigger {
  readonly kind = 'list';
  readonly times: readonly number[];
  readonly previous?: (before: number) => number | null;
  readonly count?: (from: number, to: number) => number;

  constructor(times: readonly number[], has: { previous?: boolean; count?: boolean } = {}) {
    this.times = times;
    if (has.previous === true) {
      this.previous = (before) => times.filter((time) => time < before).at(-1) ?? null;
    }
    if (has.count === true) {
      this.count = (from, to) => times.filter((time) => time >= from && time <= to).length;
    }
  }

  next(after: number): number | null {
    return this.times.find((time) => time > after) ?? null;
  }

  toJSON(): JsonObject {
    return { list: [...this.times] };
  }
}

/** Gives a trigger whose calls are counted. */
export function counted(trigger: Trigger): { trigger: Trigger; calls: () => number } {
  let calls = 0;
  const wrapped = new Proxy(trigger, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function' || key === 'toJSON') return member;
      return (...args: unknown[]): unknown => {
        calls++;
        return Reflect.apply(member, target, args);
      };
    },
  });
  return { trigger: wrapped, calls: () => calls };
}

/** Says what a scripted trigger answers. */
export interface TriggerScript {
  next(after: number): unknown;
  previous?(before: number): unknown;
}

/**
 * Gives the codec of a kind of trigger that answers as a script says, and its trigger: for triggers that misbehave.
 * Scripts are looked up by name, so that they may change behaviour while a job is stored.
 */
export function scripted(kind: string, script: TriggerScript): { codec: TriggerCodec; trigger: Trigger } {
  const trigger = {
    kind,
    next: (after: number) => script.next(after),
    ...(script.previous !== undefined && { previous: (before: number) => script.previous?.(before) }),
    toJSON: () => ({ [kind]: true }),
  } as Trigger;
  return { trigger, codec: { kind, parse: () => trigger } };
}
