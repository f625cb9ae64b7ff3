import assert from 'node:assert/strict';
import { contractCase, unlessRecovered, unlessShared } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { FAILURE, HOUR, SUCCESS } from './records.js';
import { found, idsOf, only } from './store-bench.js';

/** Shows how nodes open a store, live and leave. */
export const living: readonly StoreContractCase[] = [
  contractCase('open and close do nothing when they are called again', async (bench) => {
    await bench.reopen();
    const job = await bench.addJob({ id: 'job' });
    await bench.reopen();
    assert.deepEqual(await bench.job('job'), job);
    await bench.store.close();
    await bench.store.close();
  }),

  contractCase('now is the store’s time, and goes on', async (bench) => {
    const before = await bench.store.now();
    assert.ok(Number.isSafeInteger(before));
    await bench.pass(10);
    const { now } = await bench.claim();
    assert.ok(now >= before + 10);
    assert.ok((await bench.store.now()) >= now);
    assert.ok((await bench.store.heartbeat('a', 1000)).now >= now);
  }),

  contractCase(
    'heartbeat says whether the node was on the list',
    async (bench) => {
      assert.equal((await bench.store.heartbeat('x', HOUR)).alive, false);
      assert.equal((await bench.store.heartbeat('x', HOUR)).alive, true);
      await bench.store.recover('x');
      assert.equal((await bench.store.heartbeat('x', HOUR)).alive, false);
      assert.equal((await bench.store.heartbeat('x', HOUR)).alive, true);
    },
    unlessRecovered,
  ),

  contractCase('heartbeat gives the runs that the node holds, and what is asked of them', async (bench) => {
    await bench.store.heartbeat('a', HOUR);
    const { run } = await bench.fire({ id: 'mine' });
    const { run: unsettled } = await bench.fire({ id: 'unsettled' });
    const { run: foreign } = await bench.fire({ id: 'foreign' }, {}, 'b');
    const { run: over } = await bench.fire({ id: 'over' });
    await bench.addRun({ availableAt: bench.now + HOUR });
    await bench.finish(over);
    const held = await bench.finish(unsettled, { outcome: FAILURE, settled: false });
    await bench.store.requestCancel(run.id);
    const { mine } = await bench.store.heartbeat('a', HOUR);
    assert.deepEqual(
      [...mine].sort((a, b) => (a.id < b.id ? -1 : 1)),
      [{ ...run, cancelRequested: true }, held].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    assert.deepEqual(idsOf((await bench.store.heartbeat('b', HOUR)).mine), [foreign.id]);
    assert.deepEqual((await bench.store.heartbeat('c', HOUR)).mine, []);
  }),

  contractCase(
    'heartbeat gives those that hold runs and are on no list, as nodes that stand still',
    async (bench) => {
      await bench.addRun();
      await bench.store.heartbeat('late', HOUR);
      await bench.store.recover('late');
      await bench.claimRun({ node: 'late' });
      const first = only((await bench.store.heartbeat('b', HOUR)).peers);
      await bench.pass(5);
      const second = only((await bench.store.heartbeat('b', HOUR)).peers);
      assert.deepEqual([first.node, second.node], ['late', 'late']);
      assert.equal(second.sequence, first.sequence);
      assert.equal((await bench.store.recover('late')).length, 1);
      assert.deepEqual((await bench.store.heartbeat('b', HOUR)).peers, []);
    },
    unlessShared,
  ),

  contractCase(
    'heartbeat gives the other nodes, with a sequence that grows and the end of their leases',
    async (bench) => {
      await bench.store.heartbeat('a', 30_000);
      assert.deepEqual((await bench.store.heartbeat('a', 30_000)).peers, []);
      const { peers, now } = await bench.store.heartbeat('b', 30_000);
      const first = only(peers);
      assert.equal(first.node, 'a');
      assert.ok(first.leaseUntil >= bench.now + 30_000 && first.leaseUntil <= now + 30_000);
      assert.deepEqual(only((await bench.store.heartbeat('b', 30_000)).peers), first);
      await bench.store.heartbeat('a', HOUR);
      const second = only((await bench.store.heartbeat('b', 30_000)).peers);
      assert.ok(second.sequence > first.sequence);
      assert.ok(second.leaseUntil >= bench.now + HOUR);
    },
    unlessRecovered,
  ),

  contractCase(
    'heartbeat keeps a node on the list whose lease has ended, until somebody takes it off',
    async (bench) => {
      await bench.store.heartbeat('a', 5);
      await bench.pass(20);
      const { peers, now } = await bench.store.heartbeat('b', HOUR);
      assert.equal(only(peers).node, 'a');
      assert.ok(only(peers).leaseUntil <= now);
      assert.equal((await bench.store.heartbeat('a', HOUR)).alive, true);
    },
    unlessRecovered,
  ),

  contractCase(
    'leave takes a node off the list',
    async (bench) => {
      await bench.store.heartbeat('a', HOUR);
      await bench.store.heartbeat('b', HOUR);
      await bench.store.leave('a', []);
      assert.deepEqual((await bench.store.heartbeat('b', HOUR)).peers, []);
      await bench.store.leave('a', []);
      await bench.store.leave('nobody', []);
      assert.equal((await bench.store.heartbeat('a', HOUR)).alive, false);
    },
    unlessRecovered,
  ),

  contractCase('leave hands back and loses runs as it is told', async (bench) => {
    await bench.store.heartbeat('a', HOUR);
    const back = await bench.fire({ id: 'back' });
    const lost = await bench.fire({ id: 'lost' });
    await bench.store.leave('a', [
      { runId: back.run.id, attempt: 1, action: 'hand-back' },
      { runId: lost.run.id, attempt: 1, action: 'lose' },
    ]);
    const ended = await bench.run(lost.run.id);
    assert.deepEqual([ended.status, ended.held, ended.slot], ['lost', false, null]);
    assert.ok(found(ended.finishedAt) >= bench.now);
    const { status, held, slot, failures, recoveries, availableAt } = await bench.run(back.run.id);
    assert.deepEqual([status, held, slot, failures, recoveries], ['queued', false, null, 0, 0]);
    assert.ok(availableAt <= (await bench.store.now()));
    const again = await bench.claimRun({ node: 'b' });
    assert.deepEqual([again.id, again.attempt, again.owner], [back.run.id, 2, 'b']);
  }),

  contractCase('leave frees what an ended run holds, and keeps its outcome', async (bench) => {
    const { job, run } = await bench.fire({ definition: { maxInstances: 1 } });
    await bench.addRunOf(job, { id: 'waiting' });
    await bench.finish(run, { outcome: SUCCESS, settled: false });
    await bench.store.leave('a', [{ runId: run.id, attempt: 1, action: 'lose' }]);
    const { status, held, slot } = await bench.run(run.id);
    assert.deepEqual([status, held, slot], ['succeeded', false, null]);
    assert.equal((await bench.claimRun({ node: 'b' })).id, 'waiting');
  }),

  contractCase('leave passes over runs of other nodes, other attempts, and unknown ones', async (bench) => {
    const { run } = await bench.fire({}, {}, 'b');
    await bench.store.leave('a', [{ runId: run.id, attempt: 1, action: 'lose' }]);
    await bench.store.leave('b', [
      { runId: run.id, attempt: 2, action: 'lose' },
      { runId: 'nobody', attempt: 1, action: 'hand-back' },
    ]);
    assert.deepEqual(await bench.run(run.id), run);
  }),

  contractCase('leave ends a job whose last run it ends or frees', async (bench) => {
    const last = { nextRunAt: null, dueAt: null };
    const lost = await bench.fire({ id: 'lost' }, last);
    const settled = await bench.fire({ id: 'settled' }, last);
    const back = await bench.fire({ id: 'back' }, last);
    await bench.finish(settled.run, { settled: false });
    await bench.store.leave('a', [
      { runId: lost.run.id, attempt: 1, action: 'lose' },
      { runId: settled.run.id, attempt: 1, action: 'lose' },
      { runId: back.run.id, attempt: 1, action: 'hand-back' },
    ]);
    const states = [];
    for (const id of ['lost', 'settled', 'back']) states.push((await bench.job(id)).state);
    assert.deepEqual(states, ['finished', 'finished', 'active']);
  }),

  contractCase('leave does not queue a run again whose job was removed', async (bench) => {
    const { job, run } = await bench.fire();
    await bench.store.removeJob(job.id);
    await bench.store.leave('a', [{ runId: run.id, attempt: 1, action: 'hand-back' }]);
    assert.equal((await bench.run(run.id)).status, 'cancelled');
    await bench.nothingToClaim({ node: 'b' });
  }),

  contractCase('a node that has left can end none of the runs it gave back', async (bench) => {
    const { run } = await bench.fire();
    await bench.store.leave('a', [{ runId: run.id, attempt: 1, action: 'hand-back' }]);
    for (const outcome of [SUCCESS, FAILURE])
      assert.equal((await bench.tryFinish(run, { outcome })).outcome, 'lost');
    assert.equal((await bench.claimRun({ node: 'b' })).attempt, 2);
    assert.equal((await bench.tryFinish(run)).outcome, 'lost');
  }),
];
