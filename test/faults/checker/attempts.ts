import type { RunRecord } from 'escapement';
import type { EffectStart } from '../history/entries.js';
import type { Evidence } from './evidence.js';
import { lossesOf } from './losses.js';

/** Is an attempt that a handler began. */
export interface Attempt {
  readonly start: EffectStart;
  /** Is when it ended at the latest, or was taken from its node; `Infinity`: it goes on. */
  readonly endedAt: number;
}

/**
 * Gives the attempts that handlers began, in the order of their starts.
 *
 * An attempt is over, whichever comes first, when its handler says so, when its process has exited, when the run is
 * taken from its node, also by a fault that took it from the store (its handler may go on: it was frozen, or is deaf),
 * or when the next attempt starts.
 */
export function attemptsOf(evidence: Evidence): Attempt[] {
  const { entries, runs } = evidence;
  const losses = lossesOf(evidence);
  const ends = new Map<string, number>();
  const exits = new Map<string, number>();
  const rows = new Map(runs.map((run) => [run.id, run]));
  const starts: EffectStart[] = [];
  for (const entry of entries) {
    if (entry.kind === 'effect:start') {
      starts.push(entry);
      keepFirst(ends, attemptKey(entry.runId, entry.attempt - 1), entry.at);
    } else if (entry.kind === 'effect:end') {
      keepFirst(ends, `${attemptKey(entry.runId, entry.attempt)} in ${entry.process}`, entry.at);
    } else if (entry.kind === 'process' && entry.what === 'exited') {
      keepFirst(exits, entry.target, entry.at);
    } else if (entry.kind === 'answer' && entry.method === 'recover') {
      for (const run of entry.runs ?? []) keepFirst(ends, attemptKey(run.id, run.attempt), entry.sentAt);
    }
  }
  return starts.map((start) => {
    const key = attemptKey(start.runId, start.attempt);
    const inProcess = ends.get(`${key} in ${start.process}`);
    const known = [ends.get(key), inProcess, exits.get(start.process), losses.get(start.runId)];
    return { start, endedAt: Math.min(...known.map((at) => at ?? Infinity), lostAt(start, rows)) };
  });
}

/** Names an attempt. */
export function attemptKey(runId: string, attempt: number): string {
  return `${runId}#${attempt}`;
}

/** Gives when the store gave an attempt up, if whoever did that cannot tell any more. */
function lostAt(start: EffectStart, rows: ReadonlyMap<string, RunRecord>): number {
  const row = rows.get(start.runId);
  if (row?.status !== 'lost' || row.attempt !== start.attempt || row.finishedAt === null) return Infinity;
  return start.at + Math.max(0, row.finishedAt - start.wall);
}

function keepFirst(times: Map<string, number>, key: string, at: number): void {
  times.set(key, Math.min(times.get(key) ?? Infinity, at));
}
