import { setTimeout as sleep } from 'node:timers/promises';
import type { TriggerInput } from 'escapement';
import { expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const NODES = 8;

/** Kills a node at random again and again, and puts another in its place, while jobs of all kinds fire. */
export const killStorm: Scenario = {
  name: 'kill-storm',
  engines: ALL_ENGINES,
  async run(stage) {
    const { scheduler } = stage;
    const stormMs = stage.scale(8000, 120_000);
    const everyMs = stage.scale(500, 250);
    await stage.fleet(NODES);
    const start = new Date();
    const end = new Date(start.getTime() + stormMs);
    const every = (ms: number): TriggerInput => ({ interval: { milliseconds: ms }, start, end });
    for (let nth = 0; nth < 5; nth++) {
      const id = (kind: string): { id: string } => ({ id: `${kind}-${nth}` });
      const data = { ms: 150 + nth * 100 };
      await scheduler.addJob('noop', every(250 + nth * 100), { ...id('quick'), coalesce: false });
      await scheduler.addJob('sleep', every(300), { ...id('skips'), data });
      await scheduler.addJob('sleep', every(400), { ...id('queues'), data, overlap: 'queue' });
      await scheduler.addJob('sleep', every(300), { ...id('wide'), data, maxInstances: 3 });
      await scheduler.addJob('sleep', every(700), { ...id('abandons'), data, recovery: 'abandon' });
    }
    const endAt = monotonicMs() + stormMs;
    let added = 0;
    while (monotonicMs() < endAt) {
      await Promise.all([sleep(everyMs), scheduler.enqueue('noop'), scheduler.addJob('noop')]);
      added++;
      const { nodes } = stage;
      await nodes[Math.floor(Math.random() * nodes.length)]?.kill();
      stage.spawn();
    }
    await stage.settled(60_000);
    const runs = await stage.runs();
    const enqueued = runs.filter(({ origin }) => origin === 'enqueued').length;
    expectThat(enqueued === added, `${added} runs that were enqueued; there are ${enqueued}`);
  },
};
