import { expectOneRun } from '../expect.js';
import type { Trap } from '../nodes/trapping-store.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

/** Is a place in the cycle where a node is killed, and the attempt at which its run succeeds in spite of that. */
interface KillPoint {
  readonly name: string;
  readonly trap: Pick<Trap, 'method' | 'when'>;
  readonly succeedsAt: number;
}

const POINTS: readonly KillPoint[] = [
  // The claim expires, and another node plans the fire time.
  { name: 'after-claim', trap: { method: 'claim', when: 'after' }, succeedsAt: 1 },
  { name: 'before-commit', trap: { method: 'commitFirings', when: 'before' }, succeedsAt: 1 },
  // The run is its dead node's, and is recovered.
  { name: 'after-commit', trap: { method: 'commitFirings', when: 'after' }, succeedsAt: 2 },
  { name: 'before-finish', trap: { method: 'finishRuns', when: 'before' }, succeedsAt: 2 },
  // The end was recorded.
  { name: 'after-finish', trap: { method: 'finishRuns', when: 'after' }, succeedsAt: 1 },
];

/** Kills a node at each place in the cycle: the one fire time runs, and is told of once. */
export const killPoints: readonly Scenario[] = POINTS.map(({ name, trap, succeedsAt }) => ({
  name: `kill-${name}`,
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    const doomed = stage.spawn({ traps: [{ ...trap, then: 'kill', times: 1 }] });
    await doomed.gone();
    await stage.node();
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', succeedsAt);
  },
}));
