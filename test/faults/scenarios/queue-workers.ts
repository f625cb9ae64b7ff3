import { setTimeout as sleep } from 'node:timers/promises';
import { diceOf, oneOf } from '../dice.js';
import { expectOneRun, expectThat } from '../expect.js';
import type { FaultNode } from '../fleet/fault-node.js';
import type { EffectStart } from '../history/entries.js';
import { monotonicMs } from '../history/monotonic.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const SEED = 31;

/** Kills a queue's worker during runs: they are run again by another, or lost, each as its policy says. */
export const queueWorkerKilled: Scenario = {
  name: 'queue-worker-killed',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const { scheduler, queue } = stage;
    const data = { ms: 1500 };
    const doomed = await stage.worker();
    await stage.fleet(2, { queue });
    await scheduler.addJob('queued', { date: new Date() }, { id: 'chained', data: { ms: 300 } });
    await stage.begun('chained');
    await scheduler.addJob('queue-step', { date: new Date() }, { id: 'again', data });
    await scheduler.addJob('queue-step', { date: new Date() }, { id: 'given-up', data, recovery: 'abandon' });
    for (const id of ['again', 'given-up']) await stage.begun(id);
    const heir = stage.worker();
    await doomed.kill();
    await heir;
    await stage.settled();
    const runs = await stage.runs();
    expectOneRun(runs, 'again', 'succeeded', 2);
    expectOneRun(runs, 'given-up', 'lost', 1);
    const chain = runs.find(({ task }) => task === 'queued');
    expectThat(chain?.status === 'succeeded', `the chain to succeed; it is ${String(chain?.status)}`);
  },
};

/** Kills the node whose runs are in a queue, under way and waiting: another finds them there, and no handler begins twice. */
export const queueNodeKilled: Scenario = {
  name: 'queue-node-killed',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const { scheduler, queue } = stage;
    await stage.worker(2);
    const doomed = await stage.node({ queue });
    const jobs = ['a', 'b', 'c', 'd', 'e', 'f'];
    // Some end before their node is found dead, some while nobody has them, some after that.
    for (const [nth, id] of jobs.entries())
      await scheduler.addJob('queue-step', { date: new Date() }, { id, data: { ms: 1000 + nth * 500 } });
    await scheduler.addJob('queued', { date: new Date() }, { id: 'chained', data: { ms: 100 } });
    await stage.begun('a');
    await stage.begun('b');
    await stage.until(async () => (await runningOf(stage)) > jobs.length, 'all runs to be in the queue');
    await doomed.kill();
    await stage.node({ queue });
    await stage.settled(60_000);
    const runs = await stage.runs();
    for (const id of jobs) {
      const starts = startsOf(stage, id).length;
      expectThat(starts === 1, `one handler of ${id} to begin; ${starts} did`);
      expectOneRun(runs, id, 'succeeded', 2);
    }
  },
};

/** Shuts nodes and workers down while runs are under way: nothing is lost, and what waits or goes on in the queue is found there. */
export const queueHandOver: Scenario = {
  name: 'queue-hand-over',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const { scheduler, queue } = stage;
    const [worker, node] = [await stage.worker(4), await stage.node({ queue })];
    for (let nth = 0; nth < 8; nth++) await scheduler.enqueue('queue-step', { ms: 1500 });
    for (let nth = 0; nth < 4; nth++) await scheduler.enqueue('queued', { ms: 300 });
    await stage.until(() => startsOf(stage).length >= 4, 'the worker to be at work');
    await node.shutdown(100);
    await stage.node({ queue });
    await stage.worker(4);
    await worker.shutdown(100);
    await stage.settled(60_000);
    const enqueued = (await stage.runs()).filter(({ origin }) => origin === 'enqueued');
    const succeeded = enqueued.filter(({ status }) => status === 'succeeded').length;
    expectThat(succeeded === 12, `12 runs to succeed; ${succeeded} did`);
  },
};

/** Kills the queue's server three times while chains go through it. */
export const queueServerKilled: Scenario = {
  name: 'queue-server-killed',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const size = stage.scale(20, 1000);
    const { queue } = stage;
    await Promise.all([stage.worker(), stage.worker(), stage.fleet(2, { queue })]);
    for (let nth = 0; nth < size; nth++) await stage.scheduler.enqueue('queued', { ms: 50 });
    for (let kills = 1; kills <= 3; kills++) {
      const share = (size * 5 * kills) / 4;
      await stage.until(() => startsOf(stage).length >= share, `${share} steps to have begun`, 60_000);
      await outage(stage, 'kill', 500);
    }
    await expectChains(stage, size, 0);
  },
};

