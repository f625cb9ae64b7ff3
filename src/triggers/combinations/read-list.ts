import { InvalidTriggerError } from '../../errors/input-errors.js';
import type { JsonObject } from '../../internal/json-value.js';
import { refuseUnknownKeys } from '../record-keys.js';
import type { Trigger, TriggerContext } from '../trigger.js';

/**
 * Reads the triggers that a record lists under its one key.
 *
 * @throws {@link InvalidTriggerError} when it has other keys, or the value is not a list of triggers
 */
export function readList(record: JsonObject, key: string, context: TriggerContext): readonly Trigger[] {
  refuseUnknownKeys(record, [key]);
  const inputs = record[key];
  if (Array.isArray(inputs)) return inputs.map((input: unknown) => context.parse(input));
  throw new InvalidTriggerError({ field: key, expected: 'a list of triggers', received: inputs });
}
