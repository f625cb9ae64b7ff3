import { InvalidTriggerError } from '../errors/input-errors.js';
import { findZone } from '../time/zone-offsets.js';

/**
 * Refuses options that no one reads, which are most often misspelt ones.
 *
 * @throws {@link InvalidTriggerError} when `options` is not an object, or has a key that is not `known`
 */
export function refuseUnknownKeys(options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InvalidTriggerError({ field: 'options', expected: 'an object', received: options });
  }
  for (const key in options) {
    if (known.includes(key)) continue;
    const received: unknown = (options as Record<string, unknown>)[key];
    throw new InvalidTriggerError({
      field: key,
      expected: `absent: the options are ${known.join(', ')}`,
      received,
    });
  }
}

/**
 * Checks the name of a zone; absent is fine.
 *
 * @throws {@link InvalidTriggerError} when the runtime does not know the zone
 */
export function readTimezone(timezone: unknown): string | undefined {
  if (timezone === undefined) return undefined;
  if (typeof timezone === 'string' && findZone(timezone) !== null) return timezone;
  throw new InvalidTriggerError({
    field: 'timezone',
    expected: "a time zone that this runtime knows, such as 'Europe/London'",
    received: timezone,
  });
}
