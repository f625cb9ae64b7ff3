import { isAwaiting, isOpenStep } from '../job/run-record.js';
import type { RunRecord } from '../job/run-record.js';
import type { Environment } from './environment.js';
import type { RunTracker } from './run-tracker.js';
import { readSteps } from './steps/step-coordinator.js';
import type { StoreLink } from './store-link.js';
import type { StoreReporters } from './store-reporters.js';

/** Is what a canceller needs besides the environment. */
export interface RunCancellerContext {
  readonly env: Environment;
  readonly tracker: RunTracker;
  readonly reporters: StoreReporters;
  /** Looks for work of a store: a place may be free. */
  wake(link: StoreLink): void;
}

/** Cancels runs, and with a run that awaits its steps, those that are open. */
export class RunCanceller {
  readonly #context: RunCancellerContext;

  /** Makes a canceller. */
  constructor(context: RunCancellerContext) {
    this.#context = context;
  }

  /** Cancels a run of a store; `false`: there is none, or it is over. */
  async cancel(id: string, link: StoreLink): Promise<boolean> {
    const { env, tracker, reporters } = this.#context;
    const answer = await link.call((store) => store.requestCancel(id));
    if (answer.outcome === 'missing' || answer.outcome === 'over') return false;
    if (answer.outcome === 'requested') {
      if (isAwaiting(answer.run)) await this.#cancelSteps([answer.run], link);
      else if (!tracker.cancel(id) && answer.run.owner === env.node) tracker.cancelOnStart(id);
      return true;
    }
    const reporter = reporters.of(link);
    reporter.cancelled([answer.run]);
    if (answer.ended !== null) reporter.jobEnded(answer.ended);
    // Its place may be that of another run of the job now, and its parent may go on.
    this.#context.wake(link);
    return true;
  }

  /** Aborts those of some runs, asked to be cancelled before, that are executed here, and cancels the steps of others. */
  abort(runs: readonly RunRecord[], link: StoreLink): void {
    for (const { id } of runs) this.#context.tracker.cancel(id);
    // The link tells of a failure. The run is marked: it ends with the step that is under way.
    this.#cancelSteps(runs, link).catch(() => undefined);
  }

  /** Cancels the open steps of those of some runs, asked to be cancelled before, that await them. */
  async #cancelSteps(runs: readonly RunRecord[], link: StoreLink): Promise<void> {
    for (const { id } of runs.filter(isAwaiting)) {
      const steps = await readSteps(link, id);
      for (const step of steps.filter(isOpenStep)) await this.cancel(step.id, link);
    }
  }
}
