import { describeError } from '../job/run-error.js';
import type { JobRecord } from '../job/job-record.js';
import type { RunRecord } from '../job/run-record.js';
import type {
  ClaimRelease,
  ClaimResult,
  CommittedFiring,
  CommitResult,
  FiringDecision,
} from '../stores/job-store.js';
import { Alarm } from '../time/alarm.js';
import { sleep } from '../time/long-timer.js';
import { nextTurn } from '../time/turns.js';
import type { Environment } from './environment.js';
import type { Lane } from './lane.js';
import { decideFirings } from './decide-firings.js';
import type { FiringReporter } from './firing-reporter.js';
import type { RunTracker } from './run-tracker.js';

/** Is a claimed job and what is to be written for it. */
interface Firing {
  readonly job: JobRecord;
  readonly decision: FiringDecision;
}

/** Is how many runs and jobs one claim takes at most: enough to share its cost, few enough to let others in between. */
const MAX_BATCH = 500;
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
  #turning: Promise<void> | null = null;
  #turnedAt = -Infinity;

  /** Makes a dispatcher that is idle. */
  constructor(env: Environment, lane: Lane, tracker: RunTracker, reporter: FiringReporter) {
    this.#env = env;
    this.#lane = lane;
    this.#tracker = tracker;
    this.#reporter = reporter;
    this.#alarm = new Alarm(env.clock, MAX_SLEEP_MS, () => {
      this.#turnedAt = env.clock.monotonic();
      this.wake();
    });
  }

  /** Begins to serve. */
  serve(): void {
    this.#isServing = true;
    this.wake();
  }

  /** Stops claiming, and waits until the turn under way is over. */
  async hold(): Promise<void> {
    this.#isServing = false;
    this.#alarm.clear();
    await this.#turning;
  }

  /** Waits until the turn under way is over. */
  async turnOver(): Promise<void> {
    await this.#turning;
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
    else this.#alarm.bringForward(this.#lane.link.toLocal(at));
  }

  readonly #onFreed = (): void => {
    this.wake();
  };

  async #takeTurns(): Promise<void> {
    // Begins in a turn of its own: whoever woke us goes on first, and what it wakes in the same breath is one turn.
    await Promise.resolve();
    while (this.#isWanted && this.#isServing) {
      this.#isWanted = false;
      try {
        await this.#turn();
      } catch {
        // The link has told of it.
        this.#alarm.set(this.#env.clock.now() + this.#lane.link.backoffMs());
      }
      await this.#breathe();
    }
    this.#turning = null;
  }

  async #breathe(): Promise<void> {
    if (this.#env.clock.monotonic() - this.#turnedAt < WORK_MS) return;
    await nextTurn();
    this.#turnedAt = this.#env.clock.monotonic();
  }

  async #turn(): Promise<void> {
    const { slots, session } = this.#lane;
    // A node that is not sure of its lease starts nothing; its session wakes us.
    if (!session.isAlive()) return;
    let reserved = slots.reserve(MAX_BATCH);
    if (reserved === 0) {
      slots.onceFreed(this.#onFreed);
      return;
    }
    try {
      // What comes up while we are at it brings the alarm forward again.
      this.#alarm.rest();
      const claim = await this.#claim(reserved);
      this.#reporter.claimed(claim);
      reserved -= this.#start(claim.runs);
      if (claim.nextAt !== null) this.expect(claim.nextAt);
      if (this.#lane.link.store.capabilities.shared) this.expect(claim.now + this.#env.options.backstopMs);
      if (claim.jobs.length > 0) reserved -= this.#start(await this.#fire(claim, reserved));
    } finally {
      slots.release(reserved);
    }
  }

  async #claim(limit: number): Promise<ClaimResult> {
    const { link, slots } = this.#lane;
    const { tasks, triggerKinds, options } = this.#env;
    const { node } = link;
    const claimMs = options.claimTimeoutMs;
    const request = { node, executor: slots.name, tasks: tasks.names, triggerKinds, limit, claimMs };
    const claim = await link.call((store) => store.claim(request));
    link.noteTime(claim.now);
    return claim;
  }

  /** Has runs executed that are committed and owned by this node still; each takes over a reserved slot. */
  #start(runs: readonly RunRecord[]): number {
    const { link } = this.#lane;
    // One that a heartbeat told us of in between is executed already.
    const ours = runs.filter(({ owner, id }) => owner === link.node && !this.#tracker.executes(id));
    for (const run of ours) this.#tracker.start(run, this.#lane);
    return ours.length;
  }

  /** Plans and commits claimed jobs, and gives the runs to start. */
  async #fire(claim: ClaimResult, free: number): Promise<readonly RunRecord[]> {
    const { firings, releases } = this.#plan(claim, free);
    if (!this.#isServing || !this.#lane.session.isAlive()) {
      const unfired = firings.map(({ job: { uid, fence, dueAt } }) => ({ uid, fence, wakeAt: dueAt }));
      await this.#release([...releases, ...unfired]);
      return [];
    }
    if (releases.length > 0) await this.#release(releases);
    if (firings.length === 0) return [];
    const results = await this.#commit(firings.map(({ decision }) => decision));
    const started: RunRecord[] = [];
    firings.forEach((firing, at) => {
      const result = results[at];
      if (result === undefined || result.outcome === 'lost') return;
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
  #plan(claim: ClaimResult, free: number): { firings: Firing[]; releases: ClaimRelease[] } {
    const firings: Firing[] = [];
    const releases: ClaimRelease[] = [];
    let spare = free - claim.jobs.length;
    for (const job of claim.jobs) {
      try {
        const decision = decideFirings(this.#env, job, claim.now, spare);
        spare -= decision.startable - 1;
        firings.push({ job, decision });
      } catch (error) {
        releases.push({ uid: job.uid, fence: job.fence, wakeAt: null, error: describeError(error).message });
        this.#reporter.parked(job, error);
      }
    }
    return { firings, releases };
  }

  async #release(releases: readonly ClaimRelease[]): Promise<void> {
    await this.#lane.link.call((store) => store.releaseClaims(this.#lane.link.node, releases));
  }

  /**
   * Commits, and tries again while the store does not answer. A commit whose answer was lost is refused the second time;
   * its runs, whose ids we made, tell that it was done.
   */
  async #commit(decisions: readonly FiringDecision[]): Promise<readonly CommitResult[]> {
    const { link, session } = this.#lane;
    const { node } = link;
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        const results = await link.call((store) => store.commitFirings(node, decisions));
        return isRepeated ? await this.#readBack(decisions, results) : results;
      } catch (error) {
        if (!this.#isServing) throw error;
        await sleep(this.#env.clock, link.backoffMs());
        // A claim that outlived our lease is not ours to commit.
        if (!session.isAlive() || link.node !== node) throw error;
      }
    }
  }

  async #readBack(
    decisions: readonly FiringDecision[],
    results: readonly CommitResult[],
  ): Promise<CommitResult[]> {
    return Promise.all(
      results.map(async (result, at): Promise<CommitResult> => {
        if (result.outcome !== 'lost') return result;
        const planned = decisions[at]?.runs ?? [];
        const stored = await this.#lane.link.call((store) =>
          Promise.all(planned.map(({ id }) => store.getRun(id))),
        );
        const found = stored.filter((run) => run !== null);
        if (found.length === 0) return result;
        const started = found.filter(
          (run) => run.status === 'running' && run.owner === this.#lane.link.node && run.attempt === 1,
        );
        const queued = found.filter((run) => run.status === 'queued');
        return {
          outcome: 'committed',
          started,
          queued,
          skipped: [],
          cancelled: [],
          cancelRequested: [],
          ended: null,
        };
      }),
    );
  }
}
