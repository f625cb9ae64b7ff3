import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { knownRuns } from './known-runs.js';

/** Holds that no fire time of a job is committed twice: all that ever stood for it is one run. */
export function fireTimesOnce(evidence: Evidence): Finding[] {
  const fired = [...knownRuns(evidence).values()].filter(
    ({ jobUid, origin }) => jobUid !== null && (origin === 'scheduled' || origin === 'backfill'),
  );
  const byFireTime = groupBy(fired, ({ jobUid, scheduledAt }) => `${String(jobUid)}@${scheduledAt}`);
  return [...byFireTime.values()]
    .filter((runs) => runs.length > 1)
    .map((runs) => ({
      invariant: 'fire times once',
      what: `${describe(runs[0])} was committed ${runs.length} times`,
      about: runs.map(({ id }) => id),
    }));
}

function describe(run: { jobId: string | null; scheduledAt: number } | undefined): string {
  return run === undefined ? '' : `${String(run.jobId)} at ${new Date(run.scheduledAt).toISOString()}`;
}
