import { randomBytes } from 'node:crypto';
import { InvalidOptionError } from '../errors/input-errors.js';

/** Is how many characters an id or a name has at most. */
export const MAX_ID_LENGTH: number = 191;
const CONTROL = /\p{Cc}/u;
const LONE_SURROGATE = /\p{Cs}/u;
const POOL_IDS = 512;
const ID_BYTES = 15;

/**
 * Makes random ids of 20 characters (120 bits, base64url).
 *
 * Randomness is drawn for many ids at once: a call to the system for each would cost more than the rest of a run.
 */
export class IdSource {
  #pool = '';
  #used = 0;

  /** Gives an id that nobody else has. */
  next(): string {
    if (this.#used >= this.#pool.length) {
      this.#pool = randomBytes(POOL_IDS * ID_BYTES).toString('base64url');
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += 20;
    return this.#pool.slice(start, this.#used);
  }
}

/**
 * Checks an id or a name: 1–191 characters, no control characters, no spaces at its edges, so that every store can
 * keep it and keep it apart.
 *
 * @throws {@link InvalidOptionError} when it is not one
 */
export function checkId(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_ID_LENGTH) {
    throw new InvalidOptionError(field, `a string of 1 to ${String(MAX_ID_LENGTH)} characters`, value);
  }
  if (CONTROL.test(value)) throw new InvalidOptionError(field, 'a string without control characters', value);
  if (LONE_SURROGATE.test(value)) throw new InvalidOptionError(field, 'well-formed Unicode', value);
  if (value.trim() !== value)
    throw new InvalidOptionError(field, 'a string without spaces at its edges', value);
  return value;
}
