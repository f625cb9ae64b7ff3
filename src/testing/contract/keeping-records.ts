import assert from 'node:assert/strict';
import { contractCase } from './contract-case.js';
import type { StoreContractCase } from './contract-case.js';
import { aPut, aRetry, aRun, asPut, aSpan, MINUTE } from './records.js';
import { found, idsOf, only } from './store-bench.js';

const TEXT = 'Zoë’s "quoted" \\path\\ \'single\' `tick` ; -- /* */ ${x} {y} %s %_ \t\n 日本語 👩‍🚀 \u2028 ﷽';
const DATA = JSON.stringify({
  nul: 'a\u0000b',
  emoji: '👩‍🚀',
  lone: '\ud800',
  quotes: TEXT,
  z: 1,
  a: [null, 1e21],
});
const LATEST_MS = 8_640_000_000_000_000;

/** Holds ids that a careless store takes for one another, or for something else. */
const ALIKE: readonly string[] = [
  ...[
    'job',
    'Job',
    'JOB',
    'job.',
    'job..',
    'job/',
    'job\\',
    "job'",
    'job"',
    'job`',
    'job;',
    'job%',
    'job_',
    'j_b',
  ],
  ...[
    'j%',
    'job:1',
    'job:01',
    '{job}',
    '[job]',
    '(job)',
    '*',
    '?',
    '.',
    '..',
    '-',
    '--',
    '$1',
    ':id',
    '@id',
    '#',
  ],
  ...[
    '1',
    '01',
    '1.0',
    '1e0',
    '0',
    '-0',
    'null',
    'NULL',
    'undefined',
    'true',
    'NaN',
    '__proto__',
    'constructor',
  ],
  ...[
    'toString',
    'hasOwnProperty',
    'é',
    'e\u0301',
    'É',
    'e',
    'ß',
    'ss',
    'ẞ',
    'i',
    'İ',
    'ı',
    'I',
    'ﬁ',
    'fi',
    'ａ',
    'a',
  ],
  ...[
    '日本',
    '👩',
    '👩‍🚀',
    '👩🏽',
    'a b',
    'a  b',
    'a\u00a0b',
    'a\u200bb',
    'ab',
    'x'.repeat(191),
    'x'.repeat(190),
  ],
  ...['é'.repeat(191), '日'.repeat(191), `a${'👩'.repeat(95)}`],
];

