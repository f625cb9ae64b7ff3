import { inspect } from 'node:util';
import type { Entry } from './history/entries.js';
import type { Verdict } from './run-scenario.js';

const EXCERPT_LINES = 30;

/** Prints how a scenario went: in one line if all was well, with what was found and its excerpts of the history if not. */
export function reportVerdict(title: string, verdict: Verdict): void {
  const { ms, failure, findings, entries, runs, folder, skipReason } = verdict;
  const starts = entries.filter(({ kind }) => kind === 'effect:start').length;
  const facts = `${(ms / 1000).toFixed(1)} s, ${entries.length} lines of history, ${runs} runs, ${starts} starts`;
  if (skipReason !== null) {
    console.log(`skipped ${title}: ${skipReason}`);
    return;
  }
  if (folder === null) {
    console.log(`ok ${title}: ${facts}, nothing found`);
    return;
  }
  console.log(`FAILED ${title}: ${facts}, ${findings.length} findings; its histories are in ${folder}`);
  if (failure !== null) console.log(inspect(failure));
  for (const { invariant, what, about } of findings) {
    console.log(`  ${invariant}: ${what}`);
    for (const line of excerpt(entries, about)) console.log(`    ${line}`);
  }
}

/** Gives the lines that tell of certain runs or jobs, and what was done to the processes that wrote them. */
function excerpt(entries: readonly Entry[], about: readonly string[]): string[] {
  const origin = entries[0]?.at ?? 0;
  const telling = entries.map((entry) => about.some((one) => JSON.stringify(entry).includes(one)));
  const writers = new Set(entries.filter((_, at) => telling[at]).map((entry) => entry.process));
  const lines = entries
    .filter((entry, at) => telling[at] === true || (entry.kind === 'process' && writers.has(entry.target)))
    .map((entry) => `${((entry.at - origin) / 1000).toFixed(3)} ${JSON.stringify(entry).slice(0, 600)}`);
  const left = lines.length - EXCERPT_LINES;
  return left <= 0 ? lines : [...lines.slice(0, EXCERPT_LINES), `… and ${left} lines more`];
}
