import { InvalidStateError } from '../errors/scheduler-errors.js';
import { ShutdownError } from '../errors/run-errors.js';
import { Deferred } from '../internal/deferred.js';
import { settlesWithin } from '../time/long-timer.js';
import type { Directory } from './directory.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { Lanes } from './lanes.js';
import { Patience } from './patience.js';
import type { WaitLimit } from './patience.js';
import type { RunWaiters } from './run-waiters.js';
import type { StoreLink } from './store-link.js';

/** Says what a scheduler is up to. */
export type SchedulerState = 'stopped' | 'starting' | 'running' | 'paused' | 'stopping';

/** Is what a lifecycle moves. */
export interface LifecycleContext {
  readonly env: Environment;
  readonly links: Directory<StoreLink>;
  readonly executors: Directory<ExecutorSlots>;
  readonly lanes: Lanes;
  readonly waiters: RunWaiters;
}

/** Is how long handlers may take to settle once their signals are aborted. */
const ABORT_GRACE_MS = 1000;
/** Is how long a store may take to record the last outcomes. */
const RECORD_GRACE_MS = 5000;
/** Is how long a start waits for stores that do not answer at all. */
const START_GRACE_MS = 10_000;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Starts and stops a scheduler.
 *
 * States: `stopped` → `starting` → `running` ⇄ `paused` → `stopping` → `stopped`. Calls take effect one after another,
 * in the order in which they are made; one that finds its state reached does nothing.
 */
export class Lifecycle {
  readonly #context: LifecycleContext;
  #state: SchedulerState = 'stopped';
  #last: Promise<unknown> = Promise.resolve();
  readonly #patience = new Set<Patience>();
  #hurry = new Deferred<void>();
  #letGo: (() => void) | null = null;

  /** Makes the lifecycle of a scheduler that is stopped. */
  constructor(context: LifecycleContext) {
    this.#context = context;
  }

  /** Says what the scheduler is up to. */
  get state(): SchedulerState {
    return this.#state;
  }

