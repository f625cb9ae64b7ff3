import type { FieldSpec } from './field-spec.js';
import { badSlice, splitSlice, type TextSlice } from './text-slice.js';

/**
 * Reads one item of a field's list that names plain values: `*`, `5`, `mon-fri`, `22-2`, `10-40/5`, `5/15`. A step
 * without an end runs to the greatest value.
 *
 * @throws {@link InvalidTriggerError} when it is not such an item
 */
export function parseValues(spec: FieldSpec, item: TextSlice): readonly number[] {
  const [range = item, step, ...surplus] = splitSlice(item, '/');
  if (surplus.length > 0) throw badSlice(spec.name, item, `${describeItems(spec)}, with one step at most`);
  const stride = step === undefined ? 1 : parseStep(spec, step);
  if (range.text === '*' || (range.text === '?' && spec.questionMark === true)) {
    return valuesBetween(spec, spec.min, spec.max, stride);
  }
  const [from = range, to, ...more] = splitSlice(range, '-');
  if (more.length > 0) throw badSlice(spec.name, range, describeItems(spec));
  const first = parseValue(spec, from);
  if (to === undefined)
    return valuesBetween(spec, first, step === undefined ? first : greatest(spec), stride);
  const last = parseValue(spec, to);
  if (first > last && !spec.cyclic)
    throw badSlice(spec.name, range, 'a range that ends no earlier than it starts');
  return valuesBetween(spec, first, last, stride);
}

/**
 * Reads one value, a number or a name. The day of the week may be 7 here.
 *
 * @throws {@link InvalidTriggerError} when it is not a value of the field
 */
export function parseValue(spec: FieldSpec, slice: TextSlice): number {
  if (spec.names !== undefined) {
    const index = spec.names.indexOf(slice.text.toLowerCase());
    if (index >= 0) return spec.min + index;
  }
  const value = spec.namesOnly !== true && /^\d{1,4}$/.test(slice.text) ? Number(slice.text) : NaN;
  if (value >= spec.min && value <= greatest(spec)) return value;
  throw badSlice(spec.name, slice, describeItems(spec));
}

/** Says what a field may hold, to follow "to be". */
export function describeItems(spec: FieldSpec): string {
  const names = spec.names === undefined ? '' : `${String(spec.names[0])}-${String(spec.names.at(-1))}`;
  if (spec.namesOnly === true) return `a weekday by its name (${names}), a range of them, or *`;
  return `values from ${String(spec.min)} to ${String(greatest(spec))}${names === '' ? '' : ` or ${names}`}, ranges, steps, or *`;
}

function parseStep(spec: FieldSpec, slice: TextSlice): number {
  const size = spec.max - spec.min + 1;
  const step = /^\d{1,4}$/.test(slice.text) ? Number(slice.text) : 0;
  if (step >= 1 && step <= size) return step;
  throw badSlice(spec.name, slice, `a step from 1 to ${String(size)}`);
}

/** Lists the values from `first` to `last` by steps, going round past the greatest when `last` comes first. */
function valuesBetween(spec: FieldSpec, first: number, last: number, stride: number): readonly number[] {
  const size = spec.max - spec.min + 1;
  const end = last < first ? last + size : last;
  const values: number[] = [];
  for (let value = first; value <= end; value += stride) values.push(spec.min + ((value - spec.min) % size));
  return values;
}

/** Gives the greatest value that may be written: the day of the week runs to 7, which is Sunday again. */
function greatest(spec: FieldSpec): number {
  return spec.names !== undefined && spec.min === 0 ? spec.max + 1 : spec.max;
}
