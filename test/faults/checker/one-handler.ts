import type { EffectStart } from '../history/entries.js';
import { attemptKey } from './attempts.js';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { isQueued } from './is-queued.js';

/** Holds that a run that is executed by a queue's workers has one handler at a time, whatever its nodes do. */
export function oneHandler({ entries, runs }: Evidence): Finding[] {
  const queued = new Set(runs.filter(isQueued).map(({ id }) => id));
  const starts = entries.filter(
    (entry): entry is EffectStart => entry.kind === 'effect:start' && queued.has(entry.runId),
  );
  const ends = new Map<string, number>();
  const exits = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === 'effect:end') ends.set(handlerKey(entry), entry.at);
    else if (entry.kind === 'process' && entry.what === 'exited') exits.set(entry.target, entry.at);
  }
  const findings: Finding[] = [];
  for (const [runId, ofRun] of groupBy(starts, (start) => start.runId)) {
    ofRun.forEach((start, at) => {
      const before = ofRun[at - 1];
      if (before === undefined) return;
      const endedAt = Math.min(
        ends.get(handlerKey(before)) ?? Infinity,
        exits.get(before.process) ?? Infinity,
      );
      if (start.at >= endedAt) return;
      const what = `${attemptKey(runId, start.attempt)} started in ${start.process} while ${attemptKey(runId, before.attempt)} went on in ${before.process}`;
      findings.push({ invariant: 'one handler', what, about: [runId] });
    });
  }
  return findings;
}

function handlerKey({ process, runId, attempt }: Pick<EffectStart, 'process' | 'runId' | 'attempt'>): string {
  return `${attemptKey(runId, attempt)} in ${process}`;
}
