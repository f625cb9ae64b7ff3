import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { whyNoServer } from '../support/servers.js';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { runExample } from './support/run-example.js';

const LIMIT_MS = 70_000;
const JOBS = ['report', ...Array.from('0123456789', (shop) => `shop ${shop}`), 'video', 'all'];
const RUNS = 16;

const missing = whyNoServer('redis');
describe('on a Redis that it starts itself', () => {
  it.skipIf(missing !== null)(
    `has the other worker do what a killed one had begun, and does nothing twice${missing === null ? '' : `: ${missing}`}`,
    () => showsTheFleet({ REDIS_URL: '' }),
    LIMIT_MS,
  );

  it('says what to do where there is no redis-server', async () => {
    const { code, stdout, stderr } = await runExample('fleet.ts', [], { REDIS_URL: '', PATH: '' }).ended;
    expect(stdout).toBe('');
    expect(stderr).toContain('There is no redis-server: name a server in REDIS_URL.');
    expect(code).toBe(1);
  });
});

await describeOnServer('redis', 'on a Redis that is named', (url) => {
  it(
    'does the same, and leaves nothing behind',
    async () => {
      await showsTheFleet({ REDIS_URL: url });
      const redis = new Redis(url);
      expect(await redis.keys('*fleet-*')).toEqual([]);
      await redis.quit();
    },
    LIMIT_MS,
  );
});

async function showsTheFleet(env: Readonly<Record<string, string>>): Promise<void> {
  const { code, stdout, stderr } = await runExample('fleet.ts', [], env).ended;
  expect(stderr).toBe('');
  expect(code, stdout).toBe(0);
  const [first, second, ...more] = [...stdout.matchAll(/ s  (worker [AB]) +begins encode-video of video$/gm)];
  const [victim, heir] = [first?.[1], second?.[1]];
  expect(more).toEqual([]);
  expect([victim, heir].sort()).toEqual(['worker A', 'worker B']);
  expect(stdout).toContain(`>>> ${String(victim)} is killed, in the middle of the video.`);
  expect(stdout).toMatch(/ s  scheduler {2}starts encode-video again, as attempt 2$/m);
  expect(stdout).toMatch(/ s  scheduler {2}video is at 100 %$/m);
  for (const step of ['fetch-sales', 'draw-charts', 'write-tables', 'write-summary', 'send-report'])
    expect(stdout).toMatch(new RegExp(` s  worker [AB]   begins ${step} of report$`, 'm'));

  // What became of each job's runs: done by one worker, by the other, taken over, not done, done twice.
  const rows = [...stdout.matchAll(/^(report|shop \d|video|all) +(\d[\d ]+)$/gm)].map(
    ([, job, cells = '']) => ({ job, counts: cells.split(/ +/).map(Number) }),
  );
  expect(rows.map(({ job }) => job).sort()).toEqual([...JOBS].sort());
  for (const { counts } of rows) expect(counts.slice(3)).toEqual([0, 0]);
  const [byA = 0, byB = 0, takenOver] = rows.find(({ job }) => job === 'all')?.counts ?? [];
  expect(byA + byB).toBe(RUNS);
  expect(takenOver).toBeGreaterThanOrEqual(1);
  expect(stdout.trimEnd()).toMatch(/\nNothing is lost, and nothing was done twice\.$/);
}
