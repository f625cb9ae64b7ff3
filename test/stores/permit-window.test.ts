import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Permits } from '../../src/stores/job-store.js';
import { returnToWindow, takeFromWindow } from '../../src/stores/permit-window.js';
import type { PermitWindow } from '../../src/stores/permit-window.js';

const NOW = 1_800_000_000_000;

interface Limit {
  readonly max: number;
  readonly perMs: number;
}

/** Is one call: some time after the one before, or before it where the clock went back. */
interface Call {
  readonly afterMs: number;
  readonly wanted: number;
  /** Is which part of what it gets is given back at once, in tenths. */
  readonly returned: number;
}

const limits: fc.Arbitrary<Limit> = fc.record({
  max: fc.integer({ min: 1, max: 30 }),
  perMs: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 50, max: 20_000 })),
});

/** Makes calls whose gaps are of every size beside the span. */
function callsOf({ perMs }: Limit, from = 0): fc.Arbitrary<Call[]> {
  const gap = fc.oneof(
    fc.integer({ min: from, max: 3 }),
    fc.integer({ min: from, max: Math.ceil(perMs / 20) }),
    fc.integer({ min: from, max: 2 * perMs }),
  );
  return fc.array(
    fc.record({
      afterMs: gap,
      wanted: fc.integer({ min: 1, max: 12 }),
      returned: fc.constantFrom(0, 0, 0, 5, 10),
    }),
    { maxLength: 150 },
  );
}

const plans = limits.chain((limit) => callsOf(limit).map((calls) => ({ limit, calls })));

