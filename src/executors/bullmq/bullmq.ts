import { createRequire } from 'node:module';
import { loadPeer } from '../../internal/load-peer.js';

const require = createRequire(import.meta.url);

/** Is BullMQ, version 5 or later, by the part of it that is used here. */
export interface BullMQ {
  readonly Queue: new (name: string, options: object, backend?: unknown) => Queue;
  readonly QueueEvents: new (name: string, options: object, backend?: unknown) => QueueEvents;
  /** Publishes events of one's own; early versions do not have it. */
  readonly QueueEventsProducer?: new (
    name: string,
    options: object,
    backend?: unknown,
  ) => EventsProducer;
  readonly Job: {
    /** Gives a queue job. */
    fromId(queue: QueuePart, id: string): Promise<QueueJob | undefined>;
  };
  readonly Worker: new (
    name: string,
    processor: Processor | null,
    options: object,
    backend?: unknown,
  ) => Worker;
  /** Makes a backend on PostgreSQL; from version 6 on. */
  readonly createPostgresBackend?: unknown;
}

/** Is what all of BullMQ's classes have. */
export interface QueuePart {
  /** Connects; what it rejects with the first time it rejects with for ever. */
  waitUntilReady(): Promise<unknown>;
  /** Closes the connection, after what is under way. */
  close(): Promise<void>;
  /** Closes the connection at once. */
  disconnect(): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'ioredis:close', listener: () => void): unknown;
}

/** Is a queue. */
export interface Queue extends QueuePart {
  /** Adds a queue job; does nothing when there is one with the id. */
  add(name: string, data: unknown, options: object): Promise<unknown>;
  /** Gives a queue job. */
  getJob(id: string): Promise<QueueJob | undefined>;
  /** Says what a queue job is up to. */
  getJobState(id: string): Promise<string>;
  /** Removes a queue job whatever it is up to; 0: a worker has it, or it is not there. */
  remove(id: string): Promise<number>;
  /** Gives what keeps the queue; from version 6 on. */
  getBackend?(): QueueBackend;
}

/** Is what keeps a queue. */
interface QueueBackend {
  /** Gives back the jobs of workers that have died. */
  moveStalledJobsToWait(): Promise<unknown>;
}

/** Hears of what becomes of queue jobs. */
export interface QueueEvents extends QueuePart {
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'ioredis:close', listener: () => void): unknown;
  on(event: string, listener: (args: never) => void): unknown;
}

/** Publishes events. */
export interface EventsProducer extends QueuePart {
  publishEvent(event: { readonly eventName: string } & Readonly<Record<string, string>>): Promise<void>;
}

/** Calls a handler with a queue job, and holds the job's lock by a token. */
export type Processor = (job: QueueJob, token?: string) => Promise<unknown>;

/** Takes jobs from a queue. */
export interface Worker extends QueuePart {
  /** Takes jobs until it is closed. */
  run(): Promise<void>;
}

/** Is a job of a queue. */
export interface QueueJob {
  readonly id?: string;
  readonly name: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  readonly stacktrace: readonly string[] | null;
  /** Is when it ended. */
  readonly finishedOn?: number;
  /** Counts the workers that died with it. */
  readonly stalledCounter?: number;
  /** Replaces its data. */
  updateData(data: object): Promise<void>;
  /** Prolongs its lock; 0, or a rejection: it is not this worker's any more. */
  extendLock(token: string, durationMs: number): Promise<number>;
  /** Tells how far it is. */
  updateProgress(progress: object): Promise<void>;
}

/**
 * Gives BullMQ.
 *
 * @param feature - what needs it, to begin a sentence
 * @throws `MissingPeerError` when it is not installed
 */
export function loadBullMQ(feature: string): BullMQ {
  return loadPeer('bullmq', feature, () => require('bullmq')) as BullMQ;
}
