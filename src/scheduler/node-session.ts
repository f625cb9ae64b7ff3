import { LeaseLostError } from '../errors/run-errors.js';
import { SchedulerError } from '../errors/scheduler-error.js';
import { StoreTimedOutError } from '../errors/store-errors.js';
import { assertNever } from '../internal/assert-never.js';
import { Deferred } from '../internal/deferred.js';
import type { RunRecord } from '../job/run-record.js';
import type { Heartbeat, StoreHint } from '../stores/job-store.js';
import type { Timer } from '../time/clock.js';
import { settlesWithin } from '../time/long-timer.js';
import type { Environment } from './environment.js';
import { handBack } from './hand-back.js';
import { Lease } from './lease.js';
import { PeerWatch } from './peer-watch.js';
import { Pulse } from './pulse.js';
import { Recovery } from './recovery.js';
import { isOutage } from './store-link.js';
import type { StoreLink } from './store-link.js';
import { UnknownRuns } from './unknown-runs.js';

/** Is what a session needs of its scheduler. */
export interface SessionDuties {
  /** Tells whether an attempt of a run is executed here. */
  executes(run: RunRecord): boolean;
  /** Tells whether any run of the store is. */
  isExecuting(): boolean;
  /** Waits until no turn of a dispatcher that is under way now is. */
  turnsOver(): Promise<void>;
  /** Is told that the node is on the store's list now. */
  joined(): void;
  /** Is told that the node is about to leave the list. */
  left(): void;
  /** Is told that the store was emptied. */
  wasReset(): void;
  /** Executes a run of ours whose commit we never heard of. */
  adopt(run: RunRecord): void;
  /** Aborts a run that somebody asked to cancel. */
  cancel(runId: string): void;
  /** Aborts all runs of the store without recording anything: they may be others' by now. */
  abandon(reason: unknown): void;
  /** Looks for work when the store's clock shows an instant. */
  expect(at: number): void;
  /** Looks at a run that has told elsewhere how far it is. */
  progressed(runId: string): void;
  /** Looks at a run that has ended elsewhere; `null`: at all that are waited for. */
  ended(runId: string | null): void;
}

/** Is how often a session looks whether its lease, or that of a peer, is over. */
const WATCH_MS = 1000;
/** Is how long to wait before asking a store again that refuses to be used: a person has to see to it. */
const REFUSED_MS = 10_000;

/**
 * Is this node's life on one store.
 *
 * States: `away` → `joining` (the store has not answered yet) → `alive` (a heartbeat has) ⇄ `unsure` (the wall clock
 * says that the lease is over, as after a suspension: nothing is claimed, committed or started until a heartbeat has
 * answered) → `fenced` (none did in time: signals are aborted) → `alive` again, under a new id.
 * A store that is not shared has one node only, whose session is always alive once it has joined.
 */
export class NodeSession {
  readonly #env: Environment;
  readonly #link: StoreLink;
  readonly #duties: SessionDuties;
  readonly #lease: Lease;
  readonly #peers: PeerWatch;
  readonly #unknown: UnknownRuns;
  readonly #recovery: Recovery;
  readonly #pulse: Pulse;
  /** Is one from beginning to end, so that what began in one life does not go on in the next. */
  #life: object | null = null;
  #isActive = false;
  #isFenced = false;
  #isListed = false;
  /** Says that somebody was told that the node is not alive, and waits to hear that it is. */
  #isWaitedFor = false;
  #news = new Deferred<void>();
  #beats = 0;
  #joining: Promise<void> | null = null;
  #joinTimer: Timer | null = null;
  #watchTimer: Timer | null = null;
  #unsubscribe: (() => Promise<void>) | null = null;

