import { attemptsOf } from './attempts.js';
import { Chains } from './chains.js';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { knownRuns } from './known-runs.js';

/** Is how long something took a place of its job: an attempt, or a chain from its first step's start to its last one's end. */
interface Span {
  readonly runId: string;
  readonly jobUid: string;
  readonly jobId: string | null;
  readonly from: number;
  readonly to: number;
}

/** Holds that no more attempts, or chains, of a job go on at any time than it allows. */
export function instancesBounded(evidence: Evidence): Finding[] {
  const limits = limitsOf(evidence);
  const findings: Finding[] = [];
  for (const [jobUid, spans] of groupBy(spansOf(evidence), (span) => span.jobUid)) {
    const limit = limits.get(jobUid);
    if (limit === undefined) continue;
    const crowd = firstCrowd(spans, limit);
    if (crowd === null) continue;
    findings.push({
      invariant: 'instances bounded',
      what: `${crowd.length} attempts of ${String(crowd[0]?.jobId)} at once, where ${limit} may be`,
      about: crowd.map(({ runId }) => runId),
    });
  }
  return findings;
}

function spansOf(evidence: Evidence): Span[] {
  const known = knownRuns(evidence);
  const attempts = attemptsOf(evidence);
  const chains = new Chains(evidence);
  const own = attempts.flatMap(({ start, endedAt }): Span[] => {
    const { jobUid = null } = known.get(start.runId) ?? {};
    if (jobUid === null) return [];
    return [{ runId: start.runId, jobUid, jobId: start.jobId, from: start.at, to: endedAt }];
  });
  const byRun = groupBy(attempts, ({ start }) => start.runId);
  const ofChains = chains.all.flatMap(({ row }): Span[] => {
    const steps = chains.leavesOf(row).flatMap(({ id }) => byRun.get(id) ?? []);
    if (row.jobUid === null || steps.length === 0) return [];
    const from = Math.min(...steps.map(({ start }) => start.at));
    const to = Math.max(...steps.map(({ endedAt }) => endedAt));
    return [{ runId: row.id, jobUid: row.jobUid, jobId: row.jobId, from, to }];
  });
  return [...own, ...ofChains].sort((a, b) => a.from - b.from);
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

function firstCrowd(spans: readonly Span[], limit: number): Span[] | null {
  let going: Span[] = [];
  for (const span of spans) {
    going = going.filter(({ to }) => to > span.from);
    going.push(span);
    if (going.length > limit) return going;
  }
  return null;
}
