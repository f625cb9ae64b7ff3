import { InvalidTriggerError } from '../../errors/input-errors.js';
import { isTrigger } from '../is-trigger.js';
import { readTimezone } from '../record-keys.js';
import type { Trigger } from '../trigger.js';
import type { CalendarDate, TimeWindow } from './calendar-dates.js';

/** Is a calendar whose shape is checked, and whose triggers are read. */
export interface CalendarRules {
  /** Names dates. */
  readonly dates: readonly CalendarDate[];
  /** Names weekdays. */
  readonly weekdays: readonly string[];
  /** Names windows of every day. */
  readonly times: readonly TimeWindow[];
  /** Names the days on which a trigger fires. */
  readonly daysOf: Trigger | undefined;
  /** Names the instants at which a trigger fires. */
  readonly instantsOf: Trigger | undefined;
  /** Names the zone; `undefined` until one is given or bound. */
  readonly timezone: string | undefined;
}

const LISTS = ['dates', 'weekdays', 'times'] as const;
const RULES: readonly string[] = [...LISTS, 'daysOf', 'instantsOf'];
const EXPECTED = `a trigger, or a calendar with at least one of ${RULES.join(', ')}`;

/**
 * Reads a calendar; a trigger, a cron expression, or a record that names no rule of a calendar stands for the instants
 * at which it fires.
 *
 * @param parse - reads a nested trigger
 * @throws {@link InvalidTriggerError} when it is neither a calendar nor a trigger
 */
export function readCalendar(
  input: unknown,
  parse: (input: unknown, field: string) => Trigger,
): CalendarRules {
  if (typeof input === 'string' || isTrigger(input))
    return { ...EMPTY, instantsOf: parse(input, 'calendar') };
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidTriggerError({ field: 'calendar', expected: EXPECTED, received: input });
  }
  const keys = Object.keys(input);
  if (!keys.some((key) => RULES.includes(key))) {
    if (keys.every((key) => key === 'timezone')) {
      throw new InvalidTriggerError({ field: 'calendar', expected: EXPECTED, received: input });
    }
    return { ...EMPTY, instantsOf: parse(input, 'calendar') };
  }
  const unknownKey = keys.find((key) => key !== 'timezone' && !RULES.includes(key));
  const record = input as Readonly<Record<string, unknown>>;
  if (unknownKey !== undefined) {
    const expected = `absent: a calendar has ${RULES.join(', ')}, timezone`;
    throw new InvalidTriggerError({
      field: `calendar.${unknownKey}`,
      expected,
      received: record[unknownKey],
    });
  }
  const read = (key: 'daysOf' | 'instantsOf'): Trigger | undefined =>
    record[key] === undefined ? undefined : parse(record[key], `calendar.${key}`);
  return {
    dates: readList(record, 'dates') as readonly CalendarDate[],
    weekdays: readList(record, 'weekdays') as readonly string[],
    times: readList(record, 'times') as readonly TimeWindow[],
    daysOf: read('daysOf'),
    instantsOf: read('instantsOf'),
    timezone: readTimezone(record['timezone']),
  };
}

const EMPTY: CalendarRules = {
  dates: [],
  weekdays: [],
  times: [],
  daysOf: undefined,
  instantsOf: undefined,
  timezone: undefined,
};

function readList(
  record: Readonly<Record<string, unknown>>,
  key: (typeof LISTS)[number],
): readonly unknown[] {
  const list = record[key] ?? [];
  if (Array.isArray(list)) return list.map((item: unknown) => (isRecord(item) ? { ...item } : item));
  throw new InvalidTriggerError({ field: `calendar.${key}`, expected: 'a list', received: list });
}

function isRecord(item: unknown): item is object {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}
