import { isAwaiting } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import { queueParent, takeParent } from '../run-transitions.js';

/** Holds locked runs, the parents of steps among them, while it is decided what becomes of them. */
export class RunChanges {
  readonly #runs: Map<string, RunRecord>;
  readonly #openSteps: Map<string, number>;
  readonly #changed = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #queued = new Set<string>();

  /** Takes the runs, and how many open steps those have that await them, or are to. */
  constructor(runs: readonly RunRecord[], openSteps: ReadonlyMap<string, number>) {
    this.#runs = new Map(runs.map((run) => [run.id, run]));
    this.#openSteps = new Map(openSteps);
  }

  /** Holds the runs to write. */
  get changed(): readonly RunRecord[] {
    return this.#pick(this.#changed);
  }

  /** Holds those of them that have another owner now: parents that a node goes on with. */
  get taken(): readonly RunRecord[] {
    return this.#pick(this.#taken);
  }

  /** Holds those of them that are parents and were queued. */
  get queued(): readonly RunRecord[] {
    return this.#pick(this.#queued);
  }

  /** Gives a run as it is by now; `undefined`: it is none of those that are locked. */
  get(id: string): RunRecord | undefined {
    return this.#runs.get(id);
  }

  /** Says how a run is by now. */
  put(run: RunRecord): void {
    if (this.#runs.get(run.id) === run) return;
    this.#runs.set(run.id, run);
    this.#changed.add(run.id);
  }

  /** Tells whether a run has open steps. */
  hasOpenSteps(id: string): boolean {
    return (this.#openSteps.get(id) ?? 0) > 0;
  }

  /** Takes note of an open step that is inserted. */
  open({ parentRunId }: RunRecord): void {
    if (parentRunId !== null) this.#count(parentRunId, 1);
  }

  /**
   * Takes note of a run that has ended, and goes on with its parent if that awaited it as the last of its steps; gives the
   * parent then.
   *
   * @param node - the node that takes the parent; `null`: it is queued
   */
  close({ parentRunId, step }: RunRecord, node: string | null, now: number): RunRecord | null {
    if (parentRunId === null || step === null) return null;
    this.#count(parentRunId, -1);
    const parent = this.#runs.get(parentRunId);
    if (parent === undefined || !isAwaiting(parent) || this.hasOpenSteps(parentRunId)) return null;
    const next = node === null ? queueParent(parent, now) : takeParent(parent, node);
    (node === null ? this.#queued : this.#taken).add(parentRunId);
    this.put(next);
    return next;
  }

  #count(parentId: string, change: number): void {
    this.#openSteps.set(parentId, (this.#openSteps.get(parentId) ?? 0) + change);
  }

  #pick(ids: ReadonlySet<string>): RunRecord[] {
    return [...this.#runs.values()].filter(({ id }) => ids.has(id));
  }
}
