import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../../errors/input-errors.js';
import { InvalidStateError, StoreInUseError } from '../../errors/scheduler-errors.js';
import { checkObject, checkRecord } from '../../internal/check.js';
import { IdSource } from '../../internal/ids.js';
import { idleWakeAt } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import { isEndStatus } from '../../job/run-record.js';
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
import { beat } from './beat.js';
import { claimWork } from './claim-work.js';
import { commitFirings } from './commit-firings.js';
import { Database, nameTables } from './database.js';
import type { SqlDialectName } from './dialect.js';
import { editJob, releaseClaims, removeJob } from './edit-jobs.js';
import { leave, recoverRuns, reportProgress, requestCancel } from './end-runs.js';
import { finishRuns } from './finish-runs.js';
import { HintSender, readHints } from './hint-sender.js';
import { readJob } from './job-table.js';
import { kyselyConnector } from './kysely-connector.js';
import type { KyselyLike } from './kysely-connector.js';
import { listJobs, listRuns } from './list-records.js';
import { isStep } from './lock-families.js';
import { migrate } from './migrate.js';
import { mysqlConnector } from './mysql/connect-mysql.js';
import type { Mysql2PoolLike } from './mysql/mysql2-pool-like.js';
import { postgresConnector } from './postgres/connect-postgres.js';
import type { PgPoolLike } from './postgres/pg-pool-like.js';
import { returnPermits, takePermits } from './permits.js';
import { pruneJobs, pruneRuns } from './prune.js';
import { putJobs } from './put-jobs.js';
import { resolveDialect } from './resolve-dialect.js';
import { readCancelRequests, readRun } from './run-table.js';
import type { SqlConnection, SqlConnector } from './sql-connection.js';
import { resolveNaming, resolveSqlOptions, SQL_OPTION_KEYS } from './sql-options.js';
import type { ResolvedSqlOptions, SqlJobStoreOptions, TableNaming } from './sql-options.js';
import { sqliteConnector } from './sqlite/connect-sqlite.js';
import type { SqliteDatabaseLike } from './sqlite/sqlite-database-like.js';

/** Holds the options of an {@link SqlJobStore} on a Kysely instance of the app's own. */
export interface KyselyJobStoreOptions extends SqlJobStoreOptions {
  /** Is the instance; its plugins are not used, and it is not destroyed. */
  readonly db: KyselyLike;
  /** Names the database that it speaks to; MariaDB is `mysql` too. */
  readonly dialect: SqlDialectName;
}

/** Holds the options of an {@link SqlJobStore} that connects in a way of its own. */
export interface ConnectorJobStoreOptions extends SqlJobStoreOptions {
  /** Connects to the database. */
  readonly connector: SqlConnector;
  /** Names the database that it connects to; MariaDB is `mysql` too. */
  readonly dialect: SqlDialectName;
}

/** Is a store while it is open. */
interface OpenStore {
  readonly context: StoreContext;
  readonly connection: SqlConnection;
  readonly db: Database;
  readonly hints: HintSender;
}

/**
 * Keeps jobs and runs in PostgreSQL, MySQL 8, MariaDB 10.6 or later, or SQLite, on Kysely, for any number of nodes.
 *
 * Every call is a transaction of statements about whole batches, but for claims: those take what is due in steps, each a
 * transaction, and what one that is rejected took is found again by heartbeats, and by the end of its claims. Jobs are
 * locked before the parents of steps, and these before runs, each in the order of their ids; claims pass over what others
 * have locked. What gets in each other's way is repeated.
 */
export class SqlJobStore implements JobStore {
  readonly capabilities: StoreCapabilities = Object.freeze({ durable: true, shared: true });

  /** Tells of changes that other nodes made, where the database can: not on MySQL, and not on a Kysely handed in. */
  readonly subscribe?: (listener: (hint: StoreHint) => void) => Promise<() => Promise<void>>;

  readonly #connector: SqlConnector;
  readonly #dialect: SqlDialectName;
  readonly #options: ResolvedSqlOptions;
  readonly #instance: string = new IdSource().next();
  #open: OpenStore | null = null;
  #opening: Promise<OpenStore> | null = null;

