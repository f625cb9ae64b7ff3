import fc from 'fast-check';
import type { JobStore, Permits } from 'escapement';
import { expect, it } from 'vitest';
import { returnToWindow, takeFromWindow } from '../../../src/stores/permit-window.js';
import type { PermitWindow } from '../../../src/stores/permit-window.js';
import { HOUR } from '../../../src/testing/contract/records.js';
import { describeOnOwnRedis } from './support/redis-place.js';

/** Takes permits again and again for some time, as a node that asks as soon as it may. */
async function takeFor(store: JobStore, ms: number, max: number, perMs: number): Promise<Permits[]> {
  const taken: Permits[] = [];
  const until = (await store.now()) + ms;
  while ((await store.now()) < until)
    taken.push(await store.takePermits({ key: 'key', wanted: 1 + (taken.length % 3), max, perMs }));
  return taken;
}

describeOnOwnRedis('permits', (aPlace) => {
  it('that eight nodes take at the same time never exceed the limit in any span, and use it up', async () => {
    const place = aPlace();
    const [max, perMs] = [10, 100];
    const stores = await Promise.all(Array.from({ length: 8 }, () => place.openStore()));
    const taken = (await Promise.all(stores.map((store) => takeFor(store, 1000, max, perMs)))).flat();
    const given = taken.filter(({ granted }) => granted > 0);
    for (const { now } of given) {
      const inSpan = given.filter((other) => other.now >= now && other.now < now + perMs);
      expect(inSpan.reduce((sum, { granted }) => sum + granted, 0)).toBeLessThanOrEqual(max);
    }
    // Those that are given close to each other cease to count together: a part of a hundredth of the span is lost.
    expect(given.reduce((sum, { granted }) => sum + granted, 0)).toBeGreaterThanOrEqual(max * 8);
  });

  it('are given and taken back by the rule of every store', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const call = fc.record({
      kind: fc.constantFrom('take', 'take', 'take', 'return'),
      wanted: fc.integer({ min: 1, max: 5 }),
      max: fc.integer({ min: 0, max: 8 }),
      perMs: fc.constantFrom(1, 3, 10, 50, HOUR),
      pick: fc.nat(20),
      pause: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 5, maxLength: 40 }), fc.string(), async (calls, name) => {
        const key = `key ${name}`;
        await place.redis.del(place.key('permits'));
        let model: PermitWindow = [];
        const times = [0];
        for (const { kind, wanted, max, perMs, pick, pause } of calls) {
          if (kind === 'take') {
            const request = { key, wanted, max, perMs };
            const permits = await store.takePermits(request);
            const expected = takeFromWindow(model, request, permits.now);
            expect(permits).toEqual(expected.permits);
            model = expected.window;
            times.push(permits.now);
          } else {
            const takenAt = times[pick % times.length] ?? 0;
            await store.returnPermits({ key, count: wanted, takenAt });
            model = returnToWindow(model, wanted, takenAt);
          }
          for (let until = (await store.now()) + pause; (await store.now()) < until; );
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 8_000 },
    );
  }, 20_000);

  it('do not depend on a clock that went back', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const later = (await store.now()) + HOUR;
    await place.redis.hset(place.key('permits'), 'key', `[${String(later + 1000)},[${later},${later},2]]`);
    const permits = await store.takePermits({ key: 'key', wanted: 5, max: 3, perMs: 1000 });
    expect(permits).toEqual({ now: later, granted: 1, nextAt: later + 1000 });
  });

  it.each(['', 'x', '{}', '7', '[]', '[1,2]', '[1,["a"]]', '[1,[{}]]', '{"a":1}'])(
    'are given anew where what was kept of them is %j',
    async (broken) => {
      const place = aPlace();
      const store = await place.openStore();
      await place.redis.hset(place.key('permits'), 'key', broken);
      expect(await store.takePermits({ key: 'key', wanted: 5, max: 3, perMs: HOUR })).toMatchObject({
        granted: 3,
      });
      await store.returnPermits({ key: 'key', count: 3, takenAt: await store.now() });
    },
  );

  it('that count no more are not kept: other takes and pruning clear them away', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const names = Array.from({ length: 50 }, (_one, at) => `key ${at}`);
    for (const key of names) await store.takePermits({ key, wanted: 1, max: 1, perMs: HOUR });
    await store.pruneRuns(1, 1000);
    expect(await place.redis.hlen(place.key('permits'))).toBe(50);
    for (const key of names) await store.takePermits({ key, wanted: 1, max: 2, perMs: 1 });
    for (let until = (await store.now()) + 2; (await store.now()) < until; );
    for (let times = 0; times < 200; times++)
      await store.takePermits({ key: 'busy', wanted: 1, max: 1000, perMs: HOUR });
    expect(await place.redis.hlen(place.key('permits'))).toBeLessThan(10);
    await store.pruneRuns(1, 1000);
    expect(await place.redis.hkeys(place.key('permits'))).toEqual(['busy']);
  });

  it('of another life of the store do not count', async () => {
    const place = aPlace();
    const store = await place.openStore();
    const request = { key: 'key', wanted: 2, max: 2, perMs: HOUR };
    expect(await store.takePermits(request)).toMatchObject({ granted: 2 });
    await place.redis.flushall();
    expect(await store.takePermits(request)).toMatchObject({ granted: 2 });
    expect(await store.takePermits(request)).toMatchObject({ granted: 0 });
  });
});
