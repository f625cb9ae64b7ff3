import type { SharedLimit, TakenPermits } from './shared-limit.js';

interface LimitPermits extends TakenPermits {
  readonly limit: SharedLimit;
}

/** Is a part of a lane's work that is claimed by itself: the tasks that are under the same limits. */
export class Share {
  /** Holds the limits that its starts are under. */
  readonly limits: readonly SharedLimit[];
  /** Holds the names of its tasks. */
  tasks: ReadonlySet<string>;
  #dueAt = -Infinity;

  /** Makes a share of which it is not known when something of it is due. */
  constructor(tasks: ReadonlySet<string>, limits: readonly SharedLimit[]) {
    this.tasks = tasks;
    this.limits = limits;
  }

  /** Says whether it may be that something came due that the store has not been asked for. */
  get isUnknown(): boolean {
    return this.#dueAt === -Infinity;
  }

  /** Is when its limits may all have permits, by the store's clock. */
  get openAt(): number {
    return this.limits.reduce((latest, { openAt }) => Math.max(latest, openAt), -Infinity);
  }

  /** Is when to look for work of it, by the store's clock; `Infinity`: nothing is to come. */
  get lookAt(): number {
    return Math.max(this.#dueAt, this.openAt);
  }

  /** Begins to look; what comes up from now on counts again. */
  look(): void {
    this.#dueAt = Infinity;
  }

  /** Takes note that something may be due at an instant. */
  expect(at: number): void {
    this.#dueAt = Math.min(this.#dueAt, at);
  }

  /** Takes permits of all its limits, as many as are wanted, or as all of them have; `null`: one has none. */
  async admit(wanted: number): Promise<Admission | null> {
    const taken: LimitPermits[] = [];
    let count = wanted;
    try {
      for (const limit of this.limits) {
        const permits = await limit.take(count);
        taken.push({ limit, ...permits });
        count = permits.count;
        if (count === 0) break;
      }
    } catch (error) {
      await giveBackAllBut(0, taken);
      throw error;
    }
    const left = await giveBackAllBut(count, taken);
    return count === 0 ? null : new Admission(count, left);
  }
}

/** Is the right to start a number of attempts. */
export class Admission {
  /** Is how many attempts may start. */
  readonly count: number;
  readonly #permits: readonly LimitPermits[];

  /** Makes it from as many permits of each limit. */
  constructor(count: number, permits: readonly LimitPermits[]) {
    this.count = count;
    this.#permits = permits;
  }

  /** Is when it lapses, by the store's clock: starts that come later would not count any more. */
  get lapsesAt(): number {
    return Math.min(...this.#permits.map(({ limit, takenAt }) => takenAt + limit.lifeMs));
  }

  /** Says how many attempts have started, and when; the other permits are given back. */
  async use(count: number, startedAt: number): Promise<void> {
    if (count > 0) for (const { limit, takenAt } of this.#permits) limit.started(takenAt, startedAt);
    await giveBackAllBut(count, this.#permits);
  }
}

async function giveBackAllBut(
  count: number,
  taken: readonly LimitPermits[],
): Promise<readonly LimitPermits[]> {
  await Promise.all(
    taken.map(({ limit, count: has, takenAt }) => limit.giveBack(Math.max(0, has - count), takenAt)),
  );
  return taken.map((permits) => ({ ...permits, count }));
}
