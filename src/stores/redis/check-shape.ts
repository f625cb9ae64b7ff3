/** Says what a field of a record has to be: with `?`, it may be `null`; with `-`, it may be missing. */
export type FieldType = 'string' | 'number' | 'boolean' | 'string?' | 'number?' | 'string-' | 'strings';

/**
 * Reads an object from JSON text, and checks its fields: what is not one of ours must not leave the store.
 *
 * @throws `TypeError` or `SyntaxError` saying what is wrong
 */
export function readShape(text: string, shape: Readonly<Record<string, FieldType>>): object {
  const value: unknown = JSON.parse(text);
  checkShape(value, shape);
  return value;
}

/** Checks the fields of an object, as {@link readShape} does. */
export function checkShape(
  value: unknown,
  shape: Readonly<Record<string, FieldType>>,
): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new TypeError('The record is no object.');
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in shape) {
    if (!isOf(fields[name], shape[name]))
      throw new TypeError(`The field "${name}" of the record is not what it was.`);
  }
}

function isOf(value: unknown, type: FieldType | undefined): boolean {
  switch (type) {
    case 'string?':
      return value === null || typeof value === 'string';
    case 'number?':
      return value === null || typeof value === 'number';
    case 'string-':
      return value === undefined || typeof value === 'string';
    case 'strings':
      return Array.isArray(value) && value.every((text) => typeof text === 'string');
    default:
      return typeof value === type;
  }
}
