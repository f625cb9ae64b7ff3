import { InvalidTriggerError } from '../../errors/input-errors.js';
import type { JsonObject } from '../../internal/json-value.js';
import { MAX_INSTANT } from '../../time/instants.js';
import { BaseTrigger } from '../base-trigger.js';
import type { Trigger, TriggerBinding, TriggerContext } from '../trigger.js';
import {
  bindAll,
  canLookBack,
  checkParts,
  isBound,
  nextOf,
  previousOf,
  readPart,
  sharedZone,
  zoneAll,
  type CompositeTrigger,
} from './composite-trigger.js';
import { readList } from './read-list.js';
import { CHECK_QUESTIONS, MEETING_QUESTIONS, SearchBudget } from './search-budget.js';

/**
 * Fires at the instants at which all of its triggers do. Made by {@link allOf}.
 *
 * The search leaps: each trigger is asked for its first fire time from where the farthest of the others stands. After
 * 10,000 questions without a meeting it ends, as if none were left.
 */
export class AllOfTrigger extends BaseTrigger implements CompositeTrigger {
  /** Names the kind. */
  readonly kind = 'allOf';
  /** Lists the triggers. */
  readonly parts: readonly Trigger[];
  /** Names the zone, if it is the same for all. */
  readonly timezone: string | undefined;
  /** Gives the last fire time before an instant; absent when one of the triggers cannot look back. */
  readonly previous?: (before: number) => number | null;

  /**
   * Makes the trigger; {@link allOf} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when there is no trigger, there are more than 100, or they never fire together
   */
  constructor(parts: readonly Trigger[]) {
    super();
    this.parts = checkParts(parts, 'allOf');
    this.timezone = sharedZone(this.parts);
    if (canLookBack(this.parts)) {
      this.previous = (before) => this.previousWithin(before, new SearchBudget(MEETING_QUESTIONS));
    }
    this.#refuseNever();
  }

  /** Gives the first instant after another at which all of the triggers fire. */
  next(after: number): number | null {
    return this.nextWithin(after, new SearchBudget(MEETING_QUESTIONS));
  }

  /** Is {@link AllOfTrigger.next} within the budget of a larger search. */
  nextWithin(after: number, budget: SearchBudget): number | null {
    let at = -Infinity;
    for (let agreed = 0, index = 0; agreed < this.parts.length; index = (index + 1) % this.parts.length) {
      const part = this.parts[index];
      const found = part === undefined ? null : nextOf(part, Math.max(after, at - 1), budget);
      if (found === null) return null;
      agreed = found === at ? agreed + 1 : 1;
      at = found;
    }
    return at;
  }

  /** Is {@link AllOfTrigger.previous} within the budget of a larger search. */
  previousWithin(before: number, budget: SearchBudget): number | null {
    let at = Infinity;
    for (let agreed = 0, index = 0; agreed < this.parts.length; index = (index + 1) % this.parts.length) {
      const part = this.parts[index];
      const found = part === undefined ? null : previousOf(part, Math.min(before, at + 1), budget);
      if (found === null) return null;
      agreed = found === at ? agreed + 1 : 1;
      at = found;
    }
    return at;
  }

  /** Binds each of the triggers. */
  bind(binding: TriggerBinding): AllOfTrigger {
    return this.#with(bindAll(this.parts, binding));
  }

  /** Fixes the zone of the triggers that name none. */
  inTimezone(timezone: string): AllOfTrigger {
    return this.#with(zoneAll(this.parts, timezone));
  }

  /** Gives `{ allOf }`. */
  toJSON(): JsonObject {
    return { allOf: this.parts.map((part) => part.toJSON()) };
  }

  #with(parts: readonly Trigger[]): AllOfTrigger {
    return parts === this.parts ? this : new AllOfTrigger(parts);
  }

  /** Refuses what can never fire; what the search cannot decide, or depends on the job yet, is let be. */
  #refuseNever(): void {
    if (!this.parts.every(isBound)) return;
    const budget = new SearchBudget(CHECK_QUESTIONS);
    if (this.nextWithin(-MAX_INSTANT, budget) !== null || budget.exhausted) return;
    throw new InvalidTriggerError({
      field: 'allOf',
      expected: 'triggers that fire together at some time',
      received: this.toJSON(),
    });
  }
}

/**
 * Makes a trigger that fires at the instants at which all of these do. Text is a cron expression.
 *
 * @throws {@link InvalidTriggerError} when one is not a trigger, there is none, there are more than 100, or they never
 * fire together as far as a bounded search can tell; where a zone is still open that is found when the job is added
 * @example
 * ```ts
 * import { allOf } from 'escapement';
 *
 * allOf('0 9 * * mon', '0 9 1-7 * *');
 * ```
 */
export function allOf(...triggers: readonly (Trigger | string)[]): AllOfTrigger {
  return new AllOfTrigger(triggers.map((trigger, index) => readPart(trigger, `allOf[${String(index)}]`)));
}

/** Reads `{ allOf }`. */
export function parseAllOfRecord(record: JsonObject, context: TriggerContext): AllOfTrigger {
  return new AllOfTrigger(readList(record, 'allOf', context));
}
