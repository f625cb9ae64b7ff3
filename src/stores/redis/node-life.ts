import type { RunRecord } from '../../job/run-record.js';
import type { Heartbeat, RunDisposition } from '../job-store.js';
import type { RecordReply } from './hash-fields.js';
import { HEARTBEAT, LEAVE, RECOVER } from './lua/node-life.js';
import type { OpenRedis } from './open-redis.js';

type HeartbeatReply = [
  now: number,
  alive: 0 | 1,
  mine: RecordReply[],
  peers: [node: string, sequence: string, leaseUntil: string][],
];

/** Says that a node lives, as {@link JobStore.heartbeat} says. */
export async function beat(
  { session, records }: OpenRedis,
  node: string,
  leaseMs: number,
): Promise<Heartbeat> {
  const [now, alive, mine, peers] = (await session.run(HEARTBEAT, [node, leaseMs])) as HeartbeatReply;
  return {
    now,
    alive: alive === 1,
    mine: records.runs(mine),
    peers: peers.map(([peer, sequence, leaseUntil]) => ({
      node: peer,
      sequence: Number(sequence),
      leaseUntil: Number(leaseUntil),
    })),
  };
}

/** Takes the runs of a dead node from it, as {@link JobStore.recover} says. */
export async function recoverRuns({ session, records }: OpenRedis, node: string): Promise<RunRecord[]> {
  return records.runs((await session.run(RECOVER, [node])) as RecordReply[]);
}

/** Takes a node off the list, as {@link JobStore.leave} says. */
export async function leave(
  { session }: OpenRedis,
  node: string,
  dispositions: readonly RunDisposition[],
): Promise<void> {
  const args = dispositions.flatMap(({ runId, attempt, action }) => [runId, attempt, action]);
  await session.run(LEAVE, [node, dispositions.length, ...args]);
}
