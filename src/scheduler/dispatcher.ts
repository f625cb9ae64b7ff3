import { describeError } from '../job/run-error.js';
import type { JobRecord } from '../job/job-record.js';
import type { RunRecord } from '../job/run-record.js';
import type { ClaimRelease, ClaimResult, CommittedFiring, FiringDecision } from '../stores/job-store.js';
import { Alarm } from '../time/alarm.js';
import { Deferred } from '../internal/deferred.js';
import { nextTurn } from '../time/turns.js';
import { commitFirings } from './commit-firings.js';
import type { Environment } from './environment.js';
import type { Lane } from './lane.js';
import { decideFirings } from './decide-firings.js';
import type { FiringReporter } from './firing-reporter.js';
import { handBack } from './hand-back.js';
import type { RunTracker } from './run-tracker.js';

/** Is a claimed job and what is to be written for it. */
interface Firing {
  readonly job: JobRecord;
  readonly decision: FiringDecision;
}

/** Is a claimed job that cannot be planned. */
interface Unplannable {
  readonly job: JobRecord;
  readonly error: unknown;
}

/** Is how many runs and jobs one claim takes at most: enough to share its cost, few enough to let others in between. */
const MAX_BATCH = 500;
/**
 * Is how many attempts may have ended without the store knowing it before no more are claimed: they would all be run
 * again if this process died. Up to there, ends are written while the next work is claimed.
 */
const MAX_UNRECORDED = 500;
/** Is how long a dispatcher works before it lets timers and I/O have their turn. */
const WORK_MS = 8;
/** Is how long an alarm sleeps before it looks at the clock again. */
const MAX_SLEEP_MS = 30_000;

/**
 * Serves one lane: sleeps until something is due, claims it, plans it, commits it and has it executed.
 *
 * States: `idle` (claims nothing) ⇄ `serving` (asleep, or in a turn). {@link Dispatcher.hold} goes to `idle` and waits
 * for the turn under way, so that nothing is committed once it has returned.
 */
export class Dispatcher {
  readonly #env: Environment;
  readonly #lane: Lane;
  readonly #tracker: RunTracker;
  readonly #reporter: FiringReporter;
  readonly #alarm: Alarm;
  #isServing = false;
  #isWanted = false;
  #held = new Deferred<void>();
  #turning: Promise<void> | null = null;
  #turn: Promise<void> | null = null;
  #turnedAt = -Infinity;

