import { setTimeout as sleep } from 'node:timers/promises';
import { expectOneRun } from '../expect.js';
import type { FaultNode } from '../fleet/fault-node.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const LEASE_MS = 3000;

/** Freezes a node during a run for longer than its lease: its late end is refused, and it comes back as another node. */
export const frozenDuringRun: Scenario = {
  name: 'frozen-during-run',
  engines: ALL_ENGINES,
  async run(stage) {
    const frozen = await stage.node();
    const heir = await stage.node({ isStarted: false });
    await stage.scheduler.addJob('deaf', { date: new Date() }, { id: 'once', data: { ms: 1000 } });
    await stage.begun('once');
    frozen.freeze();
    await heir.call('start');
    await stage.begun('once', 2);
    await sleep(1000);
    frozen.thaw();
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 2);
    await heir.shutdown();
    await expectWork(stage);
  },
};

/** Freezes a node for longer than its lease between a commit and its answer: it must not start what others run by now. */
export const frozenBeforeStart: Scenario = {
  name: 'frozen-before-start',
  engines: ['postgres', 'sqlite', 'redis'],
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    const frozen = stage.spawn({
      traps: [{ method: 'commitFirings', when: 'after', then: 'freeze', times: 1 }],
    });
    await stage.until(async () => (await stage.runs()).length > 0, 'the commit');
    const heir = await stage.node();
    await stage.begun('once', 2);
    await sleep(500);
    frozen.thaw();
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 2);
    await heir.shutdown();
    await expectWork(stage);
  },
};

/** Freezes a node for longer than its lease between a handler's end and the finish: that is sent late, and refused. */
export const frozenBeforeFinish: Scenario = {
  name: 'frozen-before-finish',
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    const frozen = stage.spawn({
      traps: [{ method: 'finishRuns', when: 'before', then: 'freeze', times: 1 }],
    });
    await stage.begun('once');
    await stage.node();
    await stage.begun('once', 2);
    await sleep(500);
    frozen.thaw();
    await stage.until(() => isRefused(stage, frozen), 'the late finish to be refused');
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 2);
  },
};

/** Blocks a node's event loop for longer than its lease: its late end is refused. */
export const blockedLoop: Scenario = {
  name: 'blocked-loop',
  engines: ['postgres', 'sqlite', 'redis'],
  async run(stage) {
    await stage.node();
    const heir = await stage.node({ isStarted: false });
    const data = { ms: LEASE_MS * 3 };
    await stage.scheduler.addJob('block', { date: new Date() }, { id: 'once', data });
    await stage.begun('once');
    await heir.call('start');
    await stage.begun('once', 2);
    await stage.until(
      () => stage.history().some((entry) => entry.kind === 'effect:end' && entry.attempt === 1),
      'the handler that blocks to end',
    );
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 2);
    await heir.shutdown();
    await expectWork(stage);
  },
};

function isRefused(stage: Stage, { name }: FaultNode): boolean {
  return stage
    .history()
    .some(
      (entry) =>
        entry.kind === 'answer' &&
        entry.process === name &&
        entry.finishes?.some(({ outcome }) => outcome === 'lost') === true,
    );
}

/** Holds that the nodes that are left fire still. */
async function expectWork(stage: Stage): Promise<void> {
  await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'afterwards' });
  await stage.begun('afterwards');
  await stage.settled();
  expectOneRun(await stage.runs(), 'afterwards', 'succeeded', 1);
}
