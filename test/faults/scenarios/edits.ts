import { setTimeout as sleep } from 'node:timers/promises';
import { expectOneRun, expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';

const LONG_CLAIM = { claimTimeout: 30_000 };

/** Edits a job whose claim died: it fires at its new time, and does not wait for the claim to expire. */
export const editAfterDeadClaim: Scenario = {
  name: 'edit-after-dead-claim',
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    const doomed = stage.spawn({
      options: LONG_CLAIM,
      traps: [{ method: 'commitFirings', when: 'before', then: 'kill', times: 1 }],
    });
    await doomed.gone();
    await stage.node({ options: LONG_CLAIM });
    const at = new Date(Date.now() + 1000);
    await stage.scheduler.rescheduleJob('once', { date: at });
    await stage.begun('once', 1, 5000);
    await stage.settled();
    const { startedAt } = expectOneRun(await stage.runs(), 'once', 'succeeded', 1);
    const lateMs = (startedAt ?? Infinity) - at.getTime();
    expectThat(lateMs >= 0 && lateMs < 1000, `the edited job to fire on time; it fired ${lateMs} ms late`);
  },
};

/** Edits, pauses, resumes, removes and adds jobs at random while a fleet fires them. */
export const editStorm: Scenario = {
  name: 'edit-storm',
  engines: ALL_ENGINES,
  async run(stage) {
    const { scheduler } = stage;
    const ids = Array.from({ length: 6 }, (_, nth) => `job-${nth}`);
    const stormMs = stage.scale(6000, 60_000);
    const end = new Date(Date.now() + stormMs + 1000);
    const add = (id: string, ms: number): Promise<unknown> =>
      scheduler.addJob(
        'sleep',
        { interval: { milliseconds: ms }, end },
        { id, data: { ms: 50 }, ifExists: 'update' },
      );
    await stage.fleet(4);
    const edits: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => add(id, 200),
      (id) => add(id, 333),
      (id) => scheduler.removeJob(id),
      (id) => scheduler.pauseJob(id),
      (id) => scheduler.resumeJob(id),
      (id) => scheduler.modifyJob(id, { overlap: 'queue' }),
      (id) => scheduler.rescheduleJob(id, { interval: { milliseconds: 250 }, end }),
      (id) => scheduler.runJob(id),
    ];
    const endAt = monotonicMs() + stormMs;
    const editOne = async (id: string): Promise<void> => {
      while (monotonicMs() < endAt) {
        const edit = edits[Math.floor(Math.random() * edits.length)];
        // What is removed cannot be edited.
        await edit?.(id).catch((error: unknown) => {
          const { code } = error as { code?: string };
          expectThat(code === 'ESC_JOB_NOT_FOUND', `no error but that a job is gone; got ${String(error)}`);
        });
        await sleep(Math.random() * 150);
      }
    };
    await Promise.all(ids.map(editOne));
    for (const id of ids) {
      await add(id, 200);
      await scheduler.resumeJob(id);
    }
    await stage.settled();
    for (const id of ids) {
      const ran = (await stage.runs()).some((run) => run.jobId === id && run.status === 'succeeded');
      expectThat(ran, `${id} to have run`);
    }
  },
};

/** Ends the last two runs of jobs on two nodes at once: each job comes to its end, once. */
export const lastTwoRuns: Scenario = {
  name: 'last-two-runs',
  engines: ALL_ENGINES,
  async run(stage) {
    const ids = Array.from({ length: stage.scale(20, 200) }, (_, nth) => `job-${nth}`);
    await stage.fleet(2, { concurrency: ids.length });
    const start = new Date(Date.now() + 2000);
    const end = new Date(start.getTime() + 400);
    const trigger = { interval: { milliseconds: 400 }, start, end };
    const data = { at: end.getTime() + 1500 };
    for (const id of ids) {
      await stage.scheduler.addJob('until', trigger, { id, data, maxInstances: 2, coalesce: false });
    }
    await stage.settled();
    for (const job of await stage.jobs()) {
      expectThat(job.state === 'finished', `${job.id} to be finished; it is ${job.state}`);
    }
    const runs = await stage.runs();
    const isShared = (id: string): boolean =>
      new Set(runs.filter((run) => run.jobId === id).map(({ owner }) => owner)).size === 2;
    expectThat(ids.some(isShared), 'a job whose two runs ended on two nodes');
    for (const id of ids) {
      const ends = stage
        .history()
        .filter((entry) => entry.kind === 'event' && entry.name === 'job:finished' && entry.jobId === id);
      expectThat(ends.length === 1, `${id} to come to its end once; it did ${ends.length} times`);
    }
  },
};
