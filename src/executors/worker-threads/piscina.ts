import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { loadPeer } from '../../internal/load-peer.js';
import type { ThreadResourceLimits } from './worker-thread-options.js';

const require = createRequire(import.meta.url);

/** Holds the options of piscina's pool that are used here. */
interface PiscinaOptions {
  /** Is the file whose export takes the tasks in the threads. */
  readonly filename: string;
  /** Names the export. */
  readonly name: string;
  /** Is how many threads there are at least. */
  readonly minThreads: number;
  /** Is how many threads there are at most. */
  readonly maxThreads: number;
  /** Is how long a thread without work is kept, in milliseconds. */
  readonly idleTimeout: number;
  /** Says whether threads stand still between tasks, which is faster where tasks are short, or their event loops go on. */
  readonly atomics: 'disabled';
  /** Says whether times of tasks are kept. */
  readonly recordTiming: boolean;
  /** Bounds what a thread may use. */
  readonly resourceLimits: ThreadResourceLimits;
  /** Holds the options of Node for the threads. */
  readonly execArgv?: string[];
}

/** Is a thread, by the part of Node's `Worker` that is used here. */
interface Thread {
  /** Ends the thread; settles when it has ended. */
  terminate(): Promise<unknown>;
}

/** Is piscina's pool of threads, by the part of it that is used here. */
export interface Piscina extends EventEmitter {
  /** Holds the threads, those included that are starting. */
  readonly threads: readonly Thread[];
  /**
   * Has a thread take a task; throws, and keeps the task, when no thread can be made for it.
   *
   * @param options - `signal`: its event `abort` ends the thread that has the task, or takes the task back from the queue
   */
  run(task: unknown, options: { readonly signal: EventEmitter }): Promise<unknown>;
}

/** Makes a pool. */
export type PiscinaConstructor = new (options: PiscinaOptions) => Piscina;

/**
 * Gives piscina.
 *
 * @throws `MissingPeerError` when it is not installed
 */
export function loadPiscina(): PiscinaConstructor {
  return loadPeer('piscina', 'WorkerThreadExecutor', () => require('piscina')) as PiscinaConstructor;
}
