/** Is what a column of a row holds. */
export type Value = string | number | null;

/** Is a column of a row and where its value comes from. */
export type Field<T> = readonly [column: string, read: (record: T) => Value];

/** Is how records are written as rows. */
export interface RowWriter<T> {
  /** Names the columns, the primary key first. */
  readonly columns: readonly string[];
  /** Gives the values of a record, in the order of the columns. */
  write(record: T): readonly Value[];
}

/** Makes a writer of rows from the field of their primary key and their other fields. */
export function rowWriter<T>(key: Field<T>, fields: readonly Field<T>[]): RowWriter<T> {
  const all = [key, ...fields];
  const readers = all.map(([, read]) => read);
  return {
    columns: all.map(([column]) => column),
    write: (record) => readers.map((read) => read(record)),
  };
}
