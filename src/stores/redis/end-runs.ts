import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { CancelOutcome, FinishResult, ProgressReport, RunFinish } from '../job-store.js';
import { endJob } from '../job-transitions.js';
import { endAttempt, releaseRun } from '../run-transitions.js';
import type { RecordReply } from './hash-fields.js';
import { FINISH_RUNS } from './lua/finish-runs.js';
import { REPORT_PROGRESS } from './lua/report-progress.js';
import { REQUEST_CANCEL } from './lua/request-cancel.js';
import type { KnownRecords } from './known-records.js';
import type { OpenRedis } from './open-redis.js';
import { encodeRun } from './run-hash.js';
import { argOf, pairArgs } from './script-args.js';
import type { ScriptArg } from './script-args.js';

type FinishReply = [flags: number, before: RecordReply | string, ended?: RecordReply | string];

/** Are the flags of a finish, as its script sets them. */
const WRITTEN = 1;
const NEW = 2;
const FREED = 4;
const ORPHAN = 8;
const UNBLOCKED = 16;
const CANCEL_REQUESTED = 32;

/** Is a finish with what is known here of its run and of that one's job, of which no more need come back than has changed. */
interface SentFinish {
  readonly finish: RunFinish;
  readonly run: RunRecord | undefined;
  readonly job: JobRecord | undefined;
}

/** Ends attempts, as {@link JobStore.finishRuns} says. */
export async function finishRuns(
  redis: OpenRedis,
  node: string,
  finishes: readonly RunFinish[],
): Promise<FinishResult[]> {
  if (finishes.length === 0) return [];
  const sent = finishes.map((finish) => withKnown(finish, redis.known));
  const [now, replies] = (await redis.session.run(FINISH_RUNS, [
    node,
    sent.length,
    ...sent.flatMap(argsOf),
  ])) as [number, FinishReply[]];
  return sent.map((one, at) => resultOf(redis, one, replies[at] ?? [0, []], now));
}

function withKnown(finish: RunFinish, known: KnownRecords): SentFinish {
  const run = known.run(finish.runId);
  return run?.attempt === finish.attempt
    ? { finish, run, job: known.job(run.jobUid) }
    : { finish, run: undefined, job: undefined };
}

function resultOf(
  { records, known }: OpenRedis,
  { finish: { runId, outcome, settled }, run: started, job }: SentFinish,
  [flags, before, ended = '']: FinishReply,
  now: number,
): FinishResult {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  let run =
    typeof before === 'string' ? changed(started, before, has(CANCEL_REQUESTED)) : records.run(before);
  if (run !== null && outcome !== null && has(NEW)) run = endAttempt(run, outcome, now, has(ORPHAN));
  if (run !== null && has(FREED)) run = releaseRun(run);
  const endedJob = typeof ended === 'string' ? atItsEnd(job, ended, now) : records.ended(ended, now);
  if (settled || !has(WRITTEN)) known.finished(runId, endedJob?.uid ?? null);
  return { outcome: has(WRITTEN) ? 'ok' : 'lost', run, ended: endedJob, unblocked: has(UNBLOCKED) };
}

/** Gives a run as it is after it was started, by what else can happen to it meanwhile. */
function changed(
  started: RunRecord | undefined,
  progress: string,
  cancelRequested: boolean,
): RunRecord | null {
  if (started === undefined) return null;
  return { ...started, progress: progress === '' ? null : progress, cancelRequested };
}

/** Gives a job at its end, by the last token that it has drawn; without one it has not come to it. */
function atItsEnd(job: JobRecord | undefined, lastToken: string, now: number): JobRecord | null {
  if (job === undefined || lastToken === '') return null;
  return endJob({ ...job, lastToken: Number(lastToken) }, now);
}

/** Notes how far runs are, as {@link JobStore.reportProgress} says. */
export async function reportProgress(
  { session }: OpenRedis,
  node: string,
  reports: readonly ProgressReport[],
): Promise<void> {
  if (reports.length === 0) return;
  const args = reports.flatMap(({ runId, attempt, progress }) => [runId, attempt, progress]);
  await session.run(REPORT_PROGRESS, [node, reports.length, ...args]);
}

/** Cancels a run or asks for it, as {@link JobStore.requestCancel} says. */
export async function requestCancel({ session, records }: OpenRedis, runId: string): Promise<CancelOutcome> {
  const [outcome, hash = [], ended = [], now = 0] = (await session.run(REQUEST_CANCEL, [runId])) as [
    CancelOutcome['outcome'],
    RecordReply?,
    RecordReply?,
    number?,
  ];
  const run = records.run(hash);
  if (outcome === 'missing' || run === null) return { outcome: 'missing' };
  return outcome === 'cancelled' ? { outcome, run, ended: records.ended(ended, now) } : { outcome, run };
}

function argsOf({ finish, run, job }: SentFinish): ScriptArg[] {
  const { runId, attempt, settled, outcome, followUps } = finish;
  const end = outcome?.kind === 'end' ? outcome : null;
  const retry = outcome?.kind === 'retry' ? outcome : null;
  return [
    runId,
    attempt,
    settled ? 1 : 0,
    argOf(outcome?.kind ?? null),
    argOf(end?.status ?? null),
    argOf(end?.result ?? null),
    argOf((end ?? retry)?.error ?? null),
    argOf(retry?.availableAt ?? null),
    run === undefined ? 0 : 1,
    argOf(job?.fence ?? null),
    ...pairArgs(followUps.map(encodeRun)),
  ];
}
