import { Alarm } from '../time/alarm.js';
import { Deferred } from '../internal/deferred.js';
import type { RunRecord } from '../job/run-record.js';
import { nextTurn } from '../time/turns.js';
import type { CommitLimits } from './commit-firings.js';
import type { Environment } from './environment.js';
import type { FiringReporter } from './firing-reporter.js';
import { handBack } from './hand-back.js';
import type { Lane } from './lane.js';
import { LaneWork } from './lane-work.js';
import type { Reservation } from './lane-work.js';
import type { Share } from './rate-limits/share.js';
import { Shares } from './rate-limits/shares.js';
import type { RunCanceller } from './run-canceller.js';
import type { RunTracker } from './run-tracker.js';

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

const NONE: ReadonlySet<string> = new Set();

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
  readonly #work: LaneWork;
  readonly #shares: Shares;
  readonly #alarm: Alarm;
  #isServing = false;
  #isWanted = false;
  #held = new Deferred<void>();
  #turning: Promise<void> | null = null;
  #turn: Promise<void> | null = null;
  #turnedAt = -Infinity;

  /** Makes a dispatcher that is idle. */
  constructor(
    env: Environment,
    lane: Lane,
    tracker: RunTracker,
    reporter: FiringReporter,
    canceller: RunCanceller,
  ) {
    this.#env = env;
    this.#lane = lane;
    this.#tracker = tracker;
    this.#work = new LaneWork(env, lane, tracker, reporter, canceller);
    this.#shares = new Shares(env.tasks, lane);
    const { clock } = env;
    const { link } = lane;
    // The store's clock decides what is due.
    const storeClock = { now: () => link.now(), setTimer: clock.setTimer.bind(clock) };
    this.#alarm = new Alarm(storeClock, MAX_SLEEP_MS, () => {
      this.#turnedAt = clock.monotonic();
      this.#wantTurn();
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

  /** Looks for work at once, of tasks too that were not known until now. */
  wake(): void {
    this.#shares.wake();
    this.#wantTurn();
  }

  /** Looks for work when the store's clock shows an instant. */
  expect(at: number): void {
    if (!this.#isServing) return;
    this.#shares.expect(at);
    this.#lookAt(at);
  }

  /**
   * Executes a run that the store has given to this node by a claim or a commit that was never answered. One that is under
   * a rate limit is given back: its permit may not count any more.
   */
  adopt(run: RunRecord): void {
    if (this.#shares.isLimited(run.task)) void this.#giveBack(run);
    else if (this.#lane.slots.reserve(1) > 0) this.#tracker.start(run, this.#lane);
  }

  readonly #onFreed = (): void => {
    if (!this.#lane.link.store.capabilities.shared) {
      this.#wantTurn();
      return;
    }
    // A call costs more than this turn of the event loop, in which other slots are freed too.
    void nextTurn().then(() => {
      this.#wantTurn();
    });
  };

  #wantTurn(): void {
    this.#isWanted = true;
    if (this.#isServing) this.#turning ??= this.#takeTurns();
  }

  #lookAt(at: number): void {
    if (at <= this.#lane.link.now()) this.#wantTurn();
    else this.#alarm.bringForward(at);
  }

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
      // With permits missing, or nothing due, some of the work is not looked at.
      const isWholeLook = this.#shares.areAllDue;
      const reserved = slots.reserve(MAX_BATCH);
      if (reserved === 0) slots.onceFreed(this.#onFreed);
      else await this.#serveShares(reserved);
      if (isWholeLook) backstop?.looked(this);
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

  async #serveShares(slotCount: number): Promise<void> {
    const shares = this.#shares;
    const reservation = { left: slotCount };
    try {
      // What comes up while we are at it brings the alarm forward again.
      this.#alarm.rest();
      if (shares.areDivided) await this.#lookAhead();
      for (const share of shares.inTurn()) {
        if (reservation.left === 0 || !this.#isServing) break;
        await (share.limits.length === 0
          ? this.#serveFree(share, reservation)
          : this.#serveLimited(share, reservation));
      }
      this.#lookAt(shares.lookAt);
    } catch (error) {
      // What is due is not known now.
      shares.expect(-Infinity);
      throw error;
    } finally {
      this.#lane.slots.release(reservation.left);
    }
  }

  /** Asks for several limited shares at once whether anything is due: mostly nothing is. */
  async #lookAhead(): Promise<void> {
    const { unknown } = this.#shares;
    if (unknown.length < 2) return;
    for (const share of unknown) share.look();
    const { now, nextAt } = await this.#work.lookAhead(new Set(unknown.flatMap(({ tasks }) => [...tasks])));
    const at = nextAt ?? Infinity;
    for (const share of unknown) share.expect(at > now ? at : -Infinity);
  }

  async #serveFree(share: Share, reservation: Reservation): Promise<void> {
    share.look();
    const wasDivided = this.#shares.areDivided;
    const taken = await this.#work.take({
      tasks: share.tasks,
      limit: reservation.left,
      reservation,
      lapsesAt: Infinity,
      until: this.#untilHeld(),
      withheld: () => (wasDivided ? NONE : this.#shares.newlyLimited()),
    });
    share.expect(taken.lookAt);
  }

  /** Takes no permits before something is due, and claims nothing before there are permits. */
  async #serveLimited(share: Share, reservation: Reservation): Promise<void> {
    share.look();
    const { now, nextAt } = await this.#work.lookAhead(share.tasks);
    if (nextAt !== null) share.expect(nextAt);
    if (nextAt === null || nextAt > now) return;
    const admission = await share.admit(reservation.left);
    if (admission === null) return;
    if (!this.#isServing) {
      await admission.use(0, now);
      return;
    }
    share.look();
    const { granted, lookAt } = await this.#work.take({
      tasks: share.tasks,
      limit: admission.count,
      reservation,
      lapsesAt: admission.lapsesAt,
      until: this.#untilHeld(),
      withheld: () => NONE,
    });
    share.expect(lookAt);
    await admission.use(granted, this.#lane.link.now());
  }

  #untilHeld(): CommitLimits {
    return { held: this.#held.promise, isHeld: () => !this.#isServing };
  }

  async #giveBack(run: RunRecord): Promise<void> {
    const { link } = this.#lane;
    // If it fails, the next heartbeat tells of the run again.
    await handBack(link, link.node, [run]).catch(() => undefined);
    this.wake();
  }
}
