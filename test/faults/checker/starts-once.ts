import type { EffectStart } from '../history/entries.js';
import { attemptKey } from './attempts.js';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { isQueued } from './is-queued.js';

/**
 * Holds that an attempt starts at most once, and not after its run was taken from its node. What waits in a queue is not
 * taken with that: whoever has the run next finds it there.
 */
export function startsOnce({ entries, runs }: Evidence): Finding[] {
  const starts = entries.filter((entry): entry is EffectStart => entry.kind === 'effect:start');
  const queued = new Set(runs.filter(isQueued).map(({ id }) => id));
  const taken = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind !== 'answer' || entry.method !== 'recover') continue;
    for (const { id, attempt } of entry.runs ?? []) {
      if (!queued.has(id)) taken.set(attemptKey(id, attempt), entry.at);
    }
  }
  const findings: Finding[] = [];
  for (const [key, same] of groupBy(starts, ({ runId, attempt }) => attemptKey(runId, attempt))) {
    const about = [same[0]?.runId ?? ''];
    if (same.length > 1) {
      const where = same.map(({ process }) => process).join(', ');
      findings.push({ invariant: 'starts once', what: `${key} started in ${where}`, about });
    }
    const late = same.find(({ at }) => at > (taken.get(key) ?? Infinity));
    if (late !== undefined) {
      const what = `${key} started in ${late.process} after the run had been taken from it`;
      findings.push({ invariant: 'starts once', what, about });
    }
  }
  return findings;
}