describe('takeFromWindow', () => {
  it('never gives more than the limit in any span, whatever is given back', () => {
    fc.assert(
      fc.property(plans, ({ limit, calls }) => {
        const limiter = new Limiter(limit);
        for (const call of calls) limiter.call(call);
        expect(limiter.mostInSpan()).toBeLessThanOrEqual(limit.max);
      }),
    );
  });

  it('never gives more than the limit in any span while its clock goes back and forth', () => {
    const jumpy = limits.chain((limit) =>
      callsOf(limit, -limit.perMs).map((calls) => ({ limit, calls: calls.map(keeping) })),
    );
    fc.assert(
      fc.property(jumpy, ({ limit, calls }) => {
        const limiter = new Limiter(limit);
        for (const call of calls) limiter.call(call);
        expect(limiter.mostInSpan()).toBeLessThanOrEqual(limit.max);
        const times = limiter.taken.filter(({ kept }) => kept > 0).map(({ now }) => now);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });

  it('gives all that an exact count of the last span leaves, where calls are apart', () => {
    fc.assert(
      fc.property(plans, ({ limit, calls }) => {
        const limiter = new Limiter(limit);
        for (const call of calls) {
          const apart = { ...call, afterMs: call.afterMs + Math.ceil(limit.perMs / 100) };
          const left = limit.max - limiter.usedAt(limiter.now + apart.afterMs, limit.perMs);
          expect(limiter.call(apart).granted).toBe(Math.min(call.wanted, left));
        }
      }),
    );
  });

  it('gives all that is left where a span counts a hundredth longer than it is, whatever the calls', () => {
    fc.assert(
      fc.property(plans, ({ limit, calls }) => {
        const limiter = new Limiter(limit);
        for (const call of calls) {
          const left = limit.max - limiter.usedAt(limiter.now + call.afterMs, limit.perMs * 1.01);
          expect(limiter.call(call).granted).toBeGreaterThanOrEqual(Math.min(call.wanted, left));
        }
      }),
    );
  });

  it('says when to ask again: something is given by a hundredth of a span after that, and nothing before', () => {
    fc.assert(
      fc.property(plans, ({ limit, calls }) => {
        const limiter = new Limiter(limit);
        for (const call of calls.map(keeping)) {
          const { granted, now, nextAt } = limiter.call(call);
          expect(nextAt === null).toBe(granted === call.wanted);
          if (nextAt === null) continue;
          expect(nextAt).toBeGreaterThan(now);
          expect(limiter.look(nextAt - 1)).toBe(0);
          expect(limiter.look(nextAt + Math.ceil(limit.perMs / 100))).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('keeps few grants, however many calls there are', () => {
    fc.assert(
      fc.property(plans, ({ limit, calls }) => {
        const limiter = new Limiter({ ...limit, max: 1_000_000 });
        for (const call of calls) limiter.call(call);
        expect(limiter.window.length).toBeLessThanOrEqual(101);
      }),
    );
    const busy = new Limiter({ max: 1_000_000, perMs: 10_000 });
    for (let at = 0; at < 20_000; at++) busy.call({ afterMs: 1, wanted: 1, returned: 0 });
    expect(busy.window.length).toBeLessThanOrEqual(101);
  });

  it('goes by the limit that it is asked with', () => {
    const { window } = takeFromWindow([], { key: 'key', wanted: 5, max: 5, perMs: 1000 }, NOW);
    const ask = (max: number) => takeFromWindow(window, { key: 'key', wanted: 9, max, perMs: 1000 }, NOW + 1);
    expect(ask(2).permits).toEqual({ now: NOW + 1, granted: 0, nextAt: NOW + 1000 });
    expect(ask(8).permits).toEqual({ now: NOW + 1, granted: 3, nextAt: NOW + 1001 });
    expect(ask(20).permits).toEqual({ now: NOW + 1, granted: 9, nextAt: null });
  });

  it('says to ask again in a whole span where more are wanted than the limit ever gives', () => {
    const { permits } = takeFromWindow([], { key: 'key', wanted: 5, max: 3, perMs: 1000 }, NOW);
    expect(permits).toEqual({ now: NOW, granted: 3, nextAt: NOW + 1000 });
  });

  it('changes nothing of the window that it is given', () => {
    const window = deepFreeze([[NOW, NOW + 2, 3]]);
    const { window: after } = takeFromWindow(window, { key: 'key', wanted: 1, max: 5, perMs: 1000 }, NOW + 5);
    expect(after).toEqual([[NOW, NOW + 5, 4]]);
    expect(window).toEqual([[NOW, NOW + 2, 3]]);
  });
});

describe('returnToWindow', () => {
  it('gives back what was taken, and no more', () => {
    const window = deepFreeze([
      [NOW, NOW + 5, 3],
      [NOW + 20, NOW + 20, 2],
    ]);
    expect(returnToWindow(window, 2, NOW + 5)).toEqual([
      [NOW, NOW + 5, 1],
      [NOW + 20, NOW + 20, 2],
    ]);
    expect(returnToWindow(window, 9, NOW + 20)).toEqual([[NOW, NOW + 5, 3]]);
  });

  it('passes over permits of an instant at which none counts', () => {
    const window = deepFreeze([[NOW, NOW + 5, 3]]);
    for (const takenAt of [NOW - 1, NOW + 6, NOW + 1_000_000])
      expect(returnToWindow(window, 1, takenAt)).toEqual(window);
    expect(returnToWindow([], 1, NOW)).toEqual([]);
  });
});

/** Takes from a window as a store does, and remembers each call exactly. */
class Limiter {
  readonly #limit: Limit;
  readonly taken: { readonly now: number; readonly kept: number }[] = [];
  window: PermitWindow = [];
  now = NOW;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  call({ afterMs, wanted, returned }: Call): Permits {
    this.now += afterMs;
    const { permits, window } = takeFromWindow(this.window, { key: 'key', wanted, ...this.#limit }, this.now);
    const unused = Math.floor((permits.granted * returned) / 10);
    this.window = unused === 0 ? window : returnToWindow(window, unused, permits.now);
    this.taken.push({ now: permits.now, kept: permits.granted - unused });
    return permits;
  }

  /** Gives how many one who wants one would get at an instant. */
  look(now: number): number {
    return takeFromWindow(this.window, { key: 'key', wanted: 1, ...this.#limit }, now).permits.granted;
  }

  /** Counts the permits of the span that ends at an instant. */
  usedAt(now: number, spanMs: number): number {
    return sumOf(this.taken.filter((taken) => taken.now > now - spanMs));
  }

  mostInSpan(): number {
    return Math.max(0, ...this.taken.map(({ now }) => this.#startingAt(now)));
  }

  #startingAt(from: number): number {
    return sumOf(this.taken.filter(({ now }) => now >= from && now < from + this.#limit.perMs));
  }
}

function sumOf(taken: readonly { readonly kept: number }[]): number {
  return taken.reduce((sum, { kept }) => sum + kept, 0);
}

function keeping(call: Call): Call {
  return { ...call, returned: 0 };
}

function deepFreeze(window: PermitWindow): PermitWindow {
  for (const grant of window) Object.freeze(grant);
  return Object.freeze(window);
}
