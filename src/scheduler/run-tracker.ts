import {
  RunCancelledError,
  RunLostError,
  RunTimedOutError,
  ShutdownError,
  StepsChangedError,
} from '../errors/run-errors.js';
import { UnknownTaskError } from '../errors/job-errors.js';
import { Deferred } from '../internal/deferred.js';
import { decodeJson } from '../internal/json-codec.js';
import { readInput } from '../job/run-input.js';
import { toRun } from '../job/run.js';
import type { RunRecord } from '../job/run-record.js';
import { checkData } from '../job/check-data.js';
import type { AnyTask } from '../job/task.js';
import type { FinishResult, RunFinish } from '../stores/job-store.js';
import { setLongTimer } from '../time/long-timer.js';
import { ActiveRun, ActiveRunContext } from './active-run.js';
import type { Decision } from './active-run.js';
import {
  decideBrokenOff,
  decideDied,
  decideEnd,
  decideFailure,
  decideSuccess,
  isExecutionLost,
} from './decide-outcome.js';
import type { Environment } from './environment.js';
import { FinishBatcher } from './finish-batcher.js';
import type { Lane } from './lane.js';
import { ProgressWriter } from './progress-writer.js';
import { isComposed } from './steps/plan-steps.js';
import type { ComposedTask } from './steps/plan-steps.js';
import type { StepPlanner } from './steps/step-planner.js';
import type { StoreLink } from './store-link.js';

/** Is told what has become of the attempts that a tracker executes. */
export interface RunObserver {
  /** Is called when the store has taken the end of an attempt, or refused it. */
  finished(active: ActiveRun, sent: RunFinish, result: FinishResult): void;
  /** Is called when an attempt says how far it is, as JSON text. */
  progressed(active: ActiveRun, progress: string): void;
}

/** Is how long a handler may ignore its aborted signal before that is reported. */
const SETTLE_GRACE_MS = 10_000;

/**
 * Executes committed runs, and sees each to its one outcome: what its handler gave or threw, a time-out, or a
 * cancellation, whichever comes first. A run that has steps is decided by what has become of them.
 */
export class RunTracker {
  readonly #env: Environment;
  readonly #observer: RunObserver;
  readonly #steps: StepPlanner;
  readonly #active = new Map<string, ActiveRun>();
  readonly #batchers = new Map<StoreLink, FinishBatcher>();
  readonly #progress = new Map<StoreLink, ProgressWriter>();
  readonly #toCancel = new Set<string>();
  #change: Deferred<void> | null = null;
  #abortReason: { readonly reason: unknown } | null = null;

  /** Makes a tracker that executes nothing yet. */
  constructor(env: Environment, observer: RunObserver, steps: StepPlanner) {
    this.#env = env;
    this.#observer = observer;
    this.#steps = steps;
  }

