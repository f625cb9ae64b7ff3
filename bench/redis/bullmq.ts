import {
  Queue,
  Worker,
  type ConnectionOptions,
  type Job,
  type JobsOptions,
  type RepeatOptions,
} from 'bullmq';
import type { Payload, Producer } from '../support/contender.js';
import {
  CONCURRENCY,
  inChunks,
  type OnFire,
  type RedisContender,
  type ScheduleKeeper,
  type Timing,
} from './contender.js';
import { placeOf } from './keyspace.js';

const QUEUE = 'effect';
/** Is how many calls are under way at once: fewer, and more, are slower. */
const AT_ONCE = 500;

/** Says what becomes of jobs that are done: kept, removed at once, or removed but for the last thousand. */
export type BullSetup = 'as it comes' | 'removes all' | 'keeps 1000';

const JOB_OPTIONS: Readonly<Record<BullSetup, JobsOptions>> = {
  'as it comes': {},
  'removes all': { removeOnComplete: true },
  'keeps 1000': { removeOnComplete: 1000 },
};

/** Makes BullMQ a contender. */
export function bullmq(setup: BullSetup): RedisContender {
  return {
    async prepare(url) {
      const queue = openQueue(url);
      await queue.waitUntilReady();
      await queue.close();
    },

    async join(url, onRun) {
      const worker = await openWorker<Payload>(url, ({ data }) => onRun(data));
      return { go: () => go(worker), leave: () => worker.close() };
    },

    produce: (url) => produce(url, JOB_OPTIONS[setup]),

    async countDone(redis, { prefix }, jobs) {
      const base = `${prefix}:${QUEUE}`;
      const [waiting, active] = await Promise.all([redis.llen(`${base}:wait`), redis.llen(`${base}:active`)]);
      return jobs - waiting - active;
    },
  };
}

/** Makes job schedulers of BullMQ, with jobs that are removed once they are done. */
export async function bullmqSchedules(url: string, onFire: OnFire): Promise<ScheduleKeeper> {
  const queue = openQueue(url);
  await queue.waitUntilReady();
  const worker = await openWorker(url, ({ id = '' }) => onFire(Number(id.slice(id.lastIndexOf(':') + 1))));
  return {
    upsert: (schedules) =>
      inChunks(schedules, AT_ONCE, ({ id, timing }) =>
        queue.upsertJobScheduler(id, repeatOf(timing), { name: QUEUE, opts: { removeOnComplete: true } }),
      ),
    run: () => go(worker),
    async close() {
      await worker.close();
      await queue.close();
    },
  };
}

function repeatOf(timing: Timing): Omit<RepeatOptions, 'key'> {
  if (timing.kind === 'cron') return { pattern: timing.expression };
  const { ms, startAt } = timing;
  return { every: ms, ...(startAt !== undefined && { startDate: startAt }) };
}

async function produce(url: string, options: JobsOptions): Promise<Producer> {
  const queue = openQueue(url);
  await queue.waitUntilReady();
  const addAll = (payloads: readonly Payload[]): Promise<unknown> =>
    queue.addBulk(payloads.map((data) => ({ name: QUEUE, data, opts: options })));
  return {
    add: (payload) => queue.add(QUEUE, payload, options),
    addAll,
    async fill(payloads) {
      await addAll(payloads);
      return () => Promise.resolve();
    },
    close: () => queue.close(),
  };
}

function openQueue(url: string): Queue {
  return new Queue(QUEUE, { connection: connectionOf(url), prefix: placeOf(url).prefix });
}

async function openWorker<T>(url: string, onJob: (job: Job<T>) => void): Promise<Worker<T>> {
  const worker = new Worker<T>(
    QUEUE,
    (job) => {
      onJob(job);
      return Promise.resolve();
    },
    {
      connection: connectionOf(url),
      prefix: placeOf(url).prefix,
      concurrency: CONCURRENCY,
      autorun: false,
    },
  );
  worker.on('error', (error) => {
    throw error;
  });
  await worker.waitUntilReady();
  return worker;
}

/** Its promise is kept when the worker closes. */
function go(worker: Worker): Promise<void> {
  void worker.run();
  return Promise.resolve();
}

/** As its documentation says for workers, commands are retried for ever. */
function connectionOf(url: string): ConnectionOptions {
  return { url: placeOf(url).url, maxRetriesPerRequest: null };
}
