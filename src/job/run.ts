import { decodeJson } from '../internal/json-codec.js';
import { decodeError } from './run-error.js';
import type { RunError } from './run-error.js';
import { jobNameOf } from './run-record.js';
import type { RunOrigin, RunRecord, RunStatus } from './run-record.js';

/** Is how far a run said it is. */
export interface RunProgress {
  /** Is from 0 to 1. */
  readonly fraction: number;
  /** Is a word for people; `null`: none. */
  readonly note: string | null;
}

/** Is a step of a run, and what has become of it. */
export interface RunStep {
  /** Is its place, from 0. */
  readonly step: number;
  /** Names its task; after a failure, that of its `fallback`, where there is one. */
  readonly task: string;
  /** Is what its run is up to; `pending`: it has none yet. */
  readonly status: RunStatus | 'pending';
  /** Is the id of its run, which a pending one will have. */
  readonly runId: string;
}

/** Is a snapshot of a run. */
export interface Run {
  /** Is the run's id. */
  readonly id: string;
  /** Names the store that keeps the run. */
  readonly store: string;
  /** Is the id of the run's job; `null` for a run without one. */
  readonly jobId: string | null;
  /** Is the name of the run's job: its task's unless one was given; `null` for a run without a job. */
  readonly jobName: string | null;
  /** Holds the tags of the run's job. */
  readonly tags: readonly string[];
  /** Names the task. */
  readonly task: string;
  /** Says where the run came from. */
  readonly origin: RunOrigin;
  /** Names the executor. */
  readonly executor: string;
  /** Is the run's priority, from -2 to 2. */
  readonly priority: number;
  /** Is what the run is up to. */
  readonly status: RunStatus;
  /** Is the fire time that the run stands for: nominal. */
  readonly scheduledAt: Date;
  /** Is when the run was planned. */
  readonly createdAt: Date;
  /** Is when the next attempt may start, or might have. */
  readonly availableAt: Date;
  /** Is when the current or last attempt started; `null` before the first. */
  readonly startedAt: Date | null;
  /** Is when the run ended; `null` before. */
  readonly finishedAt: Date | null;
  /** Counts the attempts that have started. */
  readonly attempt: number;
  /** Says whether a handler of the run is still under way; that may be so for a while after its time-out. */
  readonly held: boolean;
  /** Names the node of the current or last attempt; `null` before the first. */
  readonly node: string | null;
  /** Is the fencing token of the current or last attempt. */
  readonly fencingToken: number;
  /** Is the result; `undefined`: none. */
  readonly result: unknown;
  /** Is the last failure; `null`: none. */
  readonly error: RunError | null;
  /** Is how far the run said it is; `null`: it said nothing. */
  readonly progress: RunProgress | null;
  /** Is the run that this one follows or belongs to; `null`: none. */
  readonly parentRunId: string | null;
  /** Is the place of this run in its parent, from 0; `null`: none. */
  readonly step: number | null;
  /** Holds its steps, for the run of a chain or of `all`; `null` elsewhere, and in lists. */
  readonly steps: readonly RunStep[] | null;
}

/** Makes the snapshot of a record. */
export function toRun(record: RunRecord, store: string): Run {
  return {
    id: record.id,
    store,
    jobId: record.jobId,
    jobName: jobNameOf(record),
    tags: record.tags,
    task: record.task,
    origin: record.origin,
    executor: record.executor,
    priority: record.priority,
    status: record.status,
    scheduledAt: new Date(record.scheduledAt),
    createdAt: new Date(record.createdAt),
    availableAt: new Date(record.availableAt),
    startedAt: record.startedAt === null ? null : new Date(record.startedAt),
    finishedAt: record.finishedAt === null ? null : new Date(record.finishedAt),
    attempt: record.attempt,
    held: record.held,
    node: record.owner,
    fencingToken: record.fencingToken,
    result: readable(record.result),
    error: decodeError(record.error),
    progress: (readable(record.progress) ?? null) as RunProgress | null,
    parentRunId: record.parentRunId,
    step: record.step,
    steps: null,
  };
}

/** Reads a text of a row that somebody may have damaged: a snapshot shows what can be read. */
function readable(text: string | null): unknown {
  try {
    return decodeJson(text);
  } catch {
    return undefined;
  }
}
