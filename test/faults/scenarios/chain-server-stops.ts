import { setTimeout as sleep } from 'node:timers/promises';
import { expectThat } from '../expect.js';
import { killServer } from '../kill-server.js';
import { SERVERS } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Kills the server three times while the fleet works through chains. */
export const chainServerKilled: Scenario = {
  name: 'chain-server-killed',
  engines: SERVERS,
  async run(stage) {
    const size = stage.scale(80, 2000);
    const nodes = await stage.fleet(3);
    for (const node of nodes) await node.call('pause');
    for (let nth = 0; nth < size; nth++) await stage.scheduler.enqueue('fanning', { ms: 20 });
    for (let nth = 0; nth < size / 4; nth++) await stage.scheduler.enqueue('doomed', { ms: 20 });
    for (const node of nodes) await node.call('resume');
    const starts = size * 6 + (size / 4) * 3;
    for (let kills = 1; kills <= 3; kills++) {
      const share = (starts * kills) / 4;
      await stage.until(() => startsOf(stage) >= share, `${share} steps to have begun`, 60_000);
      await killServer(stage);
    }
    await stage.settled(60_000);
    await expectEnds(stage, size, size / 4);
  },
};

/** Stops the server for longer than the lease in the middle of chains: all nodes give up, and the chains go on with them. */
export const chainServerStopped: Scenario = {
  name: 'chain-server-stopped',
  engines: SERVERS,
  async run(stage) {
    const outageMs = stage.scale(5000, 60_000);
    await stage.fleet(3);
    for (let nth = 0; nth < 5; nth++) {
      await stage.scheduler.enqueue('nested', { ms: 300 });
      await stage.scheduler.enqueue('doomed', { ms: 1000 });
    }
    await stage.until(() => startsOf(stage) >= 12, 'the chains to be under way');
    stage.fault(`the server is stopped for ${outageMs} ms`);
    await stage.server.stop();
    await sleep(outageMs);
    await stage.server.start();
    stage.fault('the server is back');
    await stage.settled(60_000);
    await expectEnds(stage, 5, 5);
  },
};

async function expectEnds(stage: Stage, succeeded: number, failed: number): Promise<void> {
  const runs = (await stage.runs()).filter(({ origin }) => origin === 'enqueued');
  const count = (end: string): number => runs.filter(({ status }) => status === end).length;
  expectThat(
    count('succeeded') === succeeded && count('failed') === failed && runs.length === succeeded + failed,
    `${succeeded} chains to succeed and ${failed} to fail; ${count('succeeded')} and ${count('failed')} of ${runs.length} did`,
  );
}

function startsOf(stage: Stage): number {
  return stage.history().filter(({ kind }) => kind === 'effect:start').length;
}