/** Stops the queue's server for longer than a worker may be silent: what went on there meanwhile has one handler at a time. */
export const queueServerStopped: Scenario = {
  name: 'queue-server-stopped',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const outageMs = stage.scale(4000, 60_000);
    const { queue } = stage;
    await Promise.all([stage.worker(), stage.worker(), stage.fleet(2, { queue })]);
    for (let nth = 0; nth < 6; nth++) {
      await stage.scheduler.enqueue('queued', { ms: 700 });
      await stage.scheduler.enqueue('queued-doomed', { ms: 700 });
      await stage.scheduler.enqueue('queue-step', { ms: outageMs * 1.5 });
    }
    await stage.until(() => startsOf(stage).length >= 20, 'the runs to be under way');
    await outage(stage, 'fast', outageMs);
    await expectChains(stage, 12, 6);
  },
};

/** Kills nodes, workers and the queue's server again and again while chains go through the queue. */
export const queueStorm: Scenario = {
  name: 'queue-storm',
  engines: ALL_ENGINES,
  hasQueue: true,
  async run(stage) {
    const { queue } = stage;
    const dice = diceOf(SEED);
    const stormMs = stage.scale(8000, 120_000);
    await Promise.all([stage.worker(), stage.worker(), stage.worker(), stage.fleet(3, { queue })]);
    const endAt = monotonicMs() + stormMs;
    let rounds = 0;
    const spawning: Promise<FaultNode>[] = [];
    while (monotonicMs() < endAt) {
      for (let nth = 0; nth < 3; nth++) await stage.scheduler.enqueue('queued', { ms: 100 + dice() * 400 });
      await stage.scheduler.enqueue('queued-doomed', { ms: 100 + dice() * 400 });
      rounds++;
      await sleep(600);
      const fate = dice();
      if (fate < 0.4) {
        await oneOf(ready(stage.workers), dice)?.kill();
        spawning.push(stage.worker());
      } else if (fate < 0.8) {
        await oneOf(ready(stage.nodes), dice)?.kill();
        stage.spawn({ queue });
      } else await outage(stage, 'kill', 300);
    }
    await Promise.all(spawning);
    await stage.settled(90_000);
    const chains = (await stage.runs()).filter(({ origin }) => origin === 'enqueued');
    expectThat(chains.length === rounds * 4, `${rounds * 4} chains; there are ${chains.length}`);
    const bad = chains.filter(({ task, status }) => task === 'queued' && status !== 'succeeded').length;
    // A run whose worker and nodes are killed four times is lost: a storm may do that to a few.
    expectThat(bad <= rounds / 3, `most of ${rounds * 3} chains to succeed; ${bad} did not`);
  },
};

async function outage(stage: Stage, how: 'fast' | 'kill', ms: number): Promise<void> {
  stage.fault(`the queue's server is stopped (${how}) for ${ms} ms`);
  await stage.queueServer.stop(how);
  await sleep(ms);
  await stage.queueServer.start();
  stage.fault("the queue's server is back");
}

async function expectChains(stage: Stage, succeeded: number, failed: number): Promise<void> {
  await stage.settled(60_000);
  const runs = (await stage.runs()).filter(({ origin }) => origin === 'enqueued');
  const count = (end: string): number => runs.filter(({ status }) => status === end).length;
  expectThat(
    count('succeeded') === succeeded && count('failed') === failed && runs.length === succeeded + failed,
    `${succeeded} runs to succeed and ${failed} to fail; ${count('succeeded')} and ${count('failed')} of ${runs.length} did`,
  );
}

function startsOf(stage: Stage, jobId: string | null = null): EffectStart[] {
  return stage
    .history()
    .filter(
      (entry): entry is EffectStart =>
        entry.kind === 'effect:start' && (jobId === null || entry.jobId === jobId),
    );
}

async function runningOf(stage: Stage): Promise<number> {
  return (await stage.store.listRuns({ statuses: ['running'], limit: 100 })).items.length;
}

function ready(processes: readonly FaultNode[]): FaultNode[] {
  return processes.filter(({ isReady }) => isReady);
}
