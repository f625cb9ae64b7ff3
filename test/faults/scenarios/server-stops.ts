import { setTimeout as sleep } from 'node:timers/promises';
import { expectOneRun, expectThat } from '../expect.js';
import { killServer } from '../kill-server.js';
import { SERVERS } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Stops the server for longer than the lease while runs go on: all nodes give up, come back, and miss no fire time. */
export const serverStopped: Scenario = {
  name: 'server-stopped',
  engines: SERVERS,
  async run(stage) {
    await stage.fleet(3);
    const outages = stage.isLong ? [10_000, 60_000] : [5000];
    for (const outageMs of outages) {
      const id = `through-${outageMs}`;
      const start = new Date();
      const end = new Date(start.getTime() + outageMs + 4000);
      const every = { interval: { milliseconds: 500 }, start, end };
      await stage.scheduler.addJob('noop', every, { id, coalesce: false });
      await stage.scheduler.addJob('sleep', every, { id: `${id}-long`, data: { ms: 3000 } });
      await stage.begun(`${id}-long`);
      await outage(stage, outageMs);
      await stage.settled(40_000);
    }
  },
};

/** Stops the server for less than the lease: nobody's runs are taken from it, and whoever is back first convicts nobody. */
export const shortOutage: Scenario = {
  name: 'short-outage',
  engines: SERVERS,
  async run(stage) {
    const [outageMs, lease] = stage.isLong ? [60_000, 90_000] : [5000, 15_000];
    const data = { ms: outageMs + 4000 };
    const jobs = ['a', 'b', 'c', 'd'];
    await stage.fleet(jobs.length, { concurrency: 1, options: { lease, heartbeat: 1000 } });
    for (const id of jobs) await stage.scheduler.addJob('deaf', { date: new Date() }, { id, data });
    for (const id of jobs) await stage.begun(id);
    await outage(stage, outageMs);
    await stage.settled(40_000);
    const runs = await stage.runs();
    for (const id of jobs) expectOneRun(runs, id, 'succeeded', 1);
    const convicted = stage.history().filter((entry) => entry.kind === 'call' && entry.method === 'recover');
    expectThat(convicted.length === 0, `nobody to be taken for dead; ${convicted.length} were`);
  },
};

/** Kills the server three times while the fleet drains a queue. */
export const serverKilled: Scenario = {
  name: 'server-killed',
  engines: SERVERS,
  async run(stage) {
    const size = stage.scale(1500, 20_000);
    const nodes = await stage.fleet(3);
    for (const node of nodes) await node.call('pause');
    for (let nth = 0; nth < size; nth += 500) {
      await stage.scheduler.addJobs(
        Array.from({ length: 500 }, (_, at) => ({
          task: 'sleep',
          trigger: { date: new Date() },
          options: { id: `job-${nth + at}`, data: { ms: 20 } },
        })),
      );
    }
    for (const node of nodes) await node.call('resume');
    for (let kills = 1; kills <= 3; kills++) {
      const share = (size * kills) / 5;
      await stage.until(() => endsOf(stage) >= share, `${share} runs to have ended`, 60_000);
      await killServer(stage);
    }
    await stage.settled(60_000);
    const succeeded = (await stage.runs()).filter(({ status }) => status === 'succeeded').length;
    expectThat(succeeded === size, `${size} runs to have succeeded; ${succeeded} have`);
  },
};

/** Starts nodes while there is no server: they fire once there is one. */
export const serverAbsent: Scenario = {
  name: 'server-absent',
  engines: SERVERS,
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    stage.fault('the server is stopped');
    await stage.server.stop();
    const nodes = [stage.spawn(), stage.spawn()];
    await sleep(stage.scale(3000, 10_000));
    expectThat(
      nodes.every(({ isGone }) => !isGone),
      'the processes to live without a server',
    );
    await stage.server.start();
    stage.fault('the server is there');
    await Promise.all(nodes.map((node) => node.ready()));
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 1);
  },
};

async function outage(stage: Stage, ms: number): Promise<void> {
  stage.fault(`the server is stopped for ${ms} ms`);
  await stage.server.stop();
  await sleep(ms);
  await stage.server.start();
  stage.fault('the server is back');
}

function endsOf(stage: Stage): number {
  return stage.history().filter(({ kind }) => kind === 'effect:end').length;
}
