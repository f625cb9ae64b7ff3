import { InvalidOptionError } from '../errors/input-errors.js';

const UNKEEPABLE = /\p{Cs}|\0/u;

/**
 * Checks that a value is a plain record with none but the known keys, and gives it back as one.
 *
 * @throws {@link InvalidOptionError} naming the first unknown key and the known ones
 */
export function checkRecord(
  value: unknown,
  field: string,
  known: ReadonlySet<string>,
): Record<string, unknown> {
  const record = checkObject(value, field);
  for (const key of Object.keys(record)) {
    if (!known.has(key)) {
      throw new InvalidOptionError(`${field}.${key}`, `absent; ${field} knows ${[...known].join(', ')}`, key);
    }
  }
  return record;
}

/** Checks that a value is an object, and no array, and gives it back as a record. */
export function checkObject(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new InvalidOptionError(field, 'an object', value);
}

/** Bounds of a whole number, both included. */
export interface IntegerBounds {
  /** Is the least value allowed. */
  readonly min: number;
  /** Is the greatest value allowed. @defaultValue Number.MAX_SAFE_INTEGER */
  readonly max?: number;
}

/** Checks a whole number within bounds. */
export function checkInteger(value: unknown, field: string, bounds: IntegerBounds): number {
  const { min, max = Number.MAX_SAFE_INTEGER } = bounds;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const range =
    max === Number.MAX_SAFE_INTEGER ? `of at least ${String(min)}` : `from ${String(min)} to ${String(max)}`;
  throw new InvalidOptionError(field, `a whole number ${range}`, value);
}

/** Checks that a value is one of a few strings (or `false`, `true`). */
export function checkOneOf<T extends string | boolean>(
  value: unknown,
  field: string,
  allowed: readonly T[],
): T {
  if (allowed.includes(value as T)) return value as T;
  throw new InvalidOptionError(field, allowed.map((one) => JSON.stringify(one)).join(', '), value);
}

/** Checks a boolean. */
export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(field, 'true or false', value);
}

/** Checks a string. */
export function checkString(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw new InvalidOptionError(field, 'a string', value);
}

/** Checks a text for people that every store can keep: without NUL, which PostgreSQL refuses, and well-formed. */
export function checkText(value: unknown, field: string): string {
  const text = checkString(value, field);
  if (UNKEEPABLE.test(text)) throw new InvalidOptionError(field, 'well-formed Unicode without NUL', value);
  return text;
}

/** Checks that a value is an array; what its entries are is the caller's to check. */
export function checkArray(value: unknown, field: string): void {
  if (!Array.isArray(value)) throw new InvalidOptionError(field, 'an array', value);
}

/** Checks a list of strings and gives a frozen copy without repetitions. */
export function checkStrings(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value)) throw new InvalidOptionError(field, 'an array of strings', value);
  return Object.freeze([...new Set(value.map((one, at) => checkString(one, `${field}[${String(at)}]`)))]);
}
