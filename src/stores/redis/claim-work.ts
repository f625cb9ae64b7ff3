import { RECORD_FORMAT } from '../../job/job-record.js';
import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { ClaimRelease, ClaimRequest, ClaimResult } from '../job-store.js';
import { claimJob, keepableText } from '../job-transitions.js';
import { startRun } from '../run-transitions.js';
import { failUnreadable, UNREADABLE } from './end-runs.js';
import type { UnreadableRun } from './end-runs.js';
import { numberIn } from './hash-fields.js';
import type { RecordReply } from './hash-fields.js';
import { FENCE_AT } from './job-hash.js';
import { CLAIM } from './lua/claim.js';
import { RELEASE_CLAIMS } from './lua/release-claims.js';
import type { OpenRedis } from './open-redis.js';
import { ATTEMPT_AT } from './run-hash.js';
import { argOf, listArgs } from './script-args.js';

type StartedReply = [id: string, before: RecordReply, slot: number | '', token: string];

type ClaimReply = [
  now: number,
  started: StartedReply[],
  missed: RecordReply[],
  jobs: [uid: string, job: RecordReply][],
  ended: RecordReply[],
  nextAt: number | '',
];

/** Takes work for a node, as {@link JobStore.claim} says; what cannot be read is put out of the way, with its error. */
export async function claimWork(redis: OpenRedis, request: ClaimRequest): Promise<ClaimResult> {
  const { node, executor, tasks, triggerKinds, limit, claimMs } = request;
  const { session, records } = redis;
  const given = [node, executor, limit, claimMs, RECORD_FORMAT];
  const reply = await session.run(CLAIM, [...given, ...listArgs([...tasks]), ...listArgs([...triggerKinds])]);
  const [now, started, missed, claimed, ended, nextAt] = reply as ClaimReply;
  const result = {
    now,
    runs: await readableRuns(redis, started, { node, now }),
    missed: records.runs(missed),
    jobs: await readableJobs(redis, claimed, now + claimMs),
    ended: ended.map((job) => records.ended(job, now)).filter((job) => job !== null),
    nextAt: nextAt === '' ? null : nextAt,
  };
  redis.known.claimed(result);
  return result;
}

/** Gives claimed jobs back, as {@link JobStore.releaseClaims} says. */
export async function releaseClaims(
  { session }: OpenRedis,
  releases: readonly ClaimRelease[],
): Promise<void> {
  if (releases.length === 0) return;
  const args = releases.map(({ uid, fence, wakeAt, error }) => [
    uid,
    fence,
    argOf(wakeAt),
    error === undefined ? '' : JSON.stringify(keepableText(error)),
  ]);
  await session.run(RELEASE_CLAIMS, [args.length, ...args.flat()]);
}

async function readableJobs(
  redis: OpenRedis,
  claimed: readonly (readonly [uid: string, job: RecordReply])[],
  wakeAt: number,
): Promise<JobRecord[]> {
  const jobs: JobRecord[] = [];
  const unreadable: ClaimRelease[] = [];
  for (const [uid, hash] of claimed) {
    const job = redis.records.job(hash);
    if (job !== null) jobs.push(claimJob(job, wakeAt));
    else unreadable.push({ uid, fence: numberIn(hash, FENCE_AT) + 1, wakeAt: null, error: UNREADABLE });
  }
  await releaseClaims(redis, unreadable);
  return jobs;
}

async function readableRuns(
  redis: OpenRedis,
  started: readonly StartedReply[],
  { node, now }: { readonly node: string; readonly now: number },
): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  const unreadable: UnreadableRun[] = [];
  for (const [id, before, slot, token] of started) {
    const run = redis.records.run(before);
    const start = { node, now, slot: slot === '' ? null : slot, fencingToken: Number(token) };
    if (run !== null) runs.push(startRun(run, start));
    else unreadable.push({ id, attempt: numberIn(before, ATTEMPT_AT) + 1 });
  }
  await failUnreadable(redis, node, unreadable);
  return runs;
}
