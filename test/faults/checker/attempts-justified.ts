import type { Entry } from '../history/entries.js';
import { attemptKey } from './attempts.js';
import type { Evidence, Finding } from './evidence.js';

const GIVEN_BACK: ReadonlySet<unknown> = new Set(['retry', 'hand-back', 'died']);

/**
 * Holds that an attempt above 1 starts only once the one before it failed and was to be retried, was handed back, or was
 * taken from its node; of a recovery whose answer was never seen it is not known what it took.
 */
export function attemptsJustified({ entries }: Evidence): Finding[] {
  const overAt = endsTold(entries);
  const unansweredAt = firstUnansweredRecovery(entries);
  return entries.flatMap((entry) => {
    if (entry.kind !== 'effect:start' || entry.attempt === 1) return [];
    const { runId, attempt, process, at } = entry;
    const from = Math.min(unansweredAt, overAt.get(attemptKey(runId, attempt - 1)) ?? Infinity);
    if (from < at) return [];
    const what = `${attemptKey(runId, attempt)} started in ${process}, and nothing is known to have ended the attempt before`;
    return [{ invariant: 'attempts justified', what, about: [runId] }];
  });
}

/** Gives from when on there may be another attempt after one: what a call does may be seen before its answer is. */
function endsTold(entries: readonly Entry[]): Map<string, number> {
  const overAt = new Map<string, number>();
  const note = (runId: string, attempt: number, at: number): void => {
    const key = attemptKey(runId, attempt);
    overAt.set(key, Math.min(at, overAt.get(key) ?? Infinity));
  };
  for (const entry of entries) {
    if (entry.kind === 'answer' && entry.method === 'recover') {
      for (const { id, attempt } of entry.runs ?? []) note(id, attempt, entry.sentAt);
    } else if (entry.kind === 'call' && (entry.method === 'finishRuns' || entry.method === 'leave')) {
      for (const { runId, attempt, sent } of entry.finishes ?? [])
        if (GIVEN_BACK.has(sent)) note(runId, attempt, entry.at);
    }
  }
  return overAt;
}

function firstUnansweredRecovery(entries: readonly Entry[]): number {
  const answered = new Set(entries.flatMap((entry) => (entry.kind === 'answer' ? [callKey(entry)] : [])));
  const first = entries.find(
    (entry) => entry.kind === 'call' && entry.method === 'recover' && !answered.has(callKey(entry)),
  );
  return first?.at ?? Infinity;
}

function callKey({ process, call }: { readonly process: string; readonly call: number }): string {
  return `${process}#${call}`;
}
