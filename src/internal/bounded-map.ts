/** Remembers up to a number of answers; past it, the oldest is forgotten first. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxSize: number;

  /** Makes an empty memory. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Gives what is remembered for a key. */
  find(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Gives what is remembered for a key, or makes it and remembers it. */
  get(key: K, make: () => V): V {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  /** Remembers something for a key. */
  set(key: K, value: V): void {
    if (this.#entries.size >= this.#maxSize && !this.#entries.has(key)) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, value);
  }

  /** Forgets what is remembered for a key. */
  delete(key: K): void {
    this.#entries.delete(key);
  }
}
