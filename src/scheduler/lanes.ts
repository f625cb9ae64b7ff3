import type { RunRecord } from '../job/run-record.js';
import type { FinishResult, RunFinish } from '../stores/job-store.js';
import type { ActiveRun } from './active-run.js';
import { Backstop } from './backstop.js';
import { Dispatcher } from './dispatcher.js';
import type { Environment } from './environment.js';
import type { ExecutorSlots } from './executor-slots.js';
import type { Housekeeping } from './housekeeping.js';
import type { Lane } from './lane.js';
import { NodeSession } from './node-session.js';
import { RunCanceller } from './run-canceller.js';
import { RunTracker } from './run-tracker.js';
import type { RunWaiters } from './run-waiters.js';
import { StoreLink } from './store-link.js';
import { isComposed } from './steps/plan-steps.js';
import { StepPlanner } from './steps/step-planner.js';
import type { StoreReporters } from './store-reporters.js';
import type { TaskDefaults } from './task-defaults.js';
import { UnknownTasks } from './unknown-tasks.js';

interface ServedLane extends Lane {
  readonly dispatcher: Dispatcher;
}

/** Is told what happens to stores that may be emptied. */
export interface ResetObserver {
  /** Is called when a store was emptied. */
  wasReset(link: StoreLink): void;
  /** Is called when this node is about to leave a store. */
  left(link: StoreLink): void;
}

/** Keeps a dispatcher for every pair of a store and an executor, and tells each what concerns it. */
export class Lanes {
  /** Executes the runs of all lanes. */
  readonly tracker: RunTracker;
  /** Cancels runs. */
  readonly canceller: RunCanceller;
  readonly #env: Environment;
  readonly #reporters: StoreReporters;
  readonly #housekeeping: Housekeeping;
  readonly #waiters: RunWaiters;
  readonly #resets: ResetObserver;
  readonly #unknownTasks: UnknownTasks;
  readonly #lanes = new Map<StoreLink, Map<string, ServedLane>>();
  readonly #sessions = new WeakMap<StoreLink, NodeSession>();
  readonly #backstops = new WeakMap<StoreLink, Backstop>();
  #isServing = false;

