import { Queue, QueueEvents } from 'bullmq';
import { Scheduler, defineTask, systemClock } from 'escapement';
import type { Execution, RunContext, RunRecord, Task } from 'escapement';
import { BullMQExecutor } from 'escapement/executors/bullmq';
import type { Numbered } from './queue-worker.js';

/** Is a way to have a job executed elsewhere and get its result back. */
export interface QueueRunner {
  /** Has a job executed, and gives its result. */
  run(n: number): Promise<unknown>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** Is where the jobs go. */
export interface QueuePlace {
  /** Is the server's URL. */
  readonly url: string;
  /** Names the queue. */
  readonly queue: string;
  /** Is how many jobs are under way at once. */
  readonly atOnce: number;
}

/** As its documentation has it for production; of a job that was removed at once, nobody could ask for the result. */
const KEEP = { removeOnComplete: { count: 1000 }, removeOnFail: { count: 1000 } };

/** Uses bare BullMQ as its documentation says: each job is asked for its end. */
export async function openWaiting({ url, queue: name }: QueuePlace): Promise<QueueRunner> {
  const { queue, events, close } = await openBare(url, name);
  return {
    async run(n) {
      const job = await queue.add('work', { n }, KEEP);
      return (await job.waitUntilFinished(events)) as unknown;
    },
    close,
  };
}

/** Uses bare BullMQ with the least that gives results back: whoever waits is found by the id in the event. */
export async function openListening({ url, queue: name }: QueuePlace): Promise<QueueRunner> {
  const { queue, events, close } = await openBare(url, name);
  const waiting = new Map<string, (result: unknown) => void>();
  events.on('completed', ({ jobId, returnvalue }) => {
    waiting.get(jobId)?.(returnvalue);
    waiting.delete(jobId);
  });
  return {
    run: (n) =>
      new Promise((resolve, reject) => {
        // An id of one's own: the event may come before the answer to the adding does.
        const jobId = `job-${n}`;
        waiting.set(jobId, resolve);
        queue.add('work', { n }, { ...KEEP, jobId }).catch(reject);
      }),
    close,
  };
}

/** Calls the executor as a scheduler does. */
export async function openExecutor({ url, queue, atOnce }: QueuePlace): Promise<QueueRunner> {
  const executor = new BullMQExecutor({ connection: { url }, queue, concurrency: atOnce });
  await executor.start({ clock: systemClock, logger: quiet });
  const task = work();
  return {
    async run(n) {
      const execution = executionOf(n, task);
      const result = await executor.execute(execution);
      executor.recorded(execution.run);
      return result;
    },
    close: () => executor.shutdown(),
  };
}

/** Has a scheduler that keeps its jobs in memory do all: from `enqueue` to `result`. */
export async function openScheduler({ url, queue, atOnce }: QueuePlace): Promise<QueueRunner> {
  const task = work();
  const scheduler = new Scheduler({
    executors: { default: new BullMQExecutor({ connection: { url }, queue, concurrency: atOnce }) },
    tasks: [task],
  });
  await scheduler.start();
  return {
    run: async (n) => (await scheduler.enqueue(task, { n })).result(),
    close: () => scheduler.shutdown(),
  };
}

async function openBare(
  url: string,
  name: string,
): Promise<{ queue: Queue; events: QueueEvents; close: () => Promise<void> }> {
  const queue = new Queue(name, { connection: { url } });
  // From the first event on: what ends before the listener has begun to read would be missed.
  const events = new QueueEvents(name, { connection: { url }, lastEventId: '0-0' });
  // Each waitUntilFinished listens to the queue's closing.
  queue.setMaxListeners(0);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const close = async (): Promise<void> => {
    await Promise.all([queue.close(), events.close()]);
  };
  return { queue, events, close };
}

function work(): Task<Numbered, Numbered> {
  return defineTask('work', () => {
    throw new Error('Only workers do the work');
  });
}

/** Makes what a scheduler gives for a run that was enqueued. */
function executionOf(n: number, task: Task<Numbered, Numbered>): Execution {
  const now = new Date();
  const run: RunRecord = { ...RUN, id: `V1StGXR8_Z5jdH-${n}`, data: `{"n":${n}}` };
  const { signal } = new AbortController();
  const context: RunContext<Numbered> = {
    data: { n },
    job: null,
    runId: run.id,
    scheduledAt: now,
    startedAt: now,
    attempt: 1,
    signal,
    fencingToken: run.fencingToken,
    log: quiet,
    previous: undefined,
    failure: null,
    progress: ignore,
  };
  return { task, run, context: context as unknown as RunContext<never> };
}

const RUN: RunRecord = {
  format: 1,
  id: '',
  uniqueKey: null,
  jobUid: null,
  jobId: null,
  jobName: null,
  tags: [],
  origin: 'enqueued',
  task: 'work',
  executor: 'default',
  priority: 0,
  data: null,
  policy: JSON.stringify({ timeoutMs: null }),
  recovery: 'rerun',
  scheduledAt: 0,
  createdAt: 0,
  availableAt: 0,
  expiresAt: null,
  status: 'running',
  attempt: 1,
  failures: 0,
  recoveries: 0,
  owner: 'node',
  held: true,
  slot: null,
  fencingToken: 1_795_198_446_574,
  startedAt: 0,
  finishedAt: null,
  result: null,
  error: null,
  progress: null,
  cancelRequested: false,
  parentRunId: null,
  step: null,
  input: null,
};

const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // Says nothing.
}
