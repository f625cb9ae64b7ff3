import { InvalidTriggerError } from '../../errors/input-errors.js';

/** Is a piece of the text that is parsed, with the place where it stands. */
export interface TextSlice {
  /** Is the piece. */
  readonly text: string;
  /** Counts the characters before it in the whole text. */
  readonly position: number;
}

/** Splits at a separator of one character, keeping places. */
export function splitSlice(slice: TextSlice, separator: string): readonly TextSlice[] {
  if (!slice.text.includes(separator)) return [slice];
  let position = slice.position;
  return slice.text.split(separator).map((text) => {
    const piece = { text, position };
    position += text.length + 1;
    return piece;
  });
}

/** Finds the words of a text, which white space parts. */
export function wordsOf(text: string): readonly TextSlice[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], position: match.index }));
}

/** Makes the error for a piece that is not what a field may hold. */
export function badSlice(field: string, slice: TextSlice, expected: string): InvalidTriggerError {
  return new InvalidTriggerError({ field, expected, received: slice.text, position: slice.position });
}
