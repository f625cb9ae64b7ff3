import { InvalidStateError, StoreInUseError } from '../../errors/scheduler-errors.js';
import { IdSource } from '../../internal/ids.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type {
  AddedRun,
  CancelOutcome,
  ClaimRelease,
  ClaimRequest,
  ClaimResult,
  CommitResult,
  FinishResult,
  FiringDecision,
  Heartbeat,
  JobPatch,
  JobPut,
  JobQuery,
  JobStore,
  Page,
  PermitRequest,
  Permits,
  ProgressReport,
  PutOutcome,
  RemovedJob,
  ReturnedPermits,
  RunDisposition,
  RunFinish,
  RunQuery,
  StoreCapabilities,
  StoreContext,
  StoreHint,
} from '../job-store.js';
import { addRuns } from './add-runs.js';
import { claimWork, releaseClaims } from './claim-work.js';
import { commitFirings } from './commit-firings.js';
import { finishRuns, reportProgress, requestCancel } from './end-runs.js';
import type { RecordReply } from './hash-fields.js';
import { readHints } from './hints.js';
import { KnownRecords } from './known-records.js';
import { listJobs, listRuns } from './list-records.js';
import { PRUNE_JOBS, PRUNE_RUNS } from './lua/prune.js';
import { READ_RUN, READ_TIME } from './lua/reading.js';
import { beat, leave, recoverRuns } from './node-life.js';
import type { OpenRedis } from './open-redis.js';
import { returnPermits, takePermits } from './permits.js';
import { editJob, putJobs, readJobs, removeJob } from './put-jobs.js';
import { RecordReader } from './read-records.js';
import { connectRedis } from './connection/redis-connection.js';
import type { RedisConnection } from './connection/redis-connection.js';
import { resolveRedisOptions } from './redis-options.js';
import type { RedisJobStoreOptions, ResolvedRedisOptions } from './redis-options.js';
import { RedisSession } from './redis-session.js';

/** Is a store with its connection, while it is open. */
interface OpenStore extends OpenRedis {
  readonly context: StoreContext;
  readonly connection: RedisConnection;
}

/**
 * Keeps jobs and runs in Redis 6.2 or later, or Valkey, for any number of nodes.
 *
 * Every call is one Lua script, which the server runs as a whole; only puts and edits read first, decide here, and write
 * if nothing has changed in between. All keys share a hash tag, so that the store lives in one slot of a cluster.
 *
 * A Redis that loses its data, by a flush, by a restart without persistence or by eviction, begins a new epoch with the
 * next call, and subscribers hear of a `reset`.
 */
export class RedisJobStore implements JobStore {
  readonly capabilities: StoreCapabilities = Object.freeze({ durable: true, shared: true, resettable: true });

  readonly #options: ResolvedRedisOptions;
  readonly #ids = new IdSource();
  readonly #instance: string = this.#ids.next();
  readonly #key: string;
  readonly #channel: string;
  readonly #listeners = new Set<(hint: StoreHint) => void>();
  #open: OpenStore | null = null;
  #lastEpoch: string | null = null;
  /** Says whether the store was emptied while nobody listened. */
  #isResetUnheard = false;
  #opening: Promise<OpenStore> | null = null;

  /**
   * Makes a store that connects when it is opened.
   *
   * @throws `InvalidOptionError` when an option is unknown or not what it should be
   */
  constructor(options: RedisJobStoreOptions) {
    this.#options = resolveRedisOptions(options);
    this.#key = `{${this.#options.prefix}}`;
    this.#channel = `${this.#key}:hints`;
  }

