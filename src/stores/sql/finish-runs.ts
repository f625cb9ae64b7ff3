import { sql } from 'kysely';
import { isEndStatus, isOpenStep } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { FinishResult, RunFinish } from '../job-store.js';
import { awaitSteps, endAttempt, isRefused, mayFollow, releaseRun, standingOf } from '../run-transitions.js';
import { insertNewRuns, jobUidsOf, readKnownRuns } from './add-runs.js';
import type { KnownRuns } from './add-runs.js';
import type { Database, Session } from './database.js';
import { settleJobs } from './job-table.js';
import { isStep, lockWithJobs, lockWithParents, parentIdsOf, writeChanges } from './lock-families.js';
import type { LockedFamily } from './lock-families.js';

/** Tells what came of finishes. */
export interface FinishedRuns {
  /** Holds a result for each finish, in order. */
  readonly results: FinishResult[];
  /** Holds the runs that were inserted and wait. */
  readonly queued: readonly RunRecord[];
}

/**
 * Ends attempts, as {@link JobStore.finishRuns} says.
 *
 * Parents are looked for only where a finish speaks of steps. If another one turns out to end a step, all begins anew.
 */
export async function finishRuns(
  db: Database,
  node: string,
  finishes: readonly RunFinish[],
): Promise<FinishedRuns> {
  if (finishes.length === 0) return { results: [], queued: [] };
  for (let isOfSteps = finishes.some(speaksOfSteps); ; isOfSteps = true) {
    const finish = (session: Session): Promise<FinishedRuns | null> =>
      finishAll(db, session, node, finishes, isOfSteps);
    const finished = await db.transaction(finish);
    if (finished !== null) return finished;
  }
}

/** Ends attempts in a transaction; `null`: nothing is written, for a step ends whose parent is not locked. */
async function finishAll(
  db: Database,
  session: Session,
  node: string,
  finishes: readonly RunFinish[],
  isOfSteps: boolean,
): Promise<FinishedRuns | null> {
  const family = await lockFinished(db, session, finishes, isOfSteps);
  const { now, jobs, changes } = family;
  const followUps = finishes.flatMap((finish) => finish.followUps);
  const batch = new FinishBatch(node, family, await readKnownRuns(db, session, followUps));
  const judged = finishes.map((finish) => batch.finish(finish));
  if (batch.hasEndedStep && !isOfSteps) return null;
  await writeChanges(db, session, changes);
  await insertNewRuns(db, session, batch.inserted, jobs, now);
  const touched = jobUidsOf([...batch.touched, ...changes.queued]).filter((uid) => jobs.has(uid));
  const { ended, unblocked } = await settleJobs(db, session, touched, now);
  const results = judged.map(({ outcome, run, isFreed, parent }): FinishResult => {
    const uid = run?.jobUid ?? null;
    return {
      outcome,
      run,
      ended: uid === null ? null : (ended.get(uid) ?? null),
      unblocked: isFreed && uid !== null && unblocked.has(uid),
      parent,
    };
  });
  return { results, queued: batch.inserted.filter(({ status }) => status === 'queued') };
}

function lockFinished(
  db: Database,
  session: Session,
  finishes: readonly RunFinish[],
  isOfSteps: boolean,
): Promise<LockedFamily> {
  const ids = finishes.map(({ runId }) => runId);
  const isOne = db.dialect.isIn(sql`r.id`, ids);
  const followUps = finishes.flatMap((finish) => finish.followUps);
  const jobUids = jobUidsOf(followUps);
  if (!isOfSteps) return lockWithJobs(db, session, isOne, jobUids);
  const parentIds = parentIdsOf(followUps).filter((id) => !ids.includes(id));
  const mayAwait = finishes.filter(({ outcome }) => outcome?.kind === 'await').map(({ runId }) => runId);
  return lockWithParents(db, session, isOne, { jobUids, parentIds }, mayAwait);
}

/** Tells whether steps or their parents are concerned, as far as a finish says. */
function speaksOfSteps({ outcome, followUps, takesParent }: RunFinish): boolean {
  return takesParent === true || outcome?.kind === 'await' || followUps.some(isStep);
}

/** Is a finish that was judged. */
interface JudgedFinish extends Pick<FinishResult, 'outcome' | 'run' | 'parent'> {
  /** Says whether what the run held was freed now. */
  readonly isFreed: boolean;
}

/** Judges finishes one after another, and gathers what is to be written. */
class FinishBatch {
  /** Holds the runs to insert. */
  readonly inserted: RunRecord[] = [];
  readonly #node: string;
  readonly #family: LockedFamily;
  readonly #known: KnownRuns;
  readonly #touched = new Set<string>();
  #hasEndedStep = false;

  constructor(node: string, family: LockedFamily, known: KnownRuns) {
    this.#node = node;
    this.#family = family;
    this.#known = known;
  }

  /** Says whether a step has ended. */
  get hasEndedStep(): boolean {
    return this.#hasEndedStep;
  }

  /** Holds the runs whose jobs may have come to their end. */
  get touched(): readonly RunRecord[] {
    return this.#family.runs.filter(({ id }) => this.#touched.has(id));
  }

  finish(finish: RunFinish): JudgedFinish {
    const { changes, now } = this.#family;
    const { runId, attempt, outcome } = finish;
    const run = changes.get(runId) ?? null;
    if (run === null || run.owner !== this.#node || run.attempt !== attempt) return lost(run);
    const isLost = isRefused(run, outcome);
    const isRunning = run.status === 'running';
    if (isLost && isRunning) return lost(run);
    this.#touched.add(runId);
    const isNew = outcome !== null && isRunning && run.held;
    const after = isNew ? this.#record(run, finish) : run;
    // Whatever was decided of it meanwhile: its handler has settled.
    const isFreed = finish.settled && after.held && after.status !== 'running';
    const freed = isFreed ? releaseRun(after) : after;
    changes.put(freed);
    let parent: RunRecord | null = null;
    if (isNew && isEndStatus(freed.status) && isStep(freed)) {
      this.#hasEndedStep = true;
      parent = changes.close(freed, finish.takesParent === true ? this.#node : null, now);
    }
    return { outcome: isLost ? 'lost' : 'ok', run: freed, isFreed, parent };
  }

  #record(run: RunRecord, { outcome, followUps }: RunFinish): RunRecord {
    if (outcome === null) return run;
    const { changes, jobs, now } = this.#family;
    const after = endAttempt(run, outcome, now, standingOf(run, jobs.get(run.jobUid ?? '') ?? null));
    // What follows may belong to it.
    changes.put(after);
    for (const followUp of followUps) this.#follow(followUp);
    return outcome.kind === 'await' && changes.hasOpenSteps(run.id) ? awaitSteps(after) : after;
  }

  #follow(run: RunRecord): void {
    const { changes, jobs } = this.#family;
    const parent = run.parentRunId === null ? null : (changes.get(run.parentRunId) ?? null);
    if (!mayFollow(run, parent) || this.#known.like(run) !== undefined) return;
    if (!isEndStatus(run.status) && run.jobUid !== null && !jobs.has(run.jobUid)) return;
    this.#known.add(run);
    this.inserted.push(run);
    if (isOpenStep(run)) changes.open(run);
  }
}

function lost(run: RunRecord | null): JudgedFinish {
  return { outcome: 'lost', run, isFreed: false, parent: null };
}
