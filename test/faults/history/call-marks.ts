import type {
  ClaimResult,
  CommitResult,
  FinishResult,
  FiringDecision,
  Heartbeat,
  JobPatch,
  JobRecord,
  PutOutcome,
  AddedRun,
  RemovedJob,
  RunDisposition,
  RunFinish,
  RunOutcome,
  RunRecord,
} from 'escapement';
import type { CallMarks, FinishMark, JobMark, RunMark } from './entries.js';

/** Names the calls that a history keeps: those that change jobs or runs, or tell who lives. */
export type RecordedMethod =
  | 'putJobs'
  | 'patchJob'
  | 'removeJob'
  | 'claim'
  | 'commitFirings'
  | 'releaseClaims'
  | 'addRuns'
  | 'finishRuns'
  | 'heartbeat'
  | 'recover'
  | 'leave';

type MarkCall = (...args: never[]) => CallMarks | null;
type MarkAnswer = (answer: never, args: never) => CallMarks | null;

/** Gives what a history keeps of a call before it is made; `null`: nothing. */
export const CALL_MARKS: Readonly<Record<RecordedMethod, MarkCall>> = {
  putJobs: () => null,
  patchJob: (id: string, patch: JobPatch) => ({ outcomes: [id, JSON.stringify(patch.state ?? null)] }),
  removeJob: (id: string) => ({ outcomes: [id] }),
  claim: () => null,
  commitFirings: (node: string, decisions: readonly FiringDecision[]) => ({
    node,
    runs: decisions.flatMap(({ runs }) => runs.map(markRun)),
  }),
  releaseClaims: (node: string) => ({ node }),
  addRuns: (runs: readonly RunRecord[]) => ({ runs: runs.map(markRun) }),
  finishRuns: (node: string, finishes: readonly RunFinish[]) => ({
    node,
    finishes: finishes.map(markFinish),
  }),
  heartbeat: () => null,
  recover: (dead: string) => ({ dead }),
  leave: (node: string, dispositions: readonly RunDisposition[]) => ({
    node,
    finishes: dispositions.map(markDisposition),
  }),
};

/** Gives what a history keeps of an answer; `null`: nothing, as it tells nothing new. */
export const ANSWER_MARKS: Readonly<Record<RecordedMethod, MarkAnswer>> = {
  putJobs: (answers: readonly PutOutcome[]) => ({
    outcomes: answers.map(({ outcome }) => outcome),
    jobs: answers.map(({ job }) => markJob(job)),
  }),
  patchJob: (answer: JobRecord | 'missing' | 'conflict') =>
    typeof answer === 'string' ? { outcomes: [answer] } : { outcomes: ['patched'], jobs: [markJob(answer)] },
  removeJob: (answer: RemovedJob | null) => (answer === null ? null : { jobs: [markJob(answer.job)] }),
  claim: ({ runs, missed, jobs }: ClaimResult, [request]: readonly { node: string }[]) =>
    runs.length + missed.length + jobs.length === 0
      ? null
      : {
          ...(request === undefined ? {} : { node: request.node }),
          runs: [...runs, ...missed].map(markRun),
          jobs: jobs.map(markJob),
        },
  commitFirings: (results: readonly CommitResult[], [node]: readonly string[]) => ({
    ...(node === undefined ? {} : { node }),
    outcomes: results.map((result) => (result.outcome === 'lost' ? 'lost' : describeCommit(result))),
    runs: results.flatMap((result) =>
      result.outcome === 'lost' ? [] : [...result.started, ...result.queued].map(markRun),
    ),
  }),
  releaseClaims: () => ({}),
  addRuns: (added: readonly AddedRun[]) => ({
    outcomes: added.map(({ outcome }) => outcome),
    runs: added.filter(({ outcome }) => outcome === 'queued').map(({ run }) => markRun(run)),
  }),
  finishRuns: (results: readonly FinishResult[], args: readonly [string, readonly RunFinish[]]) => ({
    node: args[0],
    finishes: args[1].map((finish, at) => ({
      ...markFinish(finish),
      outcome: results[at]?.outcome ?? 'lost',
      status: results[at]?.run?.status ?? null,
    })),
    runs: results.flatMap(({ parent }) => (parent === null ? [] : [markRun(parent)])),
  }),
  heartbeat: ({ alive }: Heartbeat, [node]: readonly string[]) =>
    alive || node === undefined ? null : { node, alive },
  recover: (runs: readonly RunRecord[], [dead]: readonly string[]) => ({
    ...(dead === undefined ? {} : { dead }),
    runs: runs.map(markRun),
  }),
  leave: (_nothing: undefined, [node]: readonly string[]) => (node === undefined ? {} : { node }),
};

function markRun(run: RunRecord): RunMark {
  const { id, jobUid, jobId, origin, scheduledAt, status, attempt, fencingToken: token } = run;
  return { id, jobUid, jobId, origin, scheduledAt, status, attempt, token };
}

function markJob(job: JobRecord): JobMark {
  const { uid, id, fence, nextRunAt, createdAt } = job;
  const { trigger, maxInstances } = job.definition;
  return { uid, id, fence, trigger, maxInstances, nextRunAt, createdAt };
}

function markFinish({ runId, attempt, outcome, followUps }: RunFinish): FinishMark {
  const sent = outcome === null ? null : sentOutcome(outcome);
  return { runId, attempt, sent, ...(followUps.length > 0 && { followUps: followUps.map(({ id }) => id) }) };
}

function markDisposition({ runId, attempt, action }: RunDisposition): FinishMark {
  return { runId, attempt, sent: action === 'lose' ? 'lost' : action };
}

function sentOutcome(outcome: RunOutcome): FinishMark['sent'] {
  return outcome.kind === 'end' ? outcome.status : outcome.kind;
}

function describeCommit({ ended }: Exclude<CommitResult, { outcome: 'lost' }>): string {
  return ended === null ? 'committed' : 'committed, ended';
}
