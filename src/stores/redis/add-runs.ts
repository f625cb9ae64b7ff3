import type { RunRecord } from '../../job/run-record.js';
import type { AddedRun } from '../job-store.js';
import type { RecordReply } from './hash-fields.js';
import { ADD_RUNS } from './lua/add-runs.js';
import type { OpenRedis } from './open-redis.js';
import { encodeRun } from './run-hash.js';
import { pairArgs } from './script-args.js';

/** Inserts queued runs, as {@link JobStore.addRuns} says. */
export async function addRuns(
  { session, records }: OpenRedis,
  runs: readonly RunRecord[],
): Promise<AddedRun[]> {
  if (runs.length === 0) return [];
  const replies = (await session.run(ADD_RUNS, pairArgs(runs.map(encodeRun)))) as [
    AddedRun['outcome'],
    RecordReply,
  ][];
  return runs.map((run, at): AddedRun => {
    const [outcome, existing] = replies[at] ?? ['missing', []];
    return { outcome, run: records.run(existing) ?? run };
  });
}
