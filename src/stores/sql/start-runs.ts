import type { RunRecord } from '../../job/run-record.js';
import { endRun, isExpired, startRun } from '../run-transitions.js';
import { jobUidsOf } from './add-runs.js';
import type { Database, Session } from './database.js';
import type { HeldSlots } from './held-slots.js';
import type { AdvancingJob } from './job-row.js';
import { existingUids, lockIdleJobs, writeTokens } from './job-table.js';
import type { StoredRun } from './run-row.js';
import { readSlotsAndKeys, writeEnds, writeStarts } from './run-table.js';

/** Is what due runs are started with. */
interface RunStartContext {
  readonly node: string;
  readonly now: number;
  readonly jobs: ReadonlyMap<string, AdvancingJob>;
  readonly slots: HeldSlots;
  readonly mayStart: boolean;
}

/** Starts those of some locked runs that can start, and sets the others aside. */
export async function startRuns(
  db: Database,
  session: Session,
  runs: readonly RunRecord[],
  { node, now, mayStart }: Pick<RunStartContext, 'node' | 'now' | 'mayStart'>,
): Promise<RunStart> {
  const uids = jobUidsOf(runs);
  const jobs = await lockIdleJobs(db, session, uids);
  const notLocked = uids.filter((uid) => !jobs.has(uid));
  const busy = await existingUids(db, session, notLocked);
  const { slots } = await readSlotsAndKeys(db, session, [...jobs.keys()], []);
  const start = new RunStart({ node, now, jobs, slots, mayStart });
  for (const run of runs) if (run.jobUid === null || !busy.has(run.jobUid)) start.take(run);
  await writeStarts(db, session, start.started.map(asleep));
  await writeEnds(db, session, start.blocked.map(asleep));
  await writeTokens(db, session, start.drawn);
  return start;
}

/** Decides what becomes of due runs: started, missed, or left to wait for a slot of their job. */
class RunStart {
  readonly started: RunRecord[] = [];
  readonly missed: RunRecord[] = [];
  readonly blocked: RunRecord[] = [];
  readonly #node: string;
  readonly #now: number;
  readonly #jobs: ReadonlyMap<string, AdvancingJob>;
  readonly #tokens = new Map<string, number>();
  readonly #slots: HeldSlots;
  readonly #mayStart: boolean;

  constructor(context: RunStartContext) {
    this.#node = context.node;
    this.#now = context.now;
    this.#jobs = context.jobs;
    this.#slots = context.slots;
    this.#mayStart = context.mayStart;
  }

  /** Holds the uids of the jobs of which fencing tokens were drawn, each with the last one. */
  get drawn(): { uid: string; lastToken: number }[] {
    return [...this.#tokens].map(([uid, lastToken]) => ({ uid, lastToken }));
  }

  /** Holds what came of it. */
  get outcome(): Pick<RunStart, 'started' | 'missed'> & { readonly isAnyMoved: boolean } {
    const { started, missed, blocked } = this;
    return { started, missed, isAnyMoved: started.length + missed.length + blocked.length > 0 };
  }

  take(run: RunRecord): void {
    const job = run.jobUid === null ? undefined : this.#jobs.get(run.jobUid);
    const isBlocked = job !== undefined && !this.#slots.isAnyFree(job);
    if (!this.#mayStart && !isBlocked) return;
    if (isExpired(run, this.#now)) {
      this.missed.push(endRun(run, 'missed', this.#now));
    } else if (isBlocked) {
      this.blocked.push(run);
    } else {
      this.started.push(this.#start(run, job));
    }
  }

  #start(run: RunRecord, job: AdvancingJob | undefined): RunRecord {
    const now = this.#now;
    const node = this.#node;
    if (job === undefined) {
      const fencingToken = Math.max(now, run.fencingToken) + 1;
      return startRun(run, { node, now, slot: null, fencingToken });
    }
    const fencingToken = (this.#tokens.get(job.uid) ?? job.lastToken) + 1;
    this.#tokens.set(job.uid, fencingToken);
    return startRun(run, { node, now, slot: this.#slots.take(job), fencingToken });
  }
}

/** Gives a run as one that no claim finds. */
export function asleep(run: RunRecord): StoredRun {
  return { run, wakeAt: null };
}
