import { attemptsOf } from './attempts.js';
import type { Attempt } from './attempts.js';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { knownRuns } from './known-runs.js';

/** Holds that no more attempts of a job go on at any time than it allows. */
export function instancesBounded(evidence: Evidence): Finding[] {
  const limits = limitsOf(evidence);
  const known = knownRuns(evidence);
  const jobOf = ({ start }: Attempt): string => known.get(start.runId)?.jobUid ?? '';
  const findings: Finding[] = [];
  for (const [jobUid, attempts] of groupBy(attemptsOf(evidence), jobOf)) {
    const limit = limits.get(jobUid);
    if (jobUid === '' || limit === undefined) continue;
    const crowd = firstCrowd(attempts, limit);
    if (crowd === null) continue;
    findings.push({
      invariant: 'instances bounded',
      what: `${crowd.length} attempts of ${String(crowd[0]?.start.jobId)} at once, where ${limit} may be`,
      about: crowd.map(({ start }) => start.runId),
    });
  }
  return findings;
}

function limitsOf({ entries, jobs }: Evidence): Map<string, number> {
  const limits = new Map<string, number>();
  const note = (uid: string, limit: number): void => {
    limits.set(uid, Math.max(limit, limits.get(uid) ?? 0));
  };
  for (const { uid, definition } of jobs) note(uid, definition.maxInstances);
  for (const entry of entries) {
    if (entry.kind !== 'answer') continue;
    for (const { uid, maxInstances } of entry.jobs ?? []) note(uid, maxInstances);
  }
  return limits;
}

function firstCrowd(attempts: readonly Attempt[], limit: number): Attempt[] | null {
  let going: Attempt[] = [];
  for (const attempt of attempts) {
    going = going.filter(({ endedAt }) => endedAt > attempt.start.at);
    going.push(attempt);
    if (going.length > limit) return going;
  }
  return null;
}
