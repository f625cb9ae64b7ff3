import type { RunRecord } from '../job/run-record.js';
import type { FireSpan } from '../triggers/fire-span.js';

/** Gives the span of the fire times that runs stand for, ascending; `null`: there are none. */
export function spanOfRuns(runs: readonly RunRecord[]): FireSpan | null {
  const first = runs[0];
  const last = runs.at(-1);
  if (first === undefined || last === undefined) return null;
  return { count: runs.length, exact: true, firstAt: first.scheduledAt, lastAt: last.scheduledAt };
}
