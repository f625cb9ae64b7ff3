import { decodeJson } from '../internal/json-codec.js';

/** Is what is kept of a thrown value. */
export interface RunError {
  /** Names the error's class; `'Error'` for what was not an error. */
  readonly name: string;
  /** Is the error's message, or the thrown value as text. */
  readonly message: string;
  /** Is the error's `code`, where it has one. */
  readonly code?: string;
  /** Is the error's stack, where it has one. */
  readonly stack?: string;
  /** Is what caused it, where that is known. */
  readonly cause?: RunError;
}

const MAX_TEXT = 16_384;
const MAX_CAUSES = 5;

/** Keeps what matters of a thrown value, whatever it is, as JSON text of bounded length. */
export function encodeError(thrown: unknown): string {
  return JSON.stringify(describeError(thrown));
}

/** Reads what {@link encodeError} wrote; `null` where nothing was kept. */
export function decodeError(text: string | null): RunError | null {
  if (text === null) return null;
  try {
    return decodeJson(text) as RunError;
  } catch {
    return { name: 'Error', message: text };
  }
}

/** Gives what is kept of a thrown value. */
export function describeError(thrown: unknown, depth = 0): RunError {
  try {
    if (!(thrown instanceof Error) && !(depth > 0 && isRunError(thrown)))
      return { name: 'Error', message: cut(thrown) };
    const code: unknown = 'code' in thrown ? thrown.code : undefined;
    return {
      name: cut(thrown.name),
      message: cut(thrown.message),
      ...((typeof code === 'string' || typeof code === 'number') && { code: cut(code) }),
      ...(typeof thrown.stack === 'string' && { stack: cut(thrown.stack) }),
      ...(thrown.cause !== undefined &&
        depth < MAX_CAUSES && { cause: describeError(thrown.cause, depth + 1) }),
    };
  } catch {
    // A thrown value may have getters that throw themselves; the run has failed all the same.
    return { name: 'Error', message: 'The thrown value cannot be described.' };
  }
}

/** Tells what was kept of an error before, as it is where that caused another one. */
function isRunError(value: unknown): value is RunError {
  if (typeof value !== 'object' || value === null) return false;
  const { name, message } = value as Partial<RunError>;
  return typeof name === 'string' && typeof message === 'string';
}

function textOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null ? JSON.stringify(thrown) : String(thrown);
}

/** Gives a value as text of bounded length; an error's name and message may be anything. */
function cut(value: unknown): string {
  const text = typeof value === 'string' ? value : textOf(value);
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}
