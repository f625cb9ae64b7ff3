import type { EndStatus, RunOrigin, RunStatus } from 'escapement';

/** Is what every line of a history has. */
interface Stamp {
  /** Is when it happened, in milliseconds of the machine's monotonic clock, which all processes share. */
  readonly at: number;
  /** Is the same by the wall clock, to be compared with what stores keep. */
  readonly wall: number;
  /** Is the name of the process that wrote it; each life of a node has its own. */
  readonly process: string;
}

/** Is a run as a store's answer showed it. */
export interface RunMark {
  readonly id: string;
  readonly jobUid: string | null;
  readonly jobId: string | null;
  readonly origin: RunOrigin;
  readonly scheduledAt: number;
  readonly status: RunStatus;
  readonly attempt: number;
  readonly token: number;
}

/** Is a job as a store's answer showed it. */
export interface JobMark {
  readonly uid: string;
  readonly id: string;
  readonly fence: number;
  readonly trigger: string;
  readonly maxInstances: number;
  readonly nextRunAt: number | null;
  readonly createdAt: number;
}

/** Is the end of an attempt as it was sent to a store, or as the store answered it. */
export interface FinishMark {
  readonly runId: string;
  readonly attempt: number;
  /** Is what was sent; `null`: only that the handler has settled. */
  readonly sent: EndStatus | 'retry' | 'hand-back' | 'died' | 'await' | null;
  /** Holds the ids of the runs that were to be inserted with it; absent where there were none. */
  readonly followUps?: readonly string[];
  /** Is the store's answer; absent in calls. */
  readonly outcome?: 'ok' | 'lost';
  /** Is the run's status after it; absent in calls. */
  readonly status?: RunStatus | null;
}

/** Is what a call of a store was given or gave, as far as the checker reads it. */
export interface CallMarks {
  /** Is the node in whose name the call was made. */
  readonly node?: string;
  /** Is the node that `recover` was called for. */
  readonly dead?: string;
  readonly runs?: readonly RunMark[];
  readonly jobs?: readonly JobMark[];
  readonly finishes?: readonly FinishMark[];
  /** Is what became of each put or decision. */
  readonly outcomes?: readonly string[];
  /** Says whether a heartbeat found its node still on the list. */
  readonly alive?: boolean;
}

/** Is a call of a store, written before it is made; one without an answer may have been done or not. */
interface CallEntry extends Stamp, CallMarks {
  readonly kind: 'call';
  readonly call: number;
  readonly method: string;
}

/** Is the answer to a call. */
export interface AnswerEntry extends Stamp, CallMarks {
  readonly kind: 'answer';
  readonly call: number;
  readonly method: string;
  /** Is when the call was sent. */
  readonly sentAt: number;
}

/** Is a call that failed; it may have been done or not. */
interface RejectionEntry extends Stamp {
  readonly kind: 'rejection';
  readonly call: number;
  readonly method: string;
  readonly error: string;
}

/** Is the first thing that a handler does. */
export interface EffectStart extends Stamp {
  readonly kind: 'effect:start';
  readonly runId: string;
  readonly jobId: string | null;
  readonly attempt: number;
  readonly scheduledAt: number;
  readonly token: number;
  /** Is what the step before gave; absent where there was none. */
  readonly previous?: unknown;
  /** Is the run whose failure it was begun for; absent elsewhere. */
  readonly failure?: string;
}

/** Is the last thing that a handler does. */
export interface EffectEnd extends Stamp {
  readonly kind: 'effect:end';
  readonly runId: string;
  readonly attempt: number;
  readonly how: 'done' | 'aborted' | 'failed';
  /** Is what the handler gave; absent where that was nothing. */
  readonly result?: unknown;
}

/** Is an event of a scheduler. */
interface EventEntry extends Stamp {
  readonly kind: 'event';
  readonly name: string;
  readonly runId: string | null;
  readonly jobId: string | null;
  readonly detail: string | null;
}

/** Is a warning or an error that a scheduler logged. */
interface LogEntry extends Stamp {
  readonly kind: 'log';
  readonly level: string;
  readonly message: string;
}

/** Is what the runner did to a process, or saw of it. */
export interface ProcessEntry extends Stamp {
  readonly kind: 'process';
  readonly target: string;
  readonly what: 'spawned' | 'ready' | 'killed' | 'stopped' | 'continued' | 'exited';
  readonly detail: string | null;
}

/** Is what the runner did to a server, a file or a connection. */
export interface FaultEntry extends Stamp {
  readonly kind: 'fault';
  readonly what: string;
  /**
   * Holds what the store has lost by it: all that it had, the jobs of these uids and the runs of these ids, or the latest
   * of what it was told, by which it fell back to what it had been some moments before.
   */
  readonly lost?: 'all' | 'latest' | readonly string[];
}

/** Is a line of a history. */
export type Entry =
  | CallEntry
  | AnswerEntry
  | RejectionEntry
  | EffectStart
  | EffectEnd
  | EventEntry
  | LogEntry
  | ProcessEntry
  | FaultEntry;

/** Is a line before it is stamped. */
export type Unstamped = Entry extends infer E ? (E extends Entry ? Omit<E, keyof Stamp> : never) : never;
