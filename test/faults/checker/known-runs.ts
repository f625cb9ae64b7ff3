import type { Evidence } from './evidence.js';

/** Is what is known of a run for good: by its row, or by an answer that showed it. */
export interface KnownRun {
  readonly id: string;
  readonly jobUid: string | null;
  readonly jobId: string | null;
  readonly origin: string;
  readonly scheduledAt: number;
}

/** Gives the runs that the store was left with or ever said it had, by id. */
export function knownRuns({ entries, runs }: Evidence): Map<string, KnownRun> {
  const known = new Map<string, KnownRun>(runs.map((run) => [run.id, run]));
  for (const entry of entries) {
    if (entry.kind !== 'answer') continue;
    for (const run of entry.runs ?? []) if (!known.has(run.id)) known.set(run.id, run);
  }
  return known;
}
