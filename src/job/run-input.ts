import { decodeJson } from '../internal/json-codec.js';
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
 * @throws a `SyntaxError` when somebody changed the text
 */
export function readInput({ input }: Pick<RunRecord, 'input'>): RunInput {
  return input === null ? NO_INPUT : (decodeJson(input) as RunInput);
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
