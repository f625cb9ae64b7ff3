import { IndexedHeap } from '../../internal/indexed-heap.js';
import type { HeapEntry } from '../../internal/indexed-heap.js';
import { MAX_PRIORITY, MIN_PRIORITY } from '../../job/job-policy.js';
import { RECORD_FORMAT } from '../../job/job-record.js';
import type { ClaimRequest } from '../job-store.js';

/** Is what a node has to know to claim an entry. */
export interface Need {
  readonly format: number;
  readonly task: string;
  /** Names the kind of trigger; `null`: none is needed. */
  readonly triggerKind: string | null;
}

/** Is an entry of a {@link DueQueue}, which keeps `heap`. */
export interface QueueEntry<T extends HeapEntry> extends HeapEntry, Need {
  heap: IndexedHeap<T> | null;
  readonly priority: number;
}

/** Is what a node knows. */
export type Known = Pick<ClaimRequest, 'tasks' | 'triggerKinds'>;

type Shelf<T extends HeapEntry> = readonly IndexedHeap<T>[];

const LEVELS = MAX_PRIORITY - MIN_PRIORITY + 1;

/**
 * Keeps entries in the order in which they come due, those of each priority by themselves.
 *
 * All are on one shelf. An entry that comes to its top and that the asking node does not know (a task or kind of
 * trigger that another scheduler registered) is set aside, on a shelf for its like, which only those see who know it:
 * so it costs nobody a second look.
 */
export class DueQueue<T extends QueueEntry<T>> {
  readonly #main: Shelf<T> = emptyShelf();
  readonly #aside = new Map<string, { readonly need: Need; readonly shelf: Shelf<T> }>();
  #order = 0;

  /** Adds an entry, or moves it; a key of `Infinity` takes it out. */
  set(entry: T, key: number): void {
    if (entry.heap !== null && key !== Infinity) {
      entry.heap.move(entry, key);
      return;
    }
    this.remove(entry);
    entry.key = key;
    if (key === Infinity) return;
    entry.order = this.#order++;
    this.#put(
      entry,
      this.#aside.size === 0 ? this.#main : (this.#aside.get(likeness(entry))?.shelf ?? this.#main),
    );
  }

  /** Takes an entry out. */
  remove(entry: T): void {
    if (entry.heap === null) return;
    entry.heap.remove(entry);
    entry.heap = null;
  }

  /** Gives the first entry of a priority that is due and known. */
  peek(priority: number, now: number, known: Known): T | null {
    let first = this.#top(this.#main, priority, known);
    for (const { need, shelf } of this.#aside.values()) {
      const top = isKnown(need, known) ? shelf[priority - MIN_PRIORITY]?.peek() : undefined;
      if (top !== undefined && (first === undefined || top.key < first.key)) first = top;
    }
    return first !== undefined && first.key <= now ? first : null;
  }

  /** Takes the first entry of a priority that is due and known. */
  take(priority: number, now: number, known: Known): T | null {
    const first = this.peek(priority, now, known);
    if (first !== null) this.remove(first);
    return first;
  }

  /** Gives the key of the first entry that is known; `Infinity`: there is none. */
  earliest(known: Known): number {
    let least = Infinity;
    for (let priority = MIN_PRIORITY; priority <= MAX_PRIORITY; priority++) {
      least = Math.min(least, this.#top(this.#main, priority, known)?.key ?? Infinity);
    }
    for (const { need, shelf } of this.#aside.values()) {
      if (isKnown(need, known))
        for (const heap of shelf) least = Math.min(least, heap.peek()?.key ?? Infinity);
    }
    return least;
  }

  /** Gives the first entry of a priority on the main shelf that is known, setting aside those before it. */
  #top(shelf: Shelf<T>, priority: number, known: Known): T | undefined {
    const heap = shelf[priority - MIN_PRIORITY];
    let top = heap?.peek();
    while (top !== undefined && !isKnown(top, known)) {
      this.remove(top);
      this.#put(top, this.#shelfFor(top));
      top = heap?.peek();
    }
    return top;
  }

  #shelfFor(entry: T): Shelf<T> {
    const like = likeness(entry);
    let aside = this.#aside.get(like);
    if (aside === undefined) {
      const { format, task, triggerKind } = entry;
      aside = { need: { format, task, triggerKind }, shelf: emptyShelf() };
      this.#aside.set(like, aside);
    }
    return aside.shelf;
  }

  #put(entry: T, shelf: Shelf<T>): void {
    const heap = shelf[entry.priority - MIN_PRIORITY];
    heap?.push(entry);
    entry.heap = heap ?? null;
  }
}

function emptyShelf<T extends HeapEntry>(): Shelf<T> {
  return Array.from({ length: LEVELS }, () => new IndexedHeap<T>());
}

function isKnown({ format, task, triggerKind }: Need, { tasks, triggerKinds }: Known): boolean {
  return (
    format <= RECORD_FORMAT && tasks.has(task) && (triggerKind === null || triggerKinds.has(triggerKind))
  );
}

/** Names what decides whether an entry is known; names carry no control characters, so the parts stay apart. */
function likeness({ format, task, triggerKind }: Need): string {
  return `${format}\n${task}\n${triggerKind ?? ''}`;
}
