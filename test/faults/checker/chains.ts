import { isDeepStrictEqual } from 'node:util';
import type { RunRecord } from 'escapement';
import type { EffectEnd, EffectStart } from '../history/entries.js';
import { CHAIN_SHAPES } from '../nodes/chain-shapes.js';
import type { ChainShape } from '../nodes/chain-shapes.js';
import type { Evidence } from './evidence.js';
import { groupBy } from './group-by.js';
import { isQueued } from './is-queued.js';

/** Is the run of a task that is made of others, with the runs of its steps. */
export interface ChainRun {
  readonly row: RunRecord;
  readonly shape: ChainShape;
  /** Holds for each place the runs there: that of its step, or the skipped one, and then that of its fallback. */
  readonly places: readonly (readonly RunRecord[])[];
}

/** Knows the runs that are made of others, what handlers did in them, and what that has to come to. */
export class Chains {
  readonly all: readonly ChainRun[];
  readonly #byId: ReadonlyMap<string, ChainRun>;
  readonly #starts: ReadonlyMap<string, readonly EffectStart[]>;
  readonly #ends: ReadonlyMap<string, readonly EffectEnd[]>;

  /** Reads them out of what a scenario left behind. */
  constructor({ entries, runs }: Evidence) {
    const steps = runs.filter(({ step }) => step !== null);
    const ofParent = groupBy(steps, ({ parentRunId }) => String(parentRunId));
    this.all = runs.flatMap((row) => {
      const shape = Object.hasOwn(CHAIN_SHAPES, row.task) ? CHAIN_SHAPES[row.task] : undefined;
      if (shape === undefined || row.status === 'skipped') return [];
      const own = ofParent.get(row.id) ?? [];
      return [{ row, shape, places: shape.steps.map((_, place) => runsAt(own, place)) }];
    });
    this.#byId = new Map(this.all.map((chain) => [chain.row.id, chain]));
    const starts = entries.filter((entry): entry is EffectStart => entry.kind === 'effect:start');
    const ends = entries.filter((entry): entry is EffectEnd => entry.kind === 'effect:end');
    this.#starts = groupBy(starts, ({ runId }) => runId);
    this.#ends = groupBy(ends, ({ runId }) => runId);
  }

  /** Gives the run that another is a step of. */
  parentOf({ parentRunId, step }: RunRecord): ChainRun | undefined {
    return step === null ? undefined : this.#byId.get(String(parentRunId));
  }

  /** Gives what a run comes to that have handlers: itself, or those of its steps. */
  leavesOf(row: RunRecord): readonly RunRecord[] {
    const chain = this.#byId.get(row.id);
    return chain === undefined ? [row] : chain.places.flat().flatMap((run) => this.leavesOf(run));
  }

  /** Gives the starts of a run's own handlers. */
  startsOf({ id }: RunRecord): readonly EffectStart[] {
    return this.#starts.get(id) ?? [];
  }

  /** Gives the ends of a run's own handlers that may have been those of its last attempt. */
  lastEndsOf(row: RunRecord): readonly EffectEnd[] {
    const ends = this.#ends.get(row.id) ?? [];
    // What a queue executes may have been begun under an earlier attempt, whose node died.
    return ends.filter(({ attempt }) => (isQueued(row) ? attempt <= row.attempt : attempt === row.attempt));
  }

  /** Gives when a run had succeeded by what its handlers did; `Infinity`: they do not bear that out. */
  succeededAt(row: RunRecord): number {
    if (row.status !== 'succeeded') return Infinity;
    const chain = this.#byId.get(row.id);
    if (chain === undefined) {
      const end = this.lastEndsOf(row).find(
        ({ how, result }) => how === 'done' && isDeepStrictEqual(result, valueOf(row)),
      );
      return end?.at ?? Infinity;
    }
    return Math.max(...chain.places.map((place) => this.#placeSucceededAt(place)));
  }

  /** Gives what a run was to give by what its steps gave. */
  resultOf(row: RunRecord): unknown {
    const chain = this.#byId.get(row.id);
    if (chain === undefined) return valueOf(row);
    const results = chain.places.map((place) => {
      const run = standing(place);
      return run === undefined ? undefined : this.resultOf(run);
    });
    return chain.shape.kind === 'all' ? results : results.at(-1);
  }

  /** Gives what a run was to be handed as the result of the step before it; a fallback is handed what its step was. */
  previousOf(row: RunRecord): unknown {
    const parent = this.parentOf(row);
    if (parent === undefined || row.step === null) return undefined;
    if (parent.shape.kind === 'all' || row.step === 0) return this.previousOf(parent.row);
    const before = standing(parent.places[row.step - 1] ?? []);
    return before === undefined ? undefined : this.resultOf(before);
  }

  #placeSucceededAt(place: readonly RunRecord[]): number {
    const run = standing(place);
    return run === undefined ? Infinity : this.succeededAt(run);
  }
}

/** Gives the run that stands for a place: the last of those that were begun there. */
export function standing(place: readonly RunRecord[]): RunRecord | undefined {
  return place.at(-1);
}

/** Gives a run's result. */
export function valueOf({ result }: RunRecord): unknown {
  return result === null ? undefined : (JSON.parse(result) as unknown);
}

function runsAt(steps: readonly RunRecord[], place: number): RunRecord[] {
  return steps.filter(({ step }) => step === place).sort((a, b) => a.id.length - b.id.length);
}
