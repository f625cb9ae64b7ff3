import { InvalidTriggerError } from '../../errors/input-errors.js';
import type { JsonObject } from '../../internal/json-value.js';
import { MAX_INSTANT } from '../../time/instants.js';
import { zoneOffsets } from '../../time/zone-offsets.js';
import { BaseTrigger } from '../base-trigger.js';
import { DaysOff } from '../calendars/days-off.js';
import type { Exclusion } from '../calendars/exclusion.js';
import { readCalendar, type CalendarRules } from '../calendars/read-calendar.js';
import { TimeWindows } from '../calendars/time-windows.js';
import { DaysOfTrigger, InstantsOfTrigger } from '../calendars/trigger-exclusions.js';
import { WallExclusion } from '../calendars/wall-exclusion.js';
import { refuseUnknownKeys } from '../record-keys.js';
import type { Trigger, TriggerBinding, TriggerContext } from '../trigger.js';
import type { ExclusionCalendar } from '../trigger-input.js';
import { zoneOf } from '../zone-of.js';
import {
  bindAll,
  canLookBack,
  checkParts,
  isBound,
  nextOf,
  previousOf,
  readPart,
  zoneAll,
  type CompositeTrigger,
} from './composite-trigger.js';
import { CHECK_QUESTIONS, EXCLUSION_QUESTIONS, SearchBudget } from './search-budget.js';

/**
 * Fires when its trigger does, but for what a calendar names. Made by {@link excluding}.
 *
 * Whole stretches of the calendar are skipped at once. A search that has met nothing but excluded fire times after
 * 100,000 questions ends, as if none were left.
 */
export class ExcludingTrigger extends BaseTrigger implements CompositeTrigger {
  /** Names the kind. */
  readonly kind = 'excluding';
  /** Lists the trigger, and those of the calendar. */
  readonly parts: readonly Trigger[];
  /** Names the zone of the trigger. */
  readonly timezone: string | undefined;
  /** Gives the last fire time before an instant; absent when the trigger cannot look back. */
  readonly previous?: (before: number) => number | null;
  readonly #trigger: Trigger;
  readonly #calendar: CalendarRules;
  readonly #exclusions: readonly Exclusion[];

