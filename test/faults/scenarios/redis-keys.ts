import { RedisSession } from '../../support/redis-session.js';
import { expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Is what somebody lays hands on: a job that recurs, a run that waits, and one that goes on and holds its job's slot. */
interface Victims {
  readonly job: string;
  readonly waiting: string;
  readonly running: string;
}

/** Deletes the records of a job, of a run that waits and of one that goes on: each is gone, and all else goes on. */
export const deletedHash: Scenario = {
  name: 'deleted-hash',
  engines: ['redis'],
  async run(stage) {
    await amongVictims(stage, async (session, key) => {
      const deleted = await session.call('DEL', key);
      expectThat(deleted === 1, `a record at ${key}`);
    });
    expectThat((await stage.store.getJob('damaged')) === null, 'the job to be gone');
  },
};

/** Writes a plain value over the records of a job, of a run that waits and of one that goes on: all else goes on. */
export const wrongTypeKey: Scenario = {
  name: 'wrong-type-key',
  engines: ['redis'],
  run: (stage) =>
    amongVictims(stage, async (session, key) => {
      const was = await session.call('TYPE', key);
      expectThat(was === 'hash', `a record at ${key}; it is ${String(was)}`);
      await session.call('SET', key, 'x');
    }),
};

/** Has a fleet work, and something done to three records meanwhile. */
async function amongVictims(
  stage: Stage,
  damage: (session: RedisSession, key: string) => Promise<void>,
): Promise<void> {
  await using session = await RedisSession.to(stage.place.at);
  const start = new Date();
  const end = new Date(start.getTime() + 6000);
  const trigger = { interval: { milliseconds: 300 }, start, end };
  await stage.fleet(2);
  await stage.scheduler.addJob('noop', trigger, { id: 'sound', coalesce: false });
  await stage.scheduler.addJob('noop', trigger, { id: 'damaged', coalesce: false });
  await stage.scheduler.addJob('sleep', trigger, { id: 'holder', data: { ms: 1500 } });
  const queued = await stage.scheduler.enqueue('noop', null, { delay: 2500 });
  await stage.begun('damaged');
  await stage.begun('holder');
  const victims = await pickVictims(stage, queued.id);
  const { prefix } = stage.place;
  await damage(session, `{${prefix}}:job:${victims.job}`);
  await damage(session, `{${prefix}}:run:${victims.waiting}`);
  await damage(session, `{${prefix}}:run:${victims.running}`);
  stage.fault('three records are damaged', Object.values(victims) as string[]);
  const damagedAt = monotonicMs();
  await stage.until(
    () => startsOf(stage, 'holder', damagedAt) > 0,
    'the job whose run is gone to fire again',
  );
  await stage.settled();
  expectThat(startsOf(stage, 'sound', damagedAt) > 5, 'the other jobs to go on');
  expectThat(stage.nodes.length === 2, 'all processes to live');
  const hasRun = stage.history().some((e) => e.kind === 'effect:start' && e.runId === victims.waiting);
  expectThat(!hasRun, 'the run that waited not to be run');
}

async function pickVictims({ store }: Stage, waiting: string): Promise<Victims> {
  const job = await store.getJob('damaged');
  const { items } = await store.listRuns({ jobId: 'holder', statuses: ['running'], limit: 1 });
  return { job: job?.uid ?? '', waiting, running: items[0]?.id ?? '' };
}

/** Counts the attempts of a job that began after an instant. */
function startsOf(stage: Stage, jobId: string, after: number): number {
  return stage.history().filter((e) => e.kind === 'effect:start' && e.jobId === jobId && e.at > after).length;
}
