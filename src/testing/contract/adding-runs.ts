import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aManualRun, aRun, HOUR } from './records.js';
import { found, idsOf, only } from './store-bench.js';

/** Shows how runs are queued. */
export const addingRuns: readonly StoreContractCase[] = [
  contractCase('addRuns queues runs, with a job and without, and answers in order', async (bench) => {
    const job = await bench.addJob({ state: 'paused' });
    const runs = [
      aRun(bench.now, { id: 'b' }),
      aManualRun(bench.now, job, { id: 'c' }),
      aRun(bench.now, { id: 'a' }),
    ];
    assert.deepEqual(
      await bench.store.addRuns(runs),
      runs.map((run) => ({ outcome: 'queued', run })),
    );
    for (const run of runs) assert.deepEqual(await bench.run(run.id), run);
    assert.equal((await bench.claim()).runs.length, 3);
    assert.deepEqual(await bench.store.addRuns([]), []);
  }),

  contractCase('addRuns changes nothing of the job', async (bench) => {
    const job = await bench.addJob();
    await bench.addRunOf(job);
    assert.deepEqual(await bench.job(job.id), job);
  }),

  contractCase('addRuns refuses a key that exists, and gives the run that has it', async (bench) => {
    const first = await bench.addRun({ uniqueKey: 'key', data: '1' });
    const second = aRun(bench.now, { uniqueKey: 'key', data: '2' });
    assert.deepEqual(await bench.store.addRuns([second]), [{ outcome: 'exists', run: first }]);
    assert.equal(await bench.store.getRun(second.id), null);
    const running = await bench.claimRun();
    assert.deepEqual(await bench.store.addRuns([second]), [{ outcome: 'exists', run: running }]);
    const ended = await bench.finish(running);
    assert.deepEqual(await bench.store.addRuns([second]), [{ outcome: 'exists', run: ended }]);
  }),

  contractCase('addRuns takes one key twice in a call once', async (bench) => {
    const runs = [aRun(bench.now, { uniqueKey: 'key' }), aRun(bench.now, { uniqueKey: 'key' })];
    const added = await bench.store.addRuns(runs);
    assert.deepEqual(added.map(({ outcome }) => outcome).sort(), ['exists', 'queued']);
    const queued = found(added.find(({ outcome }) => outcome === 'queued')).run;
    assert.deepEqual(
      added.map(({ run }) => run.id),
      [queued.id, queued.id],
    );
    assert.deepEqual(idsOf((await bench.store.listRuns({ limit: 10 })).items), [queued.id]);
  }),

  contractCase('addRuns takes runs without a key however many there are', async (bench) => {
    const runs = [aRun(bench.now), aRun(bench.now), aRun(bench.now)];
    assert.ok((await bench.store.addRuns(runs)).every(({ outcome }) => outcome === 'queued'));
    assert.equal((await bench.claim()).runs.length, 3);
  }),

  contractCase('addRuns of the same run again, as after a lost answer, changes nothing', async (bench) => {
    const run = await bench.addRun();
    const running = await bench.claimRun();
    assert.deepEqual(await bench.store.addRuns([run]), [{ outcome: 'exists', run: running }]);
    assert.deepEqual(await bench.run(run.id), running);
    await bench.nothingToClaim();
  }),

  contractCase('addRuns refuses the run of a job that is gone, and takes the others', async (bench) => {
    const job = bench.aJob();
    const runs = [aManualRun(bench.now, job), aRun(bench.now)];
    const [missing, queued] = await bench.store.addRuns(runs);
    assert.deepEqual(missing, { outcome: 'missing', run: runs[0] });
    assert.equal(queued?.outcome, 'queued');
    assert.equal(await bench.store.getRun(found(runs[0]).id), null);
    assert.equal((await bench.claimRun()).id, runs[1]?.id);
  }),

  contractCase('addRuns queues the run of a job whatever its state and however many run', async (bench) => {
    const { job } = await bench.fire({ definition: { maxInstances: 1, maxRuns: 1 } });
    await bench.addRunOf(job);
    await bench.addRunOf(job);
    await bench.addRunOf(await bench.addJob({ state: 'finished' }));
    await bench.addRunOf(await bench.addJob({ state: 'parked' }));
  }),

  contractCase('addRuns keeps a run for later until its time', async (bench) => {
    const run = await bench.addRun({ availableAt: bench.now + HOUR });
    const { runs, nextAt } = await bench.claim();
    assert.deepEqual([runs, nextAt], [[], bench.now + HOUR]);
    assert.deepEqual(only((await bench.store.listRuns({ statuses: ['queued'], limit: 10 })).items), run);
  }),
];
