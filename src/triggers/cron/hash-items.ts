import { hashText } from '../../internal/hash.js';
import { CRON_FIELDS, type FieldSpec } from './field-spec.js';
import { parseValue } from './parse-values.js';
import { badSlice, splitSlice, wordsOf, type TextSlice } from './text-slice.js';

const RANGE = /^H(?:\(([^()]*)\))?(\/.*)?$/i;

/** Tells whether an expression has an `H`, and therefore means another time for every job. */
export function hasHash(expression: string): boolean {
  // THU, MAR and the like hold no H at the start of an item.
  return /(?:^|[\s,])H/i.test(expression);
}

/**
 * Resolves Jenkins's `H`, `H(0-29)`, `H/15` and `H(0-29)/10` in an expression: each becomes a value that the job's id
 * and the field decide, spread evenly. `H` in the day of month stays below 29.
 *
 * @throws {@link InvalidTriggerError} when an `H` is followed by what is not a range or a step
 */
export function resolveHashes(expression: string, jobId: string): string {
  if (!hasHash(expression)) return expression;
  const words = wordsOf(expression);
  const specs = words.length === 5 ? CRON_FIELDS.slice(1) : CRON_FIELDS;
  const fields = words.map((word, index) => {
    const spec = specs[index];
    if (spec === undefined) return word.text;
    return splitSlice(word, ',')
      .map((item) => resolveHash(spec, item, jobId))
      .join(',');
  });
  return fields.join(' ');
}

/** Resolves the `H` of one item of a field; other items stay as they are. */
function resolveHash(spec: FieldSpec, item: TextSlice, jobId: string): string {
  if (!/^H/i.test(item.text)) return item.text;
  const match = RANGE.exec(item.text);
  if (match === null || !spec.cyclic) throw badSlice(spec.name, item, describeHash(spec));
  const [min, max] =
    match[1] === undefined ? [spec.min, spec.hashMax ?? spec.max] : parseRange(spec, item, match[1]);
  const hash = hashText(`${spec.name}:${jobId}`);
  if (match[2] === undefined) return String(min + (hash % (max - min + 1)));
  const step = /^\/(\d{1,2})$/.exec(match[2]);
  const stride = Number(step?.[1] ?? 0);
  if (stride < 1 || stride > max - min + 1) {
    const at = item.text.indexOf('/') + 1;
    const slice = { text: item.text.slice(at), position: item.position + at };
    throw badSlice(spec.name, slice, `a step from 1 to ${String(max - min + 1)}`);
  }
  return `${String(min + (hash % stride))}-${String(max)}/${String(stride)}`;
}

function parseRange(spec: FieldSpec, item: TextSlice, range: string): readonly [min: number, max: number] {
  const slice = { text: range, position: item.position + 2 };
  const [from, to, ...surplus] = splitSlice(slice, '-');
  if (from === undefined || to === undefined || surplus.length > 0)
    throw badSlice(spec.name, slice, describeHash(spec));
  const min = parseValue(spec, from);
  const max = parseValue(spec, to);
  if (min > max) throw badSlice(spec.name, slice, 'a range that ends no earlier than it starts');
  return [min, max];
}

function describeHash(spec: FieldSpec): string {
  if (!spec.cyclic) return `without H in the ${spec.name}`;
  const range = `${String(spec.min)}-${String(spec.max)}`;
  return `H, H(${range}), H/2 or H(${range})/2`;
}
