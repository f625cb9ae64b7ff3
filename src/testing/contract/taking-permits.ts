import assert from 'node:assert/strict';
import type { Permits, PermitRequest } from '../../stores/job-store.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { together } from './racing-jobs.js';
import { HOUR } from './records.js';
import { found } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows that nodes share the permits of a limit. */
export const takingPermits: readonly StoreContractCase[] = [
  contractCase(
    'takePermits gives as many as are wanted, or as are left, through every node',
    async (bench) => {
      const peer = bench.stores.at(-1) ?? bench.store;
      const first = await take(bench, { wanted: 2, max: 5 });
      assert.deepEqual([first.granted, first.nextAt], [2, null]);
      const second = await peer.takePermits(aRequest({ wanted: 1, max: 5 }));
      assert.deepEqual([second.granted, second.nextAt], [1, null]);
      assert.equal((await take(bench, { wanted: 3, max: 5 })).granted, 2);
      assert.equal((await peer.takePermits(aRequest({ max: 5 }))).granted, 0);
    },
  ),

  contractCase('takePermits tells the store’s time, and when to ask again', async (bench) => {
    const first = await take(bench, { wanted: 3, max: 3 });
    assert.ok(first.now >= bench.now && first.now <= (await bench.store.now()));
    await bench.pass(10);
    const none = await take(bench, { wanted: 1, max: 3 });
    assert.deepEqual([none.granted, none.nextAt], [0, first.now + HOUR]);
    assert.ok(none.now >= first.now + 10);
    const some = await take(bench, { wanted: 2, max: 4 });
    assert.equal(some.granted, 1);
    // Permits that are given close to each other may be freed together, with the last of them.
    const nextAt = found(some.nextAt);
    assert.ok(nextAt >= first.now + HOUR && nextAt <= some.now + HOUR);
  }),

  contractCase('takePermits gives again what was given a whole span ago', async (bench) => {
    const perMs = 200;
    const first = await take(bench, { wanted: 2, max: 3, perMs });
    await bench.pass(perMs / 2);
    const second = await take(bench, { wanted: 2, max: 3, perMs });
    assert.equal(second.granted, second.now < first.now + perMs ? 1 : 2);
    await bench.pass(2 * perMs);
    const third = await take(bench, { wanted: 4, max: 3, perMs });
    assert.deepEqual([third.granted, third.nextAt], [3, third.now + perMs]);
    await bench.pass(perMs);
    assert.equal((await take(bench, { wanted: 3, max: 3, perMs })).granted, 3);
  }),

  contractCase('takePermits gives no more than the limit in any span, and goes on giving', async (bench) => {
    const perMs = 100;
    const max = 4;
    const taken: Permits[] = [];
    for (let at = 0; at < 20; at++) {
      taken.push(await take(bench, { wanted: 1 + (at % 3), max, perMs }));
      await bench.pass(20);
    }
    for (const { now } of taken) {
      const inSpan = taken.filter((other) => other.now >= now && other.now < now + perMs);
      const sum = inSpan.reduce((total, { granted }) => total + granted, 0);
      assert.ok(sum <= max, `${String(sum)} permits were given within one span`);
    }
    const all = taken.reduce((total, { granted }) => total + granted, 0);
    assert.ok(all >= 2 * max, `${String(all)} permits were given in more than three spans`);
  }),

  contractCase('takePermits goes by the limit of each request', async (bench) => {
    assert.equal((await take(bench, { wanted: 5, max: 5 })).granted, 5);
    const lowered = await take(bench, { wanted: 1, max: 2 });
    assert.equal(lowered.granted, 0);
    assert.notEqual(lowered.nextAt, null);
    assert.equal((await take(bench, { wanted: 9, max: 7 })).granted, 2);
  }),

  contractCase('permits of keys that look alike are different ones', async (bench) => {
    const long = 'k'.repeat(399);
    const keys = [
      'key',
      'Key',
      'kéy',
      'ke\u0301y',
      'key ',
      ' key',
      'k:e:y',
      'k%',
      'k_',
      '日本語',
      `${long}a`,
      `${long}b`,
    ];
    for (const key of keys) assert.equal((await take(bench, { key, wanted: 2, max: 3 })).granted, 2, key);
    for (const key of keys) assert.equal((await take(bench, { key, wanted: 2, max: 3 })).granted, 1, key);
  }),

  contractCase('returnPermits lets permits be taken anew', async (bench) => {
    const { now } = await take(bench, { wanted: 3, max: 3 });
    const peer = bench.stores.at(-1) ?? bench.store;
    await peer.returnPermits({ key: 'key', count: 2, takenAt: now });
    assert.equal((await take(bench, { wanted: 3, max: 3 })).granted, 2);
    await bench.store.returnPermits({ key: 'key', count: 1, takenAt: now });
    assert.equal((await take(bench, { wanted: 3, max: 3 })).granted, 1);
  }),

  contractCase('returnPermits gives nothing that was not taken then, nor under that key', async (bench) => {
    const { now } = await take(bench, { wanted: 3, max: 3 });
    await bench.store.returnPermits({ key: 'key', count: 2, takenAt: now - HOUR });
    await bench.store.returnPermits({ key: 'key', count: 2, takenAt: now + HOUR });
    await bench.store.returnPermits({ key: 'Key', count: 2, takenAt: now });
    assert.equal((await take(bench, { max: 3 })).granted, 0);
    await bench.store.returnPermits({ key: 'key', count: 50, takenAt: now });
    assert.equal((await take(bench, { wanted: 9, max: 3 })).granted, 3);
    assert.equal((await take(bench, { key: 'Key', wanted: 9, max: 3 })).granted, 3);
  }),

  contractCase('20 nodes that take permits at once get as many as there are, and no more', async (bench) => {
    const granted = await together(bench, 20, async (store) => {
      let sum = 0;
      for (let times = 0; times < 5; times++)
        sum += (await store.takePermits(aRequest({ wanted: 2, max: 75 }))).granted;
      return sum;
    });
    assert.equal(sumOf(granted), 75);
  }),

  contractCase('nodes that take and return permits at once lose none, and win none', async (bench) => {
    const kept = await together(bench, 10, async (store) => {
      let sum = 0;
      for (let times = 0; times < 5; times++) {
        const { granted, now } = await store.takePermits(aRequest({ wanted: 3, max: 1000 }));
        await store.returnPermits({ key: 'key', count: 1, takenAt: now });
        sum += granted - 1;
      }
      return sum;
    });
    assert.equal(sumOf(kept), 100);
    assert.equal((await take(bench, { wanted: 1000, max: 1000 })).granted, 900);
  }),
];

function aRequest(overrides: Partial<PermitRequest>): PermitRequest {
  return { key: 'key', wanted: 1, max: 1, perMs: HOUR, ...overrides };
}

async function take(bench: StoreBench, overrides: Partial<PermitRequest>): Promise<Permits> {
  return bench.store.takePermits(aRequest(overrides));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