  /** Counts the attempts that are not over, besides those that were given up. */
  get size(): number {
    return [...this.#active.values()].filter(({ isGivenUp }) => !isGivenUp).length;
  }

  /** Executes a run that this node has committed and holds a reserved executor slot for. */
  start(record: RunRecord, lane: Lane): void {
    const active = new ActiveRun(record, lane);
    this.#active.set(record.id, active);
    if (this.#abortReason !== null) active.abort(this.#abortReason.reason);
    this.#env.events.emit('run:started', () => ({ run: toRun(record, lane.link.name) }));
    if (this.#toCancel.delete(record.id)) {
      this.#neverBegan(active, decideEnd('cancelled', new RunCancelledError(record.id)));
      return;
    }
    let data: unknown;
    try {
      active.task = this.#env.tasks.get(record.task);
      active.policy = this.#env.reader.readPolicy(record.policy);
      active.input = readInput(record);
      data = decodeJson(record.data);
    } catch (error) {
      this.#neverBegan(active, decideEnd('failed', error));
      return;
    }
    if (!isComposed(active.task) && record.recovery === 'resume') {
      this.#neverBegan(
        active,
        decideEnd('failed', new StepsChangedError(record.task, 0, 'its first step', null)),
      );
      return;
    }
    if (isComposed(active.task)) {
      lane.slots.release(1);
      void this.#goThroughSteps(active, active.task);
      return;
    }
    const { timeoutMs } = active.policy;
    if (timeoutMs !== null) {
      active.timer = setLongTimer(
        this.#env.clock,
        () => {
          this.#timeOut(active, timeoutMs);
        },
        timeoutMs,
      );
    }
    if (active.task.options.schema === undefined) this.#execute(active, active.task, data);
    else void this.#checkAndExecute(active, active.task, data);
  }

  /**
   * Goes on with a run of this node's whose steps have ended.
   *
   * @param before - the attempt that was to await them, if it is this node's
   */
  goOn(record: RunRecord, lane: Lane, before: ActiveRun | null = null): void {
    const known = this.#active.get(record.id);
    // The steps may have ended before the answer came that they are awaited; what has gone on since goes on.
    const isAwaited = before === null && known?.decision?.outcome.kind === 'await';
    if (known !== undefined && known !== before && !isAwaited && isSameAttempt(known.record, record)) return;
    const active = new ActiveRun(record, lane);
    if (before !== null) active.begunBefore = new Set(before.sequel.followUps.map(({ id }) => id));
    this.#active.set(record.id, active);
    if (this.#abortReason !== null) active.abort(this.#abortReason.reason);
    const task = this.#env.tasks.find(record.task);
    if (!isComposed(task)) {
      this.#settle(active, decideEnd('failed', new UnknownTaskError(record.task)));
      return;
    }
    active.task = task;
    void this.#goThroughSteps(active, task);
  }

  /** Aborts an attempt as cancelled; `false`: this node does not execute it, or its outcome is known. */
  cancel(runId: string): boolean {
    const active = this.#active.get(runId);
    if (active === undefined || active.decision !== null || active.isAbandoned) return false;
    const reason = new RunCancelledError(runId);
    if (!isComposed(active.task)) this.#decide(active, decideEnd('cancelled', reason));
    active.abort(reason);
    return true;
  }

  /** Cancels a run that the store has given to this node, and whose claim or commit has not answered yet. */
  cancelOnStart(runId: string): void {
    if (!this.#active.has(runId)) this.#toCancel.add(runId);
  }

  /** Aborts everything, now and to come, without deciding it: a handler may still succeed. */
  abortAll(reason: unknown): void {
    this.#abortReason = { reason };
    for (const active of this.#active.values()) active.abort(reason);
  }

  /** Records what has not settled as lost, since nobody will wait for it any longer. */
  giveUp(): void {
    for (const active of this.#active.values()) {
      if (active.decision === null && !active.isAbandoned && !isComposed(active.task))
        this.#decide(active, decideEnd('lost', new RunLostError(active.record.id)));
      active.isGivenUp = true;
      active.timer?.cancel();
    }
  }

  /** Tells whether an attempt of a run is executed here. */
  executes({ id, attempt }: RunRecord): boolean {
    return this.#active.get(id)?.record.attempt === attempt;
  }

  /** Counts the attempts whose ends a store has not taken yet. */
  unrecorded(link: StoreLink): number {
    return this.#batchers.get(link)?.size ?? 0;
  }

  /** Waits until the call under way that tells a store of ends has answered or failed; `false`: there is none. */
  async nextWrite(link: StoreLink): Promise<boolean> {
    return (await this.#batchers.get(link)?.written()) ?? false;
  }

  /** Tells whether any run of a store is executed here. */
  isExecuting(link: StoreLink): boolean {
    return [...this.#active.values()].some(({ lane }) => lane.link === link);
  }

  /** Aborts the runs of a store and records nothing of them: they may be another node's by now. */
  abandon(link: StoreLink, reason: unknown): void {
    for (const active of this.#active.values()) {
      if (active.lane.link !== link) continue;
      active.isAbandoned = true;
      active.timer?.cancel();
      active.abort(reason);
    }
  }

  /** Forgets a store that is served no longer. */
  forget(link: StoreLink): void {
    this.#batchers.delete(link);
    this.#progress.delete(link);
  }

  /** Allows executing again after {@link abortAll}. */
  reset(): void {
    this.#abortReason = null;
    this.#toCancel.clear();
  }

  /** Writes the ends that a store could not be told of before it was closed. */
  resume(link: StoreLink): void {
    this.#batchers.get(link)?.resume();
  }

  /** Waits until nothing that is selected is executed any more, and all of it is recorded; given up ones are not waited for. */
  idle(isMeant: (active: ActiveRun) => boolean = () => true): Promise<void> {
    return this.#when(
      () => ![...this.#active.values()].some((active) => !active.isGivenUp && isMeant(active)),
    );
  }

  /** Counts the attempts whose handlers have not settled, besides those that were given up. */
  get unsettled(): number {
    return [...this.#active.values()].filter(({ hasSettled, isGivenUp }) => !hasSettled && !isGivenUp).length;
  }

  /** Waits until the handlers of all attempts have settled, whether or not that is recorded. */
  settled(): Promise<void> {
    return this.#when(() => this.unsettled === 0);
  }

  /** Counts the attempts whose ends are known and not recorded. */
  get unwritten(): number {
    return [...this.#active.values()].filter((active) => isUnwritten(active)).length;
  }

  /** Waits until every end that is known is recorded. */
  recorded(): Promise<void> {
    return this.#when(() => this.unwritten === 0);
  }

  async #when(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.#change ??= new Deferred<void>();
      await this.#change.promise;
    }
  }

  async #checkAndExecute(active: ActiveRun, task: AnyTask, data: unknown): Promise<void> {
    let checked: unknown;
    try {
      checked = await Promise.race([checkData(task, data), active.whenAborted()]);
    } catch (error) {
      this.#neverBegan(active, decideEnd('failed', error));
      return;
    }
    // Cancelled, timed out, or stopped by a shutdown while the data was being checked: the handler never begins.
    if (active.aborted !== null) this.#neverBegan(active, decideBrokenOff(active.record));
    else this.#execute(active, task, checked);
  }

  #neverBegan(active: ActiveRun, decision: Decision): void {
    active.lane.slots.release(1);
    this.#settle(active, active.decision ?? decision);
  }

  #execute(active: ActiveRun, task: AnyTask, data: unknown): void {
    const { slots } = active.lane;
    const context = new ActiveRunContext(active, data, this.#env.logger, this.#onProgress);
    let execution: Promise<unknown>;
    try {
      // An executor of somebody's own may forget the promise.
      execution = Promise.resolve(slots.executor.execute({ task, run: active.record, context }));
    } catch (error) {
      execution = Promise.reject(error);
    }
    execution.then(
      (value) => {
        const decision =
          active.decision ??
          decideSuccess(value, (error) => {
            this.#warnOfResult(active, error);
          });
        this.#settle(active, decision);
      },
      (thrown: unknown) => {
        this.#settle(active, active.decision ?? this.#decideThrown(active, thrown));
      },
    );
    slots.release(1);
  }

  async #goThroughSteps(active: ActiveRun, task: ComposedTask): Promise<void> {
    let decision: Decision;
    try {
      decision = await this.#steps.decide(active, task);
    } catch (error) {
      decision = decideEnd('failed', error);
    }
    this.#settle(active, decision);
  }

  #decideThrown(active: ActiveRun, thrown: unknown): Decision {
    if (active.aborted?.reason instanceof ShutdownError) return decideBrokenOff(active.record);
    if (isExecutionLost(thrown)) return decideDied(thrown);
    return this.#decideFailed(active, thrown);
  }

  #decideFailed(active: ActiveRun, thrown: unknown): Decision {
    const { record, policy, task, lane } = active;
    try {
      return decideFailure(record, policy, task, thrown, lane.link.now());
    } catch (error) {
      this.#env.logger.error({ err: error, task: record.task }, 'retryIf threw; the run is not retried');
      return decideEnd('failed', thrown);
    }
  }

  #timeOut(active: ActiveRun, timeoutMs: number): void {
    if (active.decision !== null || active.isAbandoned) return;
    const reason = new RunTimedOutError(active.record.id, timeoutMs);
    this.#decide(active, this.#decideFailed(active, reason));
    active.abort(reason);
  }

