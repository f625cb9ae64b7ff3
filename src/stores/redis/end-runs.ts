import type { JobRecord } from '../../job/job-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { CancelOutcome, FinishResult, ProgressReport, RunFinish } from '../job-store.js';
import { endJob } from '../job-transitions.js';
import { endAttempt, releaseRun } from '../run-transitions.js';
import { numberIn } from './hash-fields.js';
import type { RecordReply } from './hash-fields.js';
import { FINISH_RUNS } from './lua/finish-runs.js';
import { REPORT_PROGRESS } from './lua/report-progress.js';
import { REQUEST_CANCEL } from './lua/request-cancel.js';
import type { KnownRecords } from './known-records.js';
import type { OpenRedis } from './open-redis.js';
import { ATTEMPT_AT, encodeRun } from './run-hash.js';
import { argOf, pairArgs } from './script-args.js';
import type { ScriptArg } from './script-args.js';

type FinishReply = [
  flags: number,
  run: RecordReply | string,
  ended?: RecordReply | string,
  parent?: [id: string, run: RecordReply] | '',
];

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
  const results = sent.map((one, at) => resultOf(redis, one, replies[at] ?? [0, []], now));
  await failUnreadable(redis, node, unreadable(replies, results));
  return results;
}

/** Is a run that a node has got, and cannot read. */
export interface UnreadableRun {
  readonly id: string;
  readonly attempt: number;
}

/** Is why a record that cannot be read is put out of the way. */
export const UNREADABLE = 'The record of this in the store cannot be read.';

/** Puts runs out of the way that the node has got and cannot read. */
export async function failUnreadable(
  redis: OpenRedis,
  node: string,
  runs: readonly UnreadableRun[],
): Promise<void> {
  if (runs.length === 0) return;
  const error = JSON.stringify({ name: 'Error', message: UNREADABLE });
  const outcome = { kind: 'end', status: 'failed', result: null, error } as const;
  const finishes = runs.map(
    ({ id, attempt }): RunFinish => ({
      ...{ runId: id, attempt, settled: true, outcome, followUps: [] },
    }),
  );
  await finishRuns(redis, node, finishes);
}

/** Gives the parents that go on and cannot be read; one that is not the node's is failed when it is claimed. */
function unreadable(replies: readonly FinishReply[], results: readonly FinishResult[]): UnreadableRun[] {
  return replies.flatMap(([, , , parent = ''], at) =>
    parent === '' || results[at]?.parent !== null
      ? []
      : [{ id: parent[0], attempt: numberIn(parent[1], ATTEMPT_AT) }],
  );
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
  [flags, given, ended = '', goesOn = '']: FinishReply,
  now: number,
): FinishResult {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  let run = typeof given === 'string' ? changed(started, given, has(CANCEL_REQUESTED)) : records.run(given);
  const standing = { isOrphan: has(ORPHAN), isSuperseded: false };
  if (run !== null && outcome !== null && has(NEW)) run = endAttempt(run, outcome, now, standing);
  if (run !== null && has(FREED)) run = releaseRun(run);
  const endedJob = typeof ended === 'string' ? atItsEnd(job, ended, now) : records.ended(ended, now);
  // A run that awaits its steps may come back from another node.
  if (settled || !has(WRITTEN) || outcome?.kind === 'await') known.finished(runId, endedJob?.uid ?? null);
  const parent = goesOn === '' ? null : records.run(goesOn[1]);
  return {
    ...{ outcome: has(WRITTEN) ? 'ok' : 'lost', run, ended: endedJob, unblocked: has(UNBLOCKED) },
    parent,
  };
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
  const { runId, attempt, settled, outcome, followUps, takesParent = false } = finish;
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
    takesParent ? 1 : 0,
    run === undefined ? 0 : 1,
    argOf(job?.fence ?? null),
    ...pairArgs(followUps.map(encodeRun)),
  ];
}
