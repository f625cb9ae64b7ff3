import type { SchedulerOptions } from 'escapement';
import type { Trap } from './trapping-store.js';

/** Says where a scenario's jobs are kept. */
export interface StorePlace {
  readonly engine: 'postgres' | 'mysql' | 'sqlite' | 'redis';
  /** Is a URL, or the path of a SQLite file. */
  readonly at: string;
  /** Keeps the tables or keys of one scenario apart from those of others. */
  readonly prefix: string;
}

/** Says where a queue is, and how soon the death of a worker is noticed there. */
export interface QueuePlace {
  readonly url: string;
  readonly queue: string;
  readonly lockDuration: number;
}

/** Is what a worker's process is given when it is spawned; plain JSON. */
export interface WorkerConfig {
  /** Names the process in the history. */
  readonly name: string;
  /** Is where the history is kept. */
  readonly folder: string;
  readonly place: QueuePlace;
  readonly concurrency: number;
}

/** Is what a node's process is given when it is spawned; plain JSON. */
export interface NodeConfig {
  /** Names the process in the history. */
  readonly name: string;
  readonly place: StorePlace;
  /** Is where the history is kept. */
  readonly folder: string;
  readonly concurrency: number;
  readonly options: Pick<SchedulerOptions, 'lease' | 'heartbeat' | 'claimTimeout' | 'backstop'>;
  /** Says what happens to the process around its calls of the store. */
  readonly traps: readonly Trap[];
  /** Leaves the tasks out: the node knows none but these. @defaultValue all */
  readonly tasks?: readonly string[];
  /** Is how many worker threads its executor `threads` has. @defaultValue it has no such executor */
  readonly threads?: number;
  /** Is the queue of its executor `queue`. @defaultValue it has no such executor */
  readonly queue?: QueuePlace;
  /** Says whether it begins to fire at once; else it is told to by `start`. */
  readonly isStarted: boolean;
}

/** Asks a node's scheduler for something; plain JSON. */
export interface NodeRequest {
  readonly id: number;
  /** Names a method of the scheduler. */
  readonly method: string;
  readonly args: readonly unknown[];
  /** Is how many times to call it, one after another. */
  readonly times: number;
}

/** Is what a node answers: `ready` once it fires, or what has become of a request. */
export type NodeAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string };
