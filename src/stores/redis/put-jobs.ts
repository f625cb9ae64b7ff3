import type { JobRecord } from '../../job/job-record.js';
import type { JobPatch, JobPut, PutOutcome, RemovedJob } from '../job-store.js';
import { patchJob, refusedIds } from '../job-transitions.js';
import { PutBatch, refusePuts } from '../put-batch.js';
import type { DecidedPut } from '../put-batch.js';
import type { RecordReply } from './hash-fields.js';
import { encodeEditedJob, encodeNewJob } from './job-hash.js';
import { READ_JOBS } from './lua/reading.js';
import { REMOVE_JOB } from './lua/remove-job.js';
import { WRITE_JOBS } from './lua/write-jobs.js';
import type { OpenRedis } from './open-redis.js';
import { argOf, listArgs, pairArgs } from './script-args.js';
import type { ScriptArg } from './script-args.js';

/** Adds jobs, as {@link JobStore.putJobs} says. One whose record cannot be read gives way to whatever is put there. */
export async function putJobs(redis: OpenRedis, puts: readonly JobPut[]): Promise<PutOutcome[]> {
  if (puts.length === 0) return [];
  const ids = [...new Set(puts.map(({ job }) => job.id))];
  // Ids that are not the user's are random: there is nothing to merge with.
  const isFresh = puts.every(({ job, ifExists }) => !job.named && ifExists === 'error');
  let found = isFresh ? NOTHING_FOUND : await readJobs(redis, ids);
  for (;;) {
    const { now, stored } = found;
    const refused = refusedIds(puts, (id) => stored.has(id));
    if (refused.size > 0) return refusePuts(puts, refused, stored);
    const batch = new PutBatch(stored, now, 0);
    const decided = puts.map((put) => batch.put(put));
    const written = await writeJobs(redis, ids, found, batch);
    if (written !== null) return outcomesOf(decided, written);
    found = await readJobs(redis, ids);
  }
}

/** Edits a job, as {@link JobStore.patchJob} says. */
export async function editJob(
  redis: OpenRedis,
  id: string,
  patch: JobPatch,
  ifFence: number | undefined,
): Promise<JobRecord | 'missing' | 'conflict'> {
  for (;;) {
    const found = await readJobs(redis, [id]);
    const job = found.stored.get(id);
    if (job === undefined) return 'missing';
    if (ifFence !== undefined && job.fence !== ifFence) return 'conflict';
    const edited = patchJob(job, patch, found.now);
    const changes = { replaced: [], inserted: [], updated: [edited] };
    const written = await writeJobs(redis, [id], found, changes);
    if (written !== null) return written.jobs.get(edited.uid) ?? edited;
  }
}

/** Removes a job, as {@link JobStore.removeJob} says. */
export async function removeJob(redis: OpenRedis, id: string): Promise<RemovedJob | null> {
  const [job, cancelled = []] = (await redis.session.run(REMOVE_JOB, [id])) as [RecordReply?, RecordReply[]?];
  const removed = job === undefined ? null : redis.records.job(job);
  return removed === null ? null : { job: removed, cancelled: redis.records.runs(cancelled) };
}

/** Is what is stored under some ids. */
interface FoundJobs {
  /** Is the store's time. */
  readonly now: number;
  /** Holds the jobs that can be read, by their ids. */
  readonly stored: ReadonlyMap<string, JobRecord>;
  /** Holds the marks of all of them, by their ids: a write that brings them back rests on what was read. */
  readonly marks: ReadonlyMap<string, string>;
  /** Holds the uids of those that cannot be read, by their ids. */
  readonly unreadable: ReadonlyMap<string, string>;
}

const NOTHING_FOUND: FoundJobs = {
  now: 0,
  stored: new Map(),
  marks: new Map(),
  unreadable: new Map(),
};

/** Gives jobs by their ids, and the store's time. */
export async function readJobs({ session, records }: OpenRedis, ids: readonly string[]): Promise<FoundJobs> {
  const [now, replies] = (await session.run(READ_JOBS, listArgs(ids))) as [number, FoundReply[]];
  const stored = new Map<string, JobRecord>();
  const marks = new Map<string, string>();
  const unreadable = new Map<string, string>();
  ids.forEach((id, at) => {
    const [uid, mark, reply] = replies[at] ?? [];
    if (uid === undefined || mark === undefined || reply === undefined) return;
    marks.set(id, mark);
    const job = records.job(reply);
    if (job?.id === id) stored.set(id, job);
    else unreadable.set(id, uid);
  });
  return { now, stored, marks, unreadable };
}

type FoundReply = [] | [uid: string, mark: string, job: RecordReply];

/** Is what a batch comes to, to be written. */
interface JobChanges {
  /** Holds the jobs to delete. */
  readonly replaced: readonly JobRecord[];
  /** Holds the jobs to insert. */
  readonly inserted: readonly JobRecord[];
  /** Holds the jobs to write in the place of themselves. */
  readonly updated: readonly JobRecord[];
}

/** Is what was written. */
interface WrittenJobs {
  /** Holds the jobs as they are stored, by their uids. */
  readonly jobs: ReadonlyMap<string, JobRecord>;
  /** Holds the runs that were cancelled, by the uids of the jobs that were replaced. */
  readonly cancelled: ReadonlyMap<string, PutOutcome['cancelled']>;
}

/** Writes changes that were decided upon what was found; `null`: that has changed meanwhile, and nothing is written. */
async function writeJobs(
  { session, records }: OpenRedis,
  ids: readonly string[],
  { marks, unreadable }: FoundJobs,
  { replaced, inserted, updated }: JobChanges,
): Promise<WrittenJobs | null> {
  const expected = ids.flatMap((id): ScriptArg[] => [id, argOf(marks.get(id) ?? null)]);
  const givingWay = inserted.flatMap(({ id }) => unreadable.get(id) ?? []);
  const reply = (await session.run(WRITE_JOBS, [
    ids.length,
    ...expected,
    ...listArgs([...replaced.map(({ uid }) => uid), ...givingWay]),
    ...pairArgs([...inserted.map(encodeNewJob), ...updated.map(encodeEditedJob)]),
  ])) as [0] | [1, RecordReply[][], [string, RecordReply][], number];
  if (reply[0] === 0) return null;
  const [, cancelled, written, now] = reply;
  const jobs = [...inserted, ...updated].map((job, at): [string, JobRecord] => {
    const [token, ended] = written[at] ?? [String(job.lastToken), []];
    return [job.uid, records.ended(ended, now) ?? { ...job, lastToken: Number(token) }];
  });
  return {
    jobs: new Map(jobs),
    cancelled: new Map(replaced.map(({ uid }, at) => [uid, records.runs(cancelled[at] ?? [])])),
  };
}

function outcomesOf(decided: readonly DecidedPut[], written: WrittenJobs): PutOutcome[] {
  return decided.map(({ outcome, job, replacedUid }) => ({
    outcome,
    job: written.jobs.get(job.uid) ?? job,
    cancelled: (replacedUid === null ? undefined : written.cancelled.get(replacedUid)) ?? [],
  }));
}
