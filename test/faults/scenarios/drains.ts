import { expectThat } from '../expect.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const NODES = 8;

/** Lets eight nodes at a heap of overdue jobs: each is run once. */
export const overdueDrain: Scenario = {
  name: 'overdue-drain',
  engines: ALL_ENGINES,
  async run(stage) {
    const size = stage.scale(3000, 10_000);
    // Nobody is to be taken for dead because the machine is busy.
    const options = { lease: 30_000, heartbeat: 10_000 };
    const nodes = await stage.fleet(NODES, { isStarted: false, options });
    for (let nth = 0; nth < size; nth += 1000) {
      await stage.scheduler.addJobs(
        Array.from({ length: Math.min(1000, size - nth) }, (_, at) => ({
          task: 'noop',
          trigger: { date: new Date(Date.now() - 60_000) },
          options: { id: `job-${nth + at}` },
        })),
      );
    }
    await Promise.all(nodes.map((node) => node.call('start')));
    await stage.settled(60_000);
    const runs = await stage.runs();
    const once = runs.filter(({ status, attempt }) => status === 'succeeded' && attempt === 1);
    expectThat(once.length === size, `${size} runs to have succeeded at once; ${once.length} have`);
    const starts = stage.history().filter(({ kind }) => kind === 'effect:start').length;
    expectThat(starts === size, `${size} starts; there were ${starts}`);
  },
};

/** Has ten nodes run a job by hand at once that allows three runs at a time. */
export const runNowCrowd: Scenario = {
  name: 'run-now-crowd',
  engines: ALL_ENGINES,
  async run(stage) {
    const calls = stage.scale(6, 60);
    const yearly = { cron: '0 0 1 1 *' };
    await stage.scheduler.addJob('sleep', yearly, { id: 'crowded', data: { ms: 120 }, maxInstances: 3 });
    const nodes = await stage.fleet(10);
    await Promise.all(nodes.map((node) => node.callTimes(calls, 'runJob', 'crowded')));
    await stage.until(
      async () => {
        const open = await stage.store.listRuns({ statuses: ['queued', 'running'], limit: 1 });
        return open.items.length === 0;
      },
      'all runs to end',
      60_000,
    );
    const runs = await stage.runs();
    const all = nodes.length * calls;
    expectThat(runs.length === all, `${all} runs; there are ${runs.length}`);
    expectThat(
      mostAtOnce(stage) === 3,
      `three runs at once; there were never more than ${mostAtOnce(stage)}`,
    );
  },
};

function mostAtOnce(stage: Stage): number {
  let going = 0;
  let most = 0;
  for (const { kind } of stage.history()) {
    if (kind === 'effect:start') most = Math.max(most, ++going);
    else if (kind === 'effect:end') going--;
  }
  return most;
}