  /** Opens the stores and begins to fire, or, paused, to wait; stores that do not answer are served once they do. */
  start(paused: boolean): Promise<void> {
    return this.inTurn(async () => {
      if (this.#state === 'running' || this.#state === 'paused') return;
      this.#state = 'starting';
      this.#hurry = new Deferred();
      try {
        await this.#start();
      } catch (error) {
        await this.#stop();
        throw error;
      }
      this.#state = paused ? 'paused' : 'running';
      if (!paused) this.#context.lanes.serve();
      this.#emit('scheduler:started');
    });
  }

  /** Holds firing; runs that were committed go on. Nothing is committed once it has returned. */
  pause(): Promise<void> {
    return this.inTurn(async () => {
      if (this.#state === 'paused') return;
      this.#refuseUnlessStarted('pause()');
      this.#state = 'paused';
      await this.#context.lanes.hold();
      this.#emit('scheduler:paused');
    });
  }

  /** Goes on firing. */
  resume(): Promise<void> {
    return this.inTurn(async () => {
      if (this.#state === 'running') return;
      this.#refuseUnlessStarted('resume()');
      this.#state = 'running';
      this.#context.lanes.serve();
      this.#emit('scheduler:resumed');
    });
  }

  /** Stops; a call while it stops already can only cut the waiting short. */
  shutdown(plan: WaitLimit): Promise<void> {
    const patience = new Patience(this.#context.env.clock);
    this.#patience.add(patience);
    for (const each of this.#patience) each.limit(plan);
    this.#hurry.resolve();
    return this.inTurn(async () => {
      const wasStopped = this.#state === 'stopped';
      this.#state = 'stopping';
      try {
        const { env, lanes } = this.#context;
        // What a call that hangs still gives to this node is handed back, or recovered by others.
        await settlesWithin(env.clock, lanes.hold(), RECORD_GRACE_MS);
        await this.#endRuns(patience);
      } finally {
        this.#patience.delete(patience);
        patience.release();
        await this.#stop();
        if (!wasStopped) this.#emit('scheduler:stopped');
      }
    });
  }

  /** Does something once the calls made before it have taken effect, and before those made after it do. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #start(): Promise<void> {
    const { env, links, executors, lanes } = this.#context;
    const { clock, logger, options } = env;
    if (!options.unref) this.#letGo = clock.holdOpen();
    if (options.handleSignals) for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    await Promise.all(executors.values().map(({ executor }) => executor.start({ clock, logger })));
    lanes.tracker.reset();
    const refusals: unknown[] = [];
    // All of them have to be over before what did begin can be ended again.
    await Promise.all(
      links.values().map((link) =>
        this.enlist(link).catch((error: unknown) => {
          refusals.push(error);
        }),
      ),
    );
    if (refusals.length > 0) throw refusals[0];
  }

  /**
   * Opens a store and puts this node on its list. A store that does not answer now joins later; one that hangs is waited
   * for no longer than a start, and what it then refuses is told of in the log.
   */
  async enlist(link: StoreLink): Promise<void> {
    const { env, lanes } = this.#context;
    const session = lanes.session(link);
    const begun = session.begin();
    const state = { isOver: false };
    const over = begun.finally(() => {
      state.isOver = true;
    });
    await settlesWithin(env.clock, Promise.race([over, this.#hurry.promise]), START_GRACE_MS);
    if (state.isOver) await begun;
    else
      begun.catch((error: unknown) => {
        session.refused(error);
      });
  }

  /** Takes this node off a store's list and closes the store. */
  async delist(link: StoreLink): Promise<void> {
    const { env, lanes } = this.#context;
    await settlesWithin(
      env.clock,
      this.#attempt(() => lanes.session(link).end()),
      RECORD_GRACE_MS,
    );
    await settlesWithin(
      env.clock,
      this.#attempt(() => link.close()),
      RECORD_GRACE_MS,
    );
  }

  /** Waits for what runs, then aborts it, then gives it up; then lets the stores take the last ends. */
  async #endRuns(patience: Patience): Promise<void> {
    const { env, lanes } = this.#context;
    const { tracker } = lanes;
    await Promise.race([tracker.settled(), patience.over]);
    if (tracker.unsettled > 0) {
      tracker.abortAll(new ShutdownError());
      if (!(await settlesWithin(env.clock, tracker.settled(), ABORT_GRACE_MS))) {
        env.logger.warn(
          { runs: tracker.unsettled },
          'Handlers that ignore their aborted signals are given up by the shutdown',
        );
        tracker.giveUp();
      }
    }
    if (await settlesWithin(env.clock, tracker.recorded(), RECORD_GRACE_MS)) return;
    const runs = tracker.unwritten;
    env.logger.warn(
      { runs },
      `The ends of ${runs} runs could not be recorded before the shutdown; whoever recovers this node runs or ends them`,
    );
    tracker.giveUp();
  }

  /** Gives back all that the start took, and closes what jobs were added to before it. */
  async #stop(): Promise<void> {
    const { links, executors, waiters } = this.#context;
    waiters.shutDown();
    for (const { executor } of executors.values()) await this.#attempt(() => executor.shutdown());
    await Promise.all(links.values().map((link) => this.delist(link)));
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    this.#letGo?.();
    this.#letGo = null;
    this.#state = 'stopped';
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#context.env.logger.warn({ err: error }, 'Something could not be closed in order');
    }
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // Whoever sends a second one does not want to wait any longer.
    const wait = this.#state !== 'stopping';
    this.#context.env.logger.info({ signal, runs: this.#context.lanes.tracker.size }, 'Shutting down');
    void this.shutdown({ wait, timeoutMs: Infinity }).then(() => {
      // Ours held the signal off; without other listeners the process now ends of it as it would have.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  };

  #refuseUnlessStarted(call: string): void {
    if (this.#state === 'running' || this.#state === 'paused') return;
    throw new InvalidStateError(`${call} needs a scheduler that is started; this one is ${this.#state}.`);
  }

  #emit(event: 'scheduler:started' | 'scheduler:paused' | 'scheduler:resumed' | 'scheduler:stopped'): void {
    this.#context.env.events.emit(event, () => ({ node: this.#context.env.node }));
  }
}
