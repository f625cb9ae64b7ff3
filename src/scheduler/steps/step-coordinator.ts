import { InvalidStateError } from '../../errors/scheduler-errors.js';
import { assertNever } from '../../internal/assert-never.js';
import { decodeJson } from '../../internal/json-codec.js';
import { encodeError } from '../../job/run-error.js';
import { readInput } from '../../job/run-input.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ActiveRun, Decision } from '../active-run.js';
import type { StoreLink } from '../store-link.js';
import { planSteps } from './plan-steps.js';
import type { ComposedTask, StepsFailure } from './plan-steps.js';
import { textOf } from './step-runs.js';
import type { StepRuns } from './step-runs.js';

/** Is how many runs of steps are read at once. */
const PAGE = 500;

/** Decides how runs of tasks go on that are made of others: by what has become of their steps. */
export class StepCoordinator {
  readonly #runs: StepRuns;

  /** Makes it, with what makes the runs of steps. */
  constructor(runs: StepRuns) {
    this.#runs = runs;
  }

  /**
   * Reads what has become of a run's steps, and decides what follows. A store that does not answer is asked again; a run
   * that is to be broken off meanwhile is handed back.
   */
  async decide(active: ActiveRun, task: ComposedTask): Promise<Decision> {
    for (;;) {
      const steps = await this.#read(active);
      // One that was broken off while they were read is for others to judge.
      if (steps === null || active.isBrokenOff) return { outcome: { kind: 'hand-back' }, value: undefined };
      const decision = this.#plan(active, task, steps);
      const repeated = repeatedSteps(active, decision);
      if (repeated === null) return decision;
      if (repeated > 0)
        throw new InvalidStateError(
          `The store holds runs of the steps of run "${active.record.id}", and does not list them.`,
        );
      // Its steps are under way, and the store does not know that they are open.
      await active.lane.link.pause();
    }
  }

  async #read(active: ActiveRun): Promise<readonly RunRecord[] | null> {
    const { link } = active.lane;
    while (link.isOpen && !active.isBrokenOff) {
      try {
        return await readSteps(link, active.record.id);
      } catch {
        // The link has told of it.
        await link.pause();
      }
    }
    return null;
  }

  #plan(active: ActiveRun, task: ComposedTask, steps: readonly RunRecord[]): Decision {
    const { record, lane, aborted } = active;
    const now = lane.link.now();
    const { previous } = readInput(record);
    const plan = planSteps(task, {
      runId: record.id,
      previous: textOf(previous),
      isCancelled: record.cancelRequested || aborted !== null,
      runs: steps,
    });
    switch (plan.kind) {
      case 'begin': {
        const followUps = plan.steps.flatMap((begun) => {
          const its = task.composition.steps[begun.step];
          return its === undefined ? [] : [this.#runs.step(record, its, begun.step, begun.previous, now)];
        });
        return { outcome: { kind: 'await' }, value: undefined, followUps };
      }
      case 'success':
        return {
          outcome: { kind: 'end', status: 'succeeded', result: plan.result, error: null },
          value: decodeJson(plan.result),
        };
      case 'failure':
        return this.#fail(record, task, plan, now);
      default:
        return assertNever(plan);
    }
  }

  #fail(record: RunRecord, { composition }: ComposedTask, plan: StepsFailure, now: number): Decision {
    const { status, error, failure, skipped } = plan;
    const followUps = skipped.flatMap((step) => {
      const its = composition.steps[step];
      return its === undefined ? [] : [this.#runs.skipped(record, its, step, now)];
    });
    if (failure !== null && composition.onFailure !== null)
      followUps.push(this.#runs.onFailure(record, composition.onFailure, failure, now));
    return {
      outcome: { kind: 'end', status, result: null, error: encodeError(error) },
      value: error,
      followUps,
    };
  }
}

/** Counts the steps that a decision is to begin though all were begun before, and had ended; `null`: it is not so. */
function repeatedSteps({ begunBefore }: ActiveRun, { outcome, followUps = [] }: Decision): number | null {
  if (begunBefore === null || outcome.kind !== 'await') return null;
  return followUps.every(({ id }) => begunBefore.has(id)) ? followUps.length : null;
}

/** Reads the runs of all steps of a run. */
export async function readSteps(link: StoreLink, parentRunId: string): Promise<readonly RunRecord[]> {
  const found: RunRecord[] = [];
  let after: string | null = null;
  do {
    const query = { parentRunId, limit: PAGE, ...(after !== null && { after }) };
    const page: Awaited<ReturnType<typeof link.store.listRuns>> = await link.call((store) =>
      store.listRuns(query),
    );
    found.push(...page.items);
    after = page.next;
  } while (after !== null);
  return found;
}
