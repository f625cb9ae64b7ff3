import { types } from 'node:util';
import { InvalidDataError } from '../../errors/input-errors.js';

/**
 * Checks that a value is the same after it has crossed into a thread: what a schema makes of data need not be JSON.
 *
 * @throws {@link InvalidDataError} on functions, symbols, and instances of classes, which would lose their class
 */
export function checkClonable(value: unknown, path: string): void {
  check(value, path, new Set());
}

function check(value: unknown, path: string, seen: Set<object>): void {
  if (typeof value === 'function' || typeof value === 'symbol') refuse(path, `a ${typeof value}`);
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (types.isMap(value)) {
    for (const [key, member] of value) {
      check(key, `${path} (a key)`, seen);
      check(member, `${path}.get(${String(key)})`, seen);
    }
  } else if (types.isSet(value)) {
    for (const member of value) check(member, `${path} (a member)`, seen);
  } else if (Array.isArray(value) || isPlain(value)) {
    for (const [key, member] of Object.entries(value)) check(member, `${path}.${key}`, seen);
  } else if (!isKnown(value)) {
    refuse(path, `an instance of ${value.constructor.name}`);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Tells whether a value is of a built-in class that crosses whole. */
function isKnown(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isBoxedPrimitive(value)
  );
}

function refuse(path: string, received: string): never {
  throw new InvalidDataError(
    path,
    `Expected \`${path}\` to be something that can be sent to a worker thread, got ${received}.`,
  );
}
