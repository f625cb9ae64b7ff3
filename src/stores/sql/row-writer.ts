/** Is a column of a row and where its value comes from. */
export type Field<T> = readonly [column: string, read: (record: T) => string | number | null];

/** Is a row written out. */
export interface WrittenRow {
  /** Is its primary key. */
  readonly key: string;
  /** Is a JSON object with its columns, without those that are null. */
  readonly json: string;
}

/**
 * Makes a function that writes records as rows; the primary key first.
 *
 * Straight to text: an object for each of some ten thousand rows a second would be most of the garbage of a store.
 */
export function rowWriter<T>(
  [keyColumn, readKey]: readonly [column: string, read: (record: T) => string],
  fields: readonly Field<T>[],
): (record: T) => WrittenRow {
  const parts = fields.map(([column, read]) => ({ label: `,"${column}":`, read }));
  return (record) => {
    const key = readKey(record);
    let json = `{"${keyColumn}":${JSON.stringify(key)}`;
    for (const { label, read } of parts) {
      const value = read(record);
      if (value !== null) json += label + (typeof value === 'number' ? `${value}` : JSON.stringify(value));
    }
    return { key, json: `${json}}` };
  };
}

/** Gives the names of the columns of fields. */
export function columnNames<T>(fields: readonly Field<T>[]): readonly string[] {
  return fields.map(([column]) => column);
}
