import type { Evidence, Finding } from './evidence.js';
import { knownRuns } from './known-runs.js';
import { lossesOf } from './losses.js';

/** Holds that whatever the store said it had, and whatever was executed, is in the store, unless a fault took it. */
export function nothingLost(evidence: Evidence): Finding[] {
  const rows = new Map(evidence.runs.map((run) => [run.id, run]));
  const losses = lossesOf(evidence);
  const findings: Finding[] = [];
  for (const { id, jobId } of knownRuns(evidence).values()) {
    if (rows.has(id) || losses.has(id)) continue;
    const what = `The store gave run ${id} of ${String(jobId)} out, and does not have it`;
    findings.push({ invariant: 'nothing lost', what, about: [id] });
  }
  for (const entry of evidence.entries) {
    if (entry.kind !== 'effect:start') continue;
    const row = rows.get(entry.runId);
    if (row === undefined ? losses.has(entry.runId) : row.attempt >= entry.attempt) continue;
    const what = `${entry.runId}#${entry.attempt} was executed, and the store does not know of it`;
    findings.push({ invariant: 'nothing lost', what, about: [entry.runId] });
  }
  return findings;
}
