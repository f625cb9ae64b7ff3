import { SchedulerError } from './scheduler-error.js';

/** Reports a job id that the store does not hold. */
export class JobNotFoundError extends SchedulerError {
  override readonly code = 'ESC_JOB_NOT_FOUND';

  /** Makes the error for an id in a store. */
  constructor(id: string, store: string) {
    super(
      `No job "${id}" in store "${store}". Look it up with getJobs(), or name another store with { store }.`,
    );
  }
}

/** Reports ids that are taken, under `ifExists: 'error'`; none of the call's jobs was added. */
export class JobExistsError extends SchedulerError {
  override readonly code = 'ESC_JOB_EXISTS';

  /** Holds the ids that are taken. */
  readonly ids: readonly string[];

  /** Makes the error for the taken ids of a store. */
  constructor(ids: readonly string[], store: string) {
    const names = ids.map((id) => `"${id}"`).join(', ');
    super(
      `Store "${store}" has ${ids.length === 1 ? 'a job' : 'jobs'} ${names} already. ` +
        "Set `ifExists` to 'keep', 'update' or 'replace' to say what is meant.",
    );
    this.ids = ids;
  }
}

/** Reports a job that others kept changing while this call tried to; nothing was changed by it. */
export class JobConflictError extends SchedulerError {
  override readonly code = 'ESC_JOB_CONFLICT';

  /** Makes the error for a job. */
  constructor(id: string) {
    super(`Job "${id}" was changed by others at every try. Try again.`);
  }
}

/** Reports a task name that nobody registered in this process. */
export class UnknownTaskError extends SchedulerError {
  override readonly code = 'ESC_UNKNOWN_TASK';

  /** Makes the error for a task name. */
  constructor(name: string) {
    super(
      `No task "${name}" is registered. Make it with defineTask("${name}", handler) and pass it ` +
        'in `new Scheduler({ tasks })` or to `registerTask()`.',
    );
  }
}

/** Reports two different tasks under one name. */
export class TaskConflictError extends SchedulerError {
  override readonly code = 'ESC_TASK_CONFLICT';

  /** Makes the error for a task name. */
  constructor(name: string) {
    super(`Another task is registered as "${name}". Give each task a name of its own.`);
  }
}

/** Reports a plain function for a store that outlives the process, which cannot keep functions. */
export class FunctionNotStorableError extends SchedulerError {
  override readonly code = 'ESC_FUNCTION_NOT_STORABLE';

  /** Makes the error for a store. */
  constructor(store: string) {
    super(
      `Store "${store}" outlives this process and cannot keep a plain function. ` +
        "Register it as a task: const task = defineTask('a-name', handler), then addJob(task, trigger).",
    );
  }
}

/** Reports a task that is a function of this process, for an executor that runs tasks in threads: functions cannot cross. */
export class FunctionNotTransferableError extends SchedulerError {
  override readonly code = 'ESC_FUNCTION_NOT_TRANSFERABLE';

  /** Makes the error for a task. */
  constructor(task: string) {
    super(
      `Task "${task}" is a function of this process, and cannot cross into a worker thread. Move it to a module, ` +
        `and name that: defineTask('a-name', { module: new URL('./a-module.js', import.meta.url), export: 'handler' }).`,
    );
  }
}

/** Reports a task whose function cannot be had from its module. */
export class TaskModuleError extends SchedulerError {
  override readonly code = 'ESC_TASK_MODULE';

  /** Names the task. */
  readonly task: string;

  /** Is the module's URL. */
  readonly module: string;

  /** Names the export. */
  readonly exportName: string;

  /**
   * Makes the error.
   *
   * @param task - the task's name
   * @param source - the module's URL, and the name of the export
   * @param problem - what is wrong with it, as a sentence
   */
  constructor(
    task: string,
    source: { readonly url: string; readonly export: string },
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`Task "${task}" is export "${source.export}" of ${source.url}. ${problem}`, options);
    this.task = task;
    this.module = source.url;
    this.exportName = source.export;
  }
}
