import type { JobStore, PutOutcome, RunRecord } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import { expect, it, onTestFinished } from 'vitest';
import { request } from '../../../src/testing/contract/racing-jobs.js';
import {
  aDecision,
  aFiring,
  aJob,
  aManualRun,
  aPut,
  aRun,
  HOUR,
  MINUTE,
  redeclared,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { found, only } from '../../../src/testing/contract/store-bench.js';
import { within } from '../../support/within.js';
import { kyselyOn } from './support/kysely-on.js';
import { onEngines, onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { openAll, opened } from './support/open-stores.js';

/** Is several stores on one database, each with connections of its own, as in processes of their own. */
interface Fleet {
  readonly stores: readonly JobStore[];
  readonly first: JobStore;
  readonly now: number;
}

async function aFleet(place: SqlPlace, size: number): Promise<Fleet> {
  const stores = await openAll(Array.from({ length: size }, () => place.store()));
  const first = found(stores[0]);
  return { stores, first, now: await first.now() };
}

/** Does something so many times at once, spread over the stores; nothing is under way any more when it fails. */
async function together<T>(
  { stores, first }: Fleet,
  times: number,
  task: (store: JobStore, at: number) => Promise<T>,
): Promise<T[]> {
  const tasks = Array.from({ length: times }, (_, at) => task(stores[at % stores.length] ?? first, at));
  await within(Promise.allSettled(tasks), 'all of them', 15_000);
  return Promise.all(tasks);
}

await onEveryEngine('stores in a race', (aPlace) => {
  it.each(['keep', 'update', 'error'] as const)(
    'insert a job that is put 200 times with %s once, and leave its clock alone',
    async (ifExists) => {
      const fleet = await aFleet(await aPlace(), 6);
      const { first, now } = fleet;
      const job = aJob(now, { id: 'job' });
      const outcomes = await together(fleet, 200, async (store, at) => {
        const clock = { nextRunAt: now + HOUR + at, dueAt: now + HOUR + at };
        return only(await store.putJobs([aPut(redeclared(job, clock), ifExists)]));
      });
      const inserted = only(outcomes.filter(({ outcome }) => outcome === 'inserted')).job;
      const others = outcomes.filter(({ outcome }) => outcome !== 'inserted');
      const expected: PutOutcome['outcome'] = ifExists === 'error' ? 'exists' : 'unchanged';
      expect(new Set(others.map(({ outcome }) => outcome))).toEqual(new Set([expected]));
      for (const { job: seen } of others) expect(seen).toEqual(inserted);
      expect((await first.listJobs({ limit: 10 })).items).toEqual([inserted]);
    },
  );

  it('lose no change of a declaration: the newest revision is left', async () => {
    const fleet = await aFleet(await aPlace(), 6);
    const { first, now } = fleet;
    const job = aJob(now, { id: 'job' });
    const outcomes = await together(fleet, 60, async (store, revision) => {
      const newer = redeclared(job, { revision, definition: { description: `revision ${revision}` } });
      return only(await store.putJobs([aPut(newer, 'update')]));
    });
    expect(outcomes.filter(({ outcome }) => outcome === 'inserted')).toHaveLength(1);
    const updated = outcomes.filter(({ outcome }) => outcome === 'updated');
    expect(await first.getJob('job')).toMatchObject({
      revision: 59,
      definition: { description: 'revision 59' },
      version: 1 + updated.length,
      fence: 1 + updated.length,
      nextRunAt: job.nextRunAt,
    });
  });

  it('queue one run of a key that all of them enqueue', async () => {
    const fleet = await aFleet(await aPlace(), 8);
    const { first, now } = fleet;
    const added = await together(fleet, 80, async (store) =>
      only(await store.addRuns([aRun(now, { uniqueKey: 'key' })])),
    );
    const queued = only(added.filter(({ outcome }) => outcome === 'queued')).run;
    for (const { run } of added) expect(run.id).toBe(queued.id);
    expect((await first.listRuns({ limit: 10 })).items).toEqual([queued]);
  });

  it('claim each of 500 due jobs once', async () => {
    const fleet = await aFleet(await aPlace(), 8);
    const { first, now } = fleet;
    const jobs = Array.from({ length: 500 }, (_, at) => aJob(now, { dueAt: now - (at % 9) }));
    await first.putJobs(jobs.map((job) => aPut(job)));
    const claimed: string[] = [];
    await together(fleet, 8, async (store, at) => {
      while (claimed.length < jobs.length) {
        const { jobs: got } = await store.claim(request(`node ${at}`, 20));
        claimed.push(...got.map(({ uid }) => uid));
        // What others have locked for this moment is looked for again.
        if (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    expect([...claimed].sort()).toEqual(jobs.map(({ uid }) => uid).sort());
  });

  it('commit no fire time of a job twice while it is edited, removed and added again', async () => {
    const fleet = await aFleet(await aPlace(), 6);
    const { first, now } = fleet;
    const ids = ['a', 'b', 'c'];
    const aDueJob = (id: string): ReturnType<typeof aPut> => {
      const clock = { nextRunAt: now - MINUTE, dueAt: now - MINUTE };
      return aPut(aJob(now, { id, ...clock, definition: { maxInstances: 1000 } }), 'replace');
    };
    await first.putJobs(ids.map(aDueJob));
    const started: RunRecord[] = [];
    const done = { commits: 0, lost: 0, edits: 0, removals: 0 };
    const until = performance.now() + 1500;
    await together(fleet, 12, async (store, at) => {
      const node = `node ${at}`;
      const id = found(ids[at % ids.length]);
      while (performance.now() < until) {
        if (at % 4 === 0) {
          // Back to a fire time that is committed already, or on to the next ones.
          const nextRunAt = now - MINUTE + Math.floor(Math.random() * 20);
          if (typeof (await store.patchJob(id, { nextRunAt, dueAt: nextRunAt })) !== 'string') done.edits++;
        } else if (at === 1) {
          if ((await store.removeJob(id)) !== null) done.removals++;
          await store.putJobs([aDueJob(id)]);
          await new Promise((resolve) => setTimeout(resolve, 20));
        } else {
          const { jobs } = await store.claim(request(node, 2));
          const decisions = jobs.map((job) => {
            const fireAt = found(job.nextRunAt);
            const runs = [aFiring(now, job, fireAt)];
            return aDecision(now, job, { runs, nextRunAt: fireAt + 1, dueAt: fireAt + 1 });
          });
          for (const result of await store.commitFirings(node, decisions)) {
            if (result.outcome === 'committed') started.push(...result.started);
            done[result.outcome === 'committed' ? 'commits' : 'lost']++;
          }
        }
      }
    });
    // It was a race.
    expect(Object.values(done).map((count) => count > 0)).toEqual([true, true, true, true]);
    const fireTimes = started.map(({ jobUid, scheduledAt }) => `${String(jobUid)} ${scheduledAt}`);
    expect(new Set(fireTimes).size).toBe(fireTimes.length);
    const stored = new Set((await allRuns(first)).map(({ id }) => id));
    expect(stored).toEqual(new Set(started.map(({ id }) => id)));
    for (const uid of new Set(started.map(({ jobUid }) => jobUid))) {
      const tokens = started.filter(({ jobUid }) => jobUid === uid).map(({ fencingToken }) => fencingToken);
      expect(new Set(tokens).size).toBe(tokens.length);
    }
  });

  it('give no more than 3 slots of a job to 10 callers', async () => {
    const fleet = await aFleet(await aPlace(), 5);
    const { first, now } = fleet;
    const job = aJob(now, { id: 'job', state: 'paused', definition: { maxInstances: 3 } });
    await first.putJobs([aPut(job)]);
    const held = new Map<number, string>();
    const most = { held: 0 };
    const ran = new Set<string>();
    const until = performance.now() + 10_000;
    await together(fleet, 10, async (store, at) => {
      const node = `node ${at}`;
      await store.addRuns(Array.from({ length: 4 }, () => aManualRun(now, job)));
      while (ran.size < 40 && performance.now() < until) {
        const { runs } = await store.claim(request(node, 4));
        for (const { id, slot } of runs) {
          expect([held.get(slot ?? -1), slot === 0 || slot === 1 || slot === 2]).toEqual([undefined, true]);
          held.set(slot ?? -1, id);
        }
        most.held = Math.max(most.held, held.size);
        await new Promise((resolve) => setTimeout(resolve, 2));
        for (const { id, slot, attempt } of runs) {
          held.delete(slot ?? -1);
          const finish = { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
          expect(only(await store.finishRuns(node, [finish])).outcome).toBe('ok');
          ran.add(id);
        }
      }
    });
    expect([ran.size, most.held]).toEqual([40, 3]);
  });

  it('end a job once when its last two runs end at once on two stores', async () => {
    const fleet = await aFleet(await aPlace(), 4);
    const { first, now, stores } = fleet;
    const jobs = Array.from({ length: 25 }, (_, at) =>
      aJob(now, { id: `job ${at}`, definition: { maxInstances: 2 } }),
    );
    await first.putJobs(jobs.map((job) => aPut(job)));
    const { jobs: claimed } = await first.claim(request('node', 100));
    const results = await first.commitFirings(
      'node',
      claimed.map((job) =>
        aDecision(now, job, {
          runs: [aFiring(now, job, now - 2), aFiring(now, job, now - 1)],
          nextRunAt: null,
          dueAt: null,
        }),
      ),
    );
    const ended: string[] = [];
    for (const result of results) {
      if (result.outcome === 'lost') throw new Error('A commit was lost');
      expect(result.started).toHaveLength(2);
      await Promise.all(
        result.started.map(async ({ id, attempt }, at) => {
          const finish = { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
          const { ended: job } = only(await found(stores[at]).finishRuns('node', [finish]));
          if (job !== null) ended.push(job.id);
        }),
      );
    }
    expect([...ended].sort()).toEqual(jobs.map(({ id }) => id).sort());
    const { items } = await first.listJobs({ states: ['finished'], limit: 100 });
    expect(items).toHaveLength(25);
  });

  it('let one of a finish and a recovery of a run win', async () => {
    const fleet = await aFleet(await aPlace(), 6);
    const { first, now } = fleet;
    const job = aJob(now, { id: 'job', state: 'paused', definition: { maxInstances: 30 } });
    await first.putJobs([aPut(job)]);
    const nodes = Array.from({ length: 30 }, (_, at) => `node ${at}`);
    const running: RunRecord[] = [];
    for (const node of nodes) {
      await first.heartbeat(node, HOUR);
      await first.addRuns([aManualRun(now, job)]);
      running.push(only((await first.claim(request(node, 1))).runs));
    }
    const outcomes = new Map<string, { finished: boolean; recovered: number }>();
    await together(fleet, 90, async (store, at) => {
      const run = found(running[at % 30]);
      const seen = outcomes.get(run.id) ?? { finished: false, recovered: 0 };
      outcomes.set(run.id, seen);
      if (at < 30) {
        const finish = { runId: run.id, attempt: 1, settled: true, outcome: SUCCESS, followUps: [] };
        seen.finished = only(await store.finishRuns(String(run.owner), [finish])).outcome === 'ok';
      } else {
        const { length } = await store.recover(String(run.owner));
        seen.recovered += length;
      }
    });
    for (const run of running) {
      const { finished, recovered } = found(outcomes.get(run.id));
      const { status, held, slot } = found(await first.getRun(run.id));
      expect([finished ? 0 : 1, finished ? 'succeeded' : 'queued', false, null]).toEqual([
        recovered,
        status,
        held,
        slot,
      ]);
    }
  });

  it('put, edit, run and remove overlapping batches of jobs without a failure', async () => {
    const fleet = await aFleet(await aPlace(), 6);
    const { first, now } = fleet;
    const ids = Array.from({ length: 12 }, (_, at) => `job ${at}`);
    const shuffled = (): string[] => [...ids].sort(() => Math.random() - 0.5);
    const until = performance.now() + 1500;
    await together(fleet, 18, async (store, at) => {
      const node = `node ${at}`;
      await store.heartbeat(node, HOUR);
      while (performance.now() < until) {
        switch (at % 6) {
          case 0:
            await store.putJobs(shuffled().map((id) => aPut(aJob(now, { id }), 'replace')));
            break;
          case 1:
            await store.putJobs(shuffled().map((id) => aPut(aJob(now, { id, revision: at }), 'update')));
            break;
          case 2: {
            const stored = (await store.listJobs({ limit: 20 })).items;
            await store.addRuns([...stored].reverse().map((job) => aManualRun(now, job)));
            break;
          }
          case 3:
            for (const id of shuffled()) await store.removeJob(id);
            break;
          case 4: {
            const { jobs, runs } = await store.claim(request(node, 8));
            const decisions = [...jobs]
              .reverse()
              .map((job) => aDecision(now, job, { overlap: 'cancelRunning' }));
            const results = await store.commitFirings(node, decisions);
            const started = results.flatMap((result) => (result.outcome === 'lost' ? [] : result.started));
            const finishes = [...runs, ...started].reverse().map(({ id, attempt }) => {
              return { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [] };
            });
            await store.finishRuns(node, finishes);
            break;
          }
          default:
            for (const { id } of (await store.listRuns({ statuses: ['queued', 'running'], limit: 20 })).items)
              await store.requestCancel(id);
            await store.recover(`node ${at - 1}`);
            await store.pruneRuns(now + HOUR, 10);
        }
      }
    });
    for (const { id } of (await first.listJobs({ limit: 100 })).items) await first.removeJob(id);
    expect((await first.listRuns({ statuses: ['queued'], limit: 10 })).items).toEqual([]);
  });
});

// On SQLite nothing can come in between: there is one writer at a time.
await onEngines(['postgres', 'mysql'], 'a recovery', (aPlace) => {
  it('loses no run that its node starts in the middle of it', async () => {
    const place = await aPlace();
    const { engine, tablePrefix } = place;
    const claiming = await opened(place.store());
    const now = await claiming.now();
    const job = aJob(now, { id: 'job', state: 'paused' });
    // With others beside it: MariaDB reads a table of one row whole, and locks what it reads.
    const others = Array.from({ length: 50 }, () => aPut(aJob(now, { state: 'paused' })));
    await claiming.putJobs([aPut(job), ...others]);
    await claiming.heartbeat('dead', HOUR);
    await claiming.addRuns([aManualRun(now, job)]);
    let started: readonly RunRecord[] | null = null;
    const db = kyselyOn(place, {
      log: async ({ query }) => {
        // The recovery has read what its node holds, and has not locked it yet.
        if (started !== null || !query.sql.includes(`${tablePrefix}runs`)) return;
        started = [];
        started = (await claiming.claim(request('dead', 1))).runs;
      },
    });
    onTestFinished(() => db.destroy());
    const recovering = await opened(new SqlJobStore({ db, dialect: engine, tablePrefix }));
    await within(recovering.recover('dead'));
    const run = only(found(started as readonly RunRecord[] | null));
    expect((await claiming.getRun(run.id))?.status).not.toBe('lost');
  });
});

async function allRuns(store: JobStore): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  let after: string | undefined;
  do {
    const page = await store.listRuns({ limit: 500, ...(after !== undefined && { after }) });
    runs.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return runs;
}
