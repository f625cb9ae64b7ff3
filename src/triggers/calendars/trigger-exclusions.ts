import { DAY_S } from '../../time/civil-date.js';
import type { ZoneOffsets } from '../../time/zone-offsets.js';
import { nextOf } from '../combinations/composite-trigger.js';
import type { SearchBudget } from '../combinations/search-budget.js';
import type { Trigger } from '../trigger.js';
import type { Exclusion } from './exclusion.js';

/** Excludes the instants at which a trigger fires. */
export class InstantsOfTrigger implements Exclusion {
  readonly #trigger: Trigger;

  /** Makes the rule. */
  constructor(trigger: Trigger) {
    this.#trigger = trigger;
  }

  skipForwards(at: number, budget: SearchBudget): number {
    return nextOf(this.#trigger, at - 1, budget) === at ? at + 1 : at;
  }

  skipBackwards(at: number, budget: SearchBudget): number {
    return nextOf(this.#trigger, at - 1, budget) === at ? at - 1 : at;
  }
}

/** Excludes the days, from midnight to midnight in a zone, on which a trigger fires. */
export class DaysOfTrigger implements Exclusion {
  readonly #trigger: Trigger;
  readonly #zone: ZoneOffsets;

  /** Makes the rule. */
  constructor(trigger: Trigger, zone: ZoneOffsets) {
    this.#trigger = trigger;
    this.#zone = zone;
  }

  skipForwards(at: number, budget: SearchBudget): number {
    const day = this.#dayOf(at);
    return this.#firesIn(day, budget) ? day.end : at;
  }

  skipBackwards(at: number, budget: SearchBudget): number {
    const day = this.#dayOf(at);
    return this.#firesIn(day, budget) ? day.start - 1 : at;
  }

  #firesIn(day: { readonly start: number; readonly end: number }, budget: SearchBudget): boolean {
    const fire = nextOf(this.#trigger, day.start - 1, budget);
    return fire !== null && fire < day.end;
  }

  /** Gives the day of an instant: from the first time that the wall clock shows its midnight to that of the next. */
  #dayOf(at: number): { readonly start: number; readonly end: number } {
    const second = Math.floor(at / 1000);
    let day = Math.floor((second + this.#zone.spanAt(second).offset) / DAY_S);
    // Where the clock goes back over midnight, it shows the day before once more.
    while (this.#zone.instantOf((day + 1) * DAY_S) <= second) day += 1;
    return {
      start: this.#zone.instantOf(day * DAY_S) * 1000,
      end: this.#zone.instantOf((day + 1) * DAY_S) * 1000,
    };
  }
}
