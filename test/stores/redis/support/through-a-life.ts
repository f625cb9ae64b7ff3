import type { FiringDecision, RunFinish } from 'escapement';
import {
  aFiring,
  aRetry,
  aRun,
  aStep,
  AWAIT,
  DIED,
  HAND_BACK,
  HOUR,
  SUCCESS,
} from '../../../../src/testing/contract/records.js';
import { found, only } from '../../../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../../../src/testing/contract/store-bench.js';

/**
 * Calls every method of a store, so that there is every kind of key once.
 *
 * @param between - is called before each call
 */
export async function throughALife(
  bench: StoreBench,
  between: () => Promise<unknown> = async () => {},
): Promise<void> {
  const { store, now } = bench;
  const step = async <T>(call: () => Promise<T>): Promise<T> => {
    await between();
    return call();
  };
  const finish = async (
    runId: string,
    attempt: number,
    part: Partial<RunFinish>,
    node = 'a',
  ): Promise<void> => {
    const given = { runId, attempt, settled: true, outcome: SUCCESS, followUps: [], ...part };
    only(await step(() => store.finishRuns(node, [given])));
  };
  await step(() => store.heartbeat('a', HOUR));
  await step(() => store.heartbeat('b', HOUR));
  const job = await step(() => bench.addJob({ definition: { maxInstances: 2, tags: ['tag'] } }));
  const unnamed = await step(() => bench.addJob({ named: false, ...sameId() }));
  const { jobs } = await step(() => bench.claim());
  const decisions = jobs.map((one): FiringDecision => {
    const runs = [-3, -2, -1].map((at) => aFiring(now, one, now + at * 1000));
    const next = one.uid === job.uid ? now + HOUR : null;
    const part = {
      nextRunAt: next,
      dueAt: next,
      runs,
      startable: 1,
      overlap: 'queueAll',
      counted: [],
    } as const;
    return { uid: one.uid, fence: one.fence, ...part };
  });
  await step(() => store.commitFirings('a', decisions));
  const { mine } = await step(() => store.heartbeat('a', HOUR));
  const { runs: second } = await step(() => bench.claim({ node: 'b' }));
  for (const { id, attempt } of mine) {
    await step(() => store.reportProgress('a', [{ runId: id, attempt, progress: '{"fraction":0.5}' }]));
    await finish(id, attempt, { outcome: aRetry(now - 1), settled: false });
    await finish(id, attempt, { outcome: null });
  }
  for (const { id, attempt } of second.slice(0, 1)) {
    await step(() => store.requestCancel(id));
    await finish(id, attempt, { outcome: HAND_BACK }, 'b');
  }
  await step(() => store.recover('b'));
  await step(() => store.addRuns([aRun(now, { uniqueKey: 'key', expiresAt: now - 1 })]));
  for (let round = 0; round < 20; round++) {
    const { runs } = await step(() => bench.claim());
    for (const { id, attempt } of runs) await finish(id, attempt, {});
    if (runs.length === 0) break;
  }
  await step(() => store.addRuns([aRun(now)]));
  const parent = found((await step(() => bench.claim())).runs[0]);
  await finish(parent.id, 1, { outcome: AWAIT, followUps: [aStep(now, parent, 0), aStep(now, parent, 1)] });
  const [first, last] = (await step(() => bench.claim())).runs.map(({ id }) => id);
  await finish(found(first), 1, { outcome: DIED });
  await finish(found(last), 1, {});
  for (const { id } of (await step(() => bench.claim())).runs)
    await finish(id, 2, { takesParent: true, followUps: [aStep(now, parent, 2, { status: 'skipped' })] });
  await finish(parent.id, 1, {});
  await step(() => store.listRuns({ limit: 10, parentRunId: parent.id }));
  const { now: takenAt } = await step(() =>
    store.takePermits({ key: 'key', wanted: 1, max: 1, perMs: HOUR }),
  );
  await step(() => store.returnPermits({ key: 'key', count: 1, takenAt }));
  await step(() => store.patchJob(job.id, { nextRunAt: now - 1, dueAt: now - 1 }));
  const again = found((await step(() => bench.claim())).jobs[0]);
  await step(() => store.releaseClaims('a', [{ uid: again.uid, fence: again.fence, wakeAt: null }]));
  await step(() => store.listJobs({ limit: 10, tag: 'tag' }));
  await step(() => store.listRuns({ limit: 10, jobId: job.id }));
  await step(() => store.getRun(found(mine[0]).id));
  await step(() => store.removeJob(job.id));
  await step(() => store.removeJob(unnamed.id));
  await step(() => store.pruneRuns(8.64e15, 1000));
  await step(() => store.pruneJobs(8.64e15, 1000));
  await step(() => store.leave('a', []));
  await step(() => store.leave('b', []));
  // Whoever is there next clears away what those have left who held runs.
  await step(() => store.heartbeat('c', HOUR));
  await step(() => store.leave('c', []));
}

/** Gives the uid and the id of a job without a name, which are the same. */
function sameId(): { readonly uid: string; readonly id: string } {
  const id = `unnamed ${Math.random()}`;
  return { uid: id, id };
}
