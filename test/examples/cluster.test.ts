import { expect, it } from 'vitest';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { freshDatabase } from '../support/servers/fresh-names.js';
import { runExample } from './support/run-example.js';

const LIMIT_MS = 70_000;

it(
  'goes on after one of three processes on a SQLite file was killed, and makes the report that it was making',
  () => showsTheFleet([]),
  LIMIT_MS,
);

await describeOnServer('postgres', 'on PostgreSQL', (url) => {
  it(
    'does the same, and gives each fire time to one process too',
    async () => {
      const database = await freshDatabase(url);
      await showsTheFleet([database.url]);
      await database.drop();
    },
    LIMIT_MS,
  );
});

async function showsTheFleet(args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runExample('cluster.ts', args, { DATABASE_URL: '' }).ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const nodes = new Map(
    [...stdout.matchAll(/ s  ([ABC]) {4}is up as node (\S+)$/gm)].map(([, name, node]) => [name, node]),
  );
  expect([...nodes.keys()].sort()).toEqual(['A', 'B', 'C']);

  const [, victim] = / s  ([ABC]) {4}begins the report: attempt 1,/.exec(stdout) ?? [];
  const [, heir] = / s  ([ABC]) {4}has made the report, in attempt \d+$/m.exec(stdout) ?? [];
  const [, dead] = /The runs of a dead node were recovered: node (\S+), runs: \d+$/m.exec(stdout) ?? [];
  expect(stdout).toContain(`>>> ${String(victim)} is killed,`);
  expect(dead).toBe(nodes.get(victim));
  expect(nodes.has(heir) && heir !== victim).toBe(true);
  expect(tokensOf(stdout)).toEqual([...tokensOf(stdout)].sort((one, other) => one - other));

  // What became of each fire time: a job, how many, ran in each of the three, coalesced, skipped, ran twice.
  const rows = [...stdout.matchAll(/^(report|shop \d) +(\d[\d ]+)$/gm)].map(([, job, cells = '']) => {
    const [all = 0, a = 0, b = 0, c = 0, coalesced = 0, skipped = 0, twice] = cells.split(/ +/).map(Number);
    return { job, all, accounted: a + b + c + coalesced + skipped, twice };
  });
  expect(rows.map(({ job }) => job)).toEqual(['report', 'shop 1', 'shop 2', 'shop 3', 'shop 4']);
  for (const { all, accounted, twice } of rows) {
    expect(all).toBeGreaterThan(0);
    expect([accounted, twice]).toEqual([all, 0]);
  }
}

function tokensOf(text: string): number[] {
  return [...text.matchAll(/fencing token (\d+)$/gm)].map(([, token]) => Number(token));
}
