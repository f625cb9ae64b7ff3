import type { JobStore, RunRecord, StoreHint } from 'escapement';
import { expect, it } from 'vitest';
import {
  aRun,
  aSkippedStep,
  aStep,
  AWAIT,
  FAILURE,
  HAND_BACK,
  HOUR,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { found, only } from '../../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../../src/testing/contract/store-bench.js';
import { eventually } from './connection/support/eventually.js';
import { BROKEN_HASHES, BROKEN_TEXTS } from './support/damage.js';
import { describeOnOwnRedis } from './support/redis-place.js';

const END_OF_TIME = 8.64e15;
const NO_MORE = { nextRunAt: null, dueAt: null };

/** Ends a step as a node, through a store of that one's own. */
async function finishAs(
  store: JobStore,
  node: string,
  { id, attempt }: RunRecord,
): Promise<RunRecord | null> {
  const finish = { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [], takesParent: true };
  return only(await store.finishRuns(node, [finish])).parent;
}

/** Makes a run of a job that awaits two steps, which nodes `a` and `b` run. */
async function aForkedChain(
  bench: StoreBench,
): Promise<{ parent: RunRecord; ofA: RunRecord; ofB: RunRecord }> {
  const { run } = await bench.fire({}, NO_MORE);
  const followUps = [aStep(bench.now, run, 0), aStep(bench.now, run, 1)];
  const parent = await bench.finish(run, { outcome: AWAIT, followUps });
  const ofA = only((await bench.claim({ limit: 1 })).runs);
  const ofB = only((await bench.claim({ limit: 1, node: 'b' })).runs);
  return { parent, ofA, ofB };
}

describeOnOwnRedis('the last two steps of a run', (aPlace) => {
  it('that two instances end at once give it to one of them', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const owners = new Set<string | null>();
      for (let round = 0; round < 40; round++) {
        const { parent, ofA, ofB } = await aForkedChain(bench);
        const [first, second] = round % 2 === 0 ? [ofA, ofB] : [ofB, ofA];
        const ends = [first, second].map((step) =>
          finishAs(step === ofA ? bench.store : peer, step.owner ?? '', step),
        );
        const given = (await Promise.all(ends)).filter((run) => run !== null);
        const taken = only(given);
        expect(taken).toEqual({ ...parent, owner: taken.owner, held: true });
        expect(await bench.run(parent.id)).toEqual(taken);
        owners.add(taken.owner);
        const { mine } = await bench.store.heartbeat(taken.owner ?? '', HOUR);
        expect(mine).toEqual([taken]);
        expect((await bench.tryFinish(taken)).ended).toMatchObject({ state: 'finished' });
      }
      expect(owners).toEqual(new Set(['a', 'b']));
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('of which one ends while the other is cancelled, and their run too, let it go on once', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      for (let round = 0; round < 50; round++) {
        const { parent, ofA, ofB } = await aForkedChain(bench);
        await bench.finish(ofB, { outcome: HAND_BACK });
        const [taken] = await Promise.all([
          finishAs(bench.store, 'a', ofA),
          peer.requestCancel(ofB.id),
          peer.requestCancel(parent.id),
        ]);
        const now = await bench.run(parent.id);
        expect(now.owner).toBe('a');
        // It may have been queued before it was asked for, and then it is over.
        expect(taken === null ? ['queued', 'cancelled'] : ['running']).toContain(now.status);
        if (now.status !== 'cancelled') expect(now.cancelRequested).toBe(true);
        if (now.status === 'queued') await bench.store.requestCancel(now.id);
        if (now.status === 'running') await bench.finish(now);
      }
      expect(await place.inconsistencies()).toEqual([]);
    });
  });
});

describeOnOwnRedis('a store that is emptied while a run awaits its steps', (aPlace) => {
  it('knows neither of them, and takes no end of a step for one of another life', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const { parent, ofA, ofB } = await aForkedChain(bench);
      await finishAs(bench.store, 'a', ofA);
      await place.redis.flushall();
      expect(await finishAs(peer, 'b', ofB)).toBeNull();
      expect(await peer.getRun(parent.id)).toBeNull();
      expect(await bench.tryFinish(parent, { outcome: AWAIT })).toMatchObject({ outcome: 'lost', run: null });
      expect(await place.keys()).toEqual(['meta']);
    });
  });

  it('has nothing left over, wherever in a chain that happens', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      for (let round = 0; round < 20; round++) {
        const chain = async (): Promise<void> => {
          const { ofA, ofB } = await aForkedChain(bench);
          const taken = (await finishAs(bench.store, 'a', ofA)) ?? (await finishAs(peer, 'b', ofB));
          if (taken !== null) await bench.finish(taken);
        };
        await Promise.all([chain().catch(() => null), peer.now().then(() => place.redis.flushall())]);
        expect(await place.inconsistencies()).toEqual([]);
      }
    });
  });
});

