import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aPut, asPut, HOUR, redeclared } from './records.js';
import { idsOf, only } from './store-bench.js';

/** Shows what adding, keeping and replacing jobs does. */
export const puttingJobs: readonly StoreContractCase[] = [
  contractCase('putJobs inserts new jobs, and answers in the order given', async (bench) => {
    const jobs = ['c', 'a', 'b'].map((id) => bench.aJob({ id }));
    const outcomes = await bench.store.putJobs(jobs.map((job) => aPut(job)));
    assert.deepEqual(
      outcomes.map(({ outcome, job, cancelled }) => ({ outcome, job: asPut(job), cancelled })),
      jobs.map((job) => ({ outcome: 'inserted', job: asPut(job), cancelled: [] })),
    );
    for (const { job } of outcomes) assert.deepEqual(await bench.job(job.id), job);
  }),

  contractCase('putJobs of nothing does nothing', async (bench) => {
    assert.deepEqual(await bench.store.putJobs([]), []);
  }),

  contractCase(
    'putJobs sets the wake time itself: the due time of an active job, none of another',
    async (bench) => {
      const dueAt = bench.now + HOUR + 5000;
      const clock = { nextRunAt: bench.now + HOUR, dueAt, wakeAt: 17 };
      assert.equal((await bench.addJob(clock)).wakeAt, dueAt);
      for (const state of ['paused', 'parked', 'finished'] as const) {
        assert.equal((await bench.addJob({ ...clock, state })).wakeAt, null);
      }
    },
  ),

  contractCase(
    'putJobs with error refuses an id that exists, and leaves its job as it was',
    async (bench) => {
      const stored = await bench.addJob({ id: 'taken' });
      const { outcome, cancelled } = await bench.put(bench.aJob({ id: 'taken' }), 'error');
      assert.deepEqual({ outcome, cancelled }, { outcome: 'exists', cancelled: [] });
      assert.deepEqual(await bench.job('taken'), stored);
    },
  ),

  contractCase('putJobs writes nothing of a batch in which one id is refused', async (bench) => {
    const taken = await bench.addJob({ id: 'taken' });
    const edited = await bench.addJob({ id: 'edited' });
    const replaced = await bench.addJob({ id: 'replaced' });
    const waiting = await bench.addRunOf(replaced);
    const outcomes = await bench.store.putJobs([
      aPut(bench.aJob({ id: 'new before' }), 'error'),
      aPut(redeclared(edited, { definition: { data: '1' } }), 'update'),
      aPut(bench.aJob({ id: 'taken' }), 'error'),
      aPut(bench.aJob({ id: 'replaced' }), 'replace'),
      aPut(bench.aJob({ id: 'zzz new after' }), 'keep'),
    ]);
    assert.equal(outcomes.length, 5);
    assert.equal(outcomes[2]?.outcome, 'exists');
    for (const { outcome, cancelled } of outcomes) {
      assert.ok(outcome === 'exists' || outcome === 'unchanged', `got ${outcome}`);
      assert.deepEqual(cancelled, []);
    }
    const { items } = await bench.store.listJobs({ limit: 10 });
    assert.deepEqual(items, [edited, replaced, taken]);
    assert.equal((await bench.run(waiting.id)).status, 'queued');
  }),

  contractCase('putJobs refuses a batch that adds one id twice with error', async (bench) => {
    const puts = [bench.aJob({ id: 'twice' }), bench.aJob({ id: 'other' }), bench.aJob({ id: 'twice' })];
    const outcomes = await bench.store.putJobs(puts.map((job) => aPut(job, 'error')));
    assert.ok(outcomes.some(({ outcome }) => outcome === 'exists'));
    assert.ok(outcomes.every(({ outcome }) => outcome !== 'inserted'));
    assert.deepEqual((await bench.store.listJobs({ limit: 10 })).items, []);
  }),

  contractCase('putJobs takes one id twice in a batch as two puts, one after the other', async (bench) => {
    const [first, second] = [bench.aJob({ id: 'twice' }), bench.aJob({ id: 'twice' })];
    const outcomes = await bench.store.putJobs([aPut(first, 'keep'), aPut(second, 'keep')]);
    assert.deepEqual(
      outcomes.map(({ outcome, job }) => [outcome, job.uid]),
      [
        ['inserted', first.uid],
        ['unchanged', first.uid],
      ],
    );
    assert.equal((await bench.job('twice')).uid, first.uid);
  }),

  contractCase('putJobs with keep gives the stored job, whatever its state, and leaves it', async (bench) => {
    for (const state of ['active', 'paused', 'parked', 'finished'] as const) {
      const stored = await bench.addJob({ id: state, state });
      const put = redeclared(stored, { state: 'active', definition: { data: '1', trigger: '{"date":1}' } });
      assert.deepEqual(await bench.put(put, 'keep'), { outcome: 'unchanged', job: stored, cancelled: [] });
      assert.deepEqual(await bench.job(state), stored);
    }
  }),

  contractCase(
    'putJobs with replace begins anew, cancels what was queued and leaves what runs',
    async (bench) => {
      const { job: old, run: running } = await bench.fire({ id: 'job' });
      const waiting = await bench.addRunOf(old);
      const job = bench.aJob({ id: 'job', definition: { data: '"new"' } });
      const { outcome, job: stored, cancelled } = await bench.put(job, 'replace');
      assert.equal(outcome, 'replaced');
      assert.deepEqual(asPut(stored), asPut(job));
      assert.deepEqual(await bench.job('job'), stored);
      assert.deepEqual(idsOf(cancelled), [waiting.id]);
      assert.equal(only(cancelled).status, 'cancelled');
      assert.deepEqual(await bench.run(waiting.id), only(cancelled));
      assert.deepEqual(await bench.run(running.id), running);
      assert.equal((await bench.claimJob()).uid, job.uid);
    },
  ),

  contractCase('putJobs with replace arms a finished job, and forgets a pause', async (bench) => {
    for (const state of ['finished', 'paused', 'parked'] as const) {
      await bench.addJob({ id: state, state, nextRunAt: null, dueAt: null });
      assert.equal((await bench.put(bench.aJob({ id: state }), 'replace')).outcome, 'replaced');
    }
    assert.equal((await bench.claim()).jobs.length, 3);
  }),

  contractCase('putJobs with replace or update refuses to undo a higher revision', async (bench) => {
    const stored = await bench.addJob({ id: 'job', revision: 2 });
    for (const revision of [1, null]) {
      for (const ifExists of ['replace', 'update'] as const) {
        const put = redeclared(stored, { revision, definition: { data: '1' } });
        assert.deepEqual(await bench.put(put, ifExists), { outcome: 'stale', job: stored, cancelled: [] });
      }
    }
    assert.deepEqual(await bench.job('job'), stored);
  }),

  contractCase('putJobs with replace or update takes an equal or higher revision', async (bench) => {
    const stored = await bench.addJob({ id: 'job', revision: 2 });
    const same = redeclared(stored, { definition: { data: '1' } });
    assert.equal((await bench.put(same, 'update')).outcome, 'updated');
    assert.equal((await bench.put(redeclared(same), 'replace')).outcome, 'replaced');
    assert.equal((await bench.put(redeclared(same, { revision: 3 }), 'update')).outcome, 'updated');
    assert.equal((await bench.job('job')).revision, 3);
  }),

  contractCase('putJobs treats each put of a batch by its own mode', async (bench) => {
    for (const id of ['kept', 'updated', 'replaced', 'same']) await bench.addJob({ id });
    const change = { definition: { data: '1' } };
    const outcomes = await bench.store.putJobs([
      aPut(redeclared(await bench.job('updated'), change), 'update'),
      aPut(redeclared(await bench.job('kept'), change), 'keep'),
      aPut(redeclared(await bench.job('same')), 'update'),
      aPut(bench.aJob({ id: 'new' }), 'error'),
      aPut(bench.aJob({ id: 'replaced', ...change }), 'replace'),
    ]);
    assert.deepEqual(
      outcomes.map(({ outcome, job }) => [job.id, outcome, job.definition.data]),
      [
        ['updated', 'updated', '1'],
        ['kept', 'unchanged', null],
        ['same', 'unchanged', null],
        ['new', 'inserted', null],
        ['replaced', 'replaced', '1'],
      ],
    );
  }),
];
