import { randomBytes } from 'node:crypto';
import { serverUrl } from '../support/servers.js';
import { openExecutor, openListening, openScheduler, openWaiting } from './queue-runners.js';
import type { QueuePlace, QueueRunner } from './queue-runners.js';
import { startQueueWorker } from './queue-worker.js';
import type { Numbered, QueueWorkerProcess } from './queue-worker.js';

interface Way {
  readonly isOurs: boolean;
  readonly open: (place: QueuePlace) => Promise<QueueRunner>;
}

/** Are the ways that are compared. */
export const WAYS = {
  'bullmq, waitUntilFinished': { isOurs: false, open: openWaiting },
  'bullmq, QueueEvents': { isOurs: false, open: openListening },
  'executor alone': { isOurs: true, open: openExecutor },
  'whole cycle': { isOurs: true, open: openScheduler },
} as const satisfies Readonly<Record<string, Way>>;

/** Names a way. */
export type WayName = keyof typeof WAYS;

/** Is a way with its worker process, on a queue of its own. */
export class QueueContestant {
  readonly who: WayName;
  readonly #atOnce: number;
  readonly #runner: QueueRunner;
  readonly #worker: QueueWorkerProcess;
  #count = 0;

  private constructor(who: WayName, atOnce: number, runner: QueueRunner, worker: QueueWorkerProcess) {
    this.who = who;
    this.#atOnce = atOnce;
    this.#runner = runner;
    this.#worker = worker;
  }

  /** Is the worker's process. */
  get workerPid(): number {
    return this.#worker.pid;
  }

  /** Connects both ends. */
  static async open(who: WayName, atOnce: number): Promise<QueueContestant> {
    const { isOurs, open } = WAYS[who];
    const place = { url: serverUrl('redis'), queue: `bench-${randomBytes(6).toString('hex')}` };
    const worker = await startQueueWorker({ ...place, isOurs, concurrency: atOnce });
    return new QueueContestant(who, atOnce, await open({ ...place, atOnce }), worker);
  }

  /** Has further jobs executed, and gives how many seconds that took. */
  async seconds(count: number): Promise<number> {
    const from = this.#count;
    this.#count += count;
    const startedAt = performance.now();
    await keepBusy(this.#runner, this.#atOnce, from, count);
    return (performance.now() - startedAt) / 1000;
  }

  /** Ends both. */
  async close(): Promise<void> {
    await this.#runner.close();
    await this.#worker.stop();
  }
}

/** Has so many jobs under way at once, until all are done, and checks their results. */
async function keepBusy(runner: QueueRunner, atOnce: number, from: number, count: number): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < from + count) {
      const n = next++;
      const result = (await runner.run(n)) as Numbered;
      if (result.n !== n) throw new Error(`Job ${n} gave ${JSON.stringify(result)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