  /**
   * Makes the trigger; {@link excluding} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when the calendar is not one, or leaves no fire time
   */
  constructor(trigger: Trigger, calendar: CalendarRules) {
    super();
    this.timezone = zoneOf(trigger);
    this.#trigger = trigger;
    this.#calendar = inZone(calendar, calendar.timezone ?? this.timezone);
    this.parts = checkParts([trigger, ...triggersOf(this.#calendar)], 'excluding');
    this.#exclusions = exclusionsOf(this.#calendar, this.#zone() ?? 'UTC');
    if (canLookBack([trigger]))
      this.previous = (before) => this.previousWithin(before, new SearchBudget(EXCLUSION_QUESTIONS));
    this.#refuseNever();
  }

  /** Gives the trigger's first fire time after an instant that the calendar does not name. */
  next(after: number): number | null {
    return this.nextWithin(after, new SearchBudget(EXCLUSION_QUESTIONS));
  }

  /** Is {@link ExcludingTrigger.next} within the budget of a larger search. */
  nextWithin(after: number, budget: SearchBudget): number | null {
    let from = after;
    for (;;) {
      const at = nextOf(this.#trigger, from, budget);
      if (at === null) return null;
      let free = at;
      for (const exclusion of this.#exclusions) free = Math.max(free, exclusion.skipForwards(at, budget));
      if (budget.exhausted) return null;
      if (free === at) return at;
      from = free - 1;
    }
  }

  /** Is {@link ExcludingTrigger.previous} within the budget of a larger search. */
  previousWithin(before: number, budget: SearchBudget): number | null {
    let until = before;
    for (;;) {
      const at = previousOf(this.#trigger, until, budget);
      if (at === null) return null;
      let free = at;
      for (const exclusion of this.#exclusions) free = Math.min(free, exclusion.skipBackwards(at, budget));
      if (budget.exhausted) return null;
      if (free === at) return at;
      until = free + 1;
    }
  }

  /** Binds the trigger, and the calendar with its triggers; its zone is the trigger's, or else the scheduler's. */
  bind(binding: TriggerBinding): ExcludingTrigger {
    return this.#with(bindAll(this.parts, binding), binding.timezone ?? 'UTC');
  }

  /** Fixes the zone of the trigger and of the calendar where none was given. */
  inTimezone(timezone: string): ExcludingTrigger {
    return this.#with(zoneAll(this.parts, timezone), timezone);
  }

  /** Gives `{ excluding, calendar }`. */
  toJSON(): JsonObject {
    return { excluding: this.#trigger.toJSON(), calendar: showCalendar(this.#calendar) };
  }

  #zone(): string | undefined {
    return this.#calendar.timezone ?? this.timezone;
  }

  #with(parts: readonly Trigger[], timezone: string): ExcludingTrigger {
    const [trigger = this.#trigger, ...others] = parts;
    const known = this.#zone() !== undefined;
    if (parts === this.parts && known) return this;
    const { daysOf, instantsOf } = this.#calendar;
    return new ExcludingTrigger(trigger, {
      ...this.#calendar,
      daysOf: daysOf === undefined ? undefined : others.shift(),
      instantsOf: instantsOf === undefined ? undefined : others.shift(),
      timezone: known || zoneOf(trigger) !== undefined ? this.#calendar.timezone : timezone,
    });
  }

  /** Refuses a calendar that leaves nothing; what the search cannot decide, or depends on the job yet, is let be. */
  #refuseNever(): void {
    if (this.#zone() === undefined || !this.parts.every(isBound)) return;
    const budget = new SearchBudget(CHECK_QUESTIONS);
    if (this.nextWithin(-MAX_INSTANT, budget) !== null || budget.exhausted) return;
    throw new InvalidTriggerError({
      field: 'calendar',
      expected: 'a calendar that leaves some fire time',
      received: this.toJSON(),
    });
  }
}

/**
 * Makes a trigger that fires when another does, but not at what a calendar names: dates, weekdays, windows of the day,
 * the days or the instants of another trigger. A calendar that is itself a trigger, or a cron expression, stands for
 * the instants at which it fires.
 *
 * @throws {@link InvalidTriggerError} when the trigger or the calendar is not one, or the calendar leaves no fire time
 * as far as a bounded search can tell; where a zone is still open that is found when the job is added
 * @example
 * ```ts
 * import { excluding } from 'escapement';
 *
 * excluding('0 9 * * *', { weekdays: ['sat', 'sun'], dates: ['12-25', { from: '2026-08-01', to: '2026-08-14' }] });
 * excluding('0/5 * * * *', { times: [{ from: '22:00', to: '06:00' }] });
 * ```
 */
export function excluding(
  trigger: Trigger | string,
  calendar: ExclusionCalendar | Trigger | string,
): ExcludingTrigger {
  return new ExcludingTrigger(readPart(trigger, 'excluding'), readCalendar(calendar, readPart));
}

/** Reads `{ excluding, calendar }`. */
export function parseExcludingRecord(record: JsonObject, context: TriggerContext): ExcludingTrigger {
  refuseUnknownKeys(record, ['excluding', 'calendar']);
  const trigger = context.parse(record['excluding']);
  const { timezone = zoneOf(trigger) } = (record['calendar'] ?? {}) as { timezone?: string };
  const parse = (input: unknown): Trigger => context.parse(input, timezone);
  return new ExcludingTrigger(trigger, readCalendar(record['calendar'], parse));
}

function exclusionsOf(calendar: CalendarRules, timezone: string): readonly Exclusion[] {
  const { dates, weekdays, times, daysOf, instantsOf } = calendar;
  const zone = zoneOffsets(timezone);
  return [
    new WallExclusion(new DaysOff(dates, weekdays), new TimeWindows(times), zone),
    ...(daysOf === undefined ? [] : [new DaysOfTrigger(daysOf, zone)]),
    ...(instantsOf === undefined ? [] : [new InstantsOfTrigger(instantsOf)]),
  ];
}

/** Gives the triggers of a calendar its zone, where they name none. */
function inZone(calendar: CalendarRules, timezone: string | undefined): CalendarRules {
  if (timezone === undefined) return calendar;
  const { daysOf, instantsOf } = calendar;
  return {
    ...calendar,
    daysOf: daysOf?.inTimezone?.(timezone) ?? daysOf,
    instantsOf: instantsOf?.inTimezone?.(timezone) ?? instantsOf,
  };
}

function triggersOf(calendar: CalendarRules): readonly Trigger[] {
  return [calendar.daysOf, calendar.instantsOf].filter((trigger) => trigger !== undefined);
}

function showCalendar(calendar: CalendarRules): JsonObject {
  const { dates, weekdays, times, daysOf, instantsOf, timezone } = calendar;
  // An empty calendar is one too, and is told by a key.
  const isEmpty = triggersOf(calendar).length + dates.length + weekdays.length + times.length === 0;
  return {
    ...(dates.length === 0 && !isEmpty
      ? {}
      : { dates: dates.map((date) => (typeof date === 'string' ? date : { from: date.from, to: date.to })) }),
    ...(weekdays.length === 0 ? {} : { weekdays }),
    ...(times.length === 0 ? {} : { times: times.map(({ from, to }) => ({ from, to })) }),
    ...(daysOf === undefined ? {} : { daysOf: daysOf.toJSON() }),
    ...(instantsOf === undefined ? {} : { instantsOf: instantsOf.toJSON() }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}
