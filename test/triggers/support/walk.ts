import type { Trigger } from '../../../src/triggers/trigger.js';

/** Lists the fire times in `[from, to]`, forwards. */
export function firesOf(trigger: Trigger, from: number, to: number): readonly number[] {
  const fires: number[] = [];
  for (let at = trigger.next(from - 1); at !== null && at <= to; at = trigger.next(at)) fires.push(at);
  return fires;
}

/** Lists the fire times in `[from, to]`, found backwards. */
export function firesBackOf(trigger: Trigger, from: number, to: number): readonly number[] {
  const fires: number[] = [];
  let at = trigger.previous?.(to + 1) ?? null;
  for (; at !== null && at >= from; at = trigger.previous?.(at) ?? null) fires.unshift(at);
  return fires;
}

/** Lists the first fire times after an instant, as `2026-01-31T09:00Z`. */
export function datesOf(trigger: Trigger, count: number, from: string): readonly string[] {
  const dates: string[] = [];
  let at = trigger.next(Date.parse(from) - 1);
  for (; at !== null && dates.length < count; at = trigger.next(at)) {
    dates.push(new Date(at).toISOString().replace(':00.000', ''));
  }
  return dates;
}

/** Counts the questions that a trigger is asked. */
export class CountingTrigger implements Trigger {
  readonly kind: string;
  questions = 0;
  readonly #trigger: Trigger;

  constructor(trigger: Trigger) {
    this.kind = trigger.kind;
    this.#trigger = trigger;
  }

  next(after: number): number | null {
    this.questions += 1;
    return this.#trigger.next(after);
  }

  previous(before: number): number | null {
    this.questions += 1;
    return this.#trigger.previous?.(before) ?? null;
  }

  toJSON(): ReturnType<Trigger['toJSON']> {
    return this.#trigger.toJSON();
  }
}
