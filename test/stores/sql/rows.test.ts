import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_COUNTS } from '../../../src/job/job-record.js';
import { aJob, aRun } from '../../../src/testing/contract/records.js';
import {
  ADVANCING_COLUMNS,
  decodeAdvancingJob,
  decodeJob,
  jobProgress,
  jobToken,
  wholeJob,
} from '../../../src/stores/sql/job-row.js';
import { readTexts, textInTexts, writeTexts } from '../../../src/stores/sql/row-values.js';
import { rowWriter } from '../../../src/stores/sql/row-writer.js';
import { decodeRun, runEnd, runOwner, runStart, wholeRun } from '../../../src/stores/sql/run-row.js';
import { columnsOf, JOBS, RUNS } from '../../../src/stores/sql/tables.js';
import { anyJob, anyRun, DRIVERS, throughJson } from './support/records.js';

describe('a writer of rows', () => {
  it('names the primary key first, and reads the fields in the order of the columns', () => {
    const writer = rowWriter<{ x: number; y: string | null }>(
      ['key', ({ x }) => x],
      [
        ['b', ({ y }) => y],
        ['a', () => 'same'],
      ],
    );
    expect(writer.columns).toEqual(['key', 'b', 'a']);
    expect(writer.write({ x: 1, y: null })).toEqual([1, null, 'same']);
  });

  it.each([
    ['a job', JOBS, wholeJob.columns],
    ['a run', RUNS, wholeRun.columns],
  ])('of %s writes every column of its table once', (_what, table, columns) => {
    expect([...columns].sort()).toEqual(table.columns.map(({ name }) => name).sort());
  });

  it.each([
    ['a moved job', JOBS, jobProgress.columns],
    ['a token', JOBS, jobToken.columns],
    ['a start', RUNS, runStart.columns],
    ['an end', RUNS, runEnd.columns],
    ['an owner', RUNS, runOwner.columns],
  ])('of %s writes columns of the table, the primary key first', (_what, table, columns) => {
    expect(columnsOf(table, columns).map(({ name }) => name)).toEqual(columns);
    expect(columns[0]).toBe(table.primaryKey);
    expect(new Set(columns).size).toBe(columns.length);
  });
});

describe.each(Object.entries(DRIVERS))('a row as %s gives it', (_name, driver) => {
  it('is the job that was written', () => {
    fc.assert(
      fc.property(fc.array(anyJob, { maxLength: 3 }), (jobs) => {
        expect(throughJson(JOBS, wholeJob, jobs, driver).map(decodeJob)).toEqual(jobs);
      }),
    );
  });

  it('is the part of the job that a commit depends on', () => {
    fc.assert(
      fc.property(anyJob, (job) => {
        const [row = {}] = throughJson(JOBS, wholeJob, [job], driver);
        const part = Object.fromEntries(ADVANCING_COLUMNS.map((name) => [name, row[name]]));
        const { uid, fence, state, lastFireAt, runCount, counts, lastToken, definition } = job;
        const { maxInstances, maxRuns } = definition;
        expect(decodeAdvancingJob(part)).toEqual({
          ...{ uid, fence, state, lastFireAt, runCount, counts, lastToken },
          definition: { maxInstances, maxRuns },
        });
      }),
    );
  });

  it('is the run that was written', () => {
    fc.assert(
      fc.property(fc.array(anyRun, { maxLength: 3 }), fc.option(fc.maxSafeInteger()), (runs, wakeAt) => {
        const rows = throughJson(
          RUNS,
          wholeRun,
          runs.map((run) => ({ run, wakeAt })),
          driver,
        );
        expect(rows.map(decodeRun)).toEqual(runs);
        expect(rows.map(({ wake_at: at }) => (at === null ? null : Number(at)))).toEqual(
          runs.map(() => wakeAt),
        );
      }),
    );
  });

  it('moves a run from how it was to how it is by what its start and its end write', () => {
    fc.assert(
      fc.property(anyRun, anyRun, (before, after) => {
        const [was = {}] = throughJson(RUNS, wholeRun, [{ run: before, wakeAt: null }], driver);
        const [start = {}] = throughJson(RUNS, runStart, [{ run: after, wakeAt: 5 }], driver);
        const [end = {}] = throughJson(RUNS, runEnd, [{ run: after, wakeAt: 6 }], driver);
        const started = decodeRun({ ...was, ...start });
        const { status, attempt, owner, held, slot, fencingToken, startedAt, progress, cancelRequested } =
          after;
        const moved = { attempt, owner, fencingToken, startedAt };
        const both = { id: after.id, status, held, slot, progress, cancelRequested };
        expect(started).toEqual({ ...before, ...both, ...moved });
        const { availableAt, failures, recoveries, finishedAt, result, error } = after;
        expect(decodeRun({ ...was, ...end })).toEqual({
          ...before,
          ...both,
          ...{ availableAt, failures, recoveries, finishedAt, result, error },
        });
      }),
    );
  });
});

describe('a row that somebody damaged', () => {
  const damages = [
    '',
    'x',
    'null',
    '5',
    '[',
    '{"missed":',
    '{"missed":5}',
    '{"missed":{"total":1}}',
    '"a"',
    '[1,null,{}]',
  ];

  it.each(damages)('is still read, with %j for its tags and counts', (text) => {
    const [job = {}] = throughJson(JOBS, wholeJob, [aJob(0)], (value) => value);
    expect(decodeJob({ ...job, tags: text, counts: text })).toMatchObject({
      definition: { tags: [] },
      counts: NO_COUNTS,
    });
    const [run = {}] = throughJson(RUNS, wholeRun, [{ run: aRun(0), wakeAt: 0 }], (value) => value);
    expect(decodeRun({ ...run, tags: text }).tags).toEqual([]);
  });
});

describe('texts in a column', () => {
  const texts = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'b', 'a,b', '"a"', '\na', ' ')),
  );

  it('come back as they were', () => {
    fc.assert(
      fc.property(texts, (list) => {
        expect(readTexts(writeTexts(list))).toEqual(list);
      }),
    );
  });

  it('contain exactly the texts that are among them', () => {
    fc.assert(
      fc.property(texts, fc.oneof(fc.string(), fc.constantFrom('a', 'b', '"', ',', '')), (list, text) => {
        expect(writeTexts(list).includes(textInTexts(text))).toBe(list.includes(text));
      }),
    );
  });
});
