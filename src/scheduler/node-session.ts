import { LeaseLostError } from '../errors/run-errors.js';
import { assertNever } from '../internal/assert-never.js';
import { toRun } from '../job/run.js';
import type { RunRecord } from '../job/run-record.js';
import type { Heartbeat, StoreHint } from '../stores/job-store.js';
import type { Timer } from '../time/clock.js';
import { Elapsed } from '../time/elapsed.js';
import type { Environment } from './environment.js';
import { PeerWatch } from './peer-watch.js';
import type { StoreLink } from './store-link.js';

/** Is what a session needs of its scheduler. */
export interface SessionDuties {
  /** Tells whether a run is executed here. */
  executes(runId: string): boolean;
  /** Tells whether any run of the store is. */
  isExecuting(): boolean;
  /** Waits until no turn of a dispatcher that is under way now is. */
  turnsOver(): Promise<void>;
  /** Executes a run of ours whose commit we never heard of. */
  adopt(run: RunRecord): void;
  /** Aborts a run that somebody asked to cancel. */
  cancel(runId: string): void;
  /** Aborts all runs of the store without recording anything: they may be others' by now. */
  abandon(reason: unknown): void;
  /** Looks for work when the store's clock shows an instant. */
  expect(at: number): void;
  /** Looks at a run that has ended elsewhere. */
  ended(runId: string): void;
}

/** Is a run of ours that we do not know of. */
interface Sighting {
  /** Says whether all calls that were under way when it was seen have answered. */
  readonly isSettled: boolean;
}

/** Is how long before the end of its lease a node gives up, so that its handlers have stopped when others take over. */
const FENCE_MARGIN_MS = 5000;
/** Is how often a session looks whether its lease, or that of a peer, is over. */
const WATCH_MS = 1000;

/**
 * Is this node's life on one store.
 *
 * States: `away` → `alive` (a heartbeat has answered) → `fenced` (none did in time: signals are aborted and nothing is
 * claimed) → `alive` again, under a new id.
 * A store that is not shared has one node only, whose session is always alive once it has begun.
 */
export class NodeSession {
  readonly #env: Environment;
  readonly #link: StoreLink;
  readonly #duties: SessionDuties;
  readonly #peers: PeerWatch;
  readonly #unknown = new Map<string, Sighting>();
  #renewed: Elapsed | null = null;
  #isFenced = false;
  #isActive = false;
  #beatTimer: Timer | null = null;
  #watchTimer: Timer | null = null;
  #beating: Promise<void> | null = null;
  #unsubscribe: (() => Promise<void>) | null = null;

  /** Makes a session that is away. */
  constructor(env: Environment, link: StoreLink, duties: SessionDuties) {
    this.#env = env;
    this.#link = link;
    this.#duties = duties;
    this.#peers = new PeerWatch(env.clock, env.options.leaseMs);
  }

