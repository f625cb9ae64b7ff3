import { InvalidDataError } from '../../errors/input-errors.js';
import { decodeJson, encodeJson } from '../../internal/json-codec.js';
import type { JobPolicy } from '../../job/job-policy.js';
import type { RunContext, RunJob } from '../../job/run-context.js';
import type { RunFailure } from '../../job/run-input.js';
import type { RunRecord } from '../../job/run-record.js';
import type { Execution } from '../executor.js';
import type { Thrown } from './thrown.js';

/** Is the version of orders and answers that this version of the package writes, and the latest that it reads. */
export const WIRE_FORMAT = 1;

/**
 * Is a run on its way to a worker: the data of its queue job. What the user gave is JSON text, which PostgreSQL keeps as it
 * is; instants are epoch milliseconds.
 */
export interface RunOrder {
  /** Is the version of this format. */
  readonly escapement: number;
  /** Names the task. */
  readonly task: string;
  /** Is the data as JSON text; `null`: none. */
  readonly data: string | null;
  /** Is the result of the step before as JSON text; `null`: none. */
  readonly previous: string | null;
  /** Is what failed before as JSON text; `null`: nothing. */
  readonly failure: string | null;
  readonly job: RunJob | null;
  readonly runId: string;
  readonly scheduledAt: number;
  readonly startedAt: number;
  readonly attempt: number;
  readonly fencingToken: number;
  /** Is how long the handler may take; `null`: for ever. */
  readonly timeoutMs: number | null;
  /** Is the reason why the handler's signal is to be aborted; absent until it is. */
  readonly abort?: Thrown;
}

/** Is the part of a handler's context that crosses. */
export type CrossingContext = Pick<
  RunContext<never>,
  'data' | 'job' | 'runId' | 'scheduledAt' | 'startedAt' | 'attempt' | 'fencingToken' | 'previous' | 'failure'
>;

/**
 * Gives the id of the queue job of a run's current try. Handing a run back and recovering it do not change it, so that whoever
 * has the run finds what was put into the queue before.
 */
export function queueJobId({ id, failures }: Pick<RunRecord, 'id' | 'failures'>, back = 0): string {
  return `${id}.${String(failures + 1 - back)}`;
}

/**
 * Makes the order for an attempt.
 *
 * @throws {@link InvalidDataError} when the task's schema made something of the data that JSON cannot carry
 */
export function makeOrder({ task, run, context }: Execution): RunOrder {
  const { job, runId, scheduledAt, startedAt, attempt, fencingToken, previous, failure } = context;
  const { timeoutMs } = JSON.parse(run.policy) as Pick<JobPolicy, 'timeoutMs'>;
  return {
    escapement: WIRE_FORMAT,
    task: task.name,
    // Data that no schema has made something else of is JSON.
    data: task.options.schema === undefined ? run.data : encodeCrossing(context.data),
    previous: encodeJson(previous, 'previous', Infinity),
    failure: failure === null ? null : JSON.stringify(failure),
    job,
    runId,
    scheduledAt: scheduledAt.getTime(),
    startedAt: startedAt.getTime(),
    attempt,
    fencingToken,
    timeoutMs,
  };
}

/** Tells whether the data of a queue job is an order, of whatever version. */
export function isOrder(data: unknown): data is Pick<RunOrder, 'escapement'> {
  if (typeof data !== 'object' || data === null || !('escapement' in data)) return false;
  return typeof data.escapement === 'number';
}

/** Reads what a handler's context is made of. */
export function readOrder(order: RunOrder): CrossingContext {
  const { job, runId, attempt, fencingToken } = order;
  return {
    data: decodeJson(order.data) as never,
    job,
    runId,
    scheduledAt: new Date(order.scheduledAt),
    startedAt: new Date(order.startedAt),
    attempt,
    fencingToken,
    previous: decodeJson(order.previous),
    failure: order.failure === null ? null : (decodeJson(order.failure) as RunFailure),
  };
}

function encodeCrossing(data: unknown): string | null {
  refuseClasses(data, 'data', new Set());
  return encodeJson(data, 'data', Infinity);
}

/** Refuses what would arrive as something else: a `Date` is a string in JSON. */
function refuseClasses(value: unknown, path: string, above: Set<object>): void {
  if (typeof value !== 'object' || value === null || above.has(value)) return;
  if (!Array.isArray(value) && 'toJSON' in value && typeof value.toJSON === 'function') {
    const received = `an instance of ${value.constructor.name}`;
    throw new InvalidDataError(
      path,
      `Expected \`${path}\` to be plain JSON, to be sent to a worker, got ${received}.`,
    );
  }
  above.add(value);
  for (const [key, member] of Object.entries(value)) refuseClasses(member, `${path}.${key}`, above);
  above.delete(value);
}