describeOnOwnRedis('a run that awaits its steps', (aPlace) => {
  it.each([
    ['children', (id: string) => `children:${id}`],
    ['steps', (id: string) => `steps:${id}`],
  ])('goes on after the last of them though its %s are of another type', async (_name, nameOf) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { parent, ofA, ofB } = await aForkedChain(bench);
      await place.redis.del(place.key(nameOf(parent.id)));
      await place.redis.set(place.key(nameOf(parent.id)), 'broken');
      const next = aStep(bench.now, parent, 2);
      expect(await bench.tryFinish(ofA, { followUps: [next] })).toMatchObject({
        outcome: 'ok',
        parent: null,
      });
      expect(await finishAs(bench.store, 'b', ofB)).toBeNull();
      const third = await bench.claimRun();
      expect(third.id).toBe(next.id);
      const taken = found(await finishAs(bench.store, 'a', third));
      await bench.finish(taken);
      expect((await bench.job(found(taken.jobId))).state).toBe('finished');
      expect(await bench.store.pruneRuns(END_OF_TIME, 10)).toBe(4);
    });
  });

  it.each(BROKEN_HASHES)(
    'goes on when the node of its last step looks, if the hash of that %s',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { parent, step } = await bench.begunChain();
        await damage(place.redis, place.key(`run:${step.id}`));
        await bench.store.heartbeat('b', HOUR);
        expect((await bench.claimRun()).id).toBe(parent.id);
      });
    },
  );

  it.each(BROKEN_HASHES)(
    'goes on with the next claim if the hash of its queued step %s',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { parent, step } = await bench.chain();
        await damage(place.redis, place.key(`run:${step.id}`));
        const runs = [...(await bench.claim()).runs, ...(await bench.claim()).runs];
        expect(only(runs)).toMatchObject({ id: parent.id, attempt: 2, slot: 0 });
      });
    },
  );

  it('goes on when it is asked to cancel if all of its steps are gone without a trace', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { job, parent, step } = await bench.chain();
      for (const name of ['run', 'run-record']) await place.redis.del(place.key(`${name}:${step.id}`));
      expect((await bench.claim()).runs).toEqual([]);
      expect(await bench.store.requestCancel(parent.id)).toMatchObject({ outcome: 'requested' });
      expect(await bench.claimRun()).toMatchObject({ id: parent.id, cancelRequested: true });
      // What names them still is cleared away by whoever lists them.
      for (const query of [{}, { jobId: job.id }, { parentRunId: parent.id }])
        await bench.store.listRuns({ ...query, limit: 10 });
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it.each(BROKEN_HASHES)(
    'gives its slot back when its last step ends, if its hash %s',
    async (_title, damage) => {
      const place = aPlace();
      await place.withBench(async (bench) => {
        const { job, run: parent } = await bench.fire({ id: 'job', definition: { maxInstances: 1 } });
        const skipped = aSkippedStep(bench.now, parent, 1);
        await bench.finish(parent, { outcome: AWAIT, followUps: [aStep(bench.now, parent, 0), skipped] });
        const step = await bench.claimRun({ node: 'b' });
        const waiting = await bench.addRunOf(job);
        await bench.claim();
        await damage(place.redis, place.key(`run:${parent.id}`));
        expect(await finishAs(bench.store, 'b', step)).toBeNull();
        expect((await bench.claimRun()).id).toBe(waiting.id);
        expect(await bench.store.pruneRuns(END_OF_TIME, 10)).toBe(2);
        expect([await bench.store.getRun(step.id), await bench.store.getRun(skipped.id)]).toEqual([
          null,
          null,
        ]);
      });
    },
  );

  it.each(BROKEN_TEXTS)('ends as failed when it goes on, if its text %s', async (_title, damage) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { parent, ofA, ofB } = await aForkedChain(bench);
      await damage(place.redis, place.key(`run-record:${parent.id}`));
      await finishAs(bench.store, 'a', ofA);
      expect(await finishAs(bench.store, 'b', ofB)).toBeNull();
      const hash = await place.redis.hgetall(place.key(`run:${parent.id}`));
      expect(hash).toMatchObject({ status: 'failed', held: '', slot: '' });
      expect(hash['error']).toContain('cannot be read');
      expect((await bench.job(found(parent.jobId))).state).toBe('finished');
      expect((await bench.store.heartbeat('b', HOUR)).mine).toEqual([]);
    });
  });

  it('is queued where what the node holds that would take it is of another type', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { parent, step } = await bench.begunChain();
      await place.redis.del(place.key('held:b'));
      await place.redis.set(place.key('held:b'), 'broken');
      expect(await finishAs(bench.store, 'b', step)).toMatchObject({ id: parent.id, status: 'queued' });
      expect((await bench.claimRun({ node: 'c' })).id).toBe(parent.id);
    });
  });

  it('that comes back to an instance is what it has become meanwhile, not what it was started as', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const { run } = await bench.fire({}, NO_MORE);
      const followUps = [aStep(bench.now, run, 0)];
      // The handler has not settled: the instance may still know the run.
      const awaiting = await bench.finish(run, { outcome: AWAIT, followUps, settled: false });
      const step = await bench.claimRun({ node: 'b' });
      await peer.requestCancel(run.id);
      const taken = found(await finishAs(bench.store, 'b', step));
      expect(taken).toEqual({ ...awaiting, owner: 'b', held: true, cancelRequested: true });
      await bench.store.reportProgress('b', [{ runId: run.id, attempt: 1, progress: '1' }]);
      const { run: ended } = await bench.tryFinish(taken, { outcome: FAILURE });
      expect(ended).toMatchObject({ status: 'failed', owner: 'b', progress: '1', cancelRequested: true });
      expect(ended).toEqual(await peer.getRun(run.id));
    });
  });

  it('and dies with its first step lets that be pruned with it', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.addRun({ id: 'parent' });
      const parent = await bench.claimRun({ node: 'b' });
      // It has begun a step before it could say that it awaits it. What is recovered first is what comes first by its id.
      await bench.store.addRuns([aStep(bench.now, parent, 0, { id: 'a step', recovery: 'abandon' })]);
      await bench.claimRun({ node: 'b' });
      await bench.store.requestCancel('parent');
      const statuses = (await bench.store.recover('b')).map(({ id, status }) => [id, status]);
      expect(new Map(statuses as [string, string][])).toEqual(
        new Map([
          ['a step', 'lost'],
          ['parent', 'cancelled'],
        ]),
      );
      expect(await place.inconsistencies()).toEqual([]);
      expect(await bench.store.pruneRuns(END_OF_TIME, 10)).toBe(2);
    });
  });
});

