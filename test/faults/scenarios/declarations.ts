import { expectThat } from '../expect.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Adds one job from eight processes, again and again: there is one row, and its clock stays. */
export const sameJobAdds: Scenario = {
  name: 'same-job-adds',
  engines: ALL_ENGINES,
  async run(stage) {
    const times = stage.scale(100, 1000);
    const nodes = await stage.fleet(8, { isStarted: false });
    const declaration = ['noop', { interval: { hours: 1 } }, { id: 'declared', ifExists: 'update' }] as const;
    await Promise.all(nodes.map((node) => node.callTimes(times, 'addJob', ...declaration)));
    const jobs = await stage.jobs();
    expectThat(jobs.length === 1, `one row; there are ${jobs.length}`);
    const [job] = jobs;
    const puts = stage.history().filter((entry) => entry.kind === 'answer' && entry.method === 'putJobs');
    const clocks = new Set(
      puts
        .flatMap((entry) => (entry.kind === 'answer' ? (entry.jobs ?? []) : []))
        .map(({ nextRunAt }) => nextRunAt),
    );
    expectThat(puts.length === 8 * times, `${8 * times} answers; there were ${puts.length}`);
    expectThat(clocks.size === 1 && clocks.has(job?.nextRunAt ?? 0), `one clock; there were ${clocks.size}`);
    expectThat(job?.version === 1, `an untouched row; its version is ${String(job?.version)}`);
    await stage.scheduler.removeJob('declared');
  },
};

/** Restarts processes with old and with new code in turns: the newer definition of a job stays. */
export const rollingDefinitions: Scenario = {
  name: 'rolling-definitions',
  engines: ALL_ENGINES,
  async run(stage) {
    const start = new Date();
    const declare = (revision: number, name: string): readonly unknown[] => [
      'noop',
      { interval: { milliseconds: 300 + revision * 100 }, start, end: new Date(start.getTime() + 60_000) },
      { id: 'rolling', name, revision, ifExists: 'update' },
    ];
    for (let round = 0; round < stage.scale(4, 20); round++) {
      const [older, newer] = await stage.fleet(2);
      const isEven = round % 2 === 0;
      const addOld = older?.callTimes(5, 'addJob', ...declare(1, 'old'));
      const addNew = newer?.callTimes(5, 'addJob', ...declare(2, 'new'));
      await Promise.all([addOld, addNew]);
      await expectNewer(stage);
      await older?.callTimes(5, 'addJob', ...declare(1, 'old'));
      await expectNewer(stage);
      await Promise.all([
        isEven ? older?.kill() : older?.shutdown(),
        isEven ? newer?.shutdown() : newer?.kill(),
      ]);
    }
    await stage.scheduler.removeJob('rolling');
    await stage.settled();
  },
};

async function expectNewer(stage: Stage): Promise<void> {
  const job = await stage.store.getJob('rolling');
  const { name, trigger } = job?.definition ?? {};
  const isNewer = name === 'new' && job?.revision === 2 && trigger?.includes('"interval":500') === true;
  expectThat(isNewer, `the newer definition to stay; the store has ${JSON.stringify(job?.definition)}`);
}
