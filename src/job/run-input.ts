import { InvalidOptionError } from '../errors/input-errors.js';
import { decodeJson } from '../internal/json-codec.js';
import { MAX_PRIORITY, MIN_PRIORITY } from './job-policy.js';
import type { RunError } from './run-error.js';
import type { RunRecord } from './run-record.js';

/** Is the run that failed, for those that run because of it. */
export interface RunFailure {
  /** Is the run's id. */
  readonly runId: string;
  /** Names its task. */
  readonly task: string;
  /** Is what was thrown. */
  readonly error: RunError;
}

/** Is what a step has to know of the run that it belongs to. */
export interface ParentLink {
  /** Names the parent's task. */
  readonly task: string;
  /** Is the parent's priority. */
  readonly priority: number;
}

/** Is what the run before it left for a run. */
export interface RunInput {
  /** Is what a step belongs to; absent in other runs. */
  readonly parent?: ParentLink;
  /** Is the result of the step before. */
  readonly previous?: unknown;
  /** Is what failed. */
  readonly failure?: RunFailure;
}

const NO_INPUT: RunInput = Object.freeze({});

/**
 * Reads what was left for a run.
 *
 * @throws {@link InvalidOptionError} or a `SyntaxError` when somebody changed the text
 */
export function readInput({ input }: Pick<RunRecord, 'input'>): RunInput {
  if (input === null) return NO_INPUT;
  const value = decodeJson(input);
  if (!isInput(value)) throw new InvalidOptionError('input', 'what this library writes', value);
  return value;
}

/**
 * Gives what is left for a run as text.
 *
 * @param previous - the result of the step before, as JSON text; `null`: there is none
 */
export function encodeInput(input: Omit<RunInput, 'previous'>, previous: string | null): string {
  const text = JSON.stringify(input);
  if (previous === null) return text;
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"previous":${previous}}`;
}

function isInput(value: unknown): value is RunInput {
  if (!isRecord(value)) return false;
  const { parent, failure } = value;
  return (parent === undefined || isParentLink(parent)) && (failure === undefined || isFailure(failure));
}

function isParentLink(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { task, priority } = value;
  return (
    typeof task === 'string' &&
    Number.isInteger(priority) &&
    (priority as number) >= MIN_PRIORITY &&
    (priority as number) <= MAX_PRIORITY
  );
}

function isFailure(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value['error'])) return false;
  const { runId, task } = value;
  const { name, message } = value['error'];
  return [runId, task, name, message].every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
