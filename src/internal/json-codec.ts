import { InvalidDataError } from '../errors/input-errors.js';

/** Is how much JSON text a job's data may have, in UTF-8 bytes. */
export const DEFAULT_MAX_DATA_BYTES: number = 256 * 1024;

const MAX_DEPTH = 200;

/**
 * Turns a value into JSON text; `undefined` gives `null` (no data), and an object with `toJSON` (a `Date`) is kept as
 * what that gives.
 *
 * @throws {@link InvalidDataError} on what JSON would drop or refuse: functions, symbols, BigInt, `NaN`, cycles, other
 * class instances, a `__proto__` key, or more than `maxBytes` of text
 */
export function encodeJson(value: unknown, path: string, maxBytes: number): string | null {
  if (value === undefined) return null;
  checkJson(value, path, new Set());
  const text = JSON.stringify(value);
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) {
    throw new InvalidDataError(
      path,
      `Expected \`${path}\` to be at most ${String(maxBytes)} bytes of JSON, got ${String(Buffer.byteLength(text))}.`,
    );
  }
  return text;
}

/** Reads what {@link encodeJson} wrote. */
export function decodeJson(text: string | null): unknown {
  return text === null ? undefined : (JSON.parse(text) as unknown);
}

function checkJson(value: unknown, path: string, above: Set<object>): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) refuse(path, 'a finite number', String(value));
      return;
    case 'object':
      if (value !== null) checkObject(value, path, above);
      return;
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
      refuse(path, 'a JSON value', typeof value);
  }
}

function checkObject(value: object, path: string, above: Set<object>): void {
  if (above.has(value)) refuse(path, 'free of cycles', 'a cycle');
  if (above.size >= MAX_DEPTH) refuse(path, `at most ${String(MAX_DEPTH)} levels deep`, 'more');
  above.add(value);
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) checkJson(value[at], `${path}[${String(at)}]`, above);
  } else if ('toJSON' in value && typeof value.toJSON === 'function') {
    checkJson((value as { toJSON(): unknown }).toJSON(), path, above);
  } else {
    checkPlain(value, path, above);
  }
  above.delete(value);
}

function checkPlain(value: object, path: string, above: Set<object>): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    refuse(path, 'a plain object', `an instance of ${value.constructor.name}`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) refuse(path, 'without symbol keys', 'a symbol key');
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__') refuse(path, 'without a key `__proto__`', 'one');
    // An absent member and an undefined one are the same thing in JSON, and in most callers' minds.
    if (member !== undefined) checkJson(member, `${path}.${key}`, above);
  }
}

function refuse(path: string, expected: string, received: string): never {
  throw new InvalidDataError(path, `Expected \`${path}\` to be ${expected}, got ${received}.`);
}
