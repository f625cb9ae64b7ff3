import { CompiledQuery, sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { JobStore, RunFinish, RunRecord } from 'escapement';
import { SqlJobStore } from 'escapement/stores/sql';
import { expect, it, onTestFinished } from 'vitest';
import { request } from '../../../src/testing/contract/racing-jobs.js';
import {
  aJob,
  aManualRun,
  aPut,
  aRun,
  aStep,
  AWAIT,
  HOUR,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { found, idsOf, only } from '../../../src/testing/contract/store-bench.js';
import { within } from '../../support/within.js';
import { kyselyOn } from './support/kysely-on.js';
import { onEngines, onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { openAll, opened } from './support/open-stores.js';

/** Is a run that awaits its steps, and these, which are running: each on the node that has its place for a name. */
interface Chain {
  readonly parent: RunRecord;
  readonly steps: readonly RunRecord[];
}

/** Is a store on a Kysely instance of its own, with the statements that it has sent, and what they failed with. */
interface WatchedStore {
  readonly store: SqlJobStore;
  readonly db: Kysely<unknown>;
  readonly sent: CompiledQuery[];
  readonly failures: unknown[];
}

await onEveryEngine('two stores that end the last two steps of a run at once', (aPlace) => {
  it.each([
    [true, true],
    [false, false],
    [true, false],
  ])('let it go on once, given to a node or queued (%s, %s)', async (...takesParent) => {
    const stores = await aPair(await aPlace());
    const [first] = stores;
    const chains = [...(await begin(first, 15, 2)), ...(await begin(first, 15, 2, {}, { isOfJobs: false }))];
    const goneOn: RunRecord[] = [];
    for (const { parent, steps } of chains) {
      const ends = stores.map(async (store, at) => {
        const finish = aFinish(found(steps[at]), { takesParent: found(takesParent[at]) });
        return { at, ...only(await store.finishRuns(`node ${at}`, [finish])) };
      });
      const results = await within(Promise.all(ends));
      expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
      const { at, parent: next } = only(results.filter((result) => result.parent !== null));
      const isTaken = found(takesParent[at]);
      expect(next).toMatchObject(
        isTaken
          ? { id: parent.id, status: 'running', owner: `node ${at}`, held: true, slot: parent.slot }
          : { id: parent.id, status: 'queued', held: false, slot: null },
      );
      expect(await first.getRun(parent.id)).toEqual(next);
      goneOn.push(found(next));
    }
    const { runs } = await first.claim(request('later', 100));
    const queued = goneOn.filter(({ status }) => status === 'queued');
    expect(idsOf(runs).sort()).toEqual(idsOf(queued).sort());
    for (const [at, store] of stores.entries()) {
      const { mine } = await store.heartbeat(`node ${at}`, HOUR);
      expect(mine.every(({ owner, status }) => owner === `node ${at}` && status === 'running')).toBe(true);
    }
  });
});

await onEveryEngine('the last steps of a run', (aPlace) => {
  it('let it go on with the one that is the last of a batch', async () => {
    const store = await opened((await aPlace()).store());
    const { parent, steps } = only(await begin(store, 1, 1));
    const now = await store.now();
    await store.addRuns([1, 2].map((step) => aStep(now, parent, step, { executor: 'executor 0' })));
    const claim = { ...request('node 0', 5), executor: 'executor 0' };
    const all = [...steps, ...(await store.claim(claim)).runs];
    const results = await store.finishRuns(
      'node 0',
      all.map((step) => aFinish(step, { takesParent: true })),
    );
    expect(results.map((result) => result.parent?.id ?? null)).toEqual([null, null, parent.id]);
    expect((await store.heartbeat('node 0', HOUR)).mine).toEqual([results[2]?.parent]);
  });

  it('let it go on when they are of a job that is removed', async () => {
    const store = await opened((await aPlace()).store());
    const now = await store.now();
    const job = aJob(now, { id: 'of-the-step', state: 'paused' });
    await store.putJobs([aPut(job)]);
    const overrides = { jobUid: job.uid, jobId: job.id };
    const { parent, steps } = only(await begin(store, 1, 1, overrides, { isClaimed: false }));
    expect((await store.removeJob(job.id))?.cancelled.map(({ id }) => id)).toEqual(idsOf(steps));
    expect(only((await store.claim(request('node', 5))).runs).id).toBe(parent.id);
  });
});

await onEngines(['postgres', 'mysql'], 'steps of each other’s parents', (aPlace) => {
  it('are ended in batches while these are cancelled, in one order of locks: nothing waits in a circle', async () => {
    const place = await aPlace();
    const watched = await Promise.all(Array.from({ length: 5 }, () => aWatchedStore(place)));
    const [first, ...others] = watched.map(({ store }) => store);
    const chains = await begin(found(first), 40, 4);
    const shuffled = (): Chain[] => [...chains].sort(() => Math.random() - 0.5);
    let ending = others.length;
    const ends = others.map(async (store, at) => {
      for (let left = shuffled(); left.length > 0; left = left.slice(8)) {
        const batch = left
          .slice(0, 8)
          .map(({ steps }) => aFinish(found(steps[at]), { takesParent: at === 0 }));
        await store.finishRuns(`node ${at}`, batch);
      }
      ending--;
    });
    // Parents are runs like others to those who ask for them.
    const asks = Array.from({ length: 2 }, async () => {
      while (ending > 0) {
        const some = shuffled().slice(0, 8);
        const again = some.map(({ parent }) => aFinish(parent, { outcome: AWAIT }));
        await found(first).finishRuns('parent', again);
        await found(first).requestCancel(found(some[0]).parent.id);
      }
    });
    await within(Promise.all([...ends, ...asks]), 'all ends', 15_000);
    expect(watched.flatMap(({ failures }) => failures)).toEqual([]);
    const { items } = await found(first).listRuns({ statuses: ['succeeded'], limit: 500 });
    expect(items).toHaveLength(160);
  });

  it('are left for later when they have expired and others have locked their parents', async () => {
    const place = await aPlace();
    const store = await opened(place.store());
    const now = await store.now();
    const { parent } = only(
      await begin(store, 1, 1, { availableAt: now - 2, expiresAt: now - 1 }, { isClaimed: false }),
    );
    const db = kyselyOn(place);
    onTestFinished(() => db.destroy());
    await db.connection().execute(async (session) => {
      await sql`begin`.execute(session);
      await sql`select 1 from ${sql.table(`${place.tablePrefix}runs`)} where id = ${parent.id} for update`.execute(
        session,
      );
      const { missed, nextAt } = await within(store.claim(request('node', 5)));
      expect([missed, nextAt]).toEqual([[], expect.any(Number)]);
      await sql`rollback`.execute(session);
    });
    expect((await store.claim(request('node', 5))).missed).toMatchObject([{ status: 'missed' }]);
    expect(only((await store.claim(request('node', 5))).runs).id).toBe(parent.id);
  });

  it('let these go on when they are lost though they began in the middle of a recovery', async () => {
    const place = await aPlace();
    const claiming = await opened(place.store());
    const { parent } = only(await begin(claiming, 1, 1, { recovery: 'abandon' }, { isClaimed: false }));
    const { tablePrefix, engine } = place;
    let started: readonly RunRecord[] | null = null;
    const db = kyselyOn(place, {
      log: async ({ query }) => {
        if (started !== null || !query.sql.includes('parent_run_id')) return;
        started = [];
        started = (await claiming.claim(request('dead', 1))).runs;
      },
    });
    onTestFinished(() => db.destroy());
    const recovering = await opened(new SqlJobStore({ db, dialect: engine, tablePrefix }));
    await claiming.heartbeat('dead', HOUR);
    await within(recovering.recover('dead'));
    const step = only(found(started as readonly RunRecord[] | null));
    // It may have begun after the recovery had read what there is; then the next one finds it.
    if ((await claiming.getRun(step.id))?.status === 'running') await recovering.recover('dead');
    expect((await claiming.getRun(step.id))?.status).toBe('lost');
    expect((await claiming.getRun(parent.id))?.status).toBe('queued');
  });
});

await onEveryEngine('statements about runs', (aPlace) => {
  it('do not ask for steps where a finish is of none', async () => {
    const { store, sent } = await aWatchedStore(await aPlace());
    const now = await store.now();
    const job = aJob(now, { id: 'job', state: 'paused' });
    await store.putJobs([aPut(job)]);
    await store.addRuns([aManualRun(now, job), aRun(now)]);
    const { runs } = await store.claim(request('node', 2));
    sent.length = 0;
    const results = await store.finishRuns(
      'node',
      runs.map((run) => aFinish(run)),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    const texts = sent
      .map(({ sql: text }) => text)
      .filter((text) => !/^(?:begin|commit|start|set)/.test(text));
    // The jobs, the runs, what is written of each of the two (at once, but for SQLite), and whether the job is at its end.
    expect(texts).toHaveLength(4 + (texts.filter((text) => text.startsWith('update')).length - 1));
    expect(texts.filter((text) => text.includes('parent_run_id'))).toEqual([]);
  });

  it('find those of a parent by an index, however many others there are', async () => {
    const place = await aPlace();
    const { store, db, sent } = await aWatchedStore(place);
    const now = await store.now();
    const parent = aRun(now);
    const others = Array.from({ length: 3000 }, (_, at) => aRun(now, { createdAt: now - at }));
    const steps = [0, 1, 2].map((step) => aStep(now, parent, step));
    await store.addRuns([parent, ...others, ...steps]);
    const { engine, tablePrefix } = place;
    const table = `${tablePrefix}runs`;
    if (engine === 'postgres') await place.query(`ANALYZE ${table}`);
    if (engine === 'mysql') await place.query(`ANALYZE TABLE ${table}`);
    sent.length = 0;
    const { items } = await store.listRuns({ parentRunId: parent.id, limit: 2 });
    expect(items.map(({ step }) => step)).toEqual(
      [...steps]
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, 2)
        .map(({ step }) => step),
    );
    const { sql: text, parameters } = only(sent);
    const explain = engine === 'sqlite' ? 'explain query plan' : 'explain';
    const { rows } = await db.executeQuery(CompiledQuery.raw(`${explain} ${text}`, [...parameters]));
    expect(JSON.stringify(rows)).toContain('runs_parent');
    expect(JSON.stringify(rows)).not.toContain('runs_created');
  });
});

async function aPair(place: SqlPlace): Promise<readonly [JobStore, JobStore]> {
  const [one, two] = [place.store(), place.store()];
  await openAll([one, two]);
  return [one, two];
}

async function aWatchedStore(place: SqlPlace): Promise<WatchedStore> {
  const sent: CompiledQuery[] = [];
  const failures: unknown[] = [];
  const db = kyselyOn(place, {
    log: (event) => {
      sent.push(event.query);
      if (event.level === 'error') failures.push(event.error);
    },
  });
  onTestFinished(() => db.destroy());
  const { engine, tablePrefix } = place;
  const store = await opened(new SqlJobStore({ db, dialect: engine, tablePrefix }));
  // What is missing is looked for in tables that are not there yet.
  failures.length = 0;
  return { store, db, sent, failures };
}

/** Lets runs await so many steps each; the runs are of jobs of their own, and the steps are claimed, unless told otherwise. */
async function begin(
  store: JobStore,
  runs: number,
  steps: number,
  overrides: Partial<RunRecord> = {},
  { isOfJobs = true, isClaimed = true } = {},
): Promise<Chain[]> {
  const now = await store.now();
  const jobs = Array.from({ length: runs }, () => aJob(now, { state: 'paused' }));
  if (isOfJobs) await store.putJobs(jobs.map((job) => aPut(job)));
  await store.addRuns(jobs.map((job) => (isOfJobs ? aManualRun(now, job) : aRun(now))));
  const { runs: parents } = await store.claim(request('parent', runs));
  const inserted = parents.map((parent) =>
    Array.from({ length: steps }, (_, at) =>
      aStep(now, parent, at, { executor: isClaimed ? `executor ${at}` : parent.executor, ...overrides }),
    ),
  );
  const finishes = parents.map((run, at) => aFinish(run, { outcome: AWAIT, followUps: found(inserted[at]) }));
  const results = await store.finishRuns('parent', finishes);
  const claimed = new Map(inserted.flat().map((step) => [step.id, step]));
  for (let at = 0; isClaimed && at < steps; at++) {
    const claim = { ...request(`node ${at}`, runs), executor: `executor ${at}` };
    for (const step of (await store.claim(claim)).runs) claimed.set(step.id, step);
  }
  return results.map(({ run }, at) => ({
    parent: found(run),
    steps: found(inserted[at]).map(({ id }) => found(claimed.get(id))),
  }));
}

function aFinish({ id, attempt }: RunRecord, overrides: Partial<RunFinish> = {}): RunFinish {
  return { runId: id, attempt, settled: true, outcome: SUCCESS, followUps: [], ...overrides };
}
