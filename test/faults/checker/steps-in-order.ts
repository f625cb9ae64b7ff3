import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from 'escapement';
import { attemptKey } from './attempts.js';
import { Chains, standing } from './chains.js';
import type { ChainRun } from './chains.js';
import type { Evidence, Finding } from './evidence.js';

/**
 * Holds that a step of a chain begins only once the one before it has succeeded, that a skipped one never does, and that
 * each is handed what the one before it gave.
 */
export function stepsInOrder(evidence: Evidence): Finding[] {
  const chains = new Chains(evidence);
  return chains.all.flatMap((chain) =>
    chain.places.flatMap((runs, place) => runs.flatMap((run) => breachesOf(chains, chain, place, run))),
  );
}

function breachesOf(chains: Chains, chain: ChainRun, place: number, run: RunRecord): Finding[] {
  const found: string[] = [];
  const before =
    chain.shape.kind === 'chain' && place > 0 ? standing(chain.places[place - 1] ?? []) : undefined;
  const readyAt = before === undefined ? readyWithout(chain, place) : chains.succeededAt(before);
  for (const leaf of chains.leavesOf(run)) {
    for (const { runId, attempt, at, process } of chains.startsOf(leaf)) {
      const key = attemptKey(runId, attempt);
      if (run.status === 'skipped') found.push(`${key} started in ${process}, and is said to be skipped`);
      else if (at < readyAt)
        found.push(`${key} started in ${process} before step ${place - 1} had succeeded`);
    }
  }
  const previous = chains.previousOf(run);
  for (const start of chains.startsOf(run)) {
    if (isDeepStrictEqual(start.previous, previous)) continue;
    const [was, is] = [JSON.stringify(previous), JSON.stringify(start.previous)];
    found.push(`${attemptKey(run.id, start.attempt)} was handed ${is} as what came before, which was ${was}`);
  }
  return found.map((what) => ({ invariant: 'steps in order', what, about: [chain.row.id] }));
}

/** Gives from when on a step may begin before which there is no run. */
function readyWithout({ shape }: ChainRun, place: number): number {
  return shape.kind === 'all' || place === 0 ? -Infinity : Infinity;
}
