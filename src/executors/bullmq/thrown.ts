import { encodeJson } from '../../internal/json-codec.js';
import { packValue, unpackValue } from '../../internal/packed-value.js';
import type { PackedValue, PackingRules } from '../../internal/packed-value.js';

/** Is a thrown value on its way through a queue, as JSON: an error taken apart, or a value that is JSON or was made text. */
export type Thrown = PackedValue;

const MAX_TEXT = 16_384;
const RULES: PackingRules = {
  maxDepth: 5,
  maxErrors: 100,
  maxText: MAX_TEXT,
  carries: isJson,
  textOf: (value) => String(value),
};

/** Takes a thrown value apart so that it can be sent, whatever it is; what is very long is cut. */
export function packThrown(thrown: unknown): Thrown {
  return packValue(thrown, RULES);
}

/** Makes again what was sent. */
export function unpackThrown(thrown: Thrown): unknown {
  return unpackValue(thrown);
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
