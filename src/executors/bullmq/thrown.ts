import { isSchedulerError, markSchedulerError } from '../../errors/scheduler-error.js';
import { encodeJson } from '../../internal/json-codec.js';

/** Is a thrown value on its way through a queue, as JSON: an error taken apart, or a value that is JSON or was made text. */
export type Thrown = { readonly kind: 'value'; readonly value: unknown } | ThrownError;

/** Is an error on its way through a queue. */
interface ThrownError {
  readonly kind: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: Thrown | null;
  readonly errors: readonly Thrown[] | null;
  /** Holds its own enumerable properties that are JSON, `code` among them. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Says whether it is one of this library's, so that `instanceof` knows it there too. */
  readonly isOurs: boolean;
}

const MAX_DEPTH = 5;
const MAX_TEXT = 16_384;
const MAX_ERRORS = 100;

/** The classes that are the same in every process: what was made of one is of that class again. */
const NATIVE = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

const ERROR_PARTS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Takes a thrown value apart so that it can be sent, whatever it is; what is very long is cut. */
export function packThrown(thrown: unknown, depth = 0): Thrown {
  try {
    if (thrown instanceof Error) return packError(thrown, depth);
    return { kind: 'value', value: isJson(thrown) ? thrown : cut(String(thrown)) };
  } catch {
    // Errors may have getters that throw themselves.
    return { kind: 'value', value: 'The thrown value cannot be described.' };
  }
}

/** Makes again what was sent. */
export function unpackThrown(thrown: Thrown): unknown {
  return thrown.kind === 'value' ? thrown.value : unpackError(thrown);
}

function packError(error: Error, depth: number): ThrownError {
  const inner = (value: unknown): Thrown => packThrown(value, depth + 1);
  const isDeep = depth >= MAX_DEPTH;
  // What the types say of an error holds for those that nobody has tampered with.
  const { name, message, stack, code, cause, errors } = error as {
    readonly [part in keyof Error | 'code' | 'errors']?: unknown;
  };
  const own = Object.entries(error).filter(([key, value]) => !ERROR_PARTS.has(key) && isJson(value));
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return {
    kind: 'error',
    name: cut(String(name)),
    message: cut(String(message)),
    stack: typeof stack === 'string' ? cut(stack) : null,
    cause: cause === undefined || isDeep ? null : inner(cause),
    errors: Array.isArray(errors) && !isDeep ? errors.slice(0, MAX_ERRORS).map(inner) : null,
    properties: { ...(hasCode && { code }), ...Object.fromEntries(own) },
    isOurs: isSchedulerError(error),
  };
}

function unpackError({ name, message, stack, cause, errors, properties, isOurs }: ThrownError): Error {
  const options = cause === null ? undefined : { cause: unpackThrown(cause) };
  const error =
    errors === null
      ? new (classOf(name))(message, options)
      : new AggregateError(errors.map(unpackThrown), message, options);
  for (const [key, value] of Object.entries(properties)) define(error, key, value, true);
  if (error.name !== name) define(error, 'name', name, false);
  define(error, 'stack', stack ?? undefined, false);
  if (isOurs) markSchedulerError(error);
  return error;
}

function classOf(name: string): ErrorConstructor {
  return Object.hasOwn(NATIVE, name) ? NATIVE[name as keyof typeof NATIVE] : Error;
}

/** Defines rather than assigns: a property may be named `__proto__`. */
function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

function isJson(value: unknown): boolean {
  if (value === undefined) return false;
  try {
    encodeJson(value, 'value', MAX_TEXT);
    return true;
  } catch {
    return false;
  }
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}
