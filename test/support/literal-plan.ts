import type { Trigger } from '../../src/index.js';
import type { CountedFireTimes, FiringPlan, PlannedJob } from '../../src/scheduler/plan-firings.js';
import { dueTime } from '../../src/scheduler/due-time.js';

/** Lists the fire times of a job from its next one to an instant, and the one after that, by asking for each. */
export function everyFireTime(trigger: Trigger, first: number, now: number): number[] {
  const times: number[] = [];
  for (let at: number | null = first; at !== null; at = trigger.next(at)) {
    times.push(at);
    if (at > now) break;
  }
  return times;
}

/** Plans the slow, obvious way: lists every fire time and judges one after the other. */
export function literalPlan(job: PlannedJob, now: number, graceMs: number): FiringPlan {
  const { id, trigger, jitterMs, coalesce } = job;
  const all = job.nextRunAt === null ? [] : everyFireTime(trigger, job.nextRunAt, now);
  const dueAt = (at: number): number => dueTime(id, trigger, at, jitterMs);
  const reached: number[] = [];
  for (const at of all) if (dueAt(at) <= now) reached.push(at);
  const next = all.find((at) => !reached.includes(at)) ?? null;

  const missed: number[] = [];
  const inTime: number[] = [];
  for (const at of reached) (now - dueAt(at) > graceMs ? missed : inTime).push(at);

  const runs: number[] = [];
  const coalesced: number[] = [];
  if (coalesce === false) {
    while (inTime.length > job.catchUpLimit) missed.push(inTime.shift() as number);
    runs.push(...inTime);
  } else {
    const chosen = coalesce === 'latest' ? inTime.at(-1) : inTime[0];
    for (const at of inTime) (at === chosen ? runs : coalesced).push(at);
  }
  while (runs.length > job.runsLeft) runs.pop();

  const counted: CountedFireTimes[] = [];
  for (const [kind, times] of [
    ['missed', missed],
    ['coalesced', coalesced],
  ] as const) {
    const [firstAt] = times;
    const lastAt = times.at(-1);
    if (firstAt === undefined || lastAt === undefined) continue;
    counted.push({ kind, span: { count: times.length, exact: true, firstAt, lastAt } });
  }
  return { runs, counted, nextRunAt: next, dueAt: next === null ? null : dueAt(next) };
}