describeOnOwnRedis('steps that are over', (aPlace) => {
  it('are pruned after their run, though that is pruned before them', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const { parent, step } = await bench.begunChain();
      const skipped = aSkippedStep(bench.now + HOUR, parent, 1);
      const { parent: taken } = await bench.tryFinish(step, { followUps: [skipped], takesParent: true });
      await bench.finish(found(taken));
      expect(await bench.store.pruneRuns((await bench.store.now()) + 1, 10)).toBe(2);
      const { items } = await bench.store.listRuns({ parentRunId: parent.id, limit: 10 });
      expect(items).toEqual([skipped]);
      expect(await place.inconsistencies()).toEqual([]);
      expect(await bench.store.pruneRuns(END_OF_TIME, 10)).toBe(1);
      expect((await place.keys()).filter((name) => /^(?:children|steps|run|ended)/.test(name))).toEqual([]);
    });
  });
});

describeOnOwnRedis('reportProgress', (aPlace) => {
  it('is heard by other instances, and not by its own', async () => {
    const place = aPlace();
    await place.withBench(async (bench, peer) => {
      const [own, foreign]: [StoreHint[], StoreHint[]] = [[], []];
      await bench.store.subscribe?.((hint) => own.push(hint));
      await peer.subscribe?.((hint) => foreign.push(hint));
      const [{ id }] = [await bench.addRun()];
      await bench.claimRun();
      const report = { runId: id, attempt: 1, progress: '1' };
      await bench.store.reportProgress('b', [report]);
      await bench.store.reportProgress('a', [report, { ...report, attempt: 2 }]);
      await bench.queue(aRun(bench.now));
      const isWork = ({ kind }: StoreHint): boolean => kind === 'work';
      await eventually(() => expect(foreign.filter(isWork)).toHaveLength(2));
      expect(foreign.filter((hint) => !isWork(hint))).toEqual([{ kind: 'progress', runId: id }]);
      expect(own).toEqual([]);
    });
  });
});
