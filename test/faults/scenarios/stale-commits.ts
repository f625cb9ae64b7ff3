import { expectOneRun, expectThat } from '../expect.js';
import type { FaultNode } from '../fleet/fault-node.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Is longer than a claim lasts. */
const HELD_UP_MS = 3500;

/** Makes a claim stale, and gives the one fire time that is left. */
type Staling = (stage: Stage) => Promise<Date>;

const STALINGS: Readonly<Record<string, Staling>> = {
  async removed({ scheduler }) {
    await scheduler.removeJob('once');
    const at = new Date(Date.now() + HELD_UP_MS + 1000);
    await scheduler.addJob('noop', { date: at }, { id: 'once' });
    return at;
  },
  async edited({ scheduler }) {
    const at = new Date(Date.now() + HELD_UP_MS + 1000);
    await scheduler.rescheduleJob('once', { date: at });
    return at;
  },
  async expired(stage) {
    await stage.node();
    await stage.begun('once');
    return new Date((await stage.runs())[0]?.scheduledAt ?? 0);
  },
};

/** Holds a commit up until its claim is stale, in three ways: it is refused, and the job fires when it should. */
export const staleCommits: readonly Scenario[] = Object.entries(STALINGS).map(([name, makeStale]) => ({
  name: `stale-commit-${name}`,
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    const late = await stage.node({
      traps: [{ method: 'commitFirings', when: 'before', then: HELD_UP_MS, times: 1 }],
    });
    const hasClaimed = (): boolean =>
      stage.history().some((entry) => entry.kind === 'answer' && entry.method === 'claim');
    await stage.until(hasClaimed, 'the claim');
    const at = await makeStale(stage);
    await stage.until(() => isRefused(stage, late), 'the stale commit to be refused');
    await stage.settled();
    const { scheduledAt } = expectOneRun(await stage.runs(), 'once', 'succeeded', 1);
    expectThat(scheduledAt === at.getTime(), `the run to be that of ${at.toISOString()}`);
  },
}));

function isRefused(stage: Stage, { name }: FaultNode): boolean {
  return stage
    .history()
    .some(
      (entry) =>
        entry.kind === 'answer' &&
        entry.method === 'commitFirings' &&
        entry.process === name &&
        entry.outcomes?.includes('lost') === true,
    );
}
