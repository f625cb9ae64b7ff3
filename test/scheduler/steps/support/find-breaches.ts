import type { AnyTask } from '../../../../src/index.js';
import { isEndStatus } from '../../../../src/job/run-record.js';
import type { RunRecord } from '../../../../src/job/run-record.js';
import type { ChainFleet } from './chain-fleet.js';

const ENDS = ['run:succeeded', 'run:failed', 'run:cancelled', 'run:lost'] as const;

/**
 * Finds what breaks the promises of chains after all is over: in the records of a run and its steps, in the order in
 * which handlers were called, and in what the nodes told of ends. Looks at one thing after another, and trusts none.
 */
export async function findBreaches(fleet: ChainFleet, task: AnyTask, rootId: string): Promise<string[]> {
  const { items } = await fleet.server.listRuns({ limit: 10_000 });
  const runs = new Map(items.map((run) => [run.id, run]));
  const breaches: string[] = [];
  const root = runs.get(rootId);
  if (root === undefined) return ['the run is gone'];
  lookAt(task, root, runs, breaches);
  for (const { id, status, held, slot } of items) {
    if (!isEndStatus(status)) breaches.push(`${id} is ${status} still`);
    if (held || slot !== null) breaches.push(`${id} holds a slot still`);
  }
  for (const start of repeated(
    fleet.starts.map(({ runId, attempt }) => `${runId}, attempt ${String(attempt)}`),
  ))
    breaches.push(`${start} was started twice`);
  const ends = fleet.members.flatMap(({ events }) =>
    ENDS.flatMap((name) => events.of(name).map(({ run }) => `the end of ${run.id}`)),
  );
  for (const end of repeated(ends)) breaches.push(`${end} was told of twice`);
  lookAtOrder(task, rootId, fleet, breaches);
  return breaches;
}

/** Looks at the records of a run and of its steps, and of theirs. */
function lookAt(
  task: AnyTask,
  run: RunRecord,
  runs: ReadonlyMap<string, RunRecord>,
  breaches: string[],
): void {
  const { composition } = task;
  if (composition === undefined) return;
  const { id, status } = run;
  const steps = composition.steps.map((_, at) => lastOf(`${id}.${String(at)}`, runs));
  const say = (what: string): void => {
    breaches.push(
      `${id}, ${status}, steps ${steps.map((step) => step?.status ?? 'none').join(' ')}: ${what}`,
    );
  };
  composition.steps.forEach((its, at) => {
    const step = steps[at];
    if (step !== undefined && step.status !== 'skipped') lookAt(its, step, runs, breaches);
  });
  const bad = steps.findIndex((step) => step?.status !== 'succeeded');
  if (status === 'succeeded' && bad !== -1) say('it has succeeded without a step');
  const isOver = (at: number): boolean => {
    const its = steps[at]?.status ?? 'skipped';
    return its === 'skipped';
  };
  if (composition.kind === 'chain' && bad !== -1)
    for (let at = bad + 1; at < steps.length; at++) if (!isOver(at)) say(`step ${String(at)} was begun`);
  const failed = steps.some((step) => step?.status === 'failed' || step?.status === 'lost');
  if (status === 'failed' && !failed) say('no step has failed');
  const after = runs.get(`${id}.onFailure`);
  const isWanted = composition.onFailure !== null && status === 'failed';
  if (isWanted !== (after !== undefined)) say(`onFailure is ${after?.status ?? 'none'}`);
}

/** Looks whether the handlers of each step of a chain were called after those of the step before it. */
function lookAtOrder(task: AnyTask, id: string, fleet: ChainFleet, breaches: string[]): void {
  const { composition } = task;
  if (composition === undefined) return;
  composition.steps.forEach((step, at) => {
    lookAtOrder(step, `${id}.${String(at)}`, fleet, breaches);
    if (composition.kind === 'all' || at === 0) return;
    const before = placesOf(`${id}.${String(at - 1)}`, fleet);
    const first = placesOf(`${id}.${String(at)}`, fleet)[0];
    if (first !== undefined && before.some((place) => place > first))
      breaches.push(`${id}: step ${String(at)} was started before the end of the one before it`);
  });
}

/** Gives where among all starts those of a step are: its own, or of the steps that it has. */
function placesOf(stepId: string, { starts }: ChainFleet): number[] {
  return starts.flatMap(({ runId }, place) =>
    runId === stepId || runId.startsWith(`${stepId}.`) ? [place] : [],
  );
}

/** Gives the run that stands for a step: the last of its fallbacks. */
function lastOf(id: string, runs: ReadonlyMap<string, RunRecord>): RunRecord | undefined {
  return lastOfFallbacks(runs.get(id), runs);
}

function lastOfFallbacks(
  run: RunRecord | undefined,
  runs: ReadonlyMap<string, RunRecord>,
): RunRecord | undefined {
  const next = run === undefined ? undefined : runs.get(`${run.id}.fallback`);
  return next === undefined ? run : lastOfFallbacks(next, runs);
}

function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, at) => texts.indexOf(text) !== at);
}
