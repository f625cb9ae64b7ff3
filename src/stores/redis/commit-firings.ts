import type { RunRecord } from '../../job/run-record.js';
import type { CommitResult, CommittedFiring, FiringDecision } from '../job-store.js';
import { startRun } from '../run-transitions.js';
import type { RecordReply } from './hash-fields.js';
import { COMMIT_FIRINGS } from './lua/commit-firings.js';
import type { OpenRedis } from './open-redis.js';
import { encodeRun } from './run-hash.js';
import { argOf, pairArgs } from './script-args.js';
import type { ScriptArg } from './script-args.js';

type FiringReply = [
  freshIds: string[],
  freshCount: number,
  started: [slot: number, token: string][],
  queued: number,
  cancelled: RecordReply[],
  cancelRequested: RecordReply[],
  ended: RecordReply,
];

/** Advances claimed jobs and inserts their runs, as {@link JobStore.commitFirings} says. */
export async function commitFirings(
  { session, records, known }: OpenRedis,
  node: string,
  decisions: readonly FiringDecision[],
): Promise<CommitResult[]> {
  if (decisions.length === 0) return [];
  const args = [node, decisions.length, ...decisions.flatMap(argsOf)];
  const [now, replies] = (await session.run(COMMIT_FIRINGS, args)) as [number, (FiringReply | [])[]];
  return decisions.map((decision, at): CommitResult => {
    const reply = replies[at];
    if (reply === undefined || reply.length === 0) {
      known.released(decision.uid);
      return { outcome: 'lost' };
    }
    const [freshIds, freshCount, starts, waiting, cancelled, cancelRequested, ended] = reply;
    const fresh = freshCount === decision.runs.length ? decision.runs : freshOf(decision.runs, freshIds);
    const started = starts.map(([slot, token], index) =>
      startRun(fresh[index] as RunRecord, { node, now, slot, fencingToken: Number(token) }),
    );
    const committed: CommittedFiring = {
      outcome: 'committed',
      started,
      queued: fresh.slice(starts.length, starts.length + waiting),
      skipped: fresh.slice(starts.length + waiting),
      cancelled: records.runs(cancelled),
      cancelRequested: records.runs(cancelRequested),
      ended: records.ended(ended, now),
    };
    known.committed(decision, committed);
    return committed;
  });
}

function freshOf(runs: readonly RunRecord[], ids: readonly string[]): readonly RunRecord[] {
  const fresh = new Set(ids);
  return runs.filter(({ id }) => fresh.has(id));
}

function argsOf(decision: FiringDecision): ScriptArg[] {
  const { uid, fence, nextRunAt, dueAt, startable, overlap, counted, runs } = decision;
  return [
    uid,
    fence,
    argOf(nextRunAt),
    argOf(dueAt),
    startable,
    overlap,
    counted.length,
    ...counted.flatMap(({ kind, span }) => [kind, JSON.stringify(span)]),
    ...pairArgs(runs.map(encodeRun)),
  ];
}
