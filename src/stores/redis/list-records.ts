import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { JobQuery, Page, RunQuery } from '../job-store.js';
import { matchesJob, matchesRun, runCursor } from '../match-records.js';
import { pageOf } from '../page-of.js';
import type { RecordReply } from './hash-fields.js';
import { LIST_JOBS, LIST_RUNS } from './lua/reading.js';
import type { OpenRedis } from './open-redis.js';

/** Is how many records one call reads at most: enough to share its cost, few enough to let others in between. */
const CHUNK = 500;

/** Lists jobs, as {@link JobStore.listJobs} says: those that match are looked for among all, some hundreds at a time. */
export async function listJobs({ session, records }: OpenRedis, query: JobQuery): Promise<Page<JobRecord>> {
  const { after: _after, ...filter } = query;
  const found = await search(query, async (from, count) => {
    const [jobs, next] = (await session.run(LIST_JOBS, [from, count])) as [RecordReply[], string];
    return { found: records.jobs(jobs).filter((job) => matchesJob(job, filter)), next };
  });
  return pageOf(found, query.limit, ({ id }) => id);
}

/**
 * Lists runs, as {@link JobStore.listRuns} says: those that match are looked for among all, or among those of a
 * job or of a parent.
 */
export async function listRuns({ session, records }: OpenRedis, query: RunQuery): Promise<Page<RunRecord>> {
  const { after: _after, ...filter } = query;
  const { jobId = '', parentRunId = '' } = query;
  const found = await search(query, async (from, count) => {
    const [runs, next] = (await session.run(LIST_RUNS, [jobId, parentRunId, from, count])) as [
      RecordReply[],
      string,
    ];
    return { found: records.runs(runs).filter((run) => matchesRun(run, filter)), next };
  });
  return pageOf(found, query.limit, runCursor);
}

/** Is what a part of a list holds, and where the next begins; an empty text: there is none. */
interface Chunk<T> {
  readonly found: readonly T[];
  readonly next: string;
}

/** Reads a list in parts until there is one more than is asked for. */
async function search<T>(
  { after = '', limit }: { readonly after?: string; readonly limit: number },
  read: (from: string, count: number) => Promise<Chunk<T>>,
): Promise<T[]> {
  const found: T[] = [];
  let from = after;
  let isMore = true;
  while (isMore && found.length <= limit) {
    // The first may do; if it does not, what is looked for is rare.
    const chunk = await read(from, found.length === 0 && from === after ? Math.min(CHUNK, limit + 1) : CHUNK);
    found.push(...chunk.found);
    from = chunk.next;
    isMore = from !== '';
  }
  return found;
}
