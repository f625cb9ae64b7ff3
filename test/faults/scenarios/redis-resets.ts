import { setTimeout as sleep } from 'node:timers/promises';
import { RedisSession } from '../../support/redis-session.js';
import { groupBy } from '../checker/group-by.js';
import { expectThat } from '../expect.js';
import type { FaultNode } from '../fleet/fault-node.js';
import type { EffectStart } from '../history/entries.js';
import { monotonicMs } from '../history/monotonic.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Empties the store, writes that it did, and may reject what is asked of the store meanwhile. */
type Wipe = (stage: Stage) => Promise<void>;

/** Names jobs that each node declares at its start, as apps do. */
const QUICK = 'quick';
const LONG = 'long';
/** Is how long after a reset the handlers of what is gone have stopped. */
const LET_GO_MS = 3000;

/** Flushes the server under a fleet: what was declared in code comes back on each node's word, and all else is gone. */
export const flushallUnderLoad: Scenario = {
  name: 'flushall-under-load',
  engines: ['redis'],
  run: (stage) =>
    throughResets(stage, async () => {
      await using session = await RedisSession.to(stage.place.at);
      await session.call('FLUSHALL');
      stage.fault('the server is flushed', 'all');
    }),
};

/** Kills a server that keeps nothing on a disk: it comes back empty, which is as good as flushed. */
export const serverKilledWithoutPersistence: Scenario = {
  name: 'server-killed-without-persistence',
  engines: ['redis'],
  server: { durable: false, config: { save: '' } },
  run: (stage) =>
    throughResets(stage, async () => {
      await stage.server.stop('kill');
      stage.fault('the server is killed, and has kept nothing', 'all');
      await sleep(500);
      await stage.server.start();
      stage.fault('the server is back, and empty');
    }),
};

async function throughResets(stage: Stage, wipe: Wipe): Promise<void> {
  const resets = stage.scale(2, 10);
  const nodes = await stage.fleet(3);
  const start = new Date();
  const end = new Date(start.getTime() + resets * 2500 + 1500);
  for (const node of nodes) await declare(node, start, end);
  for (let nth = 1; nth <= resets; nth++) {
    await bringWhatIsNotDeclared(stage, nodes);
    const enqueueing = Promise.allSettled(nodes.map((node) => node.callTimes(20, 'enqueue', 'noop')));
    await stage.until(() => goingOn(stage, LONG, Infinity).length > 0, `a run of ${LONG} to go on`);
    const wipedAt = monotonicMs();
    const wipedWall = Date.now();
    await wipe(stage);
    await enqueueing;
    for (const node of nodes) {
      const told = (): boolean => resetsToldBy(stage, node) >= nth;
      await stage.until(told, `${node.name} to tell of reset ${nth}`, 10_000);
    }
    for (const id of [QUICK, LONG]) {
      const isBack = (start: EffectStart): boolean => start.jobId === id && start.scheduledAt >= wipedWall;
      await stage.until(() => startsOf(stage).some(isBack), `${id} to fire again`, 10_000);
    }
    const goes = (): boolean => goingOn(stage, LONG, wipedAt).length > 0;
    await stage.until(() => !goes(), 'the handlers of what is gone to be told so', LET_GO_MS);
    expectThat((await stage.store.getJob('undeclared')) === null, 'what is not recurring to be gone');
  }
  await stage.settled();
  expectThat(stage.nodes.length === nodes.length, 'all processes to live');
  for (const node of nodes) {
    const told = resetsToldBy(stage, node);
    expectThat(told === resets, `${node.name} to tell of ${resets} resets; it told of ${told}`);
  }
  expectNoneAgain(stage);
}

async function declare(node: FaultNode, start: Date, end: Date): Promise<void> {
  const every = (milliseconds: number): object => ({ interval: { milliseconds }, start, end });
  const options = { ifExists: 'update' };
  await node.call('addJob', 'noop', every(250), { ...options, id: QUICK, coalesce: false });
  await node.call('addJob', 'sleep', every(700), { ...options, id: LONG, data: { ms: 600 } });
}

/** Adds what would keep the stage from settling if it were not gone: a run that waits for long, and a date far ahead. */
async function bringWhatIsNotDeclared({ scheduler }: Stage, [node]: readonly FaultNode[]): Promise<void> {
  const far = { minutes: 10 };
  await node?.call('addJob', 'noop', { date: new Date(Date.now() + 600_000) }, { id: 'undeclared' });
  await scheduler.enqueue('noop', null, { delay: far });
}

function startsOf(stage: Stage): EffectStart[] {
  return stage.history().filter((entry): entry is EffectStart => entry.kind === 'effect:start');
}

/** Gives the attempts of a job that began before an instant and have not ended. */
function goingOn(stage: Stage, jobId: string, before: number): EffectStart[] {
  const keyOf = (run: { runId: string; attempt: number }): string => `${run.runId}#${run.attempt}`;
  const entries = stage.history();
  const ended = new Set(entries.flatMap((entry) => (entry.kind === 'effect:end' ? [keyOf(entry)] : [])));
  return startsOf(stage).filter(
    (entry) => entry.jobId === jobId && entry.at < before && !ended.has(keyOf(entry)),
  );
}

function resetsToldBy(stage: Stage, { name }: FaultNode): number {
  return stage
    .history()
    .filter((entry) => entry.kind === 'event' && entry.name === 'store:reset' && entry.process === name)
    .length;
}

/** Holds that the jobs came back from their next time on: no fire time is that of two runs, before a reset and after. */
function expectNoneAgain(stage: Stage): void {
  const ofJobs = startsOf(stage).filter(({ jobId }) => jobId !== null);
  const byFireTime = groupBy(ofJobs, ({ jobId, scheduledAt }) => `${String(jobId)}@${scheduledAt}`);
  for (const [fireTime, same] of byFireTime) {
    const runs = new Set(same.map(({ runId }) => runId)).size;
    expectThat(runs === 1, `${fireTime} to be run once; ${runs} runs were started`);
  }
}
