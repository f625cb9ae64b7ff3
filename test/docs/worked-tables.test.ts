import { readFileSync } from 'node:fs';
import { Scheduler, interval } from 'escapement';
import type { Job, JobOptions, RunContext } from 'escapement';
import { ManualClock } from 'escapement/testing';
import { describe, expect, it } from 'vitest';

const MINUTES = ['12:01', '12:02', '12:03', '12:04', '12:05'];

const BACKLOGS: readonly (readonly [string, JobOptions])[] = [
  ['{}', {}],
  ["{ coalesce: 'earliest' }", { coalesce: 'earliest' }],
  ['{ coalesce: false }', { coalesce: false }],
  ['{ coalesce: false, catchUpLimit: 2 }', { coalesce: false, catchUpLimit: 2 }],
  ['{ misfireGraceTime: { minutes: 2 } }', { misfireGraceTime: { minutes: 2 } }],
  [
    "{ misfireGraceTime: { minutes: 2 }, coalesce: 'earliest' }",
    { misfireGraceTime: { minutes: 2 }, coalesce: 'earliest' },
  ],
  [
    '{ misfireGraceTime: { minutes: 2 }, coalesce: false }',
    { misfireGraceTime: { minutes: 2 }, coalesce: false },
  ],
  ['{ misfireGraceTime: { seconds: 10 } }', { misfireGraceTime: { seconds: 10 } }],
];

const OVERLAPS: readonly (readonly [string, JobOptions])[] = [
  ['{}', {}],
  ["{ overlap: 'queue' }", { overlap: 'queue' }],
  ["{ overlap: 'queueAll' }", { overlap: 'queueAll' }],
  ["{ overlap: 'cancelRunning' }", { overlap: 'cancelRunning' }],
  ['{ maxInstances: 2 }', { maxInstances: 2 }],
];

const [backlogTable = [], overlapTable = []] = tablesOf('misfires-and-overlap.md');

describe('the tables of docs/misfires-and-overlap.md', () => {
  it('show these options', () => {
    expect(backlogTable.map(([options]) => options)).toEqual(BACKLOGS.map(([text]) => `\`${text}\``));
    expect(overlapTable.map(([options]) => options)).toEqual(OVERLAPS.map(([text]) => `\`${text}\``));
  });

  it.each(BACKLOGS)('tell what becomes of a backlog with %s', async (text, options) => {
    const row = backlogTable.find(([cell]) => cell === `\`${text}\``);
    expect(await afterBacklog(options)).toEqual(row?.slice(1));
  });

  it.each(OVERLAPS)('tell what becomes of runs that overlap with %s', async (text, options) => {
    const row = overlapTable.find(([cell]) => cell === `\`${text}\``);
    expect(await afterOverlap(options)).toEqual(row?.slice(1));
  });
});

/** Gives the cells of a row: a job that fires every minute, and a scheduler that is paused from 12:00:30 to 12:05:30. */
async function afterBacklog(options: JobOptions): Promise<string[]> {
  const clock = new ManualClock('2026-01-01T12:00:00Z');
  const scheduler = new Scheduler({ clock });
  const ran: string[] = [];
  const handler = ({ scheduledAt }: RunContext): unknown => ran.push(minuteOf(scheduledAt));
  await scheduler.addJob(handler, interval({ minutes: 1 }), { id: 'job', ...options });
  await scheduler.start();
  await clock.advance({ seconds: 30 });
  await scheduler.pause();
  await clock.advance({ minutes: 5 });
  await scheduler.resume();
  await clock.advance({ seconds: 1 });
  const job = await found(scheduler);
  await scheduler.shutdown();
  expect(job.nextRunTime).toEqual(new Date('2026-01-01T12:06:00Z'));
  expect(job.skipped.total).toBe(0);
  return [ran.join(' ') || 'none', String(job.missed.total), String(job.coalesced.total)];
}

/** Gives the cells of a row: a job that fires every minute and takes two and a half, at 12:05:10. */
async function afterOverlap(options: JobOptions): Promise<string[]> {
  const clock = new ManualClock('2026-01-01T12:00:00Z');
  const scheduler = new Scheduler({ clock });
  const handler = ({ signal }: RunContext): Promise<void> =>
    new Promise((resolve, reject) => {
      clock.setTimer(resolve, 150_000);
      signal.addEventListener('abort', () => {
        reject(new Error('aborted'));
      });
    });
  await scheduler.addJob(handler, interval({ minutes: 1 }), { id: 'job', ...options });
  await scheduler.start();
  await clock.advance({ minutes: 5, seconds: 10 });
  const { items: runs } = await scheduler.getRuns();
  const { skipped } = await found(scheduler);
  await scheduler.shutdown({ wait: false });
  const cells = MINUTES.map((minute) => {
    const run = runs.find(({ scheduledAt }) => minuteOf(scheduledAt) === minute);
    if (run === undefined) return 'skipped';
    if (run.status === 'succeeded') return `ran at ${minuteOf(run.startedAt)}`;
    return run.status === 'running' ? `runs since ${minuteOf(run.startedAt)}` : run.status;
  });
  expect(cells.filter((cell) => cell === 'skipped')).toHaveLength(skipped.total);
  return cells;
}

async function found(scheduler: Scheduler): Promise<Job> {
  const job = await scheduler.getJob('job');
  if (job === null) throw new Error('The job is gone.');
  return job;
}

function minuteOf(instant: Date | null): string {
  return instant?.toISOString().slice(11, 16) ?? 'never';
}

/** Gives the tables of a document: rows of cells, without their headings. */
function tablesOf(document: string): string[][][] {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      ),
  );
}
