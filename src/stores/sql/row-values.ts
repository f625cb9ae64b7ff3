/** Is a row as a driver gives it: columns by name. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Reads an integer; drivers give large ones as text. One that somebody damaged is kept within what counts exactly, so
 * that writing it again is not refused, and with it the rows of others.
 */
export function readInteger(value: unknown): number {
  const number = typeof value === 'number' ? value : Number(value);
  return Math.max(-GREATEST, Math.min(GREATEST, number));
}

const GREATEST = Number.MAX_SAFE_INTEGER;

/** Reads an integer that may be null. */
export function readNullableInteger(value: unknown): number | null {
  return value === null || value === undefined ? null : readInteger(value);
}

/** Reads the store's time from the first of some rows that have it; 0 where there are none. */
export function readStoreNow(rows: readonly Row[]): number {
  const [row] = rows;
  return row === undefined ? 0 : readInteger(row['store_now']);
}

/** Reads a text. */
export function readText(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** Reads a text that may be null. */
export function readNullableText(value: unknown): string | null {
  return value === null || value === undefined ? null : readText(value);
}

/** Reads a flag. */
export function readFlag(value: unknown): boolean {
  return Number(value) === 1;
}

/** Writes a flag. */
export function writeFlag(value: boolean): number {
  return value ? 1 : 0;
}

/**
 * Writes texts as a JSON array in which a line break stands before each, and nowhere else: so that looking for
 * {@link textInTexts} finds whole texts only.
 */
export function writeTexts(texts: readonly string[]): string {
  return `[${texts.map(textInTexts).join(',')}]`;
}

/** Gives a text as it stands in what {@link writeTexts} wrote. */
export function textInTexts(text: string): string {
  return `\n${JSON.stringify(text)}`;
}

/** Reads a JSON array of texts; of a row that somebody damaged, none: it must not keep others from being read. */
export function readTexts(value: unknown): readonly string[] {
  if (value === '[]') return NO_TEXTS;
  const parsed = parse(value);
  return Array.isArray(parsed) ? parsed.filter((each) => typeof each === 'string') : NO_TEXTS;
}

/** Reads JSON text; `null` where it is damaged. */
export function parse(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : null;
  } catch {
    return null;
  }
}

const NO_TEXTS: readonly string[] = Object.freeze([]);
