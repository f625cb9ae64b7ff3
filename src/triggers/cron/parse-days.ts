import type { DayNames, NthWeekday } from './day-rule.js';
import { DAY_OF_MONTH, DAY_OF_WEEK } from './field-spec.js';
import { describeItems, parseValue, parseValues } from './parse-values.js';
import { badSlice, type TextSlice } from './text-slice.js';

/** Is {@link DayNames} while it is being filled. */
export type DayNamesDraft = { -readonly [Key in keyof DayNames]: DayNames[Key][number][] };

/** Gives a rule that names no day. */
export function noDays(): DayNamesDraft {
  return { dates: [], weekdays: [], fromEnd: [], nearest: [], nearestFromEnd: [], nth: [], last: [] };
}

/**
 * Reads one item of the day of month: plain values, and Quartz's `L`, `L-3`, `LW`, `L-3W` and `15W`.
 *
 * @throws {@link InvalidTriggerError} when it is not one
 */
export function addDayOfMonth(draft: DayNamesDraft, item: TextSlice): void {
  const last = /^L(?:-(\d{1,2}))?(W)?$/i.exec(item.text);
  if (last !== null) {
    const before = Number(last[1] ?? 0);
    if (before > 30) throw badSlice(DAY_OF_MONTH.name, item, 'at most 30 days before the last (L-30)');
    (last[2] === undefined ? draft.fromEnd : draft.nearestFromEnd).push(before);
    return;
  }
  const nearest = /^(\d{1,2})W$/i.exec(item.text);
  if (nearest !== null) {
    draft.nearest.push(parseValue(DAY_OF_MONTH, { ...item, text: nearest[1] ?? '' }));
  } else if (/[LW]/i.test(item.text)) {
    throw badSlice(DAY_OF_MONTH.name, item, `${describeItems(DAY_OF_MONTH)}, or one of L, L-3, LW, 15W`);
  } else {
    draft.dates.push(...parseValues(DAY_OF_MONTH, item));
  }
}

/**
 * Reads one item of the day of week: plain values, and Quartz's `5#3` and `5L`, counted from Sunday as 0 here.
 *
 * @throws {@link InvalidTriggerError} when it is not one
 */
export function addDayOfWeek(draft: DayNamesDraft, item: TextSlice): void {
  const nth = item.text.indexOf('#');
  if (nth >= 0) {
    draft.nth.push(parseNth(item, nth));
  } else if (/.L$/i.test(item.text)) {
    draft.last.push(parseWeekday({ ...item, text: item.text.slice(0, -1) }));
  } else if (/^L$/i.test(item.text)) {
    throw badSlice(DAY_OF_WEEK.name, item, 'a weekday before L: 5L is the last Friday of the month');
  } else {
    draft.weekdays.push(...parseValues(DAY_OF_WEEK, item));
  }
}

function parseNth(item: TextSlice, separator: number): NthWeekday {
  const weekday = parseWeekday({ ...item, text: item.text.slice(0, separator) });
  const number = { text: item.text.slice(separator + 1), position: item.position + separator + 1 };
  if (!/^[1-5]$/.test(number.text)) throw badSlice(DAY_OF_WEEK.name, number, 'a number from 1 to 5 after #');
  return { weekday, nth: Number(number.text) };
}

function parseWeekday(slice: TextSlice): number {
  return parseValue(DAY_OF_WEEK, slice) % 7;
}
