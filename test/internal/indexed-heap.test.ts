import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedHeap } from '../../src/internal/indexed-heap.js';
import type { HeapEntry } from '../../src/internal/indexed-heap.js';

type Step =
  | { readonly kind: 'push'; readonly key: number }
  | { readonly kind: 'move'; readonly at: number; readonly key: number }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'take' };

const key = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(-Infinity, -1.5, 0.5, 1e15));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), at: fc.nat(), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
);

describe('IndexedHeap', () => {
  it('has the same least entry as a sorted array, whatever is added, moved and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const heap = new IndexedHeap<HeapEntry>();
        const model: HeapEntry[] = [];
        for (const [order, one] of steps.entries()) {
          act(heap, model, one, order);
          expect(heap.size).toBe(model.length);
          expect(heap.peek()).toBe(least(model));
        }
        expect(drain(heap)).toEqual([...model].sort(compare));
      }),
      { numRuns: 400 },
    );
  });

  it('gives every entry a place of its own, and none to those outside', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const heap = new IndexedHeap<HeapEntry>();
        const model: HeapEntry[] = [];
        const all = new Set<HeapEntry>();
        for (const [order, one] of steps.entries()) {
          act(heap, model, one, order);
          for (const entry of model) all.add(entry);
        }
        const places = model.map(({ position }) => position).sort((a, b) => a - b);
        expect(places).toEqual(model.map((_, at) => at));
        for (const entry of all) if (!model.includes(entry)) expect(entry.position).toBe(-1);
      }),
    );
  });

  it('orders entries of equal keys by their order', () => {
    const heap = new IndexedHeap<HeapEntry>();
    for (const order of [3, 1, 4, 0, 2]) heap.push(entryOf(7, order));
    expect(drain(heap).map(({ order }) => order)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes back an entry that was removed', () => {
    const heap = new IndexedHeap<HeapEntry>();
    const [first, second] = [entryOf(1, 0), entryOf(2, 1)];
    heap.push(first);
    heap.push(second);
    heap.remove(first);
    expect(heap.peek()).toBe(second);
    first.key = 3;
    heap.push(first);
    expect(drain(heap)).toEqual([second, first]);
  });

  it('is empty at first and after its last entry left', () => {
    const heap = new IndexedHeap<HeapEntry>();
    expect([heap.size, heap.peek()]).toEqual([0, undefined]);
    const entry = entryOf(1, 0);
    heap.push(entry);
    heap.remove(entry);
    expect([heap.size, heap.peek()]).toEqual([0, undefined]);
  });

  it('compares a number of entries that grows with the logarithm of its size', () => {
    let reads = 0;
    const heap = new IndexedHeap<HeapEntry>();
    const entries = Array.from({ length: 16_384 }, (_, order) => counting(order, () => reads++));
    for (const entry of entries) heap.push(entry);
    reads = 0;
    for (let at = 0; at < 1000; at++) heap.move(entries[(at * 7919) % 16_384]!, (at * 104_729) % 20_000);
    expect(reads / 1000).toBeLessThan(14 * 8);
  });
});

function act(heap: IndexedHeap<HeapEntry>, model: HeapEntry[], step: Step, order: number): void {
  const at = 'at' in step ? step.at % Math.max(1, model.length) : 0;
  const entry = model[at];
  if (step.kind === 'push') {
    const added = entryOf(step.key, order);
    heap.push(added);
    model.push(added);
  } else if (entry === undefined) {
    expect(heap.peek()).toBeUndefined();
  } else if (step.kind === 'move') heap.move(entry, step.key);
  else {
    const gone = step.kind === 'take' ? heap.peek()! : entry;
    heap.remove(gone);
    model.splice(model.indexOf(gone), 1);
  }
}

function entryOf(key: number, order: number): HeapEntry {
  return { key, order, position: -1 };
}

function counting(order: number, onRead: () => void): HeapEntry {
  let value = order;
  return {
    order,
    position: -1,
    get key() {
      onRead();
      return value;
    },
    set key(next) {
      value = next;
    },
  };
}

function drain(heap: IndexedHeap<HeapEntry>): HeapEntry[] {
  const drained: HeapEntry[] = [];
  for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
    heap.remove(top);
    drained.push(top);
  }
  return drained;
}

function least(entries: readonly HeapEntry[]): HeapEntry | undefined {
  return [...entries].sort(compare)[0];
}

function compare(a: HeapEntry, b: HeapEntry): number {
  return a.key === b.key ? a.order - b.order : a.key - b.key;
}
