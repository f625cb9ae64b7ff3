import type { JobRecord } from '../job/job-record.js';
import { describeError } from '../job/run-error.js';
import type { RunRecord } from '../job/run-record.js';
import type { ClaimRelease, ClaimResult, CommittedFiring, FiringDecision } from '../stores/job-store.js';
import { commitFirings } from './commit-firings.js';
import type { CommitLimits } from './commit-firings.js';
import { decideFirings } from './decide-firings.js';
import type { Environment } from './environment.js';
import type { FiringReporter } from './firing-reporter.js';
import { handBack } from './hand-back.js';
import type { Lane } from './lane.js';
import type { RunCanceller } from './run-canceller.js';
import type { RunTracker } from './run-tracker.js';

/** Counts the executor slots that are reserved and not used yet. */
export interface Reservation {
  left: number;
}

/** Says what work is to be taken. */
export interface WorkOrder {
  /** Holds the tasks that it is of. */
  readonly tasks: ReadonlySet<string>;
  /** Is how many attempts may start. */
  readonly limit: number;
  /** Holds at least as many executor slots; each attempt that is executed takes one over. */
  readonly reservation: Reservation;
  /** Is when none may start any more, by the store's clock; `Infinity`: any time will do. */
  readonly lapsesAt: number;
  /** Says until when to try. */
  readonly until: CommitLimits;
  /** Gives the tasks that are not to be started after all, once the store has answered. */
  readonly withheld: () => ReadonlySet<string>;
}

/** Is what has become of an order. */
export interface TakenWork {
  /** Is how many attempts the store has started for this node, whether or not they are executed. */
  readonly granted: number;
  /** Is when to look again, by the store's clock; `Infinity`: nothing is to come. */
  readonly lookAt: number;
}

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

/** Is what came of firing jobs. */
interface Fired {
  readonly runs: readonly RunRecord[];
  readonly lookAt: number;
}

const NOTHING_FIRED: Fired = { runs: [], lookAt: Infinity };

/** Takes the work of a lane: claims it, plans and commits what jobs are due, and has it executed. */
export class LaneWork {
  readonly #env: Environment;
  readonly #lane: Lane;
  readonly #tracker: RunTracker;
  readonly #reporter: FiringReporter;
  readonly #canceller: RunCanceller;