  /** Makes it without lanes. */
  constructor(
    env: Environment,
    reporters: StoreReporters,
    housekeeping: Housekeeping,
    waiters: RunWaiters,
    resets: ResetObserver,
    defaults: TaskDefaults,
  ) {
    this.#env = env;
    this.#reporters = reporters;
    this.#housekeeping = housekeeping;
    this.#waiters = waiters;
    this.#resets = resets;
    this.#unknownTasks = new UnknownTasks(env);
    // While nothing is claimed here, others may go on sooner.
    const steps = new StepPlanner(env, defaults, () => this.#isServing);
    this.tracker = new RunTracker(
      env,
      {
        finished: this.#onFinished,
        progressed: ({ record }, progress) => {
          waiters.progressed(record.id, progress);
        },
      },
      steps,
    );
    this.canceller = new RunCanceller({ env, tracker: this.tracker, reporters, wake: this.wake.bind(this) });
  }

  /** Adds the lane of a store and an executor. */
  add(link: StoreLink, slots: ExecutorSlots): void {
    const lane = { link, session: this.session(link), slots, backstop: this.#backstop(link) };
    const dispatcher = new Dispatcher(
      this.#env,
      lane,
      this.tracker,
      this.#reporters.of(link),
      this.canceller,
    );
    const ofStore = this.#lanes.get(link) ?? new Map<string, ServedLane>();
    this.#lanes.set(link, ofStore.set(slots.name, { ...lane, dispatcher }));
    if (this.#isServing) dispatcher.serve();
  }

  /** Gives this node's life on a store. */
  session(link: StoreLink): NodeSession {
    let session = this.#sessions.get(link);
    if (session === undefined) {
      session = new NodeSession(this.#env, link, {
        executes: (run) => this.tracker.executes(run),
        isExecuting: () => this.tracker.isExecuting(link),
        turnsOver: () => this.turnsOver(),
        joined: () => {
          this.tracker.resume(link);
          this.#unknownTasks.lookSoon(link);
        },
        left: () => {
          this.#unknownTasks.forget(link);
          this.#resets.left(link);
        },
        wasReset: () => {
          this.#resets.wasReset(link);
          this.#waiters.lookAll(link);
        },
        adopt: (run) => {
          this.#adopt(link, run);
        },
        cancel: (runId) => {
          this.tracker.cancel(runId);
        },
        abandon: (reason) => {
          this.tracker.abandon(link, reason);
        },
        expect: (at) => {
          for (const { dispatcher } of this.#lanes.get(link)?.values() ?? []) dispatcher.expect(at);
        },
        progressed: (runId) => {
          this.#waiters.progressed(runId, null);
        },
        ended: (runId) => {
          if (runId === null) this.#waiters.lookAll(link);
          else this.#waiters.look(runId);
        },
      });
      this.#sessions.set(link, session);
    }
    return session;
  }

  /** Removes all lanes of a store, or of an executor, once what they execute is over. */
  async remove(what: StoreLink | ExecutorSlots): Promise<void> {
    const gone = this.#all().filter(({ link, slots }) => link === what || slots === what);
    for (const { link, slots } of gone) this.#lanes.get(link)?.delete(slots.name);
    await Promise.all(gone.map(({ dispatcher }) => dispatcher.hold()));
    await this.tracker.idle(({ lane }) => lane.link === what || lane.slots === what);
    if (what instanceof StoreLink) {
      this.#lanes.delete(what);
      this.tracker.forget(what);
    }
  }

  /** Begins to serve all lanes. */
  serve(): void {
    this.#isServing = true;
    for (const { dispatcher } of this.#all()) dispatcher.serve();
  }

  /** Stops claiming, and waits until nothing is being committed. */
  async hold(): Promise<void> {
    this.#isServing = false;
    await Promise.all(this.#all().map(({ dispatcher }) => dispatcher.hold()));
  }

  /** Looks for work of an executor of a store when the store's clock shows an instant; `null`: there is none to come. */
  expect(link: StoreLink, executor: string, at: number | null): void {
    if (at !== null) this.#lanes.get(link)?.get(executor)?.dispatcher.expect(at);
  }

  /** Looks for work of a store, of whichever executor: a job's slot is free, for which runs of others may wait too. */
  wake(link: StoreLink): void {
    for (const { dispatcher } of this.#lanes.get(link)?.values() ?? []) dispatcher.wake();
  }

  /** Waits until no turn is under way that is now. */
  async turnsOver(): Promise<void> {
    await Promise.all(this.#all().map(({ dispatcher }) => dispatcher.turnOver()));
  }

  /** Looks for work everywhere: this node has learned of tasks that it did not know. */
  wakeAll(): void {
    for (const { dispatcher } of this.#all()) dispatcher.wake();
  }

  #backstop(link: StoreLink): Backstop | null {
    const { store } = link;
    if (!store.capabilities.shared) return null;
    let backstop = this.#backstops.get(link);
    if (backstop === undefined) {
      // Without hints it is all that finds what other nodes add.
      backstop = new Backstop(this.#env.clock, this.#env.options.backstopMs, store.subscribe !== undefined);
      this.#backstops.set(link, backstop);
    }
    return backstop;
  }

  #adopt(link: StoreLink, run: RunRecord): void {
    const lane = this.#lanes.get(link)?.get(run.executor);
    if (lane === undefined) return;
    // It takes no slot: what its steps have come to is all that there is to see.
    if (isComposed(this.#env.tasks.find(run.task))) this.tracker.goOn(run, lane);
    else lane.dispatcher.adopt(run);
  }

  /** Goes on with a run whose steps have ended: it is this node's now, or queued. */
  #goOnWith(parent: RunRecord, lane: Lane): void {
    const { link } = lane;
    if (parent.status === 'queued') this.expect(link, parent.executor, parent.availableAt);
    // Under an id that the node has no longer, it is recovered by whoever finds that one dead.
    else if (parent.owner === link.node)
      this.tracker.goOn(parent, this.#lanes.get(link)?.get(parent.executor) ?? lane);
  }

  #all(): ServedLane[] {
    return [...this.#lanes.values()].flatMap((ofStore) => [...ofStore.values()]);
  }

  readonly #onFinished = (active: ActiveRun, sent: RunFinish, result: FinishResult): void => {
    const { link, slots, session } = active.lane;
    if (sent.settled) session.letGo(active.record);
    this.#reporters.of(link).finished(active, sent, result);
    if (result.run?.status === 'queued' && !result.run.held)
      this.expect(link, slots.name, result.run.availableAt);
    if (result.unblocked) this.wake(link);
    for (const { status, executor, availableAt } of sent.followUps)
      if (status === 'queued') this.expect(link, executor, availableAt);
    if (result.parent !== null) this.#goOnWith(result.parent, active.lane);
    // All that it was to await has ended before.
    if (sent.outcome?.kind === 'await' && result.outcome === 'ok' && result.run?.held === true)
      this.tracker.goOn(result.run, active.lane, active);
    this.#housekeeping.visit(link);
  };
}