  async open(context: StoreContext): Promise<void> {
    if (this.#open !== null) {
      if (this.#open.context !== context) throw new StoreInUseError();
      return;
    }
    this.#opening ??= this.#connect(context).finally(() => {
      this.#opening = null;
    });
    const opened = await this.#opening;
    // Another may have begun to open it first.
    if (opened.context !== context) throw new StoreInUseError();
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => undefined);
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    this.#lastEpoch = open.session.epoch;
    this.#listeners.clear();
    await open.connection.close();
  }

  async now(): Promise<number> {
    return (await this.#opened.session.run(READ_TIME, [])) as number;
  }

  async putJobs(puts: readonly JobPut[]): Promise<PutOutcome[]> {
    return putJobs(this.#opened, puts);
  }

  async patchJob(id: string, patch: JobPatch, ifFence?: number): Promise<JobRecord | 'missing' | 'conflict'> {
    return editJob(this.#opened, id, patch, ifFence);
  }

  async removeJob(id: string): Promise<RemovedJob | null> {
    return removeJob(this.#opened, id);
  }

  async getJob(id: string): Promise<JobRecord | null> {
    const { stored } = await readJobs(this.#opened, [id]);
    return stored.get(id) ?? null;
  }

  async listJobs(query: JobQuery): Promise<Page<JobRecord>> {
    return listJobs(this.#opened, query);
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    return claimWork(this.#opened, request);
  }

  async commitFirings(node: string, decisions: readonly FiringDecision[]): Promise<CommitResult[]> {
    return commitFirings(this.#opened, node, decisions);
  }

  async releaseClaims(_node: string, releases: readonly ClaimRelease[]): Promise<void> {
    await releaseClaims(this.#opened, releases);
  }

  async addRuns(runs: readonly RunRecord[]): Promise<AddedRun[]> {
    return addRuns(this.#opened, runs);
  }

  async finishRuns(node: string, finishes: readonly RunFinish[]): Promise<FinishResult[]> {
    return finishRuns(this.#opened, node, finishes);
  }

  async reportProgress(node: string, reports: readonly ProgressReport[]): Promise<void> {
    await reportProgress(this.#opened, node, reports);
  }

  async requestCancel(runId: string): Promise<CancelOutcome> {
    return requestCancel(this.#opened, runId);
  }

  async getRun(id: string): Promise<RunRecord | null> {
    const { session, records } = this.#opened;
    return records.run((await session.run(READ_RUN, [id])) as RecordReply);
  }

  async listRuns(query: RunQuery): Promise<Page<RunRecord>> {
    return listRuns(this.#opened, query);
  }

  async pruneRuns(before: number, limit: number): Promise<number> {
    return (await this.#opened.session.run(PRUNE_RUNS, [before, limit])) as number;
  }

  async pruneJobs(before: number, limit: number): Promise<number> {
    return (await this.#opened.session.run(PRUNE_JOBS, [before, limit])) as number;
  }

  async heartbeat(node: string, leaseMs: number): Promise<Heartbeat> {
    return beat(this.#opened, node, leaseMs);
  }

  async recover(node: string): Promise<RunRecord[]> {
    return recoverRuns(this.#opened, node);
  }

  async leave(node: string, dispositions: readonly RunDisposition[]): Promise<void> {
    await leave(this.#opened, node, dispositions);
  }

  async takePermits(request: PermitRequest): Promise<Permits> {
    return takePermits(this.#opened, request);
  }

  async returnPermits(returned: ReturnedPermits): Promise<void> {
    await returnPermits(this.#opened, returned);
  }

  async subscribe(listener: (hint: StoreHint) => void): Promise<() => Promise<void>> {
    const { connection, session } = this.#opened;
    this.#listeners.add(listener);
    const listening = connection.listen(this.#channel, (payload) => {
      if (!this.#listeners.has(listener)) return;
      if (payload === null) {
        listener({ kind: 'work', at: null });
        listener({ kind: 'runs-ended' });
        return;
      }
      const { hints, epoch } = readHints(payload, this.#instance);
      // If it cannot be found out now, the next call finds it out.
      if (epoch !== null) session.heardOf(epoch).catch(() => undefined);
      for (const hint of hints) listener(hint);
    });
    const stop = await listening.catch((error: unknown) => {
      this.#listeners.delete(listener);
      throw error;
    });
    if (this.#isResetUnheard) this.#tellReset();
    return async () => {
      this.#listeners.delete(listener);
      await stop();
    };
  }

  get #opened(): OpenStore {
    if (this.#open === null) throw new InvalidStateError('The store is closed. Its scheduler opens it.');
    return this.#open;
  }

  #tellReset(): void {
    this.#isResetUnheard = this.#listeners.size === 0;
    for (const listener of this.#listeners) listener({ kind: 'reset' });
  }

  async #connect(context: StoreContext): Promise<OpenStore> {
    const connection = await connectRedis(this.#options, context);
    try {
      const known = new KnownRecords();
      const records = new RecordReader(context.logger);
      const session = new RedisSession(connection, {
        key: this.#key,
        channel: this.#channel,
        instance: this.#instance,
        newEpoch: () => this.#ids.next(),
        lastEpoch: this.#lastEpoch,
        onReset: () => {
          known.clear();
          this.#tellReset();
        },
        onDamage: (damages) => {
          records.damaged(damages);
        },
      });
      await session.begin();
      await this.#warnOfEviction(connection, context);
      this.#open = { context, connection, session, records, known };
      return this.#open;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  async #warnOfEviction(connection: RedisConnection, { logger }: StoreContext): Promise<void> {
    const policy = await connection.maxmemoryPolicy();
    if (policy === null || policy === 'noeviction') return;
    logger.warn(
      { maxmemoryPolicy: policy, prefix: this.#options.prefix },
      `This Redis may evict jobs when its memory is full: its maxmemory-policy is ${policy}; set it to noeviction`,
    );
  }
}
