import type { JobRecord } from '../job/job-record.js';
import type { FiringDecision } from '../stores/job-store.js';
import type { Environment } from './environment.js';
import { newJobRun, recoveryOf } from './new-run.js';
import { planFirings } from './plan-firings.js';

/**
 * Plans a claimed job, and makes the records of the runs that are to be.
 *
 * @param spareSlots - how many executor slots there are besides the one that the job was claimed for
 * @throws whatever its trigger throws, and what says that its row cannot be read
 */
export function decideFirings(
  env: Environment,
  job: JobRecord,
  now: number,
  spareSlots: number,
): FiringDecision {
  const { trigger, policy } = env.reader.read(job.definition);
  const { id, uid, fence, nextRunAt, runCount } = job;
  const { coalesce, catchUpLimit, jitterMs, overlap } = policy;
  const { maxRuns } = job.definition;
  const runsLeft = maxRuns === null ? Infinity : maxRuns - runCount;
  const planned = { id, trigger, nextRunAt, coalesce, catchUpLimit, jitterMs, runsLeft };
  const plan = planFirings(planned, now, policy.graceMs ?? Infinity);
  const recovery = recoveryOf(env.tasks.get(job.definition.task), policy);
  const runs = plan.runs.map((fireAt) =>
    newJobRun(job, policy, { id: env.ids.next(), origin: 'scheduled', recovery, fireAt, now }),
  );
  const startable = 1 + Math.max(0, Math.min(spareSlots, runs.length - 1));
  return {
    uid,
    fence,
    nextRunAt: plan.nextRunAt,
    dueAt: plan.dueAt,
    runs,
    startable,
    overlap,
    counted: plan.counted,
  };
}
