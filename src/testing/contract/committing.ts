import assert from 'node:assert/strict';
import { NO_COUNTS } from '../../job/job-record.js';
import { fireKey } from '../../job/run-record.js';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aDecision, aSpan, HOUR, MINUTE } from './records.js';
import { idsOf, only } from './store-bench.js';

/** Shows how the plan of a claimed job is committed. */
export const committing: readonly StoreContractCase[] = [
  contractCase('commitFirings advances the job and starts its run at once', async (bench) => {
    const nextRunAt = bench.now + HOUR;
    const fireAt = bench.now - MINUTE;
    await bench.addJob({ id: 'job', definition: { data: '1', tags: ['t'] } });
    const claimed = await bench.claimJob();
    const planned = bench.aFiring(claimed, fireAt);
    const result = await bench.commit(claimed, { nextRunAt, dueAt: nextRunAt + 3, runs: [planned] });
    const run = only(result.started);
    assert.deepEqual(result, {
      outcome: 'committed',
      started: [run],
      queued: [],
      skipped: [],
      cancelled: [],
      cancelRequested: [],
      ended: null,
    });
    const { fencingToken, startedAt } = run;
    const start = { status: 'running', owner: 'a', held: true, slot: 0, attempt: 1, fencingToken, startedAt };
    assert.deepEqual(run, { ...planned, ...start });
    assert.ok(startedAt !== null && startedAt >= bench.now);
    assert.ok(fencingToken > 0);
    assert.deepEqual(await bench.run(run.id), run);
    assert.deepEqual(await bench.job('job'), {
      ...claimed,
      fence: claimed.fence + 1,
      nextRunAt,
      dueAt: nextRunAt + 3,
      wakeAt: nextRunAt + 3,
      lastFireAt: fireAt,
      runCount: 1,
      lastToken: fencingToken,
    });
    assert.equal((await bench.claim()).nextAt, nextRunAt + 3);
  }),

  contractCase('commitFirings of a claim succeeds once', async (bench) => {
    const { id } = await bench.addJob();
    const claimed = await bench.claimJob();
    await bench.commit(claimed);
    const job = await bench.job(id);
    const late = { runs: [bench.aFiring(claimed, bench.now)] };
    assert.deepEqual(await bench.tryCommit(claimed, late), { outcome: 'lost' });
    assert.deepEqual(await bench.job(id), job);
    assert.equal((await bench.store.listRuns({ limit: 10 })).items.length, 1);
  }),

  contractCase('commitFirings with the fence from before the claim, or of no job, is lost', async (bench) => {
    const stored = await bench.addJob();
    await bench.claimJob();
    assert.deepEqual(await bench.tryCommit(stored), { outcome: 'lost' });
    assert.deepEqual(await bench.tryCommit({ ...stored, uid: 'nobody' }), { outcome: 'lost' });
    assert.deepEqual((await bench.store.listRuns({ limit: 10 })).items, []);
  }),

  contractCase('commitFirings treats each decision by itself, and answers in order', async (bench) => {
    for (const id of ['c', 'a', 'd', 'b']) await bench.addJob({ id });
    const { jobs } = await bench.claim();
    const order = ['c', 'a', 'd', 'b'].map((id) => jobs.find((job) => job.id === id));
    await bench.store.patchJob('a', { state: 'paused' });
    await bench.store.removeJob('d');
    const decisions = order.map((job) => aDecision(bench.now, job ?? bench.aJob()));
    const results = await bench.store.commitFirings('a', decisions);
    assert.deepEqual(
      results.map((result) => (result.outcome === 'lost' ? 'lost' : only(result.started).jobId)),
      ['c', 'lost', 'lost', 'b'],
    );
    assert.deepEqual(await bench.store.commitFirings('a', []), []);
  }),

  contractCase(
    'commitFirings inserts no run for a fire time that has one, and advances anyway',
    async (bench) => {
      const { id, job, run } = await (async () => {
        const fired = await bench.fire({ definition: { maxInstances: 5 } });
        return { id: fired.job.id, ...fired };
      })();
      const claimed = await bench.claimAgain(id, run.scheduledAt);
      const again = bench.aFiring(job, run.scheduledAt);
      const fresh = bench.aFiring(job, bench.now);
      const { started, queued, skipped } = await bench.commit(claimed, { runs: [again, fresh] });
      assert.deepEqual([idsOf(started), queued, skipped], [[fresh.id], [], []]);
      assert.equal(await bench.store.getRun(again.id), null);
      assert.deepEqual(await bench.run(run.id), run);
      const { runCount, nextRunAt, counts } = await bench.job(id);
      assert.deepEqual([runCount, nextRunAt, counts], [2, bench.now + HOUR, NO_COUNTS]);
    },
  ),

  contractCase('commitFirings takes a fire time for done when its run has ended', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.finish(run);
    const claimed = await bench.claimAgain(job.id, run.scheduledAt);
    const { started, queued } = await bench.commit(claimed, { runs: [bench.aFiring(job, run.scheduledAt)] });
    assert.deepEqual([started, queued], [[], []]);
    assert.equal((await bench.job(job.id)).runCount, 1);
  }),

  contractCase(
    'commitFirings takes a fire time for done that a backfill queued under its key',
    async (bench) => {
      const job = await bench.addJob();
      const fireAt = bench.now - MINUTE;
      await bench.addRunOf(job, {
        origin: 'backfill',
        uniqueKey: fireKey(job.uid, fireAt),
        availableAt: bench.now + HOUR,
      });
      const { started, queued } = await bench.commit(await bench.claimJob(), {
        runs: [bench.aFiring(job, fireAt)],
      });
      assert.deepEqual([started, queued], [[], []]);
    },
  ),

  contractCase('commitFirings takes one key twice in a decision once', async (bench) => {
    const job = await bench.addJob({ definition: { maxInstances: 5 } });
    const runs = [1, 2].map(() => bench.aFiring(job, bench.now - MINUTE));
    const { started, queued, skipped } = await bench.commit(await bench.claimJob(), { runs });
    assert.deepEqual([idsOf(started), queued, skipped], [idsOf(runs.slice(0, 1)), [], []]);
    assert.equal((await bench.job(job.id)).runCount, 1);
  }),

  contractCase('commitFirings starts no more runs than the node has executor slots for', async (bench) => {
    const job = await bench.addJob({ definition: { maxInstances: 5 } });
    const runs = [3, 2, 1].map((minutes) => bench.aFiring(job, bench.now - minutes * MINUTE));
    const { started, queued } = await bench.commit(await bench.claimJob(), { runs, startable: 1 });
    assert.deepEqual([idsOf(started), idsOf(queued)], [idsOf(runs.slice(0, 1)), idsOf(runs.slice(1))]);
    for (const run of queued) assert.deepEqual(await bench.run(run.id), run);
    for (const { status, owner, held, slot, attempt } of queued) {
      assert.deepEqual([status, owner, held, slot, attempt], ['queued', null, false, null, 0]);
    }
    assert.deepEqual(idsOf((await bench.claim({ node: 'b' })).runs), idsOf(queued));
  }),

  contractCase('commitFirings with no executor slot queues all, for any node', async (bench) => {
    await bench.addJob();
    const { started, queued } = await bench.commit(await bench.claimJob(), { startable: 0 });
    assert.deepEqual([started.length, queued.length], [0, 1]);
    assert.equal((await bench.claimRun({ node: 'b' })).id, only(queued).id);
  }),

  contractCase(
    'commitFirings queues what of a plan exceeds the job slots, and all of it runs in the end',
    async (bench) => {
      const job = await bench.addJob({ definition: { maxInstances: 1 } });
      const fireTimes = Array.from({ length: 6 }, (_, at) => bench.now - (10 - at) * MINUTE);
      const runs = fireTimes.map((fireAt) => bench.aFiring(job, fireAt));
      const { started, queued, skipped } = await bench.commit(await bench.claimJob(), { runs });
      assert.deepEqual([started.length, queued.length, skipped.length], [1, 5, 0]);
      const { lastFireAt, runCount } = await bench.job(job.id);
      assert.deepEqual([lastFireAt, runCount], [fireTimes.at(-1), 6]);
      const done: string[] = [];
      for (let run = only(started); ; run = await bench.claimRun()) {
        done.push((await bench.finish(run)).id);
        if (done.length === runs.length) break;
      }
      assert.deepEqual(done, idsOf(runs));
      assert.deepEqual((await bench.claim()).runs, []);
    },
  ),

  contractCase(
    'commitFirings counts fire times that did not become runs, in the same step',
    async (bench) => {
      await bench.addJob({ id: 'job' });
      const [missed, coalesced] = [aSpan(bench.now - 3 * HOUR, 10), aSpan(bench.now - HOUR, 4)];
      const first = [
        { kind: 'missed', span: missed },
        { kind: 'coalesced', span: coalesced },
      ] as const;
      await bench.commit(await bench.claimJob(), { counted: first });
      assert.deepEqual((await bench.job('job')).counts, {
        missed: { total: 10, exact: true, last: missed },
        skipped: null,
        coalesced: { total: 4, exact: true, last: coalesced },
      });
      const later = aSpan(bench.now - MINUTE, 3, false);
      const claimed = await bench.claimAgain('job', bench.now - 1);
      await bench.commit(claimed, { runs: [], counted: [{ kind: 'missed', span: later }] });
      const { counts, runCount } = await bench.job('job');
      assert.deepEqual(counts.missed, { total: 13, exact: false, last: later });
      assert.deepEqual(counts.coalesced, { total: 4, exact: true, last: coalesced });
      assert.equal(runCount, 1);
    },
  ),

  contractCase('commitFirings that is lost counts nothing', async (bench) => {
    const stored = await bench.addJob();
    await bench.claimJob();
    await bench.tryCommit(stored, { counted: [{ kind: 'missed', span: aSpan(bench.now, 1) }] });
    assert.deepEqual((await bench.job(stored.id)).counts, NO_COUNTS);
  }),

  contractCase('commitFirings without a run advances the job', async (bench) => {
    const { id } = await bench.addJob();
    const claimed = await bench.claimJob();
    const result = await bench.commit(claimed, { runs: [] });
    assert.deepEqual([result.started, result.queued, result.ended], [[], [], null]);
    const { nextRunAt, wakeAt, lastFireAt, runCount } = await bench.job(id);
    assert.deepEqual(
      [nextRunAt, wakeAt, lastFireAt, runCount],
      [bench.now + HOUR, bench.now + HOUR, null, 0],
    );
  }),

  contractCase(
    'commitFirings edits nothing: the version, the definition and the time of the last edit stay',
    async (bench) => {
      const stored = await bench.addJob({ version: 4, updatedAt: 5 });
      const { job } = { job: await bench.claimJob() };
      await bench.commit(job);
      const { version, updatedAt, definition, declaration } = await bench.job(stored.id);
      assert.deepEqual([version, updatedAt, definition], [4, 5, stored.definition]);
      assert.equal(declaration, stored.declaration);
    },
  ),
];
