import { InvalidOptionError, InvalidTriggerError } from '../errors/input-errors.js';
import { instantMs, isLocalTime } from '../time/instants.js';

/**
 * Is an instant in epoch milliseconds, or a wall-clock time as ISO 8601 text that waits for its zone: the trigger that
 * holds it was given none and has not met its scheduler yet.
 */
export type OpenInstant = number | string;

/**
 * Reads an instant of a trigger; text without an offset stays open when no zone is known.
 *
 * @throws {@link InvalidTriggerError} when it is not an instant
 */
export function readOpenInstant(input: unknown, field: string, timezone: string | undefined): OpenInstant {
  const ms = readInstant(input, field, timezone ?? 'UTC');
  return timezone === undefined && typeof input === 'string' && isLocalTime(input) ? input : ms;
}

/** Gives the instant in epoch milliseconds, reading an open one in a zone. */
export function closeInstant(instant: OpenInstant, field: string, timezone: string): number {
  return typeof instant === 'number' ? instant : readInstant(instant, field, timezone);
}

/** Shows an instant as a shorthand record holds it: ISO 8601 in UTC, or the open text. */
export function showInstant(instant: OpenInstant): string {
  return typeof instant === 'number' ? new Date(instant).toISOString() : instant;
}

function readInstant(input: unknown, field: string, timezone: string): number {
  try {
    return instantMs(input, field, timezone);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    const expected = 'an instant (a Date, a luxon DateTime, or an ISO 8601 string with a date)';
    throw new InvalidTriggerError({ field, expected, received: input }, { cause: error });
  }
}
