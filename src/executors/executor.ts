import type { Logger } from '../internal/logger.js';
import type { ResolvedRateLimit } from '../job/rate-limit.js';
import type { RunContext } from '../job/run-context.js';
import type { RunRecord } from '../job/run-record.js';
import type { AnyTask } from '../job/task.js';
import type { Clock } from '../time/clock.js';

/** Is what an executor gets when its scheduler starts. */
export interface ExecutorContext {
  /** Tells the time and sets timers. */
  readonly clock: Clock;
  /** Takes what the executor has to say. */
  readonly logger: Logger;
}

/** Is one attempt of a run to be executed. */
export interface Execution {
  /** Is the task whose function is to run. */
  readonly task: AnyTask;
  /** Is the run, as it was committed. */
  readonly run: RunRecord;
  /** Is the handler's argument. */
  readonly context: RunContext<never>;
}

/**
 * Runs tasks' functions: in this event loop, in threads, on other machines.
 *
 * Time-outs and cancellation come from outside, through `context.signal`; an executor that can end a handler by force
 * listens to it. Retries are not its business.
 */
export interface Executor {
  /**
   * Is how many more executions it takes now. A handler holds its slot until it has settled, whatever became of its run.
   */
  readonly freeSlots: number;

  /**
   * Is how many attempts it may be given in any span of time, over all nodes that share a store; it stays as it is.
   * Keeping it is the scheduler's business. Without it there is no such limit.
   */
  readonly rateLimit?: ResolvedRateLimit;

  /**
   * Refuses a task that this executor can never run, by throwing. It is asked when a job or a run is added for the
   * executor, or moved to it; what it does not refuse then may still fail when it runs. Without it every task is taken.
   */
  checkTask?(task: AnyTask): void;

  /** Gets ready; calling it again does nothing. */
  start(context: ExecutorContext): Promise<void>;

  /**
   * Runs the task's function, and settles as it does and when it does. Called while `freeSlots` is above 0 only; once
   * the promise has settled, the slot is free.
   *
   * An executor whose work is done elsewhere throws an `ExecutionLostError` where whoever did it has died: the run
   * goes on as after the death of a node.
   */
  execute(execution: Execution): Promise<unknown>;

  /**
   * Is told that the store has taken the end of an execution: what is kept of it elsewhere, for the case that this node
   * died before, may go.
   */
  recorded?(run: RunRecord): void;

  /** Gives back what it holds; calling it again does nothing. Executions that have not settled are left to themselves. */
  shutdown(): Promise<void>;
}
