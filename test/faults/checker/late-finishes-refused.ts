import type { AnswerEntry, FinishMark } from '../history/entries.js';
import { attemptKey } from './attempts.js';
import type { Evidence, Finding } from './evidence.js';
import { lossesOf } from './losses.js';

/** Is when and how a run was taken from its node. */
interface Taking {
  readonly at: number;
  readonly status: string;
}

/**
 * Holds that no end of an attempt is taken once its run was taken from its node, and that one that was taken stands,
 * unless a fault took it from the store.
 */
export function lateFinishesRefused(evidence: Evidence): Finding[] {
  const { entries, runs } = evidence;
  const losses = lossesOf(evidence);
  const rows = new Map(runs.map((run) => [run.id, run]));
  const taken = new Map<string, Taking>();
  const findings: Finding[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'answer') continue;
    if (entry.method === 'recover') {
      for (const { id, attempt, status } of entry.runs ?? []) {
        if (status === 'queued' || status === 'lost')
          taken.set(attemptKey(id, attempt), { at: entry.at, status });
      }
    }
    for (const finish of acknowledgedEnds(entry)) {
      const key = attemptKey(finish.runId, finish.attempt);
      const taking = taken.get(key);
      if (taking !== undefined && entry.sentAt > taking.at && finish.sent !== taking.status) {
        findings.push(found(finish, `${key} was ended by ${entry.process} after it had been taken from it`));
      }
      const row = rows.get(finish.runId);
      if (row === undefined) {
        if (losses.has(finish.runId)) continue;
        findings.push(found(finish, `${key} ended, yet the store has no such run any more`));
      } else if (row.attempt !== finish.attempt || row.status !== finish.status) {
        const now = `${row.status} at attempt ${row.attempt}`;
        findings.push(
          found(finish, `${key} ended as ${String(finish.status)}, yet the store has it as ${now}`),
        );
      }
    }
  }
  return findings;
}

function acknowledgedEnds({ method, finishes }: AnswerEntry): readonly FinishMark[] {
  if (method !== 'finishRuns') return [];
  return (finishes ?? []).filter(
    ({ outcome, sent, status }) =>
      outcome === 'ok' && sent !== null && status !== null && status !== 'queued' && status !== 'running',
  );
}

function found({ runId }: FinishMark, what: string): Finding {
  return { invariant: 'late finishes refused', what, about: [runId] };
}
