import { InvalidOptionError } from '../errors/input-errors.js';

/** Keeps things by name, and says which there are when asked for one that there is not. */
export class Directory<T> {
  readonly #entries = new Map<string, T>();
  readonly #kind: string;
  readonly #unknown: (name: string, known: readonly string[]) => Error;

  /**
   * Makes an empty directory.
   *
   * @param kind - what its things are called in errors
   * @param unknown - makes the error for a name that it does not know
   */
  constructor(kind: string, unknown: (name: string, known: readonly string[]) => Error) {
    this.#kind = kind;
    this.#unknown = unknown;
  }

  /** Gives the thing of a name. */
  get(name: string): T {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw this.#unknown(name, [...this.#entries.keys()]);
    return entry;
  }

  /** Refuses a name that is taken. */
  refuseTaken(name: string): void {
    if (this.#entries.has(name))
      throw new InvalidOptionError('name', `the name of no other ${this.#kind}`, name);
  }

  /** Adds a thing under a name that is free. */
  add(name: string, entry: T): void {
    this.refuseTaken(name);
    this.#entries.set(name, entry);
  }

  /** Takes the thing of a name out, and gives it. */
  take(name: string): T {
    const entry = this.get(name);
    this.#entries.delete(name);
    return entry;
  }

  /** Gives all things, in the order in which they were added. */
  values(): readonly T[] {
    return [...this.#entries.values()];
  }
}
