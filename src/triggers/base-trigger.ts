import type { JsonObject } from '../internal/json-value.js';
import type { Trigger } from './trigger.js';
import { past, upcoming, type PastOptions, type UpcomingOptions } from './upcoming.js';

/** Is the base of the built-in triggers: what is the same for all of them. Kinds of your own may extend it. */
export abstract class BaseTrigger implements Trigger {
  /** Names the kind. */
  abstract readonly kind: string;

  /** Gives the first fire time strictly after an instant, or `null` when none is left. */
  abstract next(after: number): number | null;

  /** Gives the shorthand record that makes an equal trigger. */
  abstract toJSON(): JsonObject;

  /**
   * Gives the fire times from an instant on, in their order, each computed when it is asked for.
   *
   * @throws `InvalidOptionError` when an option is not one, or neither `count` nor `until` ends them
   */
  upcoming(options: UpcomingOptions): Generator<Date, void, undefined> {
    return upcoming(this, options);
  }

  /**
   * Gives the fire times before an instant, the latest first, each computed when it is asked for.
   *
   * @throws `InvalidOptionError` when an option is not one, or neither `count` nor `since` ends them
   * @throws `InvalidTriggerError` when the trigger cannot look back
   */
  past(options: PastOptions): Generator<Date, void, undefined> {
    return past(this, options);
  }
}
