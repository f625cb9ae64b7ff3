import type { JobStore, Permits } from 'escapement';
import { expect, it } from 'vitest';
import { found } from '../../../src/testing/contract/store-bench.js';
import { within } from '../../support/within.js';
import { onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { openAll, opened } from './support/open-stores.js';

/** Is a span that no test outlives. */
const HOUR = 3_600_000;

await onEveryEngine('permits', (aPlace) => {
  it('are given to 8 callers at once up to the limit, and not beyond, from the first on', async () => {
    const granted = await eightTimes(await aPlace(), async (store, at) => {
      let sum = 0;
      for (let times = 0; times < 6; times++) {
        const request = { key: 'key', wanted: 1 + (at % 3), max: 50, perMs: HOUR };
        sum += (await store.takePermits(request)).granted;
      }
      return sum;
    });
    expect(granted.reduce((sum, each) => sum + each, 0)).toBe(50);
  });

  it('are given to 8 callers at once up to the limit in any span', async () => {
    const [perMs, max] = [150, 5];
    const until = performance.now() + 1200;
    const lists = await eightTimes(await aPlace(), async (store) => {
      const taken: Permits[] = [];
      while (performance.now() < until)
        taken.push(await store.takePermits({ key: 'key', wanted: 2, max, perMs }));
      return taken;
    });
    const taken = lists.flat().filter(({ granted }) => granted > 0);
    const sums = taken.map(({ now }) =>
      taken
        .filter((other) => other.now >= now && other.now < now + perMs)
        .reduce((sum, { granted }) => sum + granted, 0),
    );
    expect(Math.max(...sums)).toBeLessThanOrEqual(max);
    // They go on being given.
    expect(sums.length).toBeGreaterThan(max);
  });

  it('that count no more are forgotten when runs are pruned, and the others kept', async () => {
    const place = await aPlace();
    const store = await opened(place.store());
    await store.takePermits({ key: 'long', wanted: 1, max: 1, perMs: HOUR });
    for (let at = 0; at < 5; at++)
      await store.takePermits({ key: `short ${at}`, wanted: 1, max: 1, perMs: 1 });
    const { now } = await store.takePermits({ key: 'long', wanted: 1, max: 1, perMs: HOUR });
    await expect.poll(() => store.now()).toBeGreaterThan(now + 1);
    expect(await store.pruneRuns(now, 10)).toBe(0);
    const rows = await place.query(`SELECT permit_key FROM ${place.tablePrefix}permits`);
    expect(rows.map((row) => row['permit_key'])).toEqual(['long']);
    expect((await store.takePermits({ key: 'long', wanted: 1, max: 1, perMs: HOUR })).granted).toBe(0);
  });

  it.each(['', 'x', 'null', '5', '{}', '[5]', '[[1,2]]', '[[1,2,"3"]]'])(
    'begin anew where somebody has left %j in a row',
    async (text) => {
      const place = await aPlace();
      const store = await opened(place.store());
      const request = { key: 'key', wanted: 1, max: 1, perMs: HOUR };
      const { now } = await store.takePermits(request);
      await place.query(`UPDATE ${place.tablePrefix}permits SET given = '${text}'`);
      await store.returnPermits({ key: 'key', count: 1, takenAt: now });
      expect((await store.takePermits(request)).granted).toBe(1);
      expect((await store.takePermits(request)).granted).toBe(0);
    },
  );
});

/** Does something eight times at once, on as many stores of one place. */
async function eightTimes<T>(
  place: SqlPlace,
  task: (store: JobStore, at: number) => Promise<T>,
): Promise<T[]> {
  const stores = await openAll(Array.from({ length: 8 }, () => place.store()));
  const tasks = stores.map((store, at) => task(found(store), at));
  await within(Promise.allSettled(tasks), 'all of them', 15_000);
  return Promise.all(tasks);
}
