import { InvalidOptionError } from '../errors/input-errors.js';

/** Is how many characters of a progress note are kept. */
const MAX_NOTE = 1024;

/**
 * Checks what a handler tells of its progress, and gives the part of the note that is kept; `null`: there is none.
 *
 * @throws {@link InvalidOptionError} when `fraction` is not a number from 0 to 1, or `note` is not a string
 */
export function checkProgress(fraction: number, note: string | undefined): string | null {
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
    throw new InvalidOptionError('fraction', 'a number from 0 to 1', fraction);
  }
  const given: unknown = note ?? null;
  if (given === null) return null;
  if (typeof given !== 'string') throw new InvalidOptionError('note', 'a string', given);
  return given.slice(0, MAX_NOTE);
}
