import { assertNever } from '../../internal/assert-never.js';
import { DEFAULT_MAX_DATA_BYTES, decodeJson, encodeJson } from '../../internal/json-codec.js';
import type { RunContext } from '../../job/run-context.js';
import type { QueueJob } from './bullmq.js';
import { WIRE_FORMAT } from './run-order.js';
import { packThrown, unpackThrown } from './thrown.js';
import type { Thrown } from './thrown.js';

/** Is what a handler gave: the return value of a queue job that is completed. */
export interface RunResult {
  /** Is the version of this format. */
  readonly escapement: number;
  /** Is the result as JSON text; `null`: none. */
  readonly result: string | null;
  /** Says why the result cannot be kept; absent where it can. */
  readonly unkept?: Thrown;
}

/**
 * Is how an attempt failed.
 *
 * - `thrown`: the handler threw, or took longer than its time-out
 * - `aborted`: the handler threw its signal's reason
 * - `refused`: the worker does not know the task, or is being closed, and the handler was not called
 * - `broken-off`: the worker left, and the attempt is to be made again elsewhere
 */
export interface RunBreak {
  readonly kind: 'thrown' | 'aborted' | 'refused' | 'broken-off';
  readonly thrown: Thrown;
}

/** Stands before what is kept of a failure in the stack of a queue job that has failed. */
const MARK = '\n#escapement ';

/** Gives what is sent of a handler's result. */
export function makeResult(value: unknown): RunResult {
  try {
    return { escapement: WIRE_FORMAT, result: encodeJson(value, 'result', DEFAULT_MAX_DATA_BYTES) };
  } catch (error) {
    // Not an `InvalidDataError` alone: a result may have getters, or a `toJSON`, that throw themselves.
    return { escapement: WIRE_FORMAT, result: null, unkept: packThrown(error) };
  }
}

/** Is thrown at BullMQ: readable to people who look at the queue, with all that is sent of it at the end of its stack. */
export class QueueJobError extends Error {
  override readonly name = 'QueueJobError';

  /** Makes the error of a failure. */
  constructor(failure: RunBreak) {
    const { kind, thrown } = failure;
    const text = kind === 'broken-off' ? 'The worker left before the handler had settled' : textOf(thrown);
    super(withoutNul(text));
    const stack = thrown.kind === 'error' && thrown.stack !== null ? thrown.stack : text;
    this.stack = `${withoutNul(stack)}${MARK}${JSON.stringify(failure)}`;
  }
}

/** Gives the handler's result, from the return value of a completed queue job. */
export function readResult(value: unknown, { log }: Pick<RunContext<never>, 'log'>): unknown {
  const { result, unkept } = (value ?? {}) as Partial<RunResult>;
  if (unkept !== undefined)
    log.warn(
      { err: unpackThrown(unkept) },
      'The result cannot be kept as JSON; the run has succeeded without',
    );
  // Somebody else's worker may have completed it, with whatever it liked.
  return typeof result === 'string' ? decodeJson(result) : undefined;
}

/**
 * Is how a queue job ended that failed.
 *
 * - `thrown`: with what is to be thrown
 * - `refused`: no handler was called, for a reason that is to be thrown unless another worker takes it
 * - `lost`: its worker is gone, and nobody knows how far the handler came
 */
export type FailedJob =
  | { readonly kind: 'thrown' | 'refused'; readonly thrown: unknown }
  | { readonly kind: 'lost'; readonly why: string };

/** Reads how a queue job failed. */
export function readFailure(job: QueueJob, signal: AbortSignal): FailedJob {
  const stack = job.stacktrace?.at(-1) ?? '';
  const at = stack.lastIndexOf(MARK);
  if (at >= 0) return readBreak(JSON.parse(stack.slice(at + MARK.length)) as RunBreak, signal);
  if ((job.stalledCounter ?? 0) > 0) return { kind: 'lost', why: 'its worker has died' };
  // BullMQ fails what it could not report as completed, with the reason of that.
  return { kind: 'lost', why: `its worker could not report its end: ${job.failedReason ?? 'unknown'}` };
}

function readBreak({ kind, thrown }: RunBreak, signal: AbortSignal): FailedJob {
  switch (kind) {
    case 'thrown':
    case 'refused':
      return { kind, thrown: unpackThrown(thrown) };
    case 'aborted':
      // Whoever aborted it may have been another node.
      return { kind: 'thrown', thrown: signal.aborted ? signal.reason : unpackThrown(thrown) };
    case 'broken-off':
      return { kind: 'lost', why: 'its worker has left' };
    default:
      return assertNever(kind);
  }
}

function textOf(thrown: Thrown): string {
  if (thrown.kind === 'error') return `${thrown.name}: ${thrown.message}`;
  return typeof thrown.value === 'string' ? thrown.value : JSON.stringify(thrown.value);
}

/** PostgreSQL refuses NUL in texts. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '�');
}