  /**
   * Makes a store on a Kysely instance of the app's own, or on a connector. On an instance nobody listens: what other
   * nodes change is found by looking at times.
   *
   * @throws `InvalidOptionError` when an option is unknown or not what it should be
   */
  constructor(options: KyselyJobStoreOptions | ConnectorJobStoreOptions) {
    const isOfConnector = 'connector' in checkObject(options, 'options');
    const keys = [isOfConnector ? 'connector' : 'db', 'dialect', ...SQL_OPTION_KEYS];
    const given = checkRecord(options, 'options', new Set(keys));
    this.#dialect = checkDialect(given['dialect']);
    this.#options = resolveSqlOptions(given, this.#dialect);
    this.#connector = 'connector' in options ? options.connector : kyselyConnector(options.db);
    if (this.#dialect !== 'mysql' && 'connector' in options) {
      this.subscribe = (listener) => this.#subscribe(listener);
    }
  }

  /**
   * Makes a store on PostgreSQL 12 or later.
   *
   * @param source - a URL, or a pool of the package pg, which stays open when the store is closed
   * @throws `InvalidOptionError` when the source or an option is not what it should be
   */
  static postgres(source: string | PgPoolLike, options: SqlJobStoreOptions = {}): SqlJobStore {
    const given = checkOptions(options);
    const channel = channelOf(resolveNaming(given, 'postgres'));
    return new SqlJobStore({
      ...given,
      dialect: 'postgres',
      connector: postgresConnector(source, { channel }),
    });
  }

  /**
   * Makes a store on MySQL 8, or MariaDB 10.6 or later.
   *
   * @param source - a URL, or a pool of the package mysql2, which stays open when the store is closed
   * @throws `InvalidOptionError` when the source or an option is not what it should be
   */
  static mysql(source: string | Mysql2PoolLike, options: SqlJobStoreOptions = {}): SqlJobStore {
    return new SqlJobStore({ ...checkOptions(options), dialect: 'mysql', connector: mysqlConnector(source) });
  }

  /**
   * Makes a store in a SQLite file, for the processes of one machine. It is read by better-sqlite3 or, where that is not
   * installed, by `node:sqlite`.
   *
   * @param source - the path of the file, which is made if it is missing, or an open database of either package, which
   * nothing else may use meanwhile and which stays open when the store is closed
   * @throws `InvalidOptionError` when the source or an option is not what it should be
   */
  static sqlite(source: string | SqliteDatabaseLike, options: SqlJobStoreOptions = {}): SqlJobStore {
    return new SqlJobStore({
      ...checkOptions(options),
      dialect: 'sqlite',
      connector: sqliteConnector(source),
    });
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
    await open.hints.flush();
    await open.connection.close();
  }

  async now(): Promise<number> {
    const { db } = this.#opened;
    return db.readNow(db.session);
  }

  async putJobs(puts: readonly JobPut[]): Promise<PutOutcome[]> {
    const { db, hints } = this.#opened;
    const outcomes = await putJobs(db, puts);
    const changed = outcomes.filter(({ outcome }) => WRITING.has(outcome)).map(({ job }) => job);
    hintJobs(hints, changed);
    for (const { cancelled } of outcomes) hintEnds(hints, cancelled);
    return outcomes;
  }

  async patchJob(id: string, patch: JobPatch, ifFence?: number): Promise<JobRecord | 'missing' | 'conflict'> {
    const { db, hints } = this.#opened;
    const job = await editJob(db, id, patch, ifFence);
    if (typeof job !== 'string') hintJobs(hints, [job]);
    return job;
  }

  async removeJob(id: string): Promise<RemovedJob | null> {
    const { db, hints } = this.#opened;
    const removed = await removeJob(db, id);
    hintEnds(hints, removed?.cancelled ?? []);
    return removed;
  }

  async getJob(id: string): Promise<JobRecord | null> {
    const { db } = this.#opened;
    return readJob(db, db.session, id);
  }

