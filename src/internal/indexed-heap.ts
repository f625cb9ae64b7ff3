/** Is an entry of an {@link IndexedHeap}; the heap keeps `position`, its owner changes `key` through the heap only. */
export interface HeapEntry {
  /** Orders the entries: the least comes first. */
  key: number;
  /** Orders entries of equal keys. */
  order: number;
  /** Is the entry's place in its heap; -1 outside. */
  position: number;
}

/** Keeps entries by key: the least at hand, any added, moved or removed in O(log n). */
export class IndexedHeap<T extends HeapEntry> {
  readonly #entries: T[] = [];

  /** Counts the entries. */
  get size(): number {
    return this.#entries.length;
  }

  /** Gives the least entry. */
  peek(): T | undefined {
    return this.#entries[0];
  }

  /** Adds an entry that is in no heap. */
  push(entry: T): void {
    entry.position = this.#entries.length;
    this.#entries.push(entry);
    this.#rise(entry);
  }

  /** Gives an entry of this heap another key. */
  move(entry: T, key: number): void {
    const rises = key < entry.key;
    entry.key = key;
    if (rises) this.#rise(entry);
    else this.#sink(entry);
  }

  /** Removes an entry of this heap. */
  remove(entry: T): void {
    const last = this.#entries.pop();
    const hole = entry.position;
    entry.position = -1;
    if (last === undefined || last === entry) return;
    this.#put(last, hole);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: T): void {
    let at = entry.position;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#entries[parentAt];
      if (parent === undefined || !before(entry, parent)) break;
      this.#put(parent, at);
      at = parentAt;
    }
    this.#put(entry, at);
  }

  #sink(entry: T): void {
    const entries = this.#entries;
    let at = entry.position;
    for (;;) {
      const left = entries[2 * at + 1];
      if (left === undefined) break;
      const right = entries[2 * at + 2];
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, entry)) break;
      const childAt = child.position;
      this.#put(child, at);
      at = childAt;
    }
    this.#put(entry, at);
  }

  #put(entry: T, at: number): void {
    this.#entries[at] = entry;
    entry.position = at;
  }
}

function before(a: HeapEntry, b: HeapEntry): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order);
}
