import { EventEmitter, once } from 'node:events';
import { makeWorkerUtils, run, runMigrations, type AddJobsJobSpec } from 'graphile-worker';
import pg from 'pg';
import type { Payload, Producer } from '../support/contender.js';
import type { SqlContender } from './contender.js';

const TASK = 'effect';

/** Is the configuration with which its documentation states its throughput. */
const LOCAL_QUEUE: GraphileConfig.WorkerOptions = {
  concurrentJobs: 24,
  maxPoolSize: 25,
  localQueue: { size: 500 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
};

/** Says how it is configured. */
export type GraphileSetup = 'as it comes' | 'concurrency 10' | 'local queue';

const SETUPS: Readonly<Record<GraphileSetup, GraphileConfig.WorkerOptions>> = {
  'as it comes': {},
  'concurrency 10': { concurrentJobs: 10 },
  'local queue': LOCAL_QUEUE,
};

/** Makes graphile-worker a contender. */
export function graphileWorker(setup: GraphileSetup): SqlContender {
  return {
    prepare: (url) => runMigrations({ connectionString: url }),

    async join(url, onRun) {
      const events = new EventEmitter();
      const listening = once(events, 'pool:listen:success');
      const runner = await run({
        preset: { worker: { ...SETUPS[setup], connectionString: url } },
        taskList: {
          [TASK]: (payload) => {
            onRun(payload as Payload);
          },
        },
        noHandleSignals: true,
        events,
      });
      await listening;
      return { go: () => Promise.resolve(), leave: () => runner.stop() };
    },

    produce,
    countDone: (jobs) => `select ${jobs} - count(*) as done from graphile_worker._private_jobs`,
  };
}

async function produce(url: string): Promise<Producer> {
  const utils = await makeWorkerUtils({ connectionString: url });
  return {
    add: (payload) => utils.addJob(TASK, payload),
    addAll: (payloads) => utils.addJobs(specsOf(payloads)),
    fill: (payloads) => fill(url, payloads),
    async close() {
      await utils.release();
    },
  };
}

/** Adds jobs in a transaction that stays open, since workers cannot be held back otherwise. */
async function fill(url: string, payloads: readonly Payload[]): Promise<() => Promise<void>> {
  // With one connection that stays, all statements are sent through it.
  const pgPool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 });
  const utils = await makeWorkerUtils({ pgPool });
  await pgPool.query('BEGIN');
  await utils.addJobs(specsOf(payloads));
  return async () => {
    await pgPool.query('COMMIT');
    await utils.release();
    await pgPool.end();
  };
}

function specsOf(payloads: readonly Payload[]): AddJobsJobSpec[] {
  return payloads.map((payload) => ({ identifier: TASK, payload }));
}
