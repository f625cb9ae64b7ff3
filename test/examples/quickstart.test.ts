import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runExample } from './support/run-example.js';

const TIME = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
const RUN = new RegExp(`^${TIME}  ${TIME} +\\d+ ms  (.{18}) {8}(\\d)  (.+)$`);
const LIMIT_MS = 100_000;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'escapement-quickstart-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the example for its ten seconds, and gives what it printed: the lines above the runs, the others, and the runs. */
async function quickstart(): Promise<{
  readonly before: string[];
  readonly told: string[];
  readonly runs: Record<string, string[]>;
}> {
  const { code, stdout, stderr } = await runExample('quickstart.ts', [join(folder, 'jobs.db')]).ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const heading = lines.findIndex((line) => /^planned +started +late +job +attempt +outcome$/.test(line));
  expect(heading).toBeGreaterThan(0);
  expect(lines.at(-1)).toMatch(/^The jobs are kept in .*jobs\.db\./);
  const after = lines.slice(heading + 1, -2);
  const runs: Record<string, string[]> = {};
  for (const [, job = '', attempt, outcome] of after.flatMap((line) => {
    const match = RUN.exec(line);
    return match === null ? [] : [match];
  })) {
    (runs[job.trim()] ??= []).push(`${attempt}: ${outcome}`);
  }
  return { before: lines.slice(0, heading), told: after.filter((line) => !RUN.test(line)), runs };
}

it(
  'runs its four jobs, and when started again tells what they missed meanwhile, and runs none again that has run once',
  async () => {
    const first = await quickstart();
    expect(first.before[0]).toMatch(/has no jobs yet\. Adding four\.$/);
    // A machine that is short of time may fold fire times of the repeating jobs; the last one may fall on either side.
    expect(first.runs['every 2 seconds']?.length).toBeGreaterThanOrEqual(3);
    expect(first.runs['cron */5 * * * * *']?.length).toBeGreaterThanOrEqual(1);
    expect(first.runs['once, by date']).toEqual(['1: succeeded: Hello you']);
    expect(first.runs['fails, 3 attempts']).toEqual([
      expect.stringMatching(/^1: failed: no answer; again at /),
      expect.stringMatching(/^2: failed: no answer; again at /),
      '3: failed for good: no answer',
    ]);

    // Long enough that several fire times of the interval pass, and one of the cron job that is late then.
    await sleep(7000);
    const second = await quickstart();
    expect(second.before.join('\n')).toMatch(/has 4 jobs from before\./);
    const rowOf = (job: string): string[] | undefined =>
      second.before.find((line) => line.startsWith(job.padEnd(18)))?.split(/ {2,}/);
    expect(rowOf('every 2 seconds')?.slice(1, 3)).toEqual([
      'active',
      String(first.runs['every 2 seconds']?.length),
    ]);
    expect(rowOf('once, by date')).toEqual(['once, by date', 'finished', '1', '0', '0', 'never again']);
    expect(rowOf('fails, 3 attempts')).toEqual([
      'fails, 3 attempts',
      'finished',
      '1',
      '0',
      '0',
      'never again',
    ]);
    expect(second.told).toContainEqual(
      expect.stringMatching(new RegExp(`^folded into one run: \\d+ of "every 2 seconds", ${TIME}`)),
    );
    expect(second.told).toContainEqual(
      expect.stringMatching(new RegExp(`^missed, as too late: \\d+ of "cron [*/5 ]+", ${TIME}`)),
    );
    expect(Object.keys(second.runs).sort()).toEqual(['cron */5 * * * * *', 'every 2 seconds']);
  },
  LIMIT_MS,
);
