import type { JsonObject } from '../internal/json-value.js';
import type { DurationInput } from '../time/durations.js';
import type { InstantInput } from '../time/instants.js';
import type { CalendarUnits } from './calendar-units.js';
import type { CalendarDate, TimeWindow } from './calendars/calendar-dates.js';
import type { MissingDay } from './calendar-steps.js';
import type { NamedCronFields } from './cron/named-fields.js';
import type { DstRules } from './dst-rules.js';
import type { Trigger } from './trigger.js';

/** Is the shorthand of a cron trigger: `{ cron: '0 2 * * *', timezone: 'Asia/Shanghai' }`. */
export interface CronRecord {
  /** Holds the expression, or the named fields. */
  readonly cron: string | NamedCronFields;
  /** Names the zone of the wall clock. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
  /** Is the first instant at which it may fire. @defaultValue none */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Overrides what happens to times that a clock change skips or repeats. */
  readonly dst?: DstRules | undefined;
}

/** Is the shorthand of an interval trigger: `{ interval: { minutes: 5 } }`. */
export interface IntervalRecord {
  /** Is the period: milliseconds, or `{ minutes: 5 }`. */
  readonly interval: DurationInput;
  /** Is the first fire time. @defaultValue one period after the job is added */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Says that the first fire time is the moment when the job is added. @defaultValue false */
  readonly immediate?: boolean | undefined;
  /** Names the zone in which `start` and `end` are read when they carry no offset. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
}

/** Is the shorthand of a date trigger: `{ date: '2026-12-01T09:00', timezone: 'Asia/Shanghai' }`. */
export interface DateRecord {
  /** Is the one fire time. */
  readonly date: InstantInput;
  /** Names the zone in which `date` is read when it carries no offset. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
}

/** Is the shorthand of a calendar interval: `{ calendarInterval: { months: 1 }, time: '09:00' }`. */
export interface CalendarIntervalRecord {
  /** Is the step. */
  readonly calendarInterval: CalendarUnits;
  /** Is the wall-clock time of day. @defaultValue the start's; midnight without a start */
  readonly time?: string | undefined;
  /** Names the zone of the wall clock. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
  /** Anchors the steps. @defaultValue the next time of day when the job is added */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Says what becomes of a month that lacks the day of the start. @defaultValue `'skip'` */
  readonly missingDay?: MissingDay | undefined;
  /** Overrides what happens to times that a clock change skips or repeats. */
  readonly dst?: DstRules | undefined;
}

/** Is the shorthand of a union: `{ anyOf: ['0 9 * * mon-fri', '0 12 * * sat'] }`. */
export interface AnyOfRecord {
  /** Holds the triggers, any of which may fire. */
  readonly anyOf: readonly TriggerInput[];
}

/** Is the shorthand of an intersection: `{ allOf: ['0 9 * * mon', '0 9 1-7 * *'] }`. */
export interface AllOfRecord {
  /** Holds the triggers, all of which have to fire at an instant. */
  readonly allOf: readonly TriggerInput[];
}

/**
 * Says when a trigger does not fire: at whatever one of its rules names. Plain JSON when its triggers are records.
 *
 * Dates, weekdays and times of day are those of the calendar's zone.
 */
export interface ExclusionCalendar {
  /** Names dates. */
  readonly dates?: readonly CalendarDate[] | undefined;
  /** Names weekdays: `'sat'`, `'mon-fri'`. */
  readonly weekdays?: readonly string[] | undefined;
  /** Names windows of every day. */
  readonly times?: readonly TimeWindow[] | undefined;
  /** Names the days on which a trigger fires. */
  readonly daysOf?: TriggerInput | undefined;
  /** Names the instants at which a trigger fires. */
  readonly instantsOf?: TriggerInput | undefined;
  /** Names the zone. @defaultValue the zone of the trigger that is restricted; the scheduler's if it has none */
  readonly timezone?: string | undefined;
}

/** Is the shorthand of an exclusion: `{ excluding: '0 9 * * *', calendar: { dates: ['2026-12-25'] } }`. */
export interface ExcludingRecord {
  /** Is the trigger. */
  readonly excluding: TriggerInput;
  /** Says when it does not fire; a trigger stands for the instants at which it fires. */
  readonly calendar: ExclusionCalendar | TriggerInput;
}

/**
 * Is whatever says when a job should run: a trigger, a cron expression, or a shorthand record with one key that names
 * its kind. A record of a kind of your own is any JSON object that your codec reads.
 */
export type TriggerInput =
  | Trigger
  | string
  | CronRecord
  | IntervalRecord
  | DateRecord
  | CalendarIntervalRecord
  | AnyOfRecord
  | AllOfRecord
  | ExcludingRecord
  | JsonObject;
