import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from 'escapement';
import { Chains, standing, valueOf } from './chains.js';
import type { ChainRun } from './chains.js';
import type { Evidence, Finding } from './evidence.js';

/** Is how often a run is recovered before it is lost. */
const MOST_RECOVERIES = 3;
const ENDS: ReadonlySet<string> = new Set(['run:succeeded', 'run:failed', 'run:cancelled', 'run:lost']);

/**
 * Holds that the run of a chain ends once, as its steps did: with the right result and every step run, or with those after
 * the failed one skipped and `onFailure` run once; and that steps ended as their handlers did.
 */
export function chainsWhole(evidence: Evidence): Finding[] {
  const chains = new Chains(evidence);
  const rows = new Map(evidence.runs.map((run) => [run.id, run]));
  const told = tellingsOf(evidence);
  return chains.all.flatMap((chain) => {
    const { row, places } = chain;
    const tellings = told.get(row.id) ?? 0;
    const breaches = [
      ...breachesOfEnd(chains, chain, rows),
      ...places.flat().flatMap((run) => breachesOfStep(chains, run)),
      ...(tellings > 1 ? [`its end was told of ${tellings} times`] : []),
    ];
    return breaches.map((what) => ({
      invariant: 'chains whole',
      what: `${row.task} ${row.id} is ${row.status}: ${what}`,
      about: [row.id],
    }));
  });
}

function breachesOfEnd(chains: Chains, chain: ChainRun, rows: ReadonlyMap<string, RunRecord>): string[] {
  const { row, places } = chain;
  const onFailure = rows.get(`${row.id}.onFailure`);
  const statuses = places.map((place) => standing(place)?.status ?? 'absent');
  if (row.status === 'succeeded') {
    const result = chains.resultOf(row);
    return [
      ...(statuses.every((status) => status === 'succeeded') ? [] : [`its steps are ${statuses.join(', ')}`]),
      ...(isDeepStrictEqual(valueOf(row), result)
        ? []
        : [`its result is ${String(row.result)}, and not ${JSON.stringify(result)}`]),
      ...(onFailure === undefined ? [] : [`${onFailure.id} follows`]),
    ];
  }
  if (row.status === 'failed')
    return [...breachesOfFailure(chain, statuses), ...breachesOfOnFailure(chains, chain, onFailure)];
  return breachesOfLoss(row);
}

function breachesOfFailure({ row, shape }: ChainRun, statuses: readonly string[]): string[] {
  const failedAt = statuses.findIndex((status) => status !== 'succeeded');
  const isWhole = statuses.every((status, place) => {
    if (shape.kind === 'all') return status !== 'absent' && status !== 'skipped';
    return place <= failedAt ? status !== 'absent' && status !== 'skipped' : status === 'skipped';
  });
  const isTold = row.error?.includes('"ESC_STEP_FAILED"') === true;
  return [
    ...(failedAt >= 0 && isWhole ? [] : [`its steps are ${statuses.join(', ')}`]),
    ...(isTold ? [] : [`its error is ${String(row.error)}`]),
  ];
}

function breachesOfOnFailure(
  chains: Chains,
  { shape, places }: ChainRun,
  run: RunRecord | undefined,
): string[] {
  if (shape.onFailure === null) return run === undefined ? [] : [`${run.id} follows`];
  if (run?.task !== shape.onFailure) return ['no run of onFailure follows'];
  const failed = new Set(
    places.flatMap((place) => {
      const last = standing(place);
      return last === undefined || last.status === 'succeeded' || last.status === 'skipped' ? [] : [last.id];
    }),
  );
  return [
    ...breachesOfStep(chains, run),
    ...chains
      .startsOf(run)
      .filter(({ failure }) => failure === undefined || !failed.has(failure))
      .map(({ failure }) => `${run.id} was told that ${String(failure)} had failed`),
  ];
}

function breachesOfStep(chains: Chains, row: RunRecord): string[] {
  const isLeaf = chains.leavesOf(row)[0] === row;
  if (isLeaf && row.status === 'succeeded' && chains.succeededAt(row) === Infinity)
    return [`${row.id} has succeeded with ${String(row.result)}, which no handler of its attempt gave`];
  if (isLeaf && row.status === 'failed' && !chains.lastEndsOf(row).some(({ how }) => how === 'failed'))
    return [`${row.id} has failed with ${String(row.error)}, and no handler of its attempt did`];
  return breachesOfLoss(row);
}

function breachesOfLoss({ id, status, recovery, recoveries }: RunRecord): string[] {
  if (status !== 'lost' || recovery === 'abandon' || recoveries >= MOST_RECOVERIES) return [];
  return [`${id} is lost after ${recoveries} recoveries`];
}

/** Counts the events that told of ends, over all processes. */
function tellingsOf({ entries }: Evidence): Map<string, number> {
  const told = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind !== 'event' || entry.runId === null || !ENDS.has(entry.name)) continue;
    told.set(entry.runId, (told.get(entry.runId) ?? 0) + 1);
  }
  return told;
}
