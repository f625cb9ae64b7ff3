import { InvalidTriggerError } from '../errors/input-errors.js';
import { DAY_S } from '../time/civil-date.js';
import { isLocalTime, type InstantInput } from '../time/instants.js';
import { zoneOffsets } from '../time/zone-offsets.js';
import { FIRST_YEAR, LAST_YEAR } from './cron/day-set.js';
import { closeInstant, readOpenInstant } from './open-instant.js';

/**
 * Is where a calendar interval starts: a wall-clock time as ISO 8601 text, which needs no zone, or an instant in epoch
 * milliseconds whose wall-clock time waits for the zone.
 */
export type CalendarStart = string | number;

const FIRST_S = Date.UTC(FIRST_YEAR, 0, 1) / 1000;
const END_S = Date.UTC(LAST_YEAR + 1, 0, 1) / 1000;

/**
 * Reads a start; an instant becomes wall-clock time when the zone is known.
 *
 * @throws {@link InvalidTriggerError} when it is not an instant from 1970 to 2099
 */
export function readCalendarStart(input: InstantInput, timezone: string | undefined): CalendarStart {
  const ms = closeInstant(readOpenInstant(input, 'start', 'UTC'), 'start', 'UTC');
  const seconds = Math.ceil(ms / 1000);
  if (seconds < FIRST_S || seconds >= END_S) {
    const expected = `a date from ${String(FIRST_YEAR)} to ${String(LAST_YEAR)}`;
    throw new InvalidTriggerError({ field: 'start', expected, received: input });
  }
  if (typeof input === 'string' && isLocalTime(input)) return showWall(seconds);
  return timezone === undefined ? ms : showWall(seconds + zoneOffsets(timezone).spanAt(seconds).offset);
}

/** Gives the wall-clock time of a start, in seconds as if it were UTC; one without a zone yet is read in UTC. */
export function wallOfStart(start: CalendarStart): number {
  return typeof start === 'number' ? Math.ceil(start / 1000) : Date.parse(`${start}Z`) / 1000;
}

/** Shows a start as a shorthand record holds it. */
export function showCalendarStart(start: CalendarStart): string {
  if (typeof start === 'number') return new Date(start).toISOString();
  return start.endsWith('T00:00:00') ? start.slice(0, 10) : start;
}

/** Shows a wall-clock time, in seconds, as ISO 8601 text without an offset. */
export function showWall(wall: number): string {
  return new Date(wall * 1000).toISOString().slice(0, 19);
}

/** Gives the time of day of a wall-clock time, in seconds since midnight. */
export function timeOfWall(wall: number): number {
  return wall - Math.floor(wall / DAY_S) * DAY_S;
}
