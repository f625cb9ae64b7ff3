import { expect, it } from 'vitest';
import { aJob, aPut, aRun, HOUR } from '../../../src/testing/contract/records.js';
import { HOSTILE, UNKEEPABLE } from '../support/hostile-texts.js';
import { keepsHostileIds, keepsHostileTexts } from '../support/keeps-hostile-texts.js';
import { describeOnOwnRedis } from './support/redis-place.js';

describeOnOwnRedis('hostile ids, on Redis', (aPlace) => {
  keepsHostileIds(async () => aPlace().store());
});

describeOnOwnRedis('hostile texts, on Redis', (aPlace) => {
  keepsHostileTexts(async () => aPlace().store());
});

describeOnOwnRedis('hostile names, on Redis', (aPlace) => {
  it('of tasks are told apart by claims', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.store.addRuns(HOSTILE.map((task, at) => aRun(bench.now, { id: `${at}`, task })));
      await bench.store.putJobs(
        HOSTILE.map((task, at) => aPut(aJob(bench.now, { id: `job ${at}`, definition: { task } }))),
      );
      for (const [at, task] of HOSTILE.entries()) {
        const { runs, jobs } = await bench.claim({ tasks: new Set([task]) });
        expect([runs.map(({ id }) => id), jobs.map(({ id }) => id)]).toEqual([[`${at}`], [`job ${at}`]]);
      }
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('of executors and kinds of trigger are told apart by claims', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.store.putJobs(
        HOSTILE.map((name, at) =>
          aPut(aJob(bench.now, { id: `${at}`, definition: { executor: name, triggerKind: name } })),
        ),
      );
      for (const [at, name] of HOSTILE.entries()) {
        expect((await bench.claim({ executor: name })).jobs).toEqual([]);
        const { jobs } = await bench.claim({ executor: name, triggerKinds: new Set([name]) });
        expect(jobs.map(({ id }) => id)).toEqual([`${at}`]);
      }
    });
  });

  it('of owners and nodes are told apart', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await bench.store.putJobs(HOSTILE.map((owner, at) => aPut(aJob(bench.now, { id: `${at}`, owner }))));
      for (const [at, name] of HOSTILE.entries()) {
        const { items } = await bench.store.listJobs({ owner: name, limit: 5 });
        expect(items.map(({ id }) => id)).toEqual([`${at}`]);
        await bench.store.heartbeat(name, HOUR);
        const run = await bench.addRun();
        expect((await bench.claim({ node: name, triggerKinds: new Set() })).runs).toHaveLength(1);
        expect((await bench.store.heartbeat(name, HOUR)).mine.map(({ id }) => id)).toEqual([run.id]);
      }
      const { peers } = await bench.store.heartbeat('observer', HOUR);
      expect(new Set(peers.map(({ node }) => node))).toEqual(new Set(HOSTILE));
      for (const name of HOSTILE) expect(await bench.store.recover(name)).toHaveLength(1);
      expect((await bench.store.heartbeat('observer', HOUR)).peers).toEqual([]);
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it('of runs and keys are told apart', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      const runs = HOSTILE.map((id) => aRun(bench.now, { id, uniqueKey: id, jobName: id, tags: [id] }));
      expect((await bench.store.addRuns(runs)).every(({ outcome }) => outcome === 'queued')).toBe(true);
      for (const [at, id] of HOSTILE.entries()) {
        expect(await bench.store.getRun(id)).toEqual(runs[at]);
        const [again] = await bench.store.addRuns([aRun(bench.now, { uniqueKey: id })]);
        expect([again?.outcome, again?.run.id]).toEqual(['exists', id]);
      }
      const { items } = await bench.store.listRuns({ limit: HOSTILE.length });
      expect(items.map(({ id }) => id)).toEqual([...HOSTILE].sort((a, b) => byCodePoints(b, a)));
      for (const id of HOSTILE) {
        expect((await bench.store.requestCancel(id)).outcome).toBe('cancelled');
      }
      expect(await bench.store.pruneRuns(8.64e15, 1000)).toBe(HOSTILE.length);
      expect(await place.keys()).toEqual(['meta']);
    });
  });

  it('of what runs leave behind are kept as they are', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      for (const text of [...HOSTILE, ...UNKEEPABLE.filter((one) => !/\p{Cs}/u.test(one))]) {
        const id = await bench.addRun().then((run) => run.id);
        const run = await bench.claimRun();
        await bench.store.reportProgress('a', [{ runId: id, attempt: 1, progress: text }]);
        const outcome = { kind: 'end', status: 'failed', result: text, error: text } as const;
        const after = await bench.finish(run, { outcome });
        expect([after.progress, after.result, after.error]).toEqual([text, text, text]);
        expect(await bench.run(id)).toEqual(after);
        const job = await bench.addJob();
        await bench.store.releaseClaims('a', [
          { uid: job.uid, fence: (await bench.claimJob()).fence, wakeAt: null, error: text },
        ]);
        // As in every store: not each can keep a NUL.
        expect((await bench.job(job.id)).error).toBe(text.replaceAll('\0', '\ufffd'));
      }
    });
  });
});

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
