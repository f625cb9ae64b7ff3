import type { AnswerEntry, Entry, FaultEntry } from '../history/entries.js';
import type { Evidence } from './evidence.js';

/**
 * Gives what faults took from the store, by the uids of jobs and the ids of runs, and when.
 *
 * What the store still has was not taken, nor is what an answer tells of that was asked for after the fault: what the
 * store gave out then, it has to have.
 */
export function lossesOf({ entries, jobs, runs }: Evidence): Map<string, number> {
  const faults = entries.filter(isTaking);
  const losses = new Map<string, number>();
  if (faults.length === 0) return losses;
  const toldAt = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind !== 'answer') continue;
    for (const id of toldBy(entry)) toldAt.set(id, Math.max(entry.sentAt, toldAt.get(id) ?? -Infinity));
  }
  for (const { uid } of jobs) toldAt.delete(uid);
  for (const { id } of runs) toldAt.delete(id);
  for (const [id, at] of toldAt) {
    const fault = faults.find(
      ({ at: lostAt, lost }) => at < lostAt && (lost === 'all' || lost?.includes(id)),
    );
    if (fault !== undefined) losses.set(id, fault.at);
  }
  return losses;
}

function isTaking(entry: Entry): entry is FaultEntry {
  return entry.kind === 'fault' && entry.lost !== undefined && entry.lost !== 'latest';
}

/** Gives the jobs and runs that an answer says the store has. */
function toldBy({ jobs = [], runs = [], finishes = [] }: AnswerEntry): string[] {
  const finished = finishes.filter(({ outcome }) => outcome === 'ok');
  return [...jobs.map(({ uid }) => uid), ...runs.map(({ id }) => id), ...finished.map(({ runId }) => runId)];
}
