import type { RunRecord } from '../../job/run-record.js';
import type { AddedRun } from '../job-store.js';
import type { Database, Session } from './database.js';
import type { AdvancingJob } from './job-row.js';
import { lockJobsByUid } from './job-table.js';
import { wholeRun } from './run-row.js';
import { insertRuns, readRunsLike, readSlotsAndKeys, wakeAtOf } from './run-table.js';

/** Inserts queued runs, as {@link JobStore.addRuns} says. */
export async function addRuns(db: Database, runs: readonly RunRecord[]): Promise<AddedRun[]> {
  if (runs.length === 0) return [];
  const stored = runs.map((run) => ({ run, wakeAt: wakeAtOf(run) }));
  const isOfNoJob = runs.every(({ jobUid }) => jobUid === null);
  if (isOfNoJob && (await db.insertAlone(db.tables.runs, wholeRun, stored))) {
    return runs.map((run) => ({ outcome: 'queued', run }));
  }
  return db.transaction(async (session) => {
    const { now, jobs } = await lockJobsByUid(db, session, jobUidsOf(runs));
    return addRunsOf(db, session, runs, jobs, now);
  });
}

/** Gives the uids of the jobs that runs belong to. */
export function jobUidsOf(runs: readonly RunRecord[]): string[] {
  return [...new Set(runs.flatMap(({ jobUid }) => (jobUid === null ? [] : [jobUid])))];
}

/** Inserts queued runs whose jobs are locked. */
async function addRunsOf(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
  jobs: ReadonlyMap<string, AdvancingJob>,
  now: number,
): Promise<AddedRun[]> {
  const known = await readKnownRuns(db, session, runs);
  const added = runs.map((run): AddedRun => {
    const existing = known.like(run);
    if (existing !== undefined) return { outcome: 'exists', run: existing };
    if (run.jobUid !== null && !jobs.has(run.jobUid)) return { outcome: 'missing', run };
    known.add(run);
    return { outcome: 'queued', run };
  });
  const queued = added.filter(({ outcome }) => outcome === 'queued').map(({ run }) => run);
  await insertNewRuns(db, session, queued, jobs, now);
  return added;
}

/** Inserts runs that are not there, queued or ended, whose jobs are locked. */
export async function insertNewRuns(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
  jobs: ReadonlyMap<string, AdvancingJob>,
  now: number,
): Promise<void> {
  const uids = jobUidsOf(runs).filter((uid) => jobs.has(uid));
  const { slots } = await readSlotsAndKeys(db, session, uids, []);
  const stored = runs.map((run) => {
    const job = run.jobUid === null ? undefined : jobs.get(run.jobUid);
    const isBlocked = job !== undefined && run.availableAt <= now && !slots.isAnyFree(job);
    return { run, wakeAt: isBlocked ? null : wakeAtOf(run) };
  });
  await insertRuns(db, session, stored);
}

/** Finds the runs that some others would repeat. Where there are none to add, it asks nothing. */
export async function readKnownRuns(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
): Promise<KnownRuns> {
  if (runs.length === 0) return new KnownRuns([]);
  const ids = runs.map(({ id }) => id);
  const keys = runs.flatMap(({ uniqueKey }) => (uniqueKey === null ? [] : [uniqueKey]));
  return new KnownRuns(await readRunsLike(db, session, ids, keys));
}

/** Finds runs by their unique keys and ids. */
export class KnownRuns {
  readonly #byId = new Map<string, RunRecord>();
  readonly #byKey = new Map<string, RunRecord>();

  /** Takes note of the runs that are there. */
  constructor(runs: readonly RunRecord[]) {
    for (const run of runs) this.add(run);
  }

  /** Takes note of a run. */
  add(run: RunRecord): void {
    this.#byId.set(run.id, run);
    if (run.uniqueKey !== null) this.#byKey.set(run.uniqueKey, run);
  }

  /** Gives a run that another one with its key or id would repeat. */
  like({ id, uniqueKey }: RunRecord): RunRecord | undefined {
    return (uniqueKey === null ? undefined : this.#byKey.get(uniqueKey)) ?? this.#byId.get(id);
  }
}
