/** Is a field of a hash as a script gives it; `null`: the hash does not have it. An empty text says so too. */
export type StateField = string | null;

/** Is a record as a script gives it: its text, and what of its hash a node reads; empty: there is none. */
export type RecordReply = readonly [] | readonly [text: string, state: readonly StateField[]];

/** Reads a field that is a number; `null`: it is not there. */
export function readNumber(field: StateField | undefined): number | null {
  return field === undefined || field === null || field === '' ? null : Number(field);
}

/** Reads a number in the state of a record; 0: it is not there. */
export function numberIn([, state = []]: RecordReply, at: number): number {
  return readNumber(state[at]) ?? 0;
}

/** Gathers the fields of a hash: those that are `null` or what a hash begins with are left out. */
export class HashFields {
  /** Holds names and values in turn. */
  readonly list: string[] = [];

  /** Adds a text. */
  text(name: string, value: string | null): void {
    if (value !== null) this.list.push(name, value);
  }

  /** Adds a number; one that is `absent` is left out. */
  number(name: string, value: number | null, absent: number | null = null): void {
    if (value !== null && value !== absent) this.list.push(name, String(value));
  }

  /** Adds that something is so. */
  flag(name: string, value: boolean): void {
    if (value) this.list.push(name, '1');
  }
}
