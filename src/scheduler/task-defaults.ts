import { layDefaults } from '../job/job-defaults.js';
import type { ResolvedDefaults } from '../job/job-defaults.js';
import type { AnyTask } from '../job/task.js';
import { storedDefaults } from '../job/task-options.js';

/** Gives what applies to a task's jobs where they do not say otherwise: the task's options over the scheduler's; once for each task. */
export class TaskDefaults {
  readonly #below: ResolvedDefaults;
  readonly #known = new WeakMap<AnyTask, ResolvedDefaults>();

  /** Makes the defaults of tasks over those of a scheduler. */
  constructor(below: ResolvedDefaults) {
    this.#below = below;
  }

  /** Gives the defaults of a task's jobs. */
  of(task: AnyTask): ResolvedDefaults {
    let defaults = this.#known.get(task);
    if (defaults === undefined) {
      defaults = layDefaults(this.#below, storedDefaults(task.options), `the options of task "${task.name}"`);
      this.#known.set(task, defaults);
    }
    return defaults;
  }
}