  /** Makes it for a lane. */
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
    this.#reporter = reporter;
    this.#canceller = canceller;
  }

  /** Gives when work of some tasks is due, by the store's clock, and the store's time; takes none. */
  async lookAhead(tasks: ReadonlySet<string>): Promise<Pick<ClaimResult, 'now' | 'nextAt'>> {
    const claim = await this.#claim(this.#lane.link.node, tasks, 0);
    this.#reporter.claimed(claim);
    return claim;
  }

  /** Takes work, and has it executed. */
  async take(order: WorkOrder): Promise<TakenWork> {
    const { link } = this.#lane;
    const { node } = link;
    const answer = await this.#claim(node, order.tasks, order.limit);
    const withheld = order.withheld();
    const claim = withheld.size === 0 ? answer : await this.#withhold(answer, withheld, node);
    this.#reporter.claimed(claim);
    if (claim.runs.length > 0) await this.#start(claim.runs, node, order);
    const fired = claim.jobs.length === 0 ? NOTHING_FIRED : await this.#fire(claim, node, order);
    if (fired.runs.length > 0) await this.#start(fired.runs, node, order);
    const granted = claim.runs.length + fired.runs.length;
    const isLate = link.now() > order.lapsesAt;
    const lookAt = isLate ? -Infinity : Math.min(claim.nextAt ?? Infinity, fired.lookAt);
    return { granted, lookAt };
  }

  async #claim(node: string, tasks: ReadonlySet<string>, limit: number): Promise<ClaimResult> {
    const { link, slots } = this.#lane;
    const { triggerKinds, options, clock } = this.#env;
    const request = {
      node,
      executor: slots.name,
      tasks,
      triggerKinds,
      limit,
      claimMs: options.claimTimeoutMs,
    };
    const sentAt = clock.monotonic();
    const claim = await link.call((store) => store.claim(request));
    link.noteTime(claim.now, sentAt);
    return claim;
  }

  /** Gives back what was claimed and is not to be started after all. */
  async #withhold(claim: ClaimResult, tasks: ReadonlySet<string>, node: string): Promise<ClaimResult> {
    const isKept = ({ task }: { readonly task: string }): boolean => !tasks.has(task);
    await this.#disown(
      claim.runs.filter((run) => !isKept(run)),
      node,
    );
    await this.#unclaim(claim.jobs.filter(({ definition }) => !isKept(definition)));
    return {
      ...claim,
      runs: claim.runs.filter(isKept),
      jobs: claim.jobs.filter(({ definition }) => isKept(definition)),
    };
  }

  /** Has runs executed that the store gave to this node; each takes over a reserved slot. */
  async #start(
    runs: readonly RunRecord[],
    node: string,
    { lapsesAt, reservation }: WorkOrder,
  ): Promise<void> {
    const { link, session } = this.#lane;
    // The answer may have come after the machine slept for longer than the lease, and the runs may be others' by now.
    const isSure = session.isAlive() && link.node === node;
    if (link.now() > lapsesAt || (!isSure && !(await session.holds(node)))) {
      await this.#disown(runs, node);
      return;
    }
    // One that a heartbeat told us of in between is executed already.
    const ours = runs.filter((run) => run.owner === node && !this.#tracker.executes(run));
    reservation.left -= ours.length;
    for (const run of ours) this.#tracker.start(run, this.#lane);
  }

  /** Gives back runs of ours that nobody executes. */
  async #disown(runs: readonly RunRecord[], node: string): Promise<void> {
    const { link } = this.#lane;
    // Closed by a shutdown that could not wait: a call would open it again.
    if (!link.isOpen) return;
    const owned = runs.filter(({ owner }) => owner === node);
    // If it fails, whoever recovers the old id gives them back.
    await handBack(link, node, owned).catch(() => undefined);
  }

  /** Plans and commits claimed jobs, and gives the runs to start. */
  async #fire(claim: ClaimResult, node: string, { limit, lapsesAt, until }: WorkOrder): Promise<Fired> {
    const { firings, unplannable } = this.#plan(claim, limit - claim.runs.length);
    if (unplannable.length > 0) await this.#park(unplannable);
    if (firings.length === 0) return NOTHING_FIRED;
    const { session, link } = this.#lane;
    if (until.isHeld() || !session.isAlive() || link.node !== node || link.now() > lapsesAt) {
      await this.#unclaim(firings.map(({ job }) => job));
      return NOTHING_FIRED;
    }
    const decisions = firings.map(({ decision }) => decision);
    const results = await commitFirings(this.#lane, node, decisions, until);
    const runs: RunRecord[] = [];
    let lookAt = Infinity;
    firings.forEach((firing, at) => {
      const result = results[at];
      if (result === undefined) return;
      if (result.outcome === 'lost') {
        // Somebody has edited the job since it was claimed: when it is due now is for the store to say.
        lookAt = -Infinity;
        return;
      }
      for (const run of result.started) runs.push(run);
      lookAt = Math.min(lookAt, this.#afterCommit(firing, result));
    });
    return { runs, lookAt };
  }

  /** Tells of a commit, and gives when to look again because of it. */
  #afterCommit({ job, decision }: Firing, result: CommittedFiring): number {
    this.#reporter.committed(job, decision.counted, result);
    this.#canceller.abort(result.cancelRequested, this.#lane.link);
    // What waits for no more than an executor slot is found by the next claim.
    if (result.queued.length > 0) return -Infinity;
    return result.ended === null && decision.dueAt !== null ? decision.dueAt : Infinity;
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

  /** Gives claimed jobs back as if they had not been claimed. */
  async #unclaim(jobs: readonly JobRecord[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#release(jobs.map(({ uid, fence, dueAt }) => ({ uid, fence, wakeAt: dueAt })));
  }

  async #release(releases: readonly ClaimRelease[]): Promise<void> {
    const { link } = this.#lane;
    await link.call((store) => store.releaseClaims(link.node, releases));
  }
}
