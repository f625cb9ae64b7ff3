import type { ExecutorContext } from '../executor.js';
import type { BullMQ, EventsProducer, Queue, QueueEvents } from './bullmq.js';
import type { ResolvedQueueOptions } from './queue-options.js';
import { QueueHealth } from './queue-health.js';
import { PartKeeper } from './part-keeper.js';
import type { RunOrder } from './run-order.js';

/** Hears of what becomes of queue jobs. */
export interface QueueListener {
  /** Is told of a handler's result. */
  completed(id: string, value: unknown): void;
  /** Is told how far a handler is. */
  progressed(id: string, progress: unknown): void;
  /** Is told that a queue job is heard of. */
  heard(id: string): void;
  /** Is told that something became of a queue job that has to be looked at. */
  changed(id: string): void;
  /** Is told that events may have been missed. */
  doubted(): void;
}

/** Names the event by which workers hear that a run is aborted. */
export const ABORT_EVENT = 'abort';

/** Is a scheduler's end of a queue: what puts jobs into it, and hears of them. */
export class QueueLink {
  readonly #health: QueueHealth;
  readonly #keeper: PartKeeper<Queue>;
  #producer: EventsProducer | null | undefined = undefined;

  /** Makes a link, which begins to connect at once. */
  constructor(
    bullmq: BullMQ,
    options: ResolvedQueueOptions,
    { clock, logger }: ExecutorContext,
    listener: QueueListener,
  ) {
    this.#health = new QueueHealth({
      clock,
      logger,
      queue: options.queue,
      probe: async () => this.#probe(),
      onBack: () => {
        listener.doubted();
      },
    });
    this.#keeper = new PartKeeper({
      bullmq,
      options,
      clock,
      open: async (parts) => {
        const queue = parts.queue();
        const events = parts.events();
        listen(events, listener);
        await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
        return queue;
      },
      onError: this.failed,
    });
  }

  /** Gives the queue; waits until it is open, and can be reached. */
  async queue(): Promise<Queue> {
    const queue = await this.#keeper.opened();
    await this.#health.whenUp();
    return queue;
  }

  /** Is told that a command failed. */
  readonly failed = (error: unknown): void => {
    this.#health.failed(error);
  };

  /** Tells the workers that a run is aborted; if it does not reach the one that has it, that one sees it later by itself. */
  async tellAborted(id: string, { attempt, abort }: RunOrder): Promise<void> {
    const { parts } = this.#keeper;
    if (this.#producer === undefined) this.#producer = parts?.abortProducer() ?? null;
    const producer = this.#producer;
    if (producer === null) return;
    await producer.waitUntilReady();
    const reason = JSON.stringify(abort);
    await producer.publishEvent({ eventName: ABORT_EVENT, jobId: id, attempt: String(attempt), reason });
  }

  /** Looks for workers that have died: with none left, nobody else does. */
  async checkStalled(): Promise<void> {
    await this.#keeper.current?.getBackend?.().moveStalledJobsToWait();
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    this.#health.close();
    await this.#keeper.close();
  }

  async #probe(): Promise<void> {
    const queue = await this.#keeper.opened();
    // Of a queue job that there is not.
    await queue.getJobState('0.0');
  }
}

function listen(events: QueueEvents, listener: QueueListener): void {
  events.on('completed', ({ jobId, returnvalue }: { jobId: string; returnvalue: unknown }) => {
    listener.completed(jobId, returnvalue);
  });
  events.on('progress', ({ jobId, data }: { jobId: string; data: unknown }) => {
    listener.progressed(jobId, data);
  });
  for (const name of ['added', 'waiting', 'delayed', 'active']) {
    events.on(name, ({ jobId }: { jobId: string }) => {
      listener.heard(jobId);
    });
  }
  for (const name of ['failed', 'stalled', 'duplicated', 'removed']) {
    events.on(name, ({ jobId }: { jobId: string }) => {
      listener.changed(jobId);
    });
  }
}
