import type { EffectStart } from '../history/entries.js';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { isQueued } from './is-queued.js';
import { knownRuns } from './known-runs.js';

/**
 * Holds that every attempt of a job has a fencing token of its own, higher than those of the attempts of its run before
 * it and, where one attempt goes on at a time, higher than all that started before. Those of steps are their runs' own.
 */
export function tokensGrow(evidence: Evidence): Finding[] {
  const { entries, jobs, runs: rows } = evidence;
  const known = knownRuns(evidence);
  const queued = new Set(rows.filter(isQueued).map(({ jobId }) => jobId));
  const starts = entries.filter((entry): entry is EffectStart => entry.kind === 'effect:start');
  // A queue's worker may begin an attempt after its node has died and the next has drawn another token.
  const single = new Set(
    jobs.filter(({ id, definition }) => definition.maxInstances === 1 && !queued.has(id)).map(({ id }) => id),
  );
  const findings: Finding[] = [];
  for (const [jobId, ofJob] of groupBy(starts, ({ jobId, runId }) =>
    jobId === null || known.get(runId)?.jobUid === null ? runId : jobId,
  )) {
    const runs = [...groupBy(ofJob, ({ runId }) => runId).values()];
    const orders = single.has(jobId) ? [ofJob] : runs.map((ofRun) => [...ofRun].sort(byAttempt));
    for (const order of orders) findings.push(...falls(order));
    if (new Set(ofJob.map(({ token }) => token)).size < new Set(ofJob.map(keyOf)).size) {
      const what = `Two attempts of ${jobId} have one token`;
      findings.push({ invariant: 'tokens grow', what, about: [jobId] });
    }
  }
  return findings;
}

function falls(order: readonly EffectStart[]): Finding[] {
  return order.flatMap((start, at) => {
    const before = order[at - 1];
    if (before === undefined || start.token > before.token || keyOf(start) === keyOf(before)) return [];
    const what = `${keyOf(start)} has token ${start.token}, after ${keyOf(before)} with ${before.token}`;
    return [{ invariant: 'tokens grow', what, about: [start.runId, before.runId] }];
  });
}

function keyOf({ runId, attempt }: EffectStart): string {
  return `${runId}#${attempt}`;
}

function byAttempt(a: EffectStart, b: EffectStart): number {
  return a.attempt - b.attempt;
}
