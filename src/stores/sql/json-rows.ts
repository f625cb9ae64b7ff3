import type { Column } from './tables.js';
import type { Value } from './row-writer.js';

/** Is how much text goes into one statement: well below the least limit of a packet, 16 MiB on MariaDB. */
const MAX_STATEMENT_CHARS = 2_000_000;

/** Writes rows as JSON arrays of objects, without the columns that are null; none of them too long for a statement. */
export function* toJsonRows(
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
): Generator<string> {
  const labels = columns.map(({ name }) => `,"${name}":`);
  let objects: string[] = [];
  let length = 0;
  for (const row of rows) {
    const object = toObject(labels, row);
    if (length + object.length > MAX_STATEMENT_CHARS && objects.length > 0) {
      yield `[${objects.join(',')}]`;
      objects = [];
      length = 0;
    }
    objects.push(object);
    length += object.length;
  }
  if (objects.length > 0) yield `[${objects.join(',')}]`;
}

/** Straight to text: objects for some ten thousand rows a second would be most of the garbage of a store. */
function toObject(labels: readonly string[], row: readonly Value[]): string {
  let text = '';
  for (const [at, value] of row.entries()) {
    if (value === null) continue;
    text += labels[at] ?? '';
    text += typeof value === 'number' ? `${value}` : JSON.stringify(value);
  }
  return `{${text.slice(1)}}`;
}
