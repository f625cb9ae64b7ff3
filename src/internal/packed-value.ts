import { isSchedulerError, markSchedulerError } from '../errors/scheduler-error.js';

/** Is a value on its way to another thread or process: an error taken apart, or what can be carried there. */
export type PackedValue = { readonly kind: 'value'; readonly value: unknown } | PackedError;

/** Is an error on its way; carried as it is, it would lose its code, its own properties and its class's name. */
interface PackedError {
  readonly kind: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly cause: PackedValue | null;
  readonly errors: readonly PackedValue[] | null;
  /** Holds its own enumerable properties that can be carried, `code` among them. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Says whether it is one of this library's, so that `instanceof` knows it there too. */
  readonly isOurs: boolean;
}

/** Says what can be carried. */
export interface PackingRules {
  /** Is how many causes of causes are carried. */
  readonly maxDepth: number;
  /** Is how many errors of an `AggregateError` are. */
  readonly maxErrors: number;
  /** Is how many characters of a text are. */
  readonly maxText: number;
  /** Tells whether a value can be carried as it is. */
  carries(value: unknown): boolean;
  /** Gives a value that cannot be as text. */
  textOf(value: unknown): string;
}

/** The classes that are the same everywhere: what was made of one is of that class again. */
const NATIVE = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

const ERROR_PARTS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Takes a value apart so that it can be carried, whatever it is. */
export function packValue(value: unknown, rules: PackingRules, depth = 0): PackedValue {
  try {
    if (value instanceof Error) return packError(value, rules, depth);
    return { kind: 'value', value: rules.carries(value) ? value : cut(rules.textOf(value), rules) };
  } catch {
    // Errors may have getters that throw themselves.
    return { kind: 'value', value: 'The value cannot be described.' };
  }
}

/** Makes again what was taken apart. */
export function unpackValue(packed: PackedValue): unknown {
  return packed.kind === 'value' ? packed.value : unpackError(packed);
}

function packError(error: Error, rules: PackingRules, depth: number): PackedError {
  const inner = (value: unknown): PackedValue => packValue(value, rules, depth + 1);
  const isDeep = depth >= rules.maxDepth;
  // What the types say of an error holds for those that nobody has tampered with.
  const { name, message, stack, code, cause, errors } = error as {
    readonly [part in keyof Error | 'code' | 'errors']?: unknown;
  };
  const own = Object.entries(error).filter(([key, value]) => !ERROR_PARTS.has(key) && rules.carries(value));
  const hasCode = typeof code === 'string' || typeof code === 'number';
  return {
    kind: 'error',
    name: cut(String(name), rules),
    message: cut(String(message), rules),
    stack: typeof stack === 'string' ? cut(stack, rules) : null,
    cause: cause === undefined || isDeep ? null : inner(cause),
    errors: Array.isArray(errors) && !isDeep ? errors.slice(0, rules.maxErrors).map(inner) : null,
    properties: { ...(hasCode && { code }), ...Object.fromEntries(own) },
    isOurs: isSchedulerError(error),
  };
}

function unpackError({ name, message, stack, cause, errors, properties, isOurs }: PackedError): Error {
  const options = cause === null ? undefined : { cause: unpackValue(cause) };
  const error =
    errors === null
      ? new (classOf(name))(message, options)
      : new AggregateError(errors.map(unpackValue), message, options);
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

function cut(text: string, { maxText }: PackingRules): string {
  return text.length > maxText ? text.slice(0, maxText) : text;
}
