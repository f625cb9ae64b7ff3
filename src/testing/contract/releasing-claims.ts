import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { HOUR } from './records.js';

/** Shows what giving claims back does. */
export const releasingClaims: readonly StoreContractCase[] = [
  contractCase('releaseClaims lets a job be claimed again at the time given', async (bench) => {
    await bench.addJob({ id: 'job' });
    const { uid, fence } = await bench.claimJob();
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: bench.now + HOUR }]);
    const { jobs, nextAt } = await bench.claim();
    assert.deepEqual([jobs, nextAt], [[], bench.now + HOUR]);
    assert.equal((await bench.job('job')).wakeAt, bench.now + HOUR);
  }),

  contractCase('releaseClaims with a time that has come lets any node claim at once', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const { uid, fence } = await bench.claimJob({ claimMs: HOUR });
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: stored.wakeAt }]);
    const claimed = await bench.claimJob({ node: 'b' });
    assert.ok(claimed.fence > fence);
    assert.deepEqual({ ...claimed, fence: 0, wakeAt: 0 }, { ...stored, fence: 0, wakeAt: 0 });
  }),

  contractCase('releaseClaims without a time leaves the job as if it had not been claimed', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const { uid, fence } = await bench.claimJob({ claimMs: HOUR });
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: null }]);
    assert.equal((await bench.job('job')).wakeAt, stored.wakeAt);
    await bench.claimJob({ node: 'b' });
  }),

  contractCase('releaseClaims voids the claim', async (bench) => {
    await bench.addJob();
    const claimed = await bench.claimJob();
    const { uid, fence } = claimed;
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: bench.now + HOUR }]);
    assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
  }),

  contractCase('releaseClaims with an error parks the job with it, and no claim takes it', async (bench) => {
    const stored = await bench.addJob({ id: 'job' });
    const claimed = await bench.claimJob();
    const { uid, fence } = claimed;
    const error = '{"message":"The trigger threw — 💥 \\u0000"}';
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: bench.now - 1, error }]);
    const parked = await bench.job('job');
    assert.ok(parked.fence > fence);
    assert.deepEqual(parked, { ...stored, fence: parked.fence, state: 'parked', wakeAt: null, error });
    await bench.nothingToClaim();
    assert.deepEqual(await bench.tryCommit(claimed), { outcome: 'lost' });
  }),

  contractCase('releaseClaims parks a job whatever is in the error', async (bench) => {
    await bench.addJob({ id: 'job' });
    const { uid, fence } = await bench.claimJob();
    await bench.store.releaseClaims('a', [{ uid, fence, wakeAt: null, error: 'a\0b\ud800c' }]);
    const { state, error } = await bench.job('job');
    assert.equal(state, 'parked');
    assert.match(error ?? '', /^a.*b.*c$/su);
  }),

  contractCase(
    'releaseClaims passes over stale claims and unknown jobs, and takes the others',
    async (bench) => {
      for (const id of ['edited', 'removed', 'valid']) await bench.addJob({ id });
      const { jobs } = await bench.claim();
      await bench.store.patchJob('edited', { state: 'paused' });
      await bench.store.removeJob('removed');
      const edited = await bench.job('edited');
      const releases = jobs.map(({ uid, fence }) => ({
        uid,
        fence,
        wakeAt: bench.now + HOUR,
        error: '{"message":"x"}',
      }));
      await bench.store.releaseClaims('a', [{ uid: 'nobody', fence: 1, wakeAt: null }, ...releases]);
      assert.deepEqual(await bench.job('edited'), edited);
      assert.equal(await bench.store.getJob('removed'), null);
      assert.equal((await bench.job('valid')).state, 'parked');
      await bench.store.releaseClaims('a', []);
    },
  ),

  contractCase('releaseClaims by a node whose claim expired leaves the next claim', async (bench) => {
    await bench.addJob();
    const old = await bench.claimJob({ claimMs: 5 });
    await bench.pass(10);
    const claimed = await bench.claimJob({ node: 'b' });
    await bench.store.releaseClaims('a', [{ uid: old.uid, fence: old.fence, wakeAt: bench.now - 1 }]);
    assert.deepEqual(await bench.job(claimed.id), claimed);
    assert.equal((await bench.tryCommit(claimed, {}, 'b')).outcome, 'committed');
  }),
];
