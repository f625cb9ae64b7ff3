import { packValue, unpackValue } from '../../internal/packed-value.js';
import type { PackedValue, PackingRules } from '../../internal/packed-value.js';

/** Is a value on its way between threads: an error taken apart, or whatever can be cloned. */
export type Parcel = PackedValue;

const RULES: PackingRules = {
  maxDepth: 10,
  maxErrors: Infinity,
  maxText: Infinity,
  carries: clonable,
  textOf,
};

/** Takes a value apart so that it can be sent, whatever it is. */
export function pack(value: unknown): Parcel {
  return packValue(value, RULES);
}

/** Makes what was sent again. */
export function unpack(parcel: Parcel): unknown {
  return unpackValue(parcel);
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

function textOf(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}`.trimEnd();
  if (typeof value === 'symbol') return value.toString();
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
