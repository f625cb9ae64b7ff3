import { IANAZone } from 'luxon';

/** Tells whether a name is a zone that this runtime knows: an IANA name such as `Europe/London`, or `UTC`. */
export function isTimezone(name: unknown): name is string {
  return typeof name === 'string' && (name === 'UTC' || IANAZone.isValidZone(name));
}
