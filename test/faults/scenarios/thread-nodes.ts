import { setTimeout as sleep } from 'node:timers/promises';
import { diceOf, oneOf } from '../dice.js';
import { expectOneRun, expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const SEED = 7;

/** Kills a node while its threads run: another runs again what they did, and what was not begun, each as its policy says. */
export const threadNodeKilled: Scenario = {
  name: 'thread-node-killed',
  engines: ALL_ENGINES,
  async run(stage) {
    const { scheduler } = stage;
    const data = { ms: 1500 };
    const doomed = await stage.node({ threads: 2 });
    await scheduler.addJob('thread-step', { date: new Date() }, { id: 'again', data });
    await scheduler.addJob(
      'thread-step',
      { date: new Date() },
      { id: 'given-up', data, recovery: 'abandon' },
    );
    await Promise.all([stage.begun('again'), stage.begun('given-up')]);
    await scheduler.addJob('threaded', { date: new Date() }, { id: 'chained', data: { ms: 20 } });
    const heir = stage.spawn({ threads: 2 });
    await doomed.kill();
    await heir.ready();
    await stage.settled();
    const runs = await stage.runs();
    expectOneRun(runs, 'again', 'succeeded', 2);
    expectOneRun(runs, 'given-up', 'lost', 1);
    const chain = runs.find(({ task }) => task === 'threaded');
    expectThat(chain?.status === 'succeeded', `the chain to succeed; it is ${String(chain?.status)}`);
  },
};

/** Kills nodes again and again whose threads run the steps of chains. */
export const threadStorm: Scenario = {
  name: 'thread-storm',
  engines: ALL_ENGINES,
  async run(stage) {
    const dice = diceOf(SEED);
    const stormMs = stage.scale(6000, 60_000);
    await stage.fleet(3, { threads: 2 });
    const endAt = monotonicMs() + stormMs;
    let added = 0;
    while (monotonicMs() < endAt) {
      for (let nth = 0; nth < 5; nth++) await stage.scheduler.enqueue('threaded', { ms: 100 });
      added += 5;
      await sleep(1000);
      const victim = oneOf(
        stage.nodes.filter(({ isReady }) => isReady),
        dice,
      );
      if (victim === undefined) continue;
      await victim.kill();
      stage.spawn({ threads: 2 });
    }
    await stage.settled(60_000);
    const chains = (await stage.runs()).filter(({ task }) => task === 'threaded');
    const succeeded = chains.filter(({ status }) => status === 'succeeded').length;
    expectThat(
      chains.length === added && succeeded === added,
      `${added} chains to succeed; ${succeeded} of ${chains.length} did`,
    );
  },
};
