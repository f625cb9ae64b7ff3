import { InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { DAY_S } from '../time/civil-date.js';
import type { InstantInput } from '../time/instants.js';
import { zoneOffsets } from '../time/zone-offsets.js';
import { BaseTrigger } from './base-trigger.js';
import {
  readCalendarStart,
  showCalendarStart,
  showWall,
  timeOfWall,
  wallOfStart,
  type CalendarStart,
} from './calendar-start.js';
import { CalendarSteps, type MissingDay } from './calendar-steps.js';
import { readCalendarUnits, type CalendarUnits } from './calendar-units.js';
import { readDstRules, resolveDstRules, type DstRules, type GapRule, type OverlapRule } from './dst-rules.js';
import { closeInstant, readOpenInstant, showInstant, type OpenInstant } from './open-instant.js';
import { readTimezone, refuseUnknownKeys } from './record-keys.js';
import { readTimeOfDay, showTimeOfDay } from './time-of-day.js';
import type { TriggerBinding } from './trigger.js';
import type { CalendarIntervalRecord } from './trigger-input.js';
import { ZonedTimes } from './zoned-times.js';

/** Says the step of {@link calendarInterval}, and its options. */
export interface CalendarIntervalOptions extends CalendarUnits {
  /** Is the wall-clock time of day, `'09:00'` or `'09:00:30'`. @defaultValue the start's; midnight without a start */
  readonly time?: string | undefined;
  /** Names the zone of the wall clock. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
  /**
   * Anchors the steps: its date is the first one, and its wall-clock time the earliest at which it may fire. From 1970
   * to 2099. @defaultValue the next time of day, today or tomorrow, when the job is added
   */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Says what becomes of a month that lacks the day of the start. @defaultValue `'skip'` */
  readonly missingDay?: MissingDay | undefined;
  /** Overrides what happens to times that a clock change skips or repeats. */
  readonly dst?: DstRules | undefined;
}

const UNITS = ['years', 'months', 'weeks', 'days'];
const OPTIONS = ['time', 'timezone', 'start', 'end', 'missingDay', 'dst'];

/** Is a step past the last year, so that only the first date comes. */
const ONCE = { months: 0, days: 100_000, missingDay: 'skip' } as const;

/**
 * Fires at a time of day every so many years, months, weeks and days of the calendar. Made by {@link calendarInterval}.
 *
 * Without a start it is unbound: {@link CalendarIntervalTrigger.bind} anchors it when a job is added. Asked before that,
 * it answers for steps from 1 January 1970, so that its answers depend on the instant alone.
 */
export class CalendarIntervalTrigger extends BaseTrigger {
  /** Names the kind. */
  readonly kind = 'calendarInterval';
  /** Names the zone; `undefined` until one is given or bound. */
  readonly timezone: string | undefined;
  readonly #units: CalendarUnits;
  readonly #start: CalendarStart | undefined;
  readonly #end: OpenInstant | undefined;
  readonly #time: number | undefined;
  readonly #missingDay: MissingDay | undefined;
  readonly #dst: DstRules | undefined;
  readonly #times: ZonedTimes;
  readonly #lastS: number;

  /**
   * Makes the trigger; {@link calendarInterval} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when the step has no unit, or an option is not one
   */
  constructor(options: CalendarIntervalOptions) {
    super();
    this.timezone = readTimezone(options.timezone);
    this.#units = readCalendarUnits(options);
    this.#start = options.start === undefined ? undefined : readCalendarStart(options.start, this.timezone);
    this.#end = options.end === undefined ? undefined : readOpenInstant(options.end, 'end', this.timezone);
    this.#time = options.time === undefined ? undefined : readTimeOfDay(options.time, 'time');
    this.#missingDay = readMissingDay(options.missingDay);
    this.#dst = readDstRules(options.dst);
    const { years = 0, months = 0, weeks = 0, days = 0 } = this.#units;
    this.#times = this.#zoned(
      new CalendarSteps({
        start: wallOfStart(this.#start ?? 0),
        time: this.#timeOfDay(),
        months: years * 12 + months,
        days: weeks * 7 + days,
        missingDay: this.#missingDay ?? 'skip',
      }),
    );
    const endMs = this.#end === undefined ? Infinity : closeInstant(this.#end, 'end', this.timezone ?? 'UTC');
    this.#lastS = Math.floor(endMs / 1000);
  }

  /** Gives the first fire time after an instant, up to the end of 2099. */
  next(after: number): number | null {
    const at = this.#times.next(Math.floor(after / 1000) + 1);
    return at <= this.#lastS && at !== Infinity ? at * 1000 : null;
  }

  /** Gives the last fire time before an instant, down to 1970. */
  previous(before: number): number | null {
    const until = Math.ceil(before / 1000) - 1;
    const at = this.#times.previous(until < this.#lastS ? until : this.#lastS);
    return at === -Infinity ? null : at * 1000;
  }

  /** Counts the fire times in `[from, to]` by arithmetic. */
  count(from: number, to: number): number {
    const first = Math.ceil(from / 1000);
    const last = Math.min(Math.floor(to / 1000), this.#lastS);
    return first > last ? 0 : this.#times.count(first, last);
  }

  /** Fixes the zone, and the start: the first time of day from now on. */
  bind(binding: TriggerBinding): CalendarIntervalTrigger {
    const zoned = this.inTimezone(binding.timezone ?? 'UTC');
    return zoned.#start === undefined ? zoned.#startingFrom(binding.now) : zoned;
  }

  /** Fixes the zone if none was given. */
  inTimezone(timezone: string): CalendarIntervalTrigger {
    return this.timezone === undefined
      ? new CalendarIntervalTrigger({ ...this.#units, ...this.#options(), timezone })
      : this;
  }

  /** Gives `{ calendarInterval, time, timezone, start, end, missingDay, dst }`, without what was not given. */
  toJSON(): JsonObject {
    return { calendarInterval: { ...this.#units }, ...this.#options() };
  }

  /** Anchors the steps at the first date on which the time of day comes at `now` or later. */
  #startingFrom(now: number): CalendarIntervalTrigger {
    const from = Math.ceil(now / 1000);
    const today = Math.floor((from + zoneOffsets(this.timezone ?? 'UTC').spanAt(from).offset) / DAY_S);
    const time = this.#timeOfDay();
    // Today's may be over, or be one that a clock change skips or has had already.
    const todays = this.#zoned(new CalendarSteps({ ...ONCE, start: today * DAY_S, time }));
    const day = todays.next(from) === Infinity ? today + 1 : today;
    return new CalendarIntervalTrigger({
      ...this.#units,
      ...this.#options(),
      start: showWall(day * DAY_S + time),
    });
  }

  #timeOfDay(): number {
    return this.#time ?? (this.#start === undefined ? 0 : timeOfWall(wallOfStart(this.#start)));
  }

  #zoned(steps: CalendarSteps): ZonedTimes {
    return new ZonedTimes(steps, zoneOffsets(this.timezone ?? 'UTC'), resolveDstRules(this.#dst, false));
  }

  #options(): {
    time?: string;
    timezone?: string;
    start?: string;
    end?: string;
    missingDay?: MissingDay;
    dst?: { gap?: GapRule | undefined; overlap?: OverlapRule | undefined };
  } {
    return {
      ...(this.#time === undefined ? {} : { time: showTimeOfDay(this.#time) }),
      ...(this.timezone === undefined ? {} : { timezone: this.timezone }),
      ...(this.#start === undefined ? {} : { start: showCalendarStart(this.#start) }),
      ...(this.#end === undefined ? {} : { end: showInstant(this.#end) }),
      ...(this.#missingDay === undefined ? {} : { missingDay: this.#missingDay }),
      ...(this.#dst === undefined ? {} : { dst: { ...this.#dst } }),
    };
  }
}

/**
 * Makes a trigger that fires at a time of day every so many years, months, weeks and days of the calendar, counted from
 * the date of the start. A month is a month however long it is, and a day a day though it may last 23 or 25 hours.
 *
 * A date that does not exist is left out (31 January, 31 March), or with `missingDay: 'last'` replaced by the last day
 * of its month (31 January, 28 February, 31 March). Fire times lie between 1970 and 2099.
 *
 * @throws {@link InvalidTriggerError} when the step has no unit, or an option is not one
 * @example
 * ```ts
 * import { calendarInterval } from 'escapement';
 *
 * calendarInterval({ months: 1, time: '09:00', timezone: 'Asia/Shanghai' });
 * calendarInterval({ weeks: 2, start: '2026-01-05T18:00' });
 * calendarInterval({ months: 1, start: '2026-01-31', missingDay: 'last' });
 * ```
 */
export function calendarInterval(options: CalendarIntervalOptions): CalendarIntervalTrigger {
  refuseUnknownKeys(options, [...UNITS, ...OPTIONS]);
  return new CalendarIntervalTrigger(options);
}

/** Reads `{ calendarInterval, time, timezone, start, end, missingDay, dst }`. */
export function parseCalendarIntervalRecord(record: JsonObject): CalendarIntervalTrigger {
  const { calendarInterval: units, ...options } = record as unknown as CalendarIntervalRecord;
  refuseUnknownKeys(units, UNITS);
  refuseUnknownKeys(options, OPTIONS);
  return new CalendarIntervalTrigger({ ...options, ...units });
}

function readMissingDay(input: unknown): MissingDay | undefined {
  if (input === undefined || input === 'skip' || input === 'last') return input;
  throw new InvalidTriggerError({ field: 'missingDay', expected: "'skip' or 'last'", received: input });
}
