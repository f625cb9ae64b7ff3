import type { Logger } from '../../internal/logger.js';
import type { RunJob } from '../../job/run-context.js';
import type { RunFailure } from '../../job/run-input.js';
import type { TaskModule } from '../../job/task-module.js';
import type { Parcel } from './parcel.js';

/** Is a run on its way into a thread. */
export interface RunOrder {
  /** Tells the attempts of a pool apart. */
  readonly number: number;
  /** Names the task. */
  readonly task: string;
  /** Is where the task's function is. */
  readonly module: TaskModule;
  /** Says that it must not be executed any more: piscina keeps what it could not make a thread for. */
  isRevoked: boolean;
  /** Is the reason of a signal that was aborted before; `null`: it was not. */
  readonly aborted: Parcel | null;
  /** Is the context's part that is plain data; instants are epoch milliseconds. */
  readonly context: {
    readonly data: unknown;
    readonly job: RunJob | null;
    readonly runId: string;
    readonly scheduledAt: number;
    readonly startedAt: number;
    readonly attempt: number;
    readonly fencingToken: number;
    readonly previous: unknown;
    readonly failure: RunFailure | null;
  };
}

/** Is what came of a run in a thread: its result as JSON text, `null` for none, where the handler has said nothing before. */
export type RunAnswer = string | null | SpokenAnswer;

/**
 * Is what came of a run, with the number of words that were said of it before: they travel apart.
 *
 * - `result`: the handler's result as JSON text, `null` for none
 * - `unkept`: the handler succeeded, and why its result cannot be kept
 * - `thrown`: what the handler threw
 * - `aborted`: the handler threw its signal's reason
 */
type SpokenAnswer = { readonly said: number } & (
  | { readonly kind: 'result'; readonly text: string | null }
  | { readonly kind: 'unkept'; readonly why: Parcel }
  | { readonly kind: 'thrown'; readonly thrown: Parcel }
  | { readonly kind: 'aborted' }
);

/** Is a word from a thread to the host, beside the answers: what a handler logs or tells of its progress. */
export type RunWord =
  | {
      readonly kind: 'log';
      readonly number: number;
      readonly level: keyof Logger;
      readonly fields: Readonly<Record<string, Parcel>>;
      readonly message: string;
    }
  | {
      readonly kind: 'progress';
      readonly number: number;
      readonly fraction: number;
      readonly note: string | null;
    };

/** Is the first word of a thread: a port on which it hears which runs are aborted. */
export interface ThreadGreeting {
  readonly kind: 'greeting';
  readonly port: unknown;
}

/** Is what a thread hears: all attempts of the pool whose signals are aborted and that have not settled, with the reasons. */
export type AbortedRuns = ReadonlyMap<number, Parcel>;

/** Is a message between this library's ends of a pool; a task's own messages on the same way carry no such mark. */
interface Marked<T> {
  /** Is the mark. */
  readonly escapement: T;
}

/** Reads a marked message; `null`: it is somebody else's. */
export function unmark(message: unknown): RunWord | ThreadGreeting | null {
  if (typeof message !== 'object' || message === null || !('escapement' in message)) return null;
  return (message as Marked<RunWord | ThreadGreeting>).escapement;
}
