import { expectOneRun } from '../expect.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

/** Kills a node during two runs: the one is run again elsewhere, the other is lost, each as its policy says. */
export const killDuringRun: Scenario = {
  name: 'kill-during-run',
  engines: ALL_ENGINES,
  async run(stage) {
    const data = { ms: 1500 };
    const doomed = await stage.node();
    await stage.scheduler.addJob('sleep', { date: new Date() }, { id: 'again', data, recovery: 'rerun' });
    await stage.scheduler.addJob(
      'sleep',
      { date: new Date() },
      { id: 'given-up', data, recovery: 'abandon' },
    );
    await Promise.all([stage.begun('again'), stage.begun('given-up')]);
    const heir = stage.spawn();
    await doomed.kill();
    await heir.ready();
    await stage.settled();
    const runs = await stage.runs();
    expectOneRun(runs, 'again', 'succeeded', 2);
    expectOneRun(runs, 'given-up', 'lost', 1);
  },
};
