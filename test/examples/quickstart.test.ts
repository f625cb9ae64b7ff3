import { expect, it } from 'vitest';
import { runExample } from './support/run-example.js';

it('runs its four jobs for ten seconds, prints each run with its planned and its real time, and exits 0', async () => {
  const { code, stdout, stderr } = await runExample('quickstart.ts').ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);

  const [heading = '', ...lines] = stdout.trimEnd().split('\n');
  expect(heading).toMatch(/^planned +started +late +job +attempt +outcome$/);
  const total = Number(/^(\d+) runs in ten seconds\.$/.exec(lines.pop() ?? '')?.[1]);

  const time = String.raw`\d\d:\d\d:\d\d\.\d{3}`;
  for (const line of lines) expect(line).toMatch(new RegExp(`^${time}  ${time} +\\d+ ms  `));
  const linesOf = (job: string): string[] => lines.filter((line) => line.includes(`  ${job}  `));

  // A machine that is short of time may fold fire times of the repeating jobs; the last one may fall on either side.
  expect(linesOf('every 2 seconds').length).toBeGreaterThanOrEqual(3);
  expect(linesOf('cron */5 * * * * *').length).toBeGreaterThanOrEqual(1);
  expect(linesOf('once, by date')).toHaveLength(1);
  expect(
    linesOf('fails, 3 attempts').map((line) => / {6}([123]) {2}failed(.*?:)/.exec(line)?.slice(1, 3)),
  ).toEqual([
    ['1', ':'],
    ['2', ':'],
    ['3', ' for good:'],
  ]);
  expect(lines).toHaveLength(total + 2);
});
