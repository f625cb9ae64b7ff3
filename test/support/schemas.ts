import type { SchemaResult, StandardSchema } from '../../src/index.js';

/** Makes a Standard Schema by hand. */
export function schemaOf<Input, Output = Input>(
  validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>,
): StandardSchema<Input, Output> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

/** Takes `{ at: string }` and makes `{ at: Date }` of it. */
export const dated: StandardSchema<{ at: string }, { at: Date }> = schemaOf((value) => {
  const at: unknown = (value as { at?: unknown } | null)?.at;
  if (typeof at !== 'string') return { issues: [{ message: 'must be text', path: ['at'] }] };
  return { value: { at: new Date(at) } };
});
