import type { JsonObject } from '../../internal/json-value.js';
import { BaseTrigger } from '../base-trigger.js';
import type { Trigger, TriggerBinding, TriggerContext } from '../trigger.js';
import {
  bindAll,
  canLookBack,
  checkParts,
  nextOf,
  previousOf,
  readPart,
  sharedZone,
  zoneAll,
  type CompositeTrigger,
} from './composite-trigger.js';
import { readList } from './read-list.js';
import type { SearchBudget } from './search-budget.js';

/** Fires whenever one of its triggers does; once where several do. Made by {@link anyOf}. */
export class AnyOfTrigger extends BaseTrigger implements CompositeTrigger {
  /** Names the kind. */
  readonly kind = 'anyOf';
  /** Lists the triggers. */
  readonly parts: readonly Trigger[];
  /** Names the zone, if it is the same for all. */
  readonly timezone: string | undefined;
  /** Gives the last fire time before an instant; absent when one of the triggers cannot look back. */
  readonly previous?: (before: number) => number | null;

  /**
   * Makes the trigger; {@link anyOf} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when there is no trigger, or there are more than 100
   */
  constructor(parts: readonly Trigger[]) {
    super();
    this.parts = checkParts(parts, 'anyOf');
    this.timezone = sharedZone(this.parts);
    if (canLookBack(this.parts)) {
      this.previous = (before) => latest(this.parts, (part) => part.previous?.(before) ?? null);
    }
  }

  /** Gives the earliest of the triggers' next fire times. */
  next(after: number): number | null {
    return earliest(this.parts, (part) => part.next(after));
  }

  /** Is {@link AnyOfTrigger.next} within the budget of a larger search. */
  nextWithin(after: number, budget: SearchBudget): number | null {
    const at = earliest(this.parts, (part) => nextOf(part, after, budget));
    return budget.exhausted ? null : at;
  }

  /** Is {@link AnyOfTrigger.previous} within the budget of a larger search. */
  previousWithin(before: number, budget: SearchBudget): number | null {
    const at = latest(this.parts, (part) => previousOf(part, before, budget));
    return budget.exhausted ? null : at;
  }

  /** Binds each of the triggers. */
  bind(binding: TriggerBinding): AnyOfTrigger {
    return this.#with(bindAll(this.parts, binding));
  }

  /** Fixes the zone of the triggers that name none. */
  inTimezone(timezone: string): AnyOfTrigger {
    return this.#with(zoneAll(this.parts, timezone));
  }

  /** Gives `{ anyOf }`. */
  toJSON(): JsonObject {
    return { anyOf: this.parts.map((part) => part.toJSON()) };
  }

  #with(parts: readonly Trigger[]): AnyOfTrigger {
    return parts === this.parts ? this : new AnyOfTrigger(parts);
  }
}

/**
 * Makes a trigger that fires whenever one of these does, and once where several do. Text is a cron expression.
 *
 * @throws {@link InvalidTriggerError} when one is not a trigger, there is none, or there are more than 100
 * @example
 * ```ts
 * import { anyOf } from 'escapement';
 *
 * anyOf('0 9 * * mon-fri', '0 12 * * sat');
 * ```
 */
export function anyOf(...triggers: readonly (Trigger | string)[]): AnyOfTrigger {
  return new AnyOfTrigger(triggers.map((trigger, index) => readPart(trigger, `anyOf[${String(index)}]`)));
}

/** Reads `{ anyOf }`. */
export function parseAnyOfRecord(record: JsonObject, context: TriggerContext): AnyOfTrigger {
  return new AnyOfTrigger(readList(record, 'anyOf', context));
}

function earliest(parts: readonly Trigger[], ask: (part: Trigger) => number | null): number | null {
  let found: number | null = null;
  for (const part of parts) {
    const at = ask(part);
    if (at !== null && (found === null || at < found)) found = at;
  }
  return found;
}

function latest(parts: readonly Trigger[], ask: (part: Trigger) => number | null): number | null {
  let found: number | null = null;
  for (const part of parts) {
    const at = ask(part);
    if (at !== null && (found === null || at > found)) found = at;
  }
  return found;
}
