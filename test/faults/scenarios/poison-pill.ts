import { expectOneRun } from '../expect.js';
import type { Scenario } from '../scenario.js';

const MOST_ATTEMPTS = 4;

/** Runs a task that always kills its process: after three recoveries it is lost, and walks the fleet no further. */
export const poisonPill: Scenario = {
  name: 'poison-pill',
  engines: ['postgres', 'redis'],
  async run(stage) {
    await stage.scheduler.addJob('die', { date: new Date() }, { id: 'pill' });
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
      const victim = stage.spawn();
      await victim.gone();
    }
    await stage.node();
    await stage.settled();
    expectOneRun(await stage.runs(), 'pill', 'lost', MOST_ATTEMPTS);
  },
};