  /** Makes a dispatcher that is idle. */
  constructor(env: Environment, lane: Lane, tracker: RunTracker, reporter: FiringReporter) {
    this.#env = env;
    this.#lane = lane;
    this.#tracker = tracker;
    this.#reporter = reporter;
    const { clock } = env;
    const { link } = lane;
    // The store's clock decides what is due.
    const storeClock = { now: () => link.now(), setTimer: clock.setTimer.bind(clock) };
    this.#alarm = new Alarm(storeClock, MAX_SLEEP_MS, () => {
      this.#turnedAt = clock.monotonic();
      this.wake();
    });
  }

  /** Begins to serve. */
  serve(): void {
    if (!this.#isServing) this.#held = new Deferred();
    this.#isServing = true;
    this.wake();
  }

  /** Stops claiming, and waits until the turn under way is over. */
  async hold(): Promise<void> {
    this.#isServing = false;
    this.#alarm.clear();
    this.#lane.backstop?.leave(this);
    this.#held.resolve();
    await this.#turning;
  }

  /** Waits until the turn under way is over; others may follow it. */
  async turnOver(): Promise<void> {
    await this.#turn;
  }

  /** Looks for work at once. */
  wake(): void {
    this.#isWanted = true;
    if (this.#isServing) this.#turning ??= this.#takeTurns();
  }

  /** Looks for work when the store's clock shows an instant. */
  expect(at: number): void {
    if (!this.#isServing) return;
    if (at <= this.#lane.link.now()) this.wake();
    else this.#alarm.bringForward(at);
  }

  readonly #onFreed = (): void => {
    if (!this.#lane.link.store.capabilities.shared) {
      this.wake();
      return;
    }
    // A call costs more than this turn of the event loop, in which other slots are freed too.
    void nextTurn().then(() => {
      this.wake();
    });
  };

  async #takeTurns(): Promise<void> {
    // Begins in a turn of its own: whoever woke us goes on first, and what it wakes in the same breath is one turn.
    await Promise.resolve();
    while (this.#isWanted && this.#isServing) {
      this.#isWanted = false;
      this.#turn = this.#takeTurn();
      await this.#turn;
      this.#turn = null;
      await this.#breathe();
    }
    this.#turning = null;
  }

  async #breathe(): Promise<void> {
    if (this.#env.clock.monotonic() - this.#turnedAt < WORK_MS) return;
    await nextTurn();
    this.#turnedAt = this.#env.clock.monotonic();
  }

  async #takeTurn(): Promise<void> {
    const { slots, session, link, backstop } = this.#lane;
    try {
      await this.#catchUp();
      // A node that is not sure of its lease starts nothing; its session wakes us.
      if (!this.#isServing || !session.isAlive()) return;
      const reserved = slots.reserve(MAX_BATCH);
      if (reserved === 0) slots.onceFreed(this.#onFreed);
      else await this.#work(reserved);
      backstop?.looked(this);
    } catch {
      // The link has told of it.
      this.#alarm.set(link.now() + link.backoffMs());
    }
  }

  /** Lets the store take what has ended here before it is asked for more, when it cannot keep up with that. */
  async #catchUp(): Promise<void> {
    const { link } = this.#lane;
    while (this.#tracker.unrecorded(link) > MAX_UNRECORDED && (await this.#tracker.nextWrite(link)));
  }

  async #work(slotCount: number): Promise<void> {
    const { slots, link } = this.#lane;
    const { node } = link;
    let reserved = slotCount;
    try {
      // What comes up while we are at it brings the alarm forward again.
      this.#alarm.rest();
      const claim = await this.#claim(node, reserved);
      this.#reporter.claimed(claim);
      if (claim.nextAt !== null) this.expect(claim.nextAt);
      reserved -= await this.#start(claim.runs, node);
      if (claim.jobs.length > 0) reserved -= await this.#start(await this.#fire(claim, node, reserved), node);
    } finally {
      slots.release(reserved);
    }
  }

  async #claim(node: string, limit: number): Promise<ClaimResult> {
    const { link, slots } = this.#lane;
    const { tasks, triggerKinds, options, clock } = this.#env;
    const claimMs = options.claimTimeoutMs;
    const request = { node, executor: slots.name, tasks: tasks.names, triggerKinds, limit, claimMs };
    const sentAt = clock.monotonic();
    const claim = await link.call((store) => store.claim(request));
    link.noteTime(claim.now, sentAt);
    return claim;
  }

  /** Has runs executed that the store gave to this node; each takes over a reserved slot. */
  async #start(runs: readonly RunRecord[], node: string): Promise<number> {
    if (runs.length === 0) return 0;
    const { link, session } = this.#lane;
    // The answer may have come after the machine slept for longer than the lease, and the runs may be others' by now.
    const isSure = session.isAlive() && link.node === node;
    if (!isSure && !(await session.holds(node))) {
      await this.#disown(runs, node);
      return 0;
    }
    // One that a heartbeat told us of in between is executed already.
    const ours = runs.filter((run) => run.owner === node && !this.#tracker.executes(run));
    for (const run of ours) this.#tracker.start(run, this.#lane);
    return ours.length;
  }

  /** Gives back what the store gave to this node under an id that it has no longer. */
  async #disown(runs: readonly RunRecord[], node: string): Promise<void> {
    const { link } = this.#lane;
    // Closed by a shutdown that could not wait: a call would open it again.
    if (!link.isOpen) return;
    const owned = runs.filter(({ owner }) => owner === node);
    // If it fails, whoever recovers the old id gives them back.
    await handBack(link, node, owned).catch(() => undefined);
  }

  /** Plans and commits claimed jobs, and gives the runs to start. */
  async #fire(claim: ClaimResult, node: string, free: number): Promise<readonly RunRecord[]> {
    const { firings, unplannable } = this.#plan(claim, free);
    if (unplannable.length > 0) await this.#park(unplannable);
    if (firings.length === 0) return [];
    const { session, link } = this.#lane;
    if (!this.#isServing || !session.isAlive() || link.node !== node) {
      await this.#release(firings.map(({ job: { uid, fence, dueAt } }) => ({ uid, fence, wakeAt: dueAt })));
      return [];
    }
    const results = await commitFirings(
      this.#lane,
      node,
      firings.map(({ decision }) => decision),
      { held: this.#held.promise, isHeld: () => !this.#isServing },
    );
    const started: RunRecord[] = [];
    firings.forEach((firing, at) => {
      const result = results[at];
      if (result === undefined) return;
      if (result.outcome === 'lost') {
        // Somebody has edited the job since it was claimed: when it is due now is for the store to say.
        this.wake();
        return;
      }
      for (const run of result.started) started.push(run);
      this.#afterCommit(firing, result);
    });
    return started;
  }

  #afterCommit({ job, decision }: Firing, result: CommittedFiring): void {
    this.#reporter.committed(job, decision.counted, result);
    for (const { id } of result.cancelRequested) this.#tracker.cancel(id);
    if (decision.dueAt !== null && result.ended === null) this.expect(decision.dueAt);
    // What waits for no more than an executor slot is found by the next claim.
    if (result.queued.length > 0) this.wake();
  }

  /** Plans each job by itself: one that cannot be read or planned is parked, and keeps no other from firing. */
  #plan(claim: ClaimResult, free: number): { firings: Firing[]; unplannable: Unplannable[] } {
    const firings: Firing[] = [];
    const unplannable: Unplannable[] = [];
    let spare = free - claim.jobs.length;
    for (const job of claim.jobs) {
      try {
        const decision = decideFirings(this.#env, job, claim.now, spare);
        spare -= decision.startable - 1;
        firings.push({ job, decision });
      } catch (error) {
        unplannable.push({ job, error });
      }
    }
    return { firings, unplannable };
  }

  async #park(unplannable: readonly Unplannable[]): Promise<void> {
    const releases = unplannable.map(({ job: { uid, fence }, error }) => ({
      uid,
      fence,
      wakeAt: null,
      error: describeError(error).message,
    }));
    await this.#release(releases);
    for (const { job, error } of unplannable) this.#reporter.parked(job, error);
  }

  async #release(releases: readonly ClaimRelease[]): Promise<void> {
    const { link } = this.#lane;
    await link.call((store) => store.releaseClaims(link.node, releases));
  }
}