  /** Tells whether the node may claim, commit and start: its lease has not run out, as far as it can tell. */
  isAlive(): boolean {
    if (!this.#isActive || this.#isFenced || this.#renewed === null) return false;
    return !this.#link.store.capabilities.shared || this.#renewed.ms < this.#fenceAfterMs;
  }

  /**
   * Puts the node on the store's list. On a store that is not shared the other nodes on it are those of processes that
   * are gone, and their runs are recovered at once.
   */
  async begin(): Promise<void> {
    if (this.#isActive) return;
    const { peers, mine } = await this.#renew();
    this.#isActive = true;
    await this.#giveBack(mine);
    const { store } = this.#link;
    if (store.capabilities.shared) {
      this.#unsubscribe = (await store.subscribe?.(this.#onHint)) ?? null;
      this.#scheduleBeat();
      this.#scheduleWatch();
    } else {
      for (const { node } of peers) await this.#recover(node);
      // Without heartbeats, nothing else would tell of a claim or commit whose answer was lost.
      this.#link.onRecovered = () => {
        if (this.#beatTimer === null) this.#scheduleBeat();
      };
    }
  }

  /** Takes the node off the list, unless it still holds runs. */
  async end(): Promise<void> {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#link.onRecovered = null;
    this.#beatTimer?.cancel();
    this.#beatTimer = null;
    this.#watchTimer?.cancel();
    await this.#beating;
    await this.#unsubscribe?.();
    this.#unsubscribe = null;
    // While a handler is still going its run keeps its slot, and this node its place: whoever comes next recovers it.
    if (this.#duties.isExecuting()) return;
    const { node } = this.#link;
    const { mine } = await this.#link.call((store) => store.heartbeat(node, this.#env.options.leaseMs));
    await this.#giveBack(mine);
    await this.#link.call((store) => store.leave(node, []));
  }

  /** Gives back what the store says we hold and we do not: handlers that have settled, and runs that we never heard of. */
  async #giveBack(mine: readonly RunRecord[]): Promise<void> {
    const idle = mine.filter(({ id }) => !this.#duties.executes(id));
    if (idle.length === 0) return;
    const finishes = idle.map(({ id: runId, attempt, status }) => ({
      runId,
      attempt,
      settled: true,
      outcome: status === 'running' ? ({ kind: 'hand-back' } as const) : null,
      followUps: [],
    }));
    await this.#link.call((store) => store.finishRuns(this.#link.node, finishes));
  }

  /** Says whether to go on beating: where nobody else looks on, only until runs that we do not know of are settled. */
  get #needsBeat(): boolean {
    return this.#link.store.capabilities.shared || this.#unknown.size > 0;
  }

  get #fenceAfterMs(): number {
    const { leaseMs } = this.#env.options;
    return leaseMs - Math.min(FENCE_MARGIN_MS, leaseMs / 6);
  }

  async #renew(): Promise<Heartbeat> {
    // Counted from before the call: the store may have taken the beat long before its answer came.
    const renewed = new Elapsed(this.#env.clock);
    const { node } = this.#link;
    const beat = await this.#link.call((store) => store.heartbeat(node, this.#env.options.leaseMs));
    // We gave up meanwhile, and are somebody else now, of whom the store has not heard.
    if (this.#link.node !== node) throw new LeaseLostError(node);
    this.#link.noteTime(beat.now);
    this.#renewed = renewed;
    this.#peers.see(beat.peers, beat.now);
    return beat;
  }

  #scheduleBeat(delayMs: number = this.#env.options.heartbeatMs): void {
    this.#beatTimer = this.#env.clock.setTimer(() => {
      this.#beating = this.#beat().then((delay) => {
        this.#beating = null;
        this.#beatTimer = null;
        if (this.#isActive && this.#needsBeat) this.#scheduleBeat(delay);
      });
    }, delayMs);
  }

  /** Renews the lease, and gives how long to wait with the next heartbeat. */
  async #beat(): Promise<number> {
    const { heartbeatMs } = this.#env.options;
    try {
      const wasAlive = this.isAlive();
      const { alive, mine } = await this.#renew();
      if (!alive && !this.#isFenced) this.#fence();
      else this.#isFenced = false;
      this.#reconcile(mine);
      if (!wasAlive && this.isAlive()) this.#duties.expect(this.#link.now());
      return heartbeatMs;
    } catch {
      // The link has told of it.
      this.#peers.blink();
      return Math.min(this.#link.backoffMs(), heartbeatMs / 5);
    }
  }

  /** Compares what the store says we run with what we run. */
  #reconcile(mine: readonly RunRecord[]): void {
    const unknown = mine.filter(({ id, status }) => status === 'running' && !this.#duties.executes(id));
    const before = new Map(this.#unknown);
    this.#unknown.clear();
    for (const run of unknown) {
      const key = `${run.id} ${run.attempt}`;
      const sighting = before.get(key) ?? this.#sight();
      if (sighting.isSettled) this.#duties.adopt(run);
      this.#unknown.set(key, sighting);
    }
    for (const { id, cancelRequested } of mine) if (cancelRequested) this.#duties.cancel(id);
  }

  /** Takes note of a run of ours that we do not know of: the answer that brings it may still be on its way. */
  #sight(): Sighting {
    const sighting = { isSettled: false };
    void this.#duties.turnsOver().then(() => {
      sighting.isSettled = true;
    });
    return sighting;
  }

  #scheduleWatch(): void {
    this.#watchTimer = this.#env.clock.setTimer(() => {
      void this.#watch().finally(() => {
        if (this.#isActive) this.#scheduleWatch();
      });
    }, WATCH_MS);
  }

  async #watch(): Promise<void> {
    if (!this.#isFenced && (this.#renewed?.ms ?? 0) >= this.#fenceAfterMs) this.#fence();
    if (!this.isAlive()) return;
    for (const node of this.#peers.dead()) {
      this.#peers.forget(node);
      try {
        await this.#recover(node);
      } catch {
        // The link has told of it; the node is seen again with the next heartbeat.
      }
    }
  }

  /** Gives up before others may take over: what we run is theirs, and we come back as somebody else. */
  #fence(): void {
    const { node } = this.#link;
    this.#isFenced = true;
    this.#env.logger.error(
      { node, store: this.#link.name },
      'The lease could not be renewed in time; this node gives up its runs',
    );
    this.#duties.abandon(new LeaseLostError(node));
    this.#link.node = this.#env.ids.next();
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
      default:
        assertNever(hint);
    }
  };

  async #recover(node: string): Promise<void> {
    const runs = await this.#link.call((store) => store.recover(node));
    if (runs.length === 0) return;
    this.#env.logger.warn(
      { node, store: this.#link.name, runs: runs.length },
      'The runs of a dead node were recovered',
    );
    for (const run of runs) {
      if (run.status === 'lost')
        this.#env.events.emit('run:lost', () => ({ run: toRun(run, this.#link.name) }));
    }
    this.#duties.expect(this.#link.now());
  }
}