  async listJobs(query: JobQuery): Promise<Page<JobRecord>> {
    return listJobs(this.#opened.db, query);
  }

  async claim(request: ClaimRequest): Promise<ClaimResult> {
    const { db, hints } = this.#opened;
    const claim = await claimWork(db, request);
    hintEnds(hints, claim.missed);
    return claim;
  }

  async commitFirings(node: string, decisions: readonly FiringDecision[]): Promise<CommitResult[]> {
    const { db, hints } = this.#opened;
    const results = await commitFirings(db, node, decisions);
    for (const result of results) {
      if (result.outcome === 'lost') continue;
      for (const run of result.cancelRequested) if (run.owner !== node) hints.cancel(run.id);
    }
    return results;
  }

  async releaseClaims(_node: string, releases: readonly ClaimRelease[]): Promise<void> {
    await releaseClaims(this.#opened.db, releases);
  }

  async addRuns(runs: readonly RunRecord[]): Promise<AddedRun[]> {
    const { db, hints } = this.#opened;
    const added = await addRuns(db, runs);
    const queued = added.filter(({ outcome }) => outcome === 'queued');
    hintRuns(
      hints,
      queued.map(({ run }) => run),
    );
    return added;
  }

  async finishRuns(node: string, finishes: readonly RunFinish[]): Promise<FinishResult[]> {
    const { db, hints } = this.#opened;
    const { results, queued } = await finishRuns(db, node, finishes);
    for (const { outcome, run, parent } of results) {
      if (outcome === 'ok' && run !== null) hintEnd(hints, run);
      if (parent?.status === 'queued') hints.work(null);
    }
    hintRuns(hints, queued);
    return results;
  }

  async reportProgress(node: string, reports: readonly ProgressReport[]): Promise<void> {
    const { db, hints } = this.#opened;
    for (const runId of await reportProgress(db, node, reports)) hints.progress(runId);
  }

  async requestCancel(runId: string): Promise<CancelOutcome> {
    const { db, hints } = this.#opened;
    const result = await requestCancel(db, runId);
    if (result.outcome === 'requested') hints.cancel(runId);
    if (result.outcome === 'cancelled') hintEnds(hints, [result.run]);
    return result;
  }

  async getRun(id: string): Promise<RunRecord | null> {
    const { db } = this.#opened;
    return readRun(db, db.session, id);
  }

  async listRuns(query: RunQuery): Promise<Page<RunRecord>> {
    return listRuns(this.#opened.db, query);
  }

  async pruneRuns(before: number, limit: number): Promise<number> {
    return pruneRuns(this.#opened.db, before, limit);
  }

  async pruneJobs(before: number, limit: number): Promise<number> {
    return pruneJobs(this.#opened.db, before, limit);
  }

  async heartbeat(node: string, leaseMs: number): Promise<Heartbeat> {
    const { db, connection } = this.#opened;
    void connection.changes?.check();
    return beat(db, node, leaseMs);
  }

  async recover(node: string): Promise<RunRecord[]> {
    const { db, hints } = this.#opened;
    const recovered = await recoverRuns(db, node);
    hintEnds(hints, recovered);
    return recovered;
  }

  async leave(node: string, dispositions: readonly RunDisposition[]): Promise<void> {
    const { db, hints } = this.#opened;
    hintEnds(hints, await leave(db, node, dispositions));
  }

  async takePermits(request: PermitRequest): Promise<Permits> {
    return takePermits(this.#opened.db, request);
  }

  async returnPermits(returned: ReturnedPermits): Promise<void> {
    await returnPermits(this.#opened.db, returned);
  }

  get #opened(): OpenStore {
    if (this.#open === null) throw new InvalidStateError('The store is closed. Its scheduler opens it.');
    return this.#open;
  }

  async #connect(context: StoreContext): Promise<OpenStore> {
    const connection = await this.#connector.connect(context);
    try {
      const dialect = await resolveDialect(this.#dialect, connection.db);
      const { schema, tablePrefix } = this.#options;
      const db = new Database(
        connection.db,
        dialect,
        nameTables(dialect, schema, tablePrefix),
        context.clock,
      );
      await migrate(db, this.#options);
      const hints = new HintSender(db, channelOf(this.#options), this.#instance);
      this.#open = { context, connection, db, hints };
      return this.#open;
    } catch (error) {
      await connection.close().catch(() => undefined);
      throw error;
    }
  }

  async #subscribe(listener: (hint: StoreHint) => void): Promise<() => Promise<void>> {
    const { connection, db } = this.#opened;
    let isOver = false;
    const tell = (hints: readonly StoreHint[]): void => {
      for (const hint of hints) if (!isOver) listener(hint);
    };
    const stop = await connection.changes?.listen((payload) => {
      if (payload !== null) {
        tell(readHints(payload, this.#instance));
        return;
      }
      tell([{ kind: 'work', at: null }, { kind: 'runs-ended' }]);
      readCancelRequests(db, db.session).then(
        (runIds) => {
          tell(runIds.map((runId) => ({ kind: 'cancel', runId })));
        },
        // The next change, or the next heartbeat, brings them.
        () => undefined,
      );
    });
    return async () => {
      isOver = true;
      await stop?.();
    };
  }
}

/** Is how long the name of a channel may be: PostgreSQL refuses to notify on one that is longer. */
const MAX_CHANNEL_CHARS = 63;

const WRITING: ReadonlySet<PutOutcome['outcome']> = new Set(['inserted', 'updated', 'replaced']);

function checkOptions(options: SqlJobStoreOptions): SqlJobStoreOptions {
  checkRecord(options, 'options', new Set(SQL_OPTION_KEYS));
  return options;
}

function checkDialect(value: unknown): SqlDialectName {
  if (value === 'postgres' || value === 'mysql' || value === 'sqlite') return value;
  throw new InvalidOptionError('options.dialect', "'postgres', 'mysql' or 'sqlite'", value);
}

function channelOf({ schema, tablePrefix }: TableNaming): string {
  const name = `${schema === null ? '' : `${schema}.`}${tablePrefix}changes`;
  if (name.length <= MAX_CHANNEL_CHARS) return name;
  return `escapement_${createHash('sha1').update(name).digest('hex')}`;
}

/** Tells other nodes of jobs that come due. */
function hintJobs(hints: HintSender, jobs: readonly JobRecord[]): void {
  hintWork(
    hints,
    jobs.map((job) => ({ at: idleWakeAt(job), writtenAt: job.updatedAt })),
  );
}

/** Tells of queued runs that come due. */
function hintRuns(hints: HintSender, runs: readonly RunRecord[]): void {
  hintWork(
    hints,
    runs.map(({ availableAt, createdAt }) => ({ at: availableAt, writtenAt: createdAt })),
  );
}

/** Tells which of some runs have ended; the end of a step may be what its parent awaited. */
function hintEnds(hints: HintSender, runs: readonly RunRecord[]): void {
  for (const run of runs) {
    hintEnd(hints, run);
    if (isStep(run) && isEndStatus(run.status)) hints.work(null);
  }
}

/** Tells that a run has ended, if it has; nobody can wait for one that a trigger caused. */
function hintEnd(hints: HintSender, { id, origin, status }: RunRecord): void {
  if (origin !== 'scheduled' && isEndStatus(status)) hints.ended(id);
}

/** Tells when the first of some work comes due; of what was due when it was written, that it is to be done at once. */
function hintWork(
  hints: HintSender,
  work: readonly { readonly at: number | null; readonly writtenAt: number }[],
): void {
  const times = work.flatMap(({ at, writtenAt }) => (at === null ? [] : [at <= writtenAt ? -Infinity : at]));
  if (times.length === 0) return;
  const first = earliest(times);
  // Whoever hears of an instant waits until its idea of the store's clock has reached it.
  hints.work(first === -Infinity ? null : first);
}

function earliest(times: readonly number[]): number {
  return times.reduce((least, at) => Math.min(least, at), Infinity);
}
