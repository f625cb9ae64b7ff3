import { ExecutionLostError, RunLostError, ShutdownError } from '../errors/run-errors.js';
import { DEFAULT_MAX_DATA_BYTES, encodeJson } from '../internal/json-codec.js';
import type { JobPolicy } from '../job/job-policy.js';
import { retryDelayMs } from '../job/job-policy.js';
import { encodeError } from '../job/run-error.js';
import type { EndStatus, RunRecord } from '../job/run-record.js';
import type { AnyTask } from '../job/task.js';
import type { Decision } from './active-run.js';

/** Decides how an attempt ends whose handler gave a result; one that JSON cannot carry is left out, and `refused` told why. */
export function decideSuccess(value: unknown, refused: (error: unknown) => void): Decision {
  return {
    outcome: { kind: 'end', status: 'succeeded', result: encodeResult(value, refused), error: null },
    value,
  };
}

/** Decides how an attempt ends that failed: with another one to follow, or for good. */
export function decideFailure(
  run: RunRecord,
  policy: JobPolicy | null,
  task: AnyTask | null,
  thrown: unknown,
  now: number,
): Decision {
  const error = encodeError(thrown);
  const failures = run.failures + 1;
  const retry = policy?.retry ?? null;
  if (retry === null || failures >= retry.attempts || !wantsRetry(task, thrown))
    return decideEnd('failed', thrown);
  const availableAt = now + retryDelayMs(retry, failures, Math.random());
  return { outcome: { kind: 'retry', availableAt, error }, value: thrown };
}

/** Decides how an attempt ends that a shutdown broke off. */
export function decideBrokenOff(run: RunRecord): Decision {
  if (run.recovery === 'rerun') return { outcome: { kind: 'hand-back' }, value: new ShutdownError() };
  return decideEnd('lost', new RunLostError(run.id));
}

/** Tells whether a thrown value says that whoever executed the attempt has died. */
export function isExecutionLost(thrown: unknown): boolean {
  try {
    return thrown instanceof ExecutionLostError;
  } catch {
    // A thrown value may be a proxy that refuses to be looked at.
    return false;
  }
}

/** Decides how an attempt ends whose execution was lost with whoever did it. */
export function decideDied(lost: unknown): Decision {
  return { outcome: { kind: 'died' }, value: lost };
}

/** Decides that a run is over, for a reason that is an error. */
export function decideEnd(status: EndStatus, error: unknown): Decision {
  return { outcome: { kind: 'end', status, result: null, error: encodeError(error) }, value: error };
}

function wantsRetry(task: AnyTask | null, thrown: unknown): boolean {
  const retry = task?.options.retry;
  if (retry === undefined || retry === false || retry.retryIf === undefined) return true;
  return retry.retryIf(thrown);
}

function encodeResult(value: unknown, refused: (error: unknown) => void): string | null {
  try {
    return encodeJson(value, 'result', DEFAULT_MAX_DATA_BYTES);
  } catch (error) {
    // Not an `InvalidDataError` alone: a result may have getters, or a `toJSON`, that throw themselves.
    refused(error);
    return null;
  }
}
