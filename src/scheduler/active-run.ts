import { ShutdownError } from '../errors/run-errors.js';
import type { Logger } from '../internal/logger.js';
import { withFields } from '../internal/logger.js';
import type { JobPolicy } from '../job/job-policy.js';
import type { RunContext, RunJob } from '../job/run-context.js';
import type { RunFailure, RunInput } from '../job/run-input.js';
import { checkProgress } from '../job/run-progress.js';
import type { RunRecord } from '../job/run-record.js';
import type { AnyTask } from '../job/task.js';
import type { RunOutcome } from '../stores/job-store.js';
import type { Timer } from '../time/clock.js';
import type { Lane } from './lane.js';
import { NO_SEQUEL } from './steps/sequels.js';
import type { Sequel } from './steps/sequels.js';

/** Is how an attempt ended, with what was thrown or given, which the store does not keep as it was. */
export interface Decision {
  /** Is what the store is told. */
  readonly outcome: RunOutcome;
  /** Is the result, or the thrown value. */
  readonly value: unknown;
  /** Holds runs to commit with it, besides those that follow any run that ends so. */
  readonly followUps?: readonly RunRecord[];
}

/**
 * Is an attempt that this node executes.
 *
 * States: `running` → `decided` (the outcome is known) → `over`; the handler settles before, with or after the decision,
 * and until it has settled the attempt holds its slots: after a time-out or a cancellation it may go on for a while.
 */
export class ActiveRun {
  readonly record: RunRecord;
  readonly lane: Lane;
  task: AnyTask | null = null;
  policy: JobPolicy | null = null;
  decision: Decision | null = null;
  /** Is what is committed together with the decision. */
  sequel: Sequel = NO_SEQUEL;
  /** Holds the ids of the steps that were begun, and of which none was open then; `null`: it is not so. */
  begunBefore: ReadonlySet<string> | null = null;
  /** Is what the run before it left for this one. */
  input: RunInput | null = null;
  /** Says whether the store knows the decision. */
  isRecorded: boolean = false;
  /** Says whether the store knows that the handler has settled. */
  isReleased: boolean = false;
  hasSettled: boolean = false;
  /** Says that a shutdown has ceased to wait for the handler. */
  isGivenUp: boolean = false;
  /** Says that the run may be another node's by now: nothing of it is recorded. */
  isAbandoned: boolean = false;
  timer: Timer | null = null;
  #controller: AbortController | null = null;
  #aborted: { readonly reason: unknown } | null = null;

  constructor(record: RunRecord, lane: Lane) {
    this.record = record;
    this.lane = lane;
  }

  /** Says that the attempt is to be left for others to go on with. */
  get isBrokenOff(): boolean {
    return this.isAbandoned || this.#aborted?.reason instanceof ShutdownError;
  }

  /** Is why the signal was aborted; `null`: it was not. */
  get aborted(): { readonly reason: unknown } | null {
    return this.#aborted;
  }

  /** Is the handler's signal; it is made when first asked for, as most handlers never do. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  /** Waits until the signal is aborted. */
  whenAborted(): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this;
      if (signal.aborted) resolve();
      else
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
    });
  }

  /** Aborts the handler's signal; the first reason stays. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }
}

/** Takes what a handler tells of its progress. */
export type ProgressListener = (active: ActiveRun, fraction: number, note: string | null) => void;

/** Is the argument of a handler. Its costlier parts are made when they are first asked for. */
export class ActiveRunContext implements RunContext<never> {
  readonly data: never;
  readonly #active: ActiveRun;
  readonly #logger: Logger;
  readonly #onProgress: ProgressListener;

  constructor(active: ActiveRun, data: unknown, logger: Logger, onProgress: ProgressListener) {
    this.#active = active;
    this.data = data as never;
    this.#logger = logger;
    this.#onProgress = onProgress;
  }

  get job(): RunJob | null {
    const { jobId, jobName, task, tags } = this.#active.record;
    return jobId === null ? null : { id: jobId, name: jobName ?? task, tags };
  }

  get runId(): string {
    return this.#active.record.id;
  }

  get scheduledAt(): Date {
    return new Date(this.#active.record.scheduledAt);
  }

  get startedAt(): Date {
    return new Date(this.#active.record.startedAt ?? 0);
  }

  get attempt(): number {
    return this.#active.record.attempt;
  }

  get signal(): AbortSignal {
    return this.#active.signal;
  }

  get fencingToken(): number {
    return this.#active.record.fencingToken;
  }

  get log(): Logger {
    const { id, jobId, task } = this.#active.record;
    return withFields(this.#logger, { runId: id, jobId, task });
  }

  get previous(): unknown {
    return this.#active.input?.previous;
  }

  get failure(): RunFailure | null {
    return this.#active.input?.failure ?? null;
  }

  /** Works without its object too: `({ progress }) => upload(file, progress)`. */
  get progress(): RunContext['progress'] {
    return (fraction, note) => {
      this.#onProgress(this.#active, fraction, checkProgress(fraction, note));
    };
  }
}
