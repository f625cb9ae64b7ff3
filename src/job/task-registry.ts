import { TaskConflictError, UnknownTaskError } from '../errors/job-errors.js';
import { InvalidOptionError } from '../errors/input-errors.js';
import { FUNCTION_PREFIX } from './function-name.js';
import { isTask, wholeOf } from './task.js';
import type { AnyTask, TaskHandler } from './task.js';

/** Is how many names of earlier functions of a job are kept, for runs of it that wait still. */
const EARLIER_NAMES = 10;

/** Keeps the tasks that a process knows, by name; plain functions among them, each for one job. */
export class TaskRegistry {
  readonly #tasks = new Map<string, AnyTask>();
  readonly #names = new Set<string>();
  readonly #functions = new Map<string, string[]>();

  /** Holds the names of all tasks; it changes as tasks come and go. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /**
   * Registers a task, with the tasks that it brings with it; registering it again does nothing.
   *
   * @returns whether it was not registered before
   * @throws {@link TaskConflictError} when another task has the name of one of them; none is registered then
   */
  register(task: AnyTask): boolean {
    if (this.check(task)) return false;
    for (const part of wholeOf(task)) {
      this.#tasks.set(part.name, part);
      this.#names.add(part.name);
    }
    return true;
  }

  /**
   * Tells whether a task is registered.
   *
   * @throws {@link TaskConflictError} when another task has its name, or that of a task that it brings with it
   */
  check(task: AnyTask): boolean {
    if (!isTask(task)) throw new InvalidOptionError('task', 'a task made by defineTask()', task);
    const known = this.#tasks.get(task.name);
    if (known === task) return true;
    const parts = new Map<string, AnyTask>();
    for (const part of wholeOf(task)) {
      const other = this.#tasks.get(part.name) ?? parts.get(part.name);
      if (other !== undefined && other !== part) throw new TaskConflictError(part.name);
      parts.set(part.name, part);
    }
    return false;
  }

  /** Registers a plain function under a name that no other has, for a job that is about to be put. */
  addFunction(name: string, handler: TaskHandler): void {
    this.#tasks.set(name, { name, handler, options: {} });
    this.#names.add(name);
  }

  /** Forgets a plain function. */
  forgetFunction(name: string): void {
    this.#tasks.delete(name);
    this.#names.delete(name);
  }

  /** Notes which function a job runs from now on: runs of it that name an earlier one get this one too. */
  assignFunction(jobUid: string, name: string): void {
    const { handler } = this.get(name);
    const earlier = this.#functions.get(jobUid) ?? [];
    for (const old of earlier) this.#tasks.set(old, { name: old, handler, options: {} });
    const [oldest] = earlier.length < EARLIER_NAMES ? [] : earlier.splice(0, 1);
    if (oldest !== undefined) this.forgetFunction(oldest);
    this.#functions.set(jobUid, [...earlier, name]);
  }

  /** Takes a job's functions away from it, and gives their names. */
  releaseFunctions(jobUid: string): readonly string[] {
    const names = this.#functions.get(jobUid) ?? [];
    this.#functions.delete(jobUid);
    return names;
  }

  /** Tells whether a task is a plain function of one job. */
  isFunction(name: string): boolean {
    return this.#names.has(name) && name.startsWith(FUNCTION_PREFIX);
  }

  /** Finds the task of a name; `null`: this process does not know it. */
  find(name: string): AnyTask | null {
    return this.#tasks.get(name) ?? null;
  }

  /**
   * Gives the task of a name.
   *
   * @throws {@link UnknownTaskError} when there is none
   */
  get(name: string): AnyTask {
    const task = this.find(name);
    if (task === null) throw new UnknownTaskError(name);
    return task;
  }
}
