import type { RunRecord } from '../../job/run-record.js';
import type { Decision, ActiveRun } from '../active-run.js';
import type { Environment } from '../environment.js';
import type { TaskDefaults } from '../task-defaults.js';
import type { ComposedTask } from './plan-steps.js';
import { NO_SEQUEL, mayHaveSequel, sequelOf } from './sequels.js';
import type { FindTask, Sequel } from './sequels.js';
import { StepCoordinator } from './step-coordinator.js';
import { StepRuns } from './step-runs.js';

const NONE: readonly RunRecord[] = Object.freeze([]);

/** Says what follows the ends of runs, and how those go on that have steps. */
export class StepPlanner {
  readonly #env: Environment;
  readonly #runs: StepRuns;
  readonly #coordinator: StepCoordinator;
  readonly #takesParents: () => boolean;
  readonly #find: FindTask;

  /**
   * Makes it for a scheduler.
   *
   * @param takesParents - tells whether this node goes on with runs whose steps have ended; others do where not
   */
  constructor(env: Environment, defaults: TaskDefaults, takesParents: () => boolean) {
    this.#env = env;
    this.#runs = new StepRuns(defaults);
    this.#coordinator = new StepCoordinator(this.#runs);
    this.#takesParents = takesParents;
    this.#find = (name) => env.tasks.find(name);
  }

  /** Gives what is committed together with the end of an attempt. */
  sequelOf({ record, task, lane }: ActiveRun, { outcome, followUps = NONE }: Decision): Sequel {
    if (followUps === NONE && !mayHaveSequel(record, task)) return NO_SEQUEL;
    try {
      const context = { runs: this.#runs, find: this.#find, now: lane.link.now() };
      const sequel = sequelOf(record, task, outcome, context);
      return {
        followUps: [...followUps, ...sequel.followUps],
        takesParent: sequel.takesParent && this.#takesParents(),
      };
    } catch (error) {
      // Somebody changed the row: whoever goes on with its parent finds it as it is.
      this.#env.logger.error({ err: error, runId: record.id }, 'What follows the run cannot be told');
      return { ...NO_SEQUEL, followUps };
    }
  }

  /** Decides how a run goes on that has steps. */
  decide(active: ActiveRun, task: ComposedTask): Promise<Decision> {
    return this.#coordinator.decide(active, task);
  }
}