  /** Makes a session that is away. */
  constructor(env: Environment, link: StoreLink, duties: SessionDuties) {
    this.#env = env;
    this.#link = link;
    this.#duties = duties;
    this.#lease = new Lease(env.clock, env.options.leaseMs);
    this.#peers = new PeerWatch(env.clock, env.options.leaseMs);
    this.#unknown = new UnknownRuns(
      (run) => duties.executes(run),
      () => duties.turnsOver(),
    );
    this.#recovery = new Recovery(env, link, (at) => {
      duties.expect(at);
    });
    this.#pulse = new Pulse(env.clock, async () => {
      const delayMs = await this.#beat();
      return this.#needsBeat ? delayMs : null;
    });
  }

  /** Tells whether the node may claim, commit and start: its lease has not run out, as far as it can tell. */
  isAlive(): boolean {
    const isAlive = this.#isActive && !this.#isFenced && (!this.#isShared || this.#lease.state() === 'held');
    if (!isAlive) this.#isWaitedFor = true;
    return isAlive;
  }

  /**
   * Tells whether what the store gave to a node of an id is this node's still; while the lease is in doubt, once a
   * heartbeat has answered.
   */
  async holds(node: string): Promise<boolean> {
    while (this.#life !== null && this.#link.node === node && !this.isAlive()) {
      if (this.#isActive) void this.#pulse.now();
      await this.#news.promise;
    }
    return this.#life !== null && this.#link.node === node;
  }

  /**
   * Puts the node on the store's list. On a store that is not shared the other nodes on it are those of processes that
   * are gone, and their runs are recovered first. Resolves after the first attempt: while the store does not answer, it
   * is asked again until it does.
   *
   * @throws what the store refuses to be used for
   */
  async begin(): Promise<void> {
    if (this.#life !== null) return;
    const life = {};
    this.#life = life;
    this.#link.keepOpen();
    this.#link.onRecovered = this.#onRecovered;
    const refusal = await this.#tryToJoin(life);
    if (refusal !== null) throw refusal;
  }

  /** Takes the node off the list, unless it still holds runs. */
  async end(): Promise<void> {
    if (this.#life === null) return;
    this.#life = null;
    this.#isActive = false;
    this.#link.onRecovered = null;
    this.#duties.left();
    this.#joinTimer?.cancel();
    this.#watchTimer?.cancel();
    this.#tellNews();
    // One that hangs in opening the store is waited for by whoever closes it.
    if (this.#link.isOpen) await this.#joining;
    await this.#pulse.stop();
    await this.#recovery.settled();
    await this.#unsubscribe?.();
    this.#unsubscribe = null;
    // While a handler is still going its run keeps its slot, and this node its place: whoever comes next recovers it.
    if (!this.#isListed || this.#duties.isExecuting()) return;
    this.#isListed = false;
    const { node } = this.#link;
    const { mine } = await this.#link.call((store) => store.heartbeat(node, this.#env.options.leaseMs));
    await this.#giveBack(mine);
    await this.#link.call((store) => store.leave(node, []));
  }

  get #isShared(): boolean {
    return this.#link.store.capabilities.shared;
  }

  /** Joins, or sees to it that this is tried again; gives what the store refuses to be used for. */
  async #tryToJoin(life: object): Promise<SchedulerError | null> {
    const joining = this.#join(life);
    const settled = joining.catch(() => undefined);
    this.#joining = settled;
    try {
      await joining;
      return null;
    } catch (error) {
      const refusal = error instanceof SchedulerError && !isOutage(error) ? error : null;
      if (this.#life === life)
        this.#joinAgain(life, refusal === null ? this.#link.backoffMs() : REFUSED_MS, refusal !== null);
      return refusal;
    } finally {
      if (this.#joining === settled) this.#joining = null;
    }
  }

  #joinAgain(life: object, delayMs: number, isRefused: boolean): void {
    this.#joinTimer?.cancel();
    this.#joinTimer = this.#env.clock.setTimer(() => {
      void this.#tryToJoin(life).then((refusal) => {
        if (refusal !== null && !isRefused) this.refused(refusal);
      });
    }, delayMs);
  }

  /** Tells of a store that cannot be used as it is. */
  refused(error: unknown): void {
    this.#env.logger.error(
      { err: error, store: this.#link.name },
      'The store cannot be used as it is, and is not served; trying again',
    );
  }

  async #join(life: object): Promise<void> {
    const sentAt = this.#env.clock.monotonic();
    const { peers, mine } = await this.#renew();
    await this.#giveBack(mine);
    if (!this.#isShared) for (const { node } of peers) await this.#recovery.recover(node);
    const { shared, resettable } = this.#link.store.capabilities;
    const unsubscribe = shared || resettable === true ? await this.#subscribe() : null;
    if (this.#life !== life) {
      await unsubscribe?.();
      return;
    }
    this.#unsubscribe = unsubscribe;
    this.#isActive = true;
    this.#isFenced = false;
    if (this.#isShared) {
      this.#pulse.scheduleIn(this.#untilNextBeat(sentAt));
      this.#scheduleWatch();
    }
    this.#tellNews();
    this.#duties.joined();
    this.#duties.expect(this.#link.now());
  }

  /** Takes note that the store has taken the end of an attempt that was executed here. */
  letGo(run: RunRecord): void {
    this.#unknown.letGo(run);
  }

  #subscribe(): Promise<(() => Promise<void>) | null> {
    return this.#link.call(async (store) => (await store.subscribe?.(this.#onHint)) ?? null);
  }

  /** Gives back what the store says we hold and we do not: handlers that have settled, and runs that we never heard of. */
  async #giveBack(mine: readonly RunRecord[]): Promise<void> {
    const idle = mine.filter((run) => !this.#duties.executes(run));
    await handBack(this.#link, this.#link.node, idle);
  }

  async #renew(): Promise<Heartbeat> {
    const { clock } = this.#env;
    // Counted from before the call: the store may have taken the beat long before its answer came.
    const renewal = this.#lease.renewal();
    const sentAt = clock.monotonic();
    const { node } = this.#link;
    const beat = await this.#link.call((store) => store.heartbeat(node, this.#env.options.leaseMs));
    // We gave up meanwhile, and are somebody else now, of whom the store has not heard.
    if (this.#link.node !== node) throw new LeaseLostError(node);
    this.#isListed = true;
    this.#link.noteTime(beat.now, sentAt);
    this.#lease.renew(renewal);
    this.#peers.see(beat.peers, beat.now);
    return beat;
  }

  readonly #onRecovered = (): void => {
    if (this.#life === null) return;
    if (!this.#isActive) {
      if (this.#joining === null) this.#joinAgain(this.#life, 0, false);
      return;
    }
    // Without heartbeats, nothing else would tell of a claim or commit whose answer was lost.
    if (this.#pulse.isResting) this.#pulse.scheduleIn(this.#env.options.heartbeatMs);
    this.#duties.expect(this.#link.now());
  };

  /**
   * Says whether to go on beating: where nobody else looks on, only until this node is back after a reset, and runs that
   * we do not know of are settled.
   */
  get #needsBeat(): boolean {
    return this.#isActive && (this.#isShared || this.#isFenced || this.#unknown.areFound);
  }

  /** Renews the lease, and gives how long to wait with the next heartbeat. */
  async #beat(): Promise<number> {
    const { heartbeatMs } = this.#env.options;
    const sentAt = this.#env.clock.monotonic();
    const beating = this.#takeBeat(++this.#beats);
    try {
      // One that is swallowed on the way must not keep the next from being sent; its answer counts whenever it comes.
      if (!(await settlesWithin(this.#env.clock, beating, heartbeatMs))) {
        beating.catch(() => undefined);
        const error = new StoreTimedOutError('answer to a heartbeat', heartbeatMs);
        this.#link.gaveUp(error);
        throw error;
      }
      return (await beating) === 'again' ? 0 : this.#untilNextBeat(sentAt);
    } catch {
      // The link has told of it.
      this.#peers.blink();
      return Math.min(this.#link.backoffMs(), heartbeatMs / 5);
    }
  }

  async #takeBeat(serial: number): Promise<'in-time' | 'again'> {
    this.#unknown.sent();
    const { alive, mine } = await this.#renew();
    // An answer that comes late renews the lease, but tells of runs that may have ended since.
    if (!this.#isActive || this.#beats !== serial) return 'again';
    if (!alive && !this.#isFenced) {
      this.#fence(
        'The store lists this node no longer: it was declared dead, or the store was emptied; it gives up its runs',
      );
      return 'again';
    }
    this.#isFenced = false;
    for (const run of this.#unknown.find(mine)) this.#duties.adopt(run);
    for (const { id, cancelRequested } of mine) if (cancelRequested) this.#duties.cancel(id);
    if (this.isAlive()) this.#revived();
    if (this.isAlive()) this.#recovery.convict(this.#peers);
    return 'in-time';
  }

  /** Gives how long to wait with the next heartbeat: from one sending to the next, as the lease counts. */
  #untilNextBeat(sentAt: number): number {
    return Math.max(0, this.#env.options.heartbeatMs - (this.#env.clock.monotonic() - sentAt));
  }

  /** Tells those who found the node not alive that it is. */
  #revived(): void {
    if (!this.#isWaitedFor) return;
    this.#isWaitedFor = false;
    this.#tellNews();
    this.#duties.expect(this.#link.now());
  }

  #tellNews(): void {
    this.#news.resolve();
    this.#news = new Deferred();
  }

  #scheduleWatch(): void {
    this.#watchTimer = this.#env.clock.setTimer(() => {
      this.#watch();
      if (this.#isActive) this.#scheduleWatch();
    }, WATCH_MS);
  }

  #watch(): void {
    if (this.#isFenced) return;
    const state = this.#lease.state();
    switch (state) {
      case 'over':
        this.#fence('The lease could not be renewed in time; this node gives up its runs');
        void this.#pulse.now();
        return;
      case 'doubtful':
        void this.#pulse.now();
        return;
      case 'held':
        // They are convicted by what a heartbeat sees, never while it cannot see.
        if (this.#peers.dead().length > 0) void this.#pulse.now();
        return;
      default:
        assertNever(state);
    }
  }

  /** Gives up before others may take over: what we run is theirs, and we come back as somebody else. */
  #fence(message: string): void {
    const { node } = this.#link;
    this.#isFenced = true;
    this.#isWaitedFor = true;
    this.#env.logger.error({ node, store: this.#link.name }, message);
    this.#duties.abandon(new LeaseLostError(node));
    this.#unknown.clear();
    this.#link.node = this.#env.ids.next();
    this.#tellNews();
  }

  /** The node is off the list now, with all that it held: a heartbeat from now on tells, and fences it. */
  #heardOfReset(): void {
    if (this.#life === null) return;
    this.#link.wasReset();
    this.#pulse.anew();
    this.#duties.wasReset();
  }

  readonly #onHint = (hint: StoreHint): void => {
    switch (hint.kind) {
      case 'work':
        this.#duties.expect(hint.at ?? this.#link.now());
        return;
      case 'cancel':
        this.#duties.cancel(hint.runId);
        return;
      case 'ended':
        this.#duties.ended(hint.runId);
        return;
      case 'runs-ended':
        this.#duties.ended(null);
        return;
      case 'progress':
        this.#duties.progressed(hint.runId);
        return;
      case 'reset':
        this.#heardOfReset();
        return;
      default:
        assertNever(hint);
    }
  };
}
