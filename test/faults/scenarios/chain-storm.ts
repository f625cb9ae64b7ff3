import { setTimeout as sleep } from 'node:timers/promises';
import type { TriggerInput } from 'escapement';
import { diceOf, oneOf } from '../dice.js';
import { expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const NODES = 5;
const SEED = 20_261;
const SUCCEEDING = ['plain', 'retrying', 'fanning', 'nested'] as const;
const FAILING = ['doomed', 'fanning-doomed'] as const;

/**
 * Kills a node at random again and again, or shuts one down with what it runs, and puts another in its place, while
 * chains of all kinds are fired and enqueued.
 */
export const chainStorm: Scenario = {
  name: 'chain-storm',
  engines: ALL_ENGINES,
  async run(stage) {
    const { scheduler } = stage;
    const dice = diceOf(SEED);
    const stormMs = stage.scale(6000, 120_000);
    const everyMs = stage.scale(500, 250);
    await stage.fleet(NODES);
    const start = new Date();
    const end = new Date(start.getTime() + stormMs);
    const every = (ms: number): TriggerInput => ({ interval: { milliseconds: ms }, start, end });
    const data = { ms: 100 };
    await scheduler.addJob('plain', every(400), { id: 'skips', data });
    await scheduler.addJob('retrying', every(700), { id: 'queues', data, overlap: 'queue' });
    await scheduler.addJob('fanning', every(600), { id: 'wide', data, maxInstances: 3 });
    await scheduler.addJob('doomed', every(900), { id: 'fails', data, coalesce: false });
    const endAt = monotonicMs() + stormMs;
    let added = 0;
    while (monotonicMs() < endAt) {
      await sleep(everyMs);
      for (const task of [...SUCCEEDING, ...FAILING]) await scheduler.enqueue(task, { ms: dice() * 150 });
      added++;
      const victim = oneOf(
        stage.nodes.filter(({ isReady }) => isReady),
        dice,
      );
      if (victim === undefined) continue;
      await (dice() < 0.7 ? victim.kill() : victim.shutdown(50));
      stage.spawn();
    }
    await stage.settled(90_000);
    const runs = (await stage.runs()).filter(({ origin }) => origin === 'enqueued');
    expectThat(
      runs.length === added * (SUCCEEDING.length + FAILING.length),
      `${added} chains of each kind that were enqueued; there are ${runs.length} in all`,
    );
    const good = runs.filter(({ task }) => SUCCEEDING.some((name) => name === task));
    const bad = good.filter(({ status }) => status !== 'succeeded');
    // A run that is killed four times is lost: a storm may do that to a few.
    expectThat(
      bad.length <= good.length / 10,
      `most of ${good.length} chains to succeed; ${bad.length} did not`,
    );
  },
};
