import { setTimeout as sleep } from 'node:timers/promises';
import { RedisSession } from '../../support/redis-session.js';
import { expectOneRun, expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const FLEET = ['a', 'b', 'c'];
/** Lets the server be told to sleep; it does so for nobody by default. */
const SLEEPY = { config: { 'enable-debug-command': 'local' } };

/** Blocks the server for less than the lease: nobody's runs are taken from it. */
export const debugSleep: Scenario = {
  name: 'debug-sleep',
  engines: ['redis'],
  server: SLEEPY,
  async run(stage) {
    await sleepThrough(stage, 'deaf', 3, 15_000);
    const runs = await stage.runs();
    for (const id of FLEET) expectOneRun(runs, id, 'succeeded', 1);
    const convicted = stage.history().filter((entry) => entry.kind === 'call' && entry.method === 'recover');
    expectThat(convicted.length === 0, `nobody to be taken for dead; ${convicted.length} were`);
  },
};

/** Blocks the server for longer than the lease: all nodes give their runs up in time, and run them again afterwards. */
export const debugSleepPastLease: Scenario = {
  name: 'debug-sleep-past-lease',
  engines: ['redis'],
  server: SLEEPY,
  async run(stage) {
    await sleepThrough(stage, 'first', 4, 3000);
    const runs = await stage.runs();
    for (const id of FLEET) expectOneRun(runs, id, 'succeeded', 2);
    const aborted = stage.history().filter((entry) => entry.kind === 'effect:end' && entry.how === 'aborted');
    expectThat(aborted.length === FLEET.length, `all handlers to be told to stop; ${aborted.length} were`);
  },
};

/** Makes the server forget all scripts every few milliseconds: nothing that is asked of it fails. */
export const scriptFlush: Scenario = {
  name: 'script-flush',
  engines: ['redis'],
  async run(stage) {
    await using session = await RedisSession.to(stage.place.at);
    const workMs = stage.scale(3000, 30_000);
    const nodes = await stage.fleet(3);
    await addRecurring(stage, workMs);
    const enqueueing = Promise.all(nodes.map((node) => node.callTimes(50, 'enqueue', 'noop')));
    const endAt = monotonicMs() + workMs;
    let flushes = 0;
    for (; monotonicMs() < endAt; flushes++) {
      await session.call('SCRIPT', 'FLUSH');
      await sleep(5);
    }
    stage.fault(`all scripts were forgotten ${flushes} times`);
    await enqueueing;
    await stage.settled();
    const failed = stage.history().filter(({ kind }) => kind === 'rejection');
    expectThat(failed.length === 0, `nothing to fail; ${failed.length} calls did`);
  },
};

/** Fills the server's memory: what cannot be written is refused, and all goes on once there is room again. */
export const memoryFull: Scenario = {
  name: 'memory-full',
  engines: ['redis'],
  async run(stage) {
    await using session = await RedisSession.to(stage.place.at);
    const fullMs = stage.scale(4000, 30_000);
    const nodes = await stage.fleet(2);
    await addRecurring(stage, fullMs + 3000);
    await stage.begun('job-3');
    await session.call('CONFIG', 'SET', 'maxmemory', '1');
    stage.fault('the memory is full');
    await sleep(fullMs);
    await session.call('CONFIG', 'SET', 'maxmemory', '0');
    stage.fault('there is memory again');
    await stage.settled();
    for (const { name } of nodes) {
      const isTold = stage
        .history()
        .some((entry) => entry.kind === 'event' && entry.name === 'store:error' && entry.process === name);
      expectThat(isTold, `${name} to tell that the store refuses`);
    }
  },
};

/** Has each node run one job, and blocks the server meanwhile. */
async function sleepThrough(stage: Stage, task: string, blockedS: number, lease: number): Promise<void> {
  await using session = await RedisSession.to(stage.place.at);
  const data = { ms: blockedS * 1000 + 500 };
  await stage.fleet(FLEET.length, { concurrency: 1, options: { lease, heartbeat: 1000 } });
  for (const id of FLEET) await stage.scheduler.addJob(task, { date: new Date() }, { id, data });
  for (const id of FLEET) await stage.begun(id);
  stage.fault(`the server is blocked for ${blockedS} s`);
  await session.call('DEBUG', 'SLEEP', String(blockedS));
  stage.fault('the server goes on');
  await stage.settled();
}

async function addRecurring(stage: Stage, forMs: number): Promise<void> {
  const start = new Date();
  const end = new Date(start.getTime() + forMs);
  for (let nth = 0; nth < 4; nth++) {
    const trigger = { interval: { milliseconds: 200 + 50 * nth }, start, end };
    await stage.scheduler.addJob('sleep', trigger, { id: `job-${nth}`, data: { ms: 50 }, coalesce: false });
  }
}
