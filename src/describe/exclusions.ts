import type { JsonObject, JsonValue } from '../internal/json-value.js';
import { readCalendar } from '../triggers/calendars/read-calendar.js';
import { readWeekdays } from '../triggers/calendars/read-weekdays.js';
import { WEEKDAY_NAMES } from '../triggers/cron/field-spec.js';
import type { Trigger } from '../triggers/trigger.js';
import type { ExclusionTexts } from './phrases.js';

/** Stands for a nested trigger of any kind, known here or not: only its record is wanted. */
interface RecordHolder extends Trigger {
  readonly record: unknown;
}

/**
 * Takes a calendar apart for a description.
 *
 * @param describe - describes a nested trigger
 * @throws `InvalidTriggerError` when it is not a calendar
 */
export function exclusionsOf(
  calendar: JsonValue | undefined,
  describe: (input: unknown) => string,
): ExclusionTexts {
  const { dates, weekdays, times, daysOf, instantsOf } = readCalendar(calendar, hold);
  const describeHeld = (held: Trigger | undefined): string | undefined =>
    held === undefined ? undefined : describe((held as RecordHolder).record);
  return {
    dates: dates.map((date) => (typeof date === 'string' ? date : [date.from, date.to])),
    weekdays: weekdays.flatMap(weekdayRanges),
    times: times.map(({ from, to }) => [from, to]),
    daysOf: describeHeld(daysOf),
    instantsOf: describeHeld(instantsOf),
  };
}

function hold(record: unknown): RecordHolder {
  return { kind: 'record', record, next: () => null, toJSON: () => record as JsonObject };
}

function weekdayRanges(text: string): readonly (readonly [number, number])[] {
  const [from, to] = text
    .toLowerCase()
    .split('-')
    .map((name) => WEEKDAY_NAMES.indexOf(name));
  if (from !== undefined && to !== undefined && from >= 0 && to >= 0) return [[from, to]];
  return readWeekdays(text).map((day) => [day, day]);
}
