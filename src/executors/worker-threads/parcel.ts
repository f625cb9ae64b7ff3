import { isSchedulerError, markSchedulerError } from '../../errors/scheduler-error.js';

/** Is a value on its way between threads: an error taken apart, or whatever can be cloned. */
export type Parcel = { readonly kind: 'value'; readonly value: unknown } | ErrorParcel;

/** Is an error on its way between threads; cloning alone would drop its code, its own properties and its class's name. */
interface ErrorParcel {
  readonly kind: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: Parcel | null;
  readonly errors: readonly Parcel[] | null;
  /** Holds its own enumerable properties that can be cloned, `code` among them. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Says whether it is one of this library's, so that `instanceof` knows it there too. */
  readonly isOurs: boolean;
}

const MAX_DEPTH = 10;

/** The classes that are the same in every thread: what was made of one is of that class again. */
const NATIVE = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

const ERROR_PARTS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Takes a value apart so that it can be sent, whatever it is. */
export function pack(value: unknown, depth = 0): Parcel {
  try {
    if (value instanceof Error) return packError(value, depth);
    return { kind: 'value', value: clonable(value) ? value : textOf(value) };
  } catch {
    // Errors may have getters that throw themselves.
    return { kind: 'value', value: 'The value cannot be described.' };
  }
}

/** Makes what was sent again. */
export function unpack(parcel: Parcel): unknown {
  return parcel.kind === 'value' ? parcel.value : unpackError(parcel);
}

/** Tells whether a value can be sent as it is. */
function clonable(value: unknown): boolean {
  if (
    value === null ||
    (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
  )
    return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function packError(error: Error, depth: number): ErrorParcel {
  const inner = (value: unknown): Parcel => pack(value, depth + 1);
  const isDeep = depth >= MAX_DEPTH;
  // What the types say of an error holds for those that nobody has tampered with.
  const { name, message, stack, code, cause, errors } = error as {
    readonly [part in keyof Error | 'code' | 'errors']?: unknown;
  };
  const own = Object.entries(error).filter(([key, value]) => !ERROR_PARTS.has(key) && clonable(value));
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return {
    kind: 'error',
    name: String(name),
    message: String(message),
    stack: typeof stack === 'string' ? stack : undefined,
    cause: cause === undefined || isDeep ? null : inner(cause),
    errors: Array.isArray(errors) && !isDeep ? errors.map(inner) : null,
    properties: { ...(hasCode && { code }), ...Object.fromEntries(own) },
    isOurs: isSchedulerError(error),
  };
}

function unpackError({ name, message, stack, cause, errors, properties, isOurs }: ErrorParcel): Error {
  const options = cause === null ? undefined : { cause: unpack(cause) };
  const error =
    errors === null
      ? new (classOf(name))(message, options)
      : new AggregateError(errors.map(unpack), message, options);
  for (const [key, value] of Object.entries(properties)) define(error, key, value, true);
  if (error.name !== name) define(error, 'name', name, false);
  define(error, 'stack', stack, false);
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

function textOf(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`.trimEnd();
  if (typeof value === 'symbol') return value.toString();
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
