import { setTimeout as sleep } from 'node:timers/promises';
import { expectThat } from '../expect.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

/** Is nearly as long as it takes until a heartbeat is given up. */
const LATE_MS = 950;

/**
 * Loses the answer to a claim, and holds up those to heartbeats, so that they tell of what has ended since: what the node
 * was found to have is begun once.
 */
export const lateHeartbeats: Scenario = {
  name: 'late-heartbeats',
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.enqueue('sleep', { ms: 300 });
    await stage.node({
      traps: [
        { method: 'claim', when: 'after', then: 'lose', times: 1 },
        { method: 'heartbeat', when: 'after', then: LATE_MS, times: 8 },
      ],
    });
    const starts = (): number => stage.history().filter(({ kind }) => kind === 'effect:start').length;
    await stage.settled();
    // Whatever the next heartbeats told of has been begun by then.
    await sleep(3 * LATE_MS);
    expectThat(starts() === 1, `one handler to begin; ${starts()} did`);
  },
};
