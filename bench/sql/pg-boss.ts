import { setTimeout as sleep } from 'node:timers/promises';
import PgBoss from 'pg-boss';
import type { OnRun, Payload, Producer } from '../support/contender.js';
import type { SqlContender } from './contender.js';

const QUEUE = 'effect';
/** Is the shortest time between two looks that its own workers may be given. */
const SHORTEST_POLL_MS = 500;

/**
 * Says how it is used: with `work` as it comes, with `work` that looks as often as may be and takes 100 jobs, or by an
 * app that fetches and completes so many at a time.
 */
export type BossSetup = 'as it comes' | 'polling' | number;

const WORK_OPTIONS: Readonly<Record<Exclude<BossSetup, number>, PgBoss.WorkOptions>> = {
  'as it comes': {},
  polling: { pollingIntervalSeconds: SHORTEST_POLL_MS / 1000, batchSize: 100 },
};

/** Makes pg-boss a contender. */
export function pgBoss(setup: BossSetup): SqlContender {
  return {
    async prepare(url) {
      const boss = await startedBoss(url);
      await boss.createQueue(QUEUE);
      await stop(boss);
    },

    async join(url, onRun) {
      const boss = await startedBoss(url);
      const looping = new AbortController();
      return {
        go: () =>
          typeof setup === 'number'
            ? fetchAlways(boss, setup, onRun, looping.signal)
            : work(boss, WORK_OPTIONS[setup], onRun),
        async leave() {
          looping.abort();
          await stop(boss);
        },
      };
    },

    produce,
    countDone: () => `select count(*) as done from pgboss.job where state = 'completed'`,
  };
}

async function startedBoss(url: string): Promise<PgBoss> {
  const boss = new PgBoss(url);
  boss.on('error', (error) => {
    throw error;
  });
  return boss.start();
}

async function stop(boss: PgBoss): Promise<void> {
  await boss.stop({ graceful: false, wait: true });
}

async function work(boss: PgBoss, options: PgBoss.WorkOptions, onRun: OnRun): Promise<void> {
  await boss.work<Payload>(QUEUE, options, (jobs) => {
    for (const { data } of jobs) onRun(data);
    return Promise.resolve();
  });
}

/** Fetches the next batch while the one before is completed, as its own workers do; without work it waits as they do. */
async function fetchAlways(
  boss: PgBoss,
  batchSize: number,
  onRun: OnRun,
  signal: AbortSignal,
): Promise<void> {
  void (async () => {
    while (!signal.aborted) {
      const jobs = await boss.fetch<Payload>(QUEUE, { batchSize });
      for (const { data } of jobs) onRun(data);
      if (jobs.length === 0) await sleep(SHORTEST_POLL_MS);
      else
        void boss.complete(
          QUEUE,
          jobs.map(({ id }) => id),
        );
    }
  })();
  return Promise.resolve();
}

async function produce(url: string): Promise<Producer> {
  const boss = await startedBoss(url);
  const addAll = (payloads: readonly Payload[]): Promise<unknown> =>
    boss.insert(payloads.map((data) => ({ name: QUEUE, data })));
  return {
    add: (payload) => boss.send(QUEUE, payload),
    addAll,
    async fill(payloads) {
      await addAll(payloads);
      return () => Promise.resolve();
    },
    close: () => stop(boss),
  };
}
