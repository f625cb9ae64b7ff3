import { InvalidTriggerError } from '../../errors/input-errors.js';
import { compileParts } from './compile-cron.js';
import type { CronTimes } from './cron-times.js';
import type { DayNames } from './day-rule.js';
import {
  DAY_OF_MONTH,
  DAY_OF_WEEK,
  HOUR,
  MINUTE,
  MONTH,
  SECOND,
  WEEKDAY_NAMES,
  YEAR,
  type FieldSpec,
} from './field-spec.js';
import { noDays, type DayNamesDraft } from './parse-days.js';
import { describeItems, parseValues } from './parse-values.js';
import { badSlice, splitSlice, type TextSlice } from './text-slice.js';

/**
 * Are APScheduler's cron fields, all of which must match: numbers, or text with lists, ranges and steps (`'8-18/2'`).
 * Fields finer than the finest one given take their least value, coarser ones every value; `week` and `dayOfWeek` take
 * every value.
 */
export interface NamedCronFields {
  /** The year, 1970 to 2099. */
  readonly year?: number | string | undefined;
  /** The month, 1 to 12 or `jan` to `dec`. */
  readonly month?: number | string | undefined;
  /** The day of the month: 1 to 31, `last`, `2nd mon`, `last fri`. */
  readonly day?: number | string | undefined;
  /** The ISO 8601 week, 1 to 53. */
  readonly week?: number | string | undefined;
  /** The weekday by its name, `mon` to `sun`: APScheduler's 0 is Monday and cron's is Sunday, so that numbers are refused. */
  readonly dayOfWeek?: string | undefined;
  /** The hour, 0 to 23. */
  readonly hour?: number | string | undefined;
  /** The minute, 0 to 59. */
  readonly minute?: number | string | undefined;
  /** The second, 0 to 59. */
  readonly second?: number | string | undefined;
}

const DAY: FieldSpec = { ...DAY_OF_MONTH, name: 'day', questionMark: false };
const WEEK: FieldSpec = { name: 'week', min: 1, max: 53, cyclic: true };
const WEEKDAY: FieldSpec = { ...DAY_OF_WEEK, namesOnly: true, questionMark: false };

/** Lists the fields from the coarsest to the finest (APScheduler's order). */
const SPECS: readonly FieldSpec[] = [YEAR, MONTH, DAY, WEEK, WEEKDAY, HOUR, MINUTE, SECOND];

const NTH_DAY = /^(1st|2nd|3rd|4th|5th|last)\s+([a-z]{3})$/i;
const NTH: readonly string[] = ['1st', '2nd', '3rd', '4th', '5th'];

/**
 * Compiles named fields.
 *
 * @throws {@link InvalidTriggerError} when a field is unknown or does not parse, none is given, or no day ever matches
 */
export function compileNamedFields(source: unknown): CronTimes {
  const texts = completeFields(source);
  const values = (spec: FieldSpec): readonly number[] => {
    return itemsOf(texts.get(spec.name) ?? '*').flatMap((item) => parseValues(spec, item));
  };
  return compileParts(
    {
      seconds: values(SECOND),
      minutes: values(MINUTE),
      hours: values(HOUR),
      dates: parseDay(texts.get(DAY.name) ?? '*'),
      months: values(MONTH),
      weekdays: { ...noDays(), weekdays: values(WEEKDAY) },
      years: texts.has(YEAR.name) ? values(YEAR) : null,
      either: false,
    },
    texts.has(WEEK.name) ? values(WEEK) : null,
    source,
  );
}

/**
 * Gives the text of each field, those filled in that are finer than the finest one given; the other missing ones mean
 * every value.
 *
 * @throws {@link InvalidTriggerError} when a field is unknown or not text, or none is given
 */
export function completeFields(source: unknown): ReadonlyMap<string, string> {
  const texts = readTexts(source);
  const finest = Math.max(...SPECS.map((spec, index) => (texts.has(spec.name) ? index : -1)));
  if (finest < 0) {
    const expected = 'an object with at least one field';
    throw new InvalidTriggerError({ field: 'cron', expected, received: source });
  }
  for (const spec of SPECS.slice(finest + 1)) {
    if (spec !== WEEK && spec !== WEEKDAY) texts.set(spec.name, String(spec.min));
  }
  return texts;
}

function readTexts(source: unknown): Map<string, string> {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw new InvalidTriggerError({
      field: 'cron',
      expected: 'a cron expression, or an object of named fields',
      received: source,
    });
  }
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(source) as [string, unknown][]) {
    const spec = SPECS.find((known) => known.name === name);
    if (spec === undefined) {
      const expected = `absent: the fields are ${SPECS.map((known) => known.name).join(', ')}`;
      throw new InvalidTriggerError({ field: name, expected, received: value });
    }
    if (value === undefined) continue;
    if (typeof value !== 'string' && (typeof value !== 'number' || spec.namesOnly === true)) {
      throw new InvalidTriggerError({ field: name, expected: describeItems(spec), received: value });
    }
    texts.set(name, String(value));
  }
  return texts;
}

/** Splits a list at its commas; spaces around items are free. */
function itemsOf(text: string): readonly TextSlice[] {
  return splitSlice({ text, position: 0 }, ',').map((item) => {
    const trimmed = item.text.trimStart();
    return { text: trimmed.trimEnd(), position: item.position + item.text.length - trimmed.length };
  });
}

function parseDay(text: string): DayNames {
  const draft = noDays();
  for (const item of itemsOf(text)) addDay(draft, item);
  return draft;
}

function addDay(draft: DayNamesDraft, item: TextSlice): void {
  const match = NTH_DAY.exec(item.text);
  if (match !== null) {
    const weekday = WEEKDAY_NAMES.indexOf((match[2] ?? '').toLowerCase());
    const nth = NTH.indexOf((match[1] ?? '').toLowerCase()) + 1;
    if (weekday < 0) throw badSlice(DAY.name, item, 'a weekday by its name (sun-sat) after its number');
    if (nth === 0) draft.last.push(weekday);
    else draft.nth.push({ weekday, nth });
  } else if (item.text.toLowerCase() === 'last') {
    draft.fromEnd.push(0);
  } else if (/[a-z]/i.test(item.text)) {
    throw badSlice(DAY.name, item, `${describeItems(DAY)}, last, or a weekday such as 2nd mon or last fri`);
  } else {
    draft.dates.push(...parseValues(DAY, item));
  }
}
