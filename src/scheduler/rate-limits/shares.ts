import { resolveRateLimit } from '../../job/rate-limit.js';
import type { TaskRegistry } from '../../job/task-registry.js';
import type { Lane } from '../lane.js';
import { Share } from './share.js';
import { SharedLimit } from './shared-limit.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * Divides the work of a lane by the limits that it is under: the tasks with a limit, each by itself; those that only the
 * executor's limit concerns; and those that none does.
 *
 * States: `whole` (no limit is known: all work is one share, and looked for in each turn) → `divided`.
 */
export class Shares {
  readonly #tasks: TaskRegistry;
  readonly #lane: Pick<Lane, 'link' | 'slots'>;
  readonly #executorLimits: readonly SharedLimit[];
  /** Is what no limit concerns; no executor executes the tasks that are made of others. */
  readonly #free: Share;
  /** Is what the executor's limit alone concerns; the same where it has none. */
  readonly #common: Share;
  readonly #limited = new Map<string, Share>();
  #all: readonly Share[];
  #first = 0;
  #isStale = true;
  #taskCount = -1;
  #hasFunctions = false;

  /** Makes the shares of a lane. */
  constructor(tasks: TaskRegistry, lane: Pick<Lane, 'link' | 'slots'>) {
    const { link, slots } = lane;
    const { rateLimit } = slots.executor;
    this.#tasks = tasks;
    this.#lane = lane;
    this.#executorLimits =
      rateLimit === undefined ? [] : [new SharedLimit(link, `executor\n${slots.name}`, rateLimit)];
    this.#free = new Share(tasks.names, []);
    this.#common = rateLimit === undefined ? this.#free : new Share(NONE, this.#executorLimits);
    this.#all = [this.#free];
  }

  /** Says whether there is more than one share, as far as is known. */
  get areDivided(): boolean {
    return this.#executorLimits.length > 0 || this.#limited.size > 0;
  }

  /** Is when to look for work of any share, by the store's clock; `Infinity`: nothing is to come. */
  get lookAt(): number {
    return this.#all.reduce((least, { lookAt }) => Math.min(least, lookAt), Infinity);
  }

  /** Says whether a turn now looks at all shares, but for those whose limits have no permits. */
  get areAllDue(): boolean {
    if (!this.areDivided) return true;
    const now = this.#lane.link.now();
    return this.#all.every(({ lookAt, openAt }) => lookAt <= now || openAt > now);
  }

  /** Gives those under a limit of which something may have come due that the store has not been asked for. */
  get unknown(): readonly Share[] {
    const now = this.#lane.link.now();
    return this.#all.filter(
      ({ limits, isUnknown, openAt }) => limits.length > 0 && isUnknown && openAt <= now,
    );
  }

  /** Takes note that there may be tasks that were not known, and work of any. */
  wake(): void {
    this.#isStale = true;
    this.expect(-Infinity);
  }

  /** Takes note that work of any may be due at an instant. */
  expect(at: number): void {
    for (const share of this.#all) share.expect(at);
  }

  /** Gives the shares of which there may be work now, in another order each time: none comes last for ever. */
  *inTurn(): Generator<Share, void, undefined> {
    this.#divide();
    if (!this.areDivided) {
      yield this.#free;
      return;
    }
    const shares = this.#all;
    const first = this.#first;
    for (let at = first; at < first + shares.length; at++) {
      const share = shares[at % shares.length];
      if (share === undefined || share.lookAt > this.#lane.link.now()) continue;
      // If no slot is left for it, the next turn begins with it.
      this.#first = at % shares.length;
      yield share;
    }
    this.#first = (first + 1) % Math.max(1, shares.length);
  }

  /** Tells whether the starts of a task are under a limit. */
  isLimited(task: string): boolean {
    this.#divide();
    return this.areDivided && !this.#free.tasks.has(task);
  }

  /** Gives the tasks that have turned out to be limited since work of whichever was asked for. */
  newlyLimited(): ReadonlySet<string> {
    this.#divide();
    return this.#limited.size === 0 ? NONE : new Set(this.#limited.keys());
  }

  /** Divides the tasks anew where there may be others. Plain functions come and go; they are under no limit of their own. */
  #divide(): void {
    const { names } = this.#tasks;
    if (!this.#isStale && !this.areDivided) return;
    this.#isStale = false;
    if (names.size === this.#taskCount && !this.#hasFunctions) return;
    this.#taskCount = names.size;
    this.#hasFunctions = false;
    for (const name of names) {
      if (this.#tasks.isFunction(name)) this.#hasFunctions = true;
      else this.#addLimit(name);
    }
    if (this.areDivided) this.#distribute();
  }

  #addLimit(name: string): void {
    const { options, composition } = this.#tasks.get(name);
    if (options.rateLimit === undefined || composition !== undefined || this.#limited.has(name)) return;
    const limit = resolveRateLimit(options.rateLimit, `the options of task "${name}".rateLimit`);
    const own = new SharedLimit(this.#lane.link, `task\n${name}`, limit);
    this.#limited.set(name, new Share(new Set([name]), [own, ...this.#executorLimits]));
  }

  #distribute(): void {
    const free = new Set<string>();
    const common = this.#common === this.#free ? free : new Set<string>();
    for (const name of this.#tasks.names) {
      if (this.#limited.has(name)) continue;
      const isComposed = this.#tasks.get(name).composition !== undefined;
      (isComposed ? free : common).add(name);
    }
    this.#free.tasks = free;
    this.#common.tasks = common;
    const shares = [...new Set([this.#free, this.#common]), ...this.#limited.values()];
    this.#all = shares.filter(({ tasks }) => tasks.size > 0);
  }
}
