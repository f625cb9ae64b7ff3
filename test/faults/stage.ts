import { setTimeout as sleep } from 'node:timers/promises';
import { AsyncExecutor, Scheduler, systemClock } from 'escapement';
import type { JobRecord, JobStore, RunRecord } from 'escapement';
import { BullMQExecutor } from 'escapement/executors/bullmq';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import type { PrivateServer } from '../support/servers.js';
import type { Evidence } from './checker/evidence.js';
import type { CompiledProgram } from './fleet/compiled-program.js';
import { FaultNode } from './fleet/fault-node.js';
import type { Entry, FaultEntry } from './history/entries.js';
import type { HistoryWriter } from './history/history-writer.js';
import { monotonicMs } from './history/monotonic.js';
import { readHistory } from './history/read-history.js';
import { recordEvents } from './history/recorded-events.js';
import { recording } from './history/recording-store.js';
import { historyLogger } from './nodes/history-logger.js';
import type { NodeConfig, QueuePlace, StorePlace, WorkerConfig } from './nodes/node-config.js';
import { storeAt } from './nodes/open-store.js';
import { historicTasks } from './nodes/tasks.js';

/** Is what a stage is made of. */
export interface StageSetting {
  readonly place: StorePlace;
  /** Is the server that keeps the jobs; `null`: a file does. */
  readonly server: PrivateServer | null;
  /** Is the server of the queue; `null`: there is none. */
  readonly queue: PrivateServer | null;
  readonly folder: string;
  readonly history: HistoryWriter;
  /** Holds the programs of nodes and workers. */
  readonly program: CompiledProgram;
  readonly isLong: boolean;
}

/** Says what differs from a usual node. */
export type NodeChanges = Partial<Omit<NodeConfig, 'name' | 'folder'>>;

/** Is how soon all is noticed in scenarios: a tenth of the defaults. */
const BRISK: NodeConfig['options'] = { lease: 3000, heartbeat: 1000, claimTimeout: 2000, backstop: 500 };
/** Is how long a worker of a queue may be silent before it is taken for dead. */
const LOCK_MS = 2000;
const LOOK_EVERY_MS = 100;
const PAGE = 1000;

/** Is where a scenario takes place: a store, the nodes on it, and the runner's own scheduler, which never fires. */
export class Stage {
  readonly place: StorePlace;
  readonly folder: string;
  readonly isLong: boolean;
  /** Adds and edits jobs; it is never started. */
  readonly scheduler: Scheduler;
  /** Looks into the store. */
  readonly store: JobStore;
  readonly #setting: StageSetting;
  readonly #nodes: FaultNode[] = [];
  readonly #workers: FaultNode[] = [];
  readonly #deferred: (() => Promise<void>)[] = [];
  #spawned = 0;

  private constructor(setting: StageSetting) {
    const { place, folder, isLong, history } = setting;
    this.#setting = setting;
    this.place = place;
    this.folder = folder;
    this.isLong = isLong;
    this.store = storeAt(place);
    this.scheduler = new Scheduler({
      stores: { default: recording(storeAt(place), history) },
      // They have neither threads nor connections before a start.
      executors: {
        default: new AsyncExecutor(),
        threads: new WorkerThreadExecutor(),
        queue: new BullMQExecutor({ connection: { url: 'redis://localhost:1' } }),
      },
      tasks: historicTasks(history),
      logger: historyLogger(history),
    });
    recordEvents(this.scheduler, history);
  }

  /** Makes a stage that has no nodes yet. */
  static async open(setting: StageSetting): Promise<Stage> {
    const stage = new Stage(setting);
    await stage.store.open({ clock: systemClock, logger: historyLogger(setting.history) });
    return stage;
  }