/** Shows that records come back as they were given, and are told apart. */
export const keepingRecords: readonly StoreContractCase[] = [
  contractCase('a job comes back exactly, whatever is in it', async (bench) => {
    const tally = { total: 12, exact: false, last: aSpan(LATEST_MS - 5000, 3) };
    const exact = { total: 1, exact: true, last: aSpan(0, 1) };
    const job = bench.aJob({
      id: 'job',
      named: false,
      version: 3,
      fence: 9_007_199_254_740_991 - 10,
      definition: {
        task: 'Täsk "1"',
        executor: "it's",
        trigger: `{"cron":${JSON.stringify(TEXT)}}`,
        triggerKind: 'custom.Kind',
        data: DATA,
        policy: '{"unknown": [1, 2],  "spaces":"kept"}',
        name: TEXT,
        description: `${TEXT}\r\n${TEXT}`,
        tags: ['b', 'a', 'A', 'a,b', 'a"b', '', '日本語'],
        priority: -2,
        maxInstances: 10_000,
        maxRuns: 9_007_199_254_740_991,
      },
      declaration: `{"z":1,"a":${JSON.stringify(TEXT)}}`,
      revision: 9_007_199_254_740_991,
      owner: TEXT.slice(0, 20),
      state: 'parked',
      nextRunAt: LATEST_MS - 1,
      dueAt: LATEST_MS,
      lastFireAt: 0,
      runCount: 4_000_000_001,
      counts: { missed: tally, skipped: null, coalesced: exact },
      error: JSON.stringify({ message: TEXT }),
      createdAt: 1,
      updatedAt: 4_102_444_800_123,
      finishedAt: 4_102_444_800_124,
    });
    const { job: stored } = await bench.put(job, 'error');
    assert.deepEqual(asPut(stored), asPut(job));
    assert.deepEqual(asPut(await bench.job('job')), asPut(job));
    assert.deepEqual((await bench.store.listJobs({ limit: 1 })).items.map(asPut), [asPut(job)]);
  }),

  contractCase('a job of nothing but empty fields comes back exactly', async (bench) => {
    const empty = { nextRunAt: null, dueAt: null, declaration: null, state: 'paused' } as const;
    const job = bench.aJob({ ...empty, definition: { data: '', description: '', name: '' } });
    await bench.put(job, 'error');
    assert.deepEqual(asPut(await bench.job(job.id)), asPut(job));
  }),

  contractCase('a queued run comes back exactly, whatever is in it', async (bench) => {
    const job = await bench.addJob({ id: '日本 "1"', state: 'paused' });
    const run = aRun(bench.now, {
      uniqueKey: TEXT.replace(/[\t\n\u2028]/gu, ''),
      jobUid: job.uid,
      jobId: job.id,
      jobName: TEXT,
      tags: ['b', 'a', 'a"b', ''],
      origin: 'backfill',
      task: 'Täsk "1"',
      executor: "it's",
      priority: 2,
      data: DATA,
      policy: '{"unknown": [1, 2],  "spaces":"kept"}',
      recovery: 'abandon',
      scheduledAt: 0,
      availableAt: LATEST_MS,
      expiresAt: LATEST_MS,
      parentRunId: 'Parent',
      step: 3,
      input: DATA,
    });
    assert.deepEqual(await bench.store.addRuns([run]), [{ outcome: 'queued', run }]);
    assert.deepEqual(await bench.run(run.id), run);
    assert.deepEqual((await bench.store.listRuns({ limit: 1 })).items, [run]);
  }),

  contractCase('what a run was given as input stays as it is, through every attempt', async (bench) => {
    const added = await bench.addRun({ input: DATA, recovery: 'resume' });
    assert.deepEqual(await bench.run(added.id), added);
    const run = await bench.claimRun();
    await bench.finish(run, { outcome: aRetry(bench.now - 1) });
    const again = await bench.claimRun();
    assert.deepEqual([again.attempt, again.input, again.recovery], [2, DATA, 'resume']);
    const ended = await bench.finish(again, {
      outcome: { kind: 'end', status: 'succeeded', result: '1', error: null },
    });
    assert.deepEqual([ended.input, (await bench.run(run.id)).input], [DATA, DATA]);
  }),

  contractCase('the result, error and progress of a run come back exactly', async (bench) => {
    const { run } = await bench.fire();
    const error = JSON.stringify({ message: TEXT });
    await bench.store.reportProgress('a', [{ runId: run.id, attempt: 1, progress: DATA }]);
    const outcome = { kind: 'end', status: 'failed', result: DATA, error } as const;
    await bench.finish(run, { outcome });
    const { result, error: kept, progress } = await bench.run(run.id);
    assert.deepEqual([result, kept, progress], [DATA, error, DATA]);
  }),

  contractCase('data of 256 KiB comes back exactly', async (bench) => {
    const data = JSON.stringify('日'.repeat(Math.floor((256 * 1024) / 3) - 2));
    const job = await bench.addJob({ state: 'paused', definition: { data } });
    const run = await bench.addRun({ data });
    assert.equal((await bench.job(job.id)).definition.data, data);
    assert.equal((await bench.run(run.id)).data, data);
  }),

  contractCase('ids that look alike are different jobs', async (bench) => {
    const puts = ALIKE.map((id) => aPut(bench.aJob({ id, uid: `uid of ${String(ALIKE.indexOf(id))}` })));
    const outcomes = await bench.store.putJobs(puts);
    assert.deepEqual(
      outcomes.map(({ outcome, job }) => [outcome, job.id]),
      ALIKE.map((id) => ['inserted', id]),
    );
    for (const [at, id] of ALIKE.entries()) assert.equal((await bench.job(id)).uid, `uid of ${String(at)}`);
    for (const id of ALIKE) assert.equal(found(await bench.store.removeJob(id)).job.id, id);
    assert.deepEqual((await bench.store.listJobs({ limit: 1 })).items, []);
  }),

  contractCase('keys that look alike are different keys', async (bench) => {
    const runs = ALIKE.map((uniqueKey) => aRun(bench.now, { uniqueKey }));
    const added = await bench.store.addRuns(runs);
    assert.ok(added.every(({ outcome }) => outcome === 'queued'));
    for (const { uniqueKey, id } of runs) {
      const again = only(await bench.store.addRuns([aRun(bench.now, { uniqueKey })]));
      assert.deepEqual([again.outcome, again.run.id], ['exists', id]);
    }
  }),

  contractCase('run ids that differ by case are different runs', async (bench) => {
    for (const id of ['aBc-_', 'abc-_', 'ABC-_']) await bench.addRun({ id, data: JSON.stringify(id) });
    for (const id of ['aBc-_', 'abc-_', 'ABC-_'])
      assert.equal((await bench.run(id)).data, JSON.stringify(id));
    assert.equal(await bench.store.getRun('Abc-_'), null);
  }),

  contractCase(
    'tasks, kinds of trigger, executors and nodes that look alike are different ones',
    async (bench) => {
      for (const task of ['send', 'Send', 'sénd', 'send.'])
        await bench.addJob({ id: task, definition: { task } });
      await bench.addJob({ id: 'kind', definition: { triggerKind: 'Interval' } });
      await bench.addJob({ id: 'executor', definition: { executor: 'Default' } });
      assert.equal((await bench.claimJob({ tasks: new Set(['Send', 'task']) })).id, 'Send');
      assert.equal((await bench.claimJob({ executor: 'Default' })).id, 'executor');
      assert.equal((await bench.claimJob({ triggerKinds: new Set(['Interval']) })).id, 'kind');
      const { run } = await bench.fire({ id: 'mine' }, {}, 'node');
      assert.equal((await bench.tryFinish(run, {}, 'Node')).outcome, 'lost');
    },
  ),

  contractCase('a job that was given out never changes', async (bench) => {
    const given = await bench.addJob({ id: 'job' });
    const copy = structuredClone(given);
    const claimed = await bench.claimJob();
    const copyOfClaimed = structuredClone(claimed);
    await bench.commit(claimed, { counted: [{ kind: 'missed', span: aSpan(bench.now - MINUTE, 2) }] });
    await bench.store.patchJob('job', { state: 'paused', dropped: aSpan(bench.now, 1) });
    const listed = await bench.store.listJobs({ limit: 10 });
    const copyOfListed = structuredClone(listed);
    await bench.store.removeJob('job');
    assert.deepEqual(given, copy);
    assert.deepEqual(claimed, copyOfClaimed);
    assert.deepEqual(listed, copyOfListed);
  }),

  contractCase('a run that was given out never changes', async (bench) => {
    const queued = await bench.addRun();
    const copyOfQueued = structuredClone(queued);
    const running = await bench.claimRun();
    const copyOfRunning = structuredClone(running);
    const listed = await bench.store.listRuns({ limit: 10 });
    await bench.store.reportProgress('a', [{ runId: running.id, attempt: 1, progress: '0.5' }]);
    await bench.store.requestCancel(running.id);
    await bench.finish(running);
    assert.deepEqual(queued, copyOfQueued);
    assert.deepEqual(running, copyOfRunning);
    assert.deepEqual(listed.items, [copyOfRunning]);
  }),

  contractCase('what nobody added is not there', async (bench) => {
    await bench.addJob({ id: 'job', state: 'paused' });
    const run = await bench.addRun();
    assert.equal(await bench.store.getJob('Job'), null);
    assert.equal(await bench.store.getRun('nobody'), null);
    assert.equal(await bench.store.getRun('job'), null);
    assert.equal(await bench.store.getJob(run.id), null);
    assert.deepEqual(idsOf((await bench.store.listJobs({ limit: 10 })).items), ['job']);
  }),
];
