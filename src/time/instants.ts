import { DateTime } from 'luxon';
import { InvalidOptionError } from '../errors/input-errors.js';
import { zoneOffsets } from './zone-offsets.js';

/** Is a luxon `DateTime`, by the part of it that is used here. */
export interface DateTimeLike {
  /** Gives the instant in epoch milliseconds; `NaN` when invalid. */
  toMillis(): number;
}

/** Is an instant: a `Date`, a luxon `DateTime`, or an ISO 8601 string. */
export type InstantInput = Date | DateTimeLike | string;

/** The farthest instant from the epoch that a `Date` can hold, in milliseconds (ECMAScript, Time Values). */
export const MAX_INSTANT = 8.64e15;

const EXPECTED = 'an instant (a Date, a luxon DateTime, or an ISO 8601 string)';

// A time alone would mean today, which depends on the moment; a zone in brackets is not ISO 8601.
const DATED = /^(?:[+-]\d{6}|\d{4})[^[]*$/;
const WITH_OFFSET = /T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i;

/**
 * Reads an instant as epoch milliseconds. A string without an offset is read in `timezone`; a wall time that does not
 * exist there moves on by the length of the gap, and of one that exists twice the first is meant.
 *
 * @throws {@link InvalidOptionError} when it is not an instant, or the zone is needed and unknown
 */
export function instantMs(input: unknown, field: string, timezone: string): number {
  const ms = read(input, timezone);
  if (Number.isInteger(ms) && Math.abs(ms) <= MAX_INSTANT) return ms;
  throw new InvalidOptionError(field, EXPECTED, input);
}

/** Tells whether text, if it is an instant at all, is wall-clock time: without an offset. */
export function isLocalTime(text: string): boolean {
  return !WITH_OFFSET.test(text);
}

function read(input: unknown, timezone: string): number {
  if (input instanceof Date) return input.getTime();
  if (typeof input === 'string') return readText(input, timezone);
  if (
    typeof input === 'object' &&
    input !== null &&
    'toMillis' in input &&
    typeof input.toMillis === 'function'
  ) {
    return (input as DateTimeLike).toMillis();
  }
  return NaN;
}

function readText(text: string, timezone: string): number {
  if (!DATED.test(text)) return NaN;
  const ms = DateTime.fromISO(text, { zone: 'UTC' }).toMillis();
  // luxon makes no promise for a wall time that comes twice, so that its zones are not asked.
  if (!isLocalTime(text) || !Number.isFinite(ms)) return ms;
  const seconds = Math.floor(ms / 1000);
  return zoneOffsets(timezone).instantOf(seconds) * 1000 + (ms - seconds * 1000);
}
