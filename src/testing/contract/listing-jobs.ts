import assert from 'node:assert/strict';
import type { JobState } from '../../job/job-record.js';
import type { JobQuery } from '../../stores/job-store.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aPut } from './records.js';
import type { JobOverrides } from './records.js';
import { idsOf } from './store-bench.js';
import type { StoreBench } from './store-bench.js';

/** Shows how jobs are listed. */
export const listingJobs: readonly StoreContractCase[] = [
  contractCase('listJobs gives jobs in the order of their ids by code units', async (bench) => {
    const ids = ['b', 'a', 'B', 'é', 'a.', 'a-', 'a b', '10', '9', '_', 'ab', 'Z', 'z', '日', '~', 'A'];
    await addJobs(
      bench,
      ids.map((id) => ({ id })),
    );
    const sorted = ['10', '9', 'A', 'B', 'Z', '_', 'a', 'a b', 'a-', 'a.', 'ab', 'b', 'z', '~', 'é', '日'];
    assert.deepEqual(await listed(bench, {}), sorted);
  }),

  contractCase('listJobs leaves finished jobs out unless it is asked for them', async (bench) => {
    const states: readonly JobState[] = ['active', 'finished', 'parked', 'paused'];
    await addJobs(
      bench,
      states.map((state) => ({ id: state, state })),
    );
    assert.deepEqual(await listed(bench, {}), ['active', 'parked', 'paused']);
    assert.deepEqual(await listed(bench, { states }), states);
    assert.deepEqual(await listed(bench, { states: ['finished'] }), ['finished']);
    assert.deepEqual(await listed(bench, { states: ['paused', 'active'] }), ['active', 'paused']);
    assert.deepEqual(await listed(bench, { states: [] }), []);
  }),

  contractCase('listJobs selects by task, tag and owner, exactly', async (bench) => {
    await addJobs(bench, [
      { id: '1', owner: 'app', definition: { task: 'send', tags: ['a', 'b'] } },
      { id: '2', owner: 'App', definition: { task: 'Send', tags: ['A', 'ab'] } },
      { id: '3', owner: null, definition: { task: 'send_', tags: ['%', 'a"b', "it's"] } },
      { id: '4', owner: 'app', definition: { task: 'send', tags: ['a_b', 'a,b', '[]', '\\', 'é'] } },
    ]);
    assert.deepEqual(await listed(bench, { task: 'send' }), ['1', '4']);
    assert.deepEqual(await listed(bench, { owner: 'app' }), ['1', '4']);
    assert.deepEqual(await listed(bench, { owner: 'nobody' }), []);
    const byTag: Record<string, string[]> = {
      a: ['1'],
      A: ['2'],
      ab: ['2'],
      '%': ['3'],
      'a"b': ['3'],
      "it's": ['3'],
    };
    Object.assign(byTag, {
      'a,b': ['4'],
      a_b: ['4'],
      '\\': ['4'],
      '"': [],
      '': [],
      ',': [],
      'e\u0301': [],
      é: ['4'],
    });
    for (const [tag, ids] of Object.entries(byTag))
      assert.deepEqual(await listed(bench, { tag }), ids, `tag ${tag}`);
  }),

  contractCase('listJobs selects by all that it is asked for together', async (bench) => {
    await addJobs(bench, [
      { id: '1', owner: 'app', state: 'paused', definition: { tags: ['a'] } },
      { id: '2', owner: 'app', state: 'paused', definition: { tags: ['b'] } },
      { id: '3', owner: 'app', definition: { tags: ['a'] } },
      { id: '4', state: 'paused', definition: { tags: ['a'] } },
      { id: '5', owner: 'app', state: 'paused', definition: { tags: ['a'], task: 'other' } },
    ]);
    const query = { owner: 'app', states: ['paused'], tag: 'a', task: 'task' } as const;
    assert.deepEqual(await listed(bench, query), ['1']);
  }),

  contractCase('listJobs gives pages that together hold each job once', async (bench) => {
    const ids = Array.from({ length: 10 }, (_, at) => `job ${String(at)}`);
    await addJobs(
      bench,
      ids.map((id) => ({ id, definition: { tags: Number(id.slice(4)) % 2 === 0 ? ['even'] : [] } })),
    );
    assert.deepEqual(
      await pages(bench, { limit: 3 }),
      [3, 3, 3, 1].map((size, at) => ids.slice(at * 3, at * 3 + size)),
    );
    assert.deepEqual(await pages(bench, { limit: 5 }), [ids.slice(0, 5), ids.slice(5)]);
    assert.deepEqual(await pages(bench, { limit: 11 }), [ids]);
    const even = ids.filter((_, at) => at % 2 === 0);
    assert.deepEqual(await pages(bench, { limit: 3, tag: 'even' }), [even.slice(0, 3), even.slice(3)]);
    assert.deepEqual(await pages(bench, { limit: 3, tag: 'odd' }), [[]]);
  }),

  contractCase('listJobs goes on from a page though jobs came and went', async (bench) => {
    await addJobs(
      bench,
      ['a', 'c', 'e', 'g'].map((id) => ({ id })),
    );
    const { next } = await bench.store.listJobs({ limit: 2 });
    assert.notEqual(next, null);
    await bench.store.removeJob('c');
    await addJobs(bench, [{ id: 'b' }, { id: 'd' }]);
    const { items } = await bench.store.listJobs({ limit: 10, after: next ?? '' });
    assert.deepEqual(idsOf(items), ['d', 'e', 'g']);
  }),
];

async function addJobs(bench: StoreBench, jobs: readonly JobOverrides[]): Promise<void> {
  await bench.store.putJobs(jobs.map((job) => aPut(bench.aJob(job))));
}

async function listed(bench: StoreBench, query: Omit<JobQuery, 'limit'>): Promise<string[]> {
  return idsOf((await bench.store.listJobs({ ...query, limit: 100 })).items);
}

async function pages(bench: StoreBench, query: JobQuery): Promise<string[][]> {
  const found: string[][] = [];
  let after: string | null | undefined;
  while (after !== null && found.length < 20) {
    const page = await bench.store.listJobs(after === undefined ? query : { ...query, after });
    found.push(idsOf(page.items));
    after = page.next;
  }
  return found;
}