  /** Takes an outcome that does not come from the handler, which goes on for now. */
  #decide(active: ActiveRun, decision: Decision): void {
    this.#conclude(active, decision);
    active.timer?.cancel();
    active.timer = setLongTimer(
      this.#env.clock,
      () => {
        this.#warnOfSlot(active);
      },
      SETTLE_GRACE_MS,
    );
    this.#batcher(active.lane.link).add(active);
  }

  #settle(active: ActiveRun, decision: Decision): void {
    active.hasSettled = true;
    if (active.decision === null) this.#conclude(active, decision);
    active.timer?.cancel();
    active.lane.slots.freed();
    this.#changed();
    // A shutdown that had given the run up has closed the store since; the next start frees the slot.
    const isLate = active.isRecorded && !active.lane.link.isOpen;
    if (active.isAbandoned || isLate) this.#forget(active);
    else this.#batcher(active.lane.link).add(active);
  }

  #conclude(active: ActiveRun, decision: Decision): void {
    active.decision = decision;
    active.sequel = this.#steps.sequelOf(active, decision);
  }

  #batcher(link: StoreLink): FinishBatcher {
    let batcher = this.#batchers.get(link);
    if (batcher === undefined) {
      batcher = new FinishBatcher(link, this.#onFinished);
      this.#batchers.set(link, batcher);
    }
    return batcher;
  }

  readonly #onFinished = (active: ActiveRun, sent: RunFinish, result: FinishResult): void => {
    if (sent.outcome !== null) active.isRecorded = true;
    if (sent.settled && result.outcome === 'ok') this.#tellExecutor(active);
    this.#observer.finished(active, sent, result);
    if (sent.settled) this.#forget(active);
    else this.#changed();
  };

  #forget(active: ActiveRun): void {
    // A run that was recovered may be executed here again, while the handler of its former attempt goes on.
    if (this.#active.get(active.record.id) === active) this.#active.delete(active.record.id);
    this.#changed();
  }

  #changed(): void {
    this.#change?.resolve();
    this.#change = null;
  }

  readonly #onProgress = (active: ActiveRun, fraction: number, note: string | null): void => {
    if (active.decision !== null) return;
    const progress = { fraction, note };
    const { link } = active.lane;
    let writer = this.#progress.get(link);
    if (writer === undefined) {
      writer = new ProgressWriter(link);
      this.#progress.set(link, writer);
    }
    const text = JSON.stringify(progress);
    writer.report(active, text);
    this.#observer.progressed(active, text);
    this.#env.events.emit('run:progress', () => ({
      run: { ...toRun(active.record, active.lane.link.name), progress },
      ...progress,
    }));
  };

  #tellExecutor({ decision, lane, record, task }: ActiveRun): void {
    const kind = decision?.outcome.kind;
    if (isComposed(task) || (kind !== 'end' && kind !== 'retry')) return;
    try {
      lane.slots.executor.recorded?.(record);
    } catch (error) {
      this.#env.logger.warn(
        { err: error, runId: record.id },
        'The executor threw when it was told of an end',
      );
    }
  }

  #warnOfResult({ record }: ActiveRun, error: unknown): void {
    const { id: runId, task } = record;
    this.#env.logger.warn(
      { err: error, runId, task },
      'The result cannot be kept as JSON; the run has succeeded without',
    );
  }

  #warnOfSlot({ record }: ActiveRun): void {
    const { id: runId, jobId, task } = record;
    this.#env.logger.warn(
      { runId, jobId, task },
      'The handler ignores its aborted signal and still holds its slots',
    );
  }
}

function isSameAttempt(one: RunRecord, other: RunRecord): boolean {
  return one.attempt === other.attempt && one.owner === other.owner;
}

/** Tells whether a store is still to be told of an end, or of a handler that has settled after it. */
function isUnwritten({ decision, isRecorded, hasSettled, isGivenUp, task }: ActiveRun): boolean {
  if (decision === null) return isComposed(task) && !isGivenUp;
  return !isRecorded || (hasSettled && !isGivenUp);
}