  /** Is the server that keeps the jobs. */
  get server(): PrivateServer {
    if (this.#setting.server === null) throw new Error('This scenario needs a server');
    return this.#setting.server;
  }

  /** Is the server of the queue. */
  get queueServer(): PrivateServer {
    if (this.#setting.queue === null) throw new Error('This scenario needs a queue');
    return this.#setting.queue;
  }

  /** Is the queue, as nodes and workers are told of it. */
  get queue(): QueuePlace {
    return { url: this.queueServer.url, queue: this.place.prefix, lockDuration: LOCK_MS };
  }

  /** Holds the nodes that have not ended. */
  get nodes(): readonly FaultNode[] {
    return this.#nodes.filter(({ isGone }) => !isGone);
  }

  /** Holds the workers that have not ended. */
  get workers(): readonly FaultNode[] {
    return this.#workers.filter(({ isGone }) => !isGone);
  }

  /** Gives the one number in a short form, the other in full length. */
  scale(short: number, long: number): number {
    return this.isLong ? long : short;
  }

  /** Spawns a node; it may not be ready yet. */
  spawn(changes: NodeChanges = {}): FaultNode {
    const config: NodeConfig = {
      name: `node-${++this.#spawned}`,
      place: this.place,
      folder: this.folder,
      concurrency: 20,
      traps: [],
      isStarted: true,
      ...changes,
      options: { ...BRISK, ...changes.options },
    };
    const node = new FaultNode(this.#setting.program.path, config, this.#setting.history);
    this.#nodes.push(node);
    return node;
  }

  /** Spawns a node and waits until it fires. */
  async node(changes: NodeChanges = {}): Promise<FaultNode> {
    const node = this.spawn(changes);
    await node.ready();
    return node;
  }

  /** Spawns nodes and waits until they fire. */
  async fleet(size: number, changes: NodeChanges = {}): Promise<FaultNode[]> {
    const nodes = Array.from({ length: size }, () => this.spawn(changes));
    await Promise.all(nodes.map((node) => node.ready()));
    return nodes;
  }

  /** Spawns a worker of the queue and waits until it takes runs. */
  async worker(concurrency = 10): Promise<FaultNode> {
    const { folder, program, history } = this.#setting;
    const name = `worker-${this.#workers.length + 1}`;
    const config: WorkerConfig = { name, folder, place: this.queue, concurrency };
    const worker = new FaultNode(program.workerPath, config, history);
    this.#workers.push(worker);
    await worker.ready();
    return worker;
  }

  /**
   * Writes into the history what was done to a server, a file or a connection.
   *
   * @param lost - holds what the store has lost by it, as {@link FaultEntry} says; written once it is gone
   */
  fault(what: string, lost?: FaultEntry['lost']): void {
    this.#setting.history.write({ kind: 'fault', what, ...(lost === undefined ? {} : { lost }) });
  }

  /** Gives what was written so far. */
  history(): Entry[] {
    return readHistory(this.folder);
  }

  /** Waits until something is so; a store that does not answer is asked again. */
  async until(isSo: () => Promise<boolean> | boolean, what: string, limitMs = 30_000): Promise<void> {
    const endAt = monotonicMs() + limitMs;
    let failure: unknown;
    for (;;) {
      try {
        if (await isSo()) return;
      } catch (error) {
        failure = error;
      }
      if (monotonicMs() > endAt) throw new Error(`Waited ${limitMs} ms for ${what}`, { cause: failure });
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Waits until a handler of a job, or of a task, has begun. */
  async begun(jobId: string, attempt = 1, limitMs = 15_000): Promise<void> {
    await this.until(
      () =>
        this.history().some(
          (entry) => entry.kind === 'effect:start' && entry.jobId === jobId && entry.attempt >= attempt,
        ),
      `attempt ${attempt} of ${jobId} to begin`,
      limitMs,
    );
  }

  /** Waits until all jobs have come to their end and all runs have ended, with a node to see to it. */
  async settled(limitMs = 30_000): Promise<void> {
    for (const node of this.nodes) node.thaw();
    if (this.nodes.length === 0) await this.node();
    await this.until(
      async () => {
        const active = await this.store.listJobs({ states: ['active'], limit: 1 });
        const open = await this.store.listRuns({ statuses: ['queued', 'running'], limit: 1 });
        return active.items.length + open.items.length === 0;
      },
      'all jobs and runs to end',
      limitMs,
    );
    // A run that has ended may hold its slot until its handler settles, or its node is found dead.
    await this.until(
      async () => !(await this.runs()).some(({ held }) => held),
      'all slots to be free',
      limitMs,
    );
  }

  /** Gives all jobs of the store, finished ones included. */
  async jobs(): Promise<JobRecord[]> {
    const states = ['active', 'paused', 'finished', 'parked'] as const;
    return everyPage((after) => this.store.listJobs({ states, limit: PAGE, ...after }));
  }

  /** Gives all runs of the store. */
  async runs(): Promise<RunRecord[]> {
    return everyPage((after) => this.store.listRuns({ limit: PAGE, ...after }));
  }

  /** Does something once all nodes have ended and the store is closed. */
  defer(last: () => Promise<void>): void {
    this.#deferred.push(last);
  }

  /** Shuts nodes and workers down, and gives what the checker reads. */
  async conclude(): Promise<Evidence> {
    await Promise.all(this.nodes.map((node) => node.shutdown()));
    await Promise.all(this.workers.map((worker) => worker.shutdown()));
    const [jobs, runs] = [await this.jobs(), await this.runs()];
    return { entries: this.history(), jobs, runs };
  }

  /** Ends all processes, and closes what was opened. */
  async clear(): Promise<void> {
    await Promise.all([...this.nodes, ...this.workers].map((one) => one.kill()));
    await this.scheduler.shutdown({ wait: false });
    await this.store.close();
    for (const last of this.#deferred.splice(0).reverse()) await last();
  }
}

async function everyPage<T>(
  page: (after: { after?: string }) => Promise<{ items: readonly T[]; next: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let after: { after?: string } = {}; ; ) {
    const { items, next } = await page(after);
    all.push(...items);
    if (next === null) return all;
    after = { after: next };
  }
}
