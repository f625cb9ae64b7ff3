import { parseTrigger } from 'escapement';
import type { JobRecord, Trigger, TriggerInput } from 'escapement';
import type { Evidence, Finding } from './evidence.js';
import { groupBy } from './group-by.js';
import { knownRuns } from './known-runs.js';
import type { KnownRun } from './known-runs.js';
import { lossesOf } from './losses.js';

/** Is how a job began: its first fire time, and whether its trigger stayed what it was. */
interface Beginning {
  readonly id: string;
  readonly firstAt: number | null;
  readonly trigger: string;
  isEdited: boolean;
}

/**
 * Holds that every fire time that a job has passed is a run, or was until a fault took it, or is counted as missed,
 * skipped or coalesced.
 *
 * A job whose trigger or clock was edited is not counted: which of the old trigger's times it passed is not recorded.
 */
export function fireTimesAccounted(evidence: Evidence): Finding[] {
  const beginnings = beginningsOf(evidence);
  const losses = lossesOf(evidence);
  const known = [...knownRuns(evidence).values()];
  const lost = known.filter(({ id }) => losses.has(id));
  const scheduled = [...evidence.runs, ...lost].filter(
    ({ origin, jobUid }) => origin === 'scheduled' && jobUid !== null,
  );
  const runsByJob = groupBy(scheduled, ({ jobUid }) => String(jobUid));
  const findings: Finding[] = [];
  for (const job of evidence.jobs) {
    const beginning = beginnings.get(job.uid);
    if (beginning?.isEdited === true) continue;
    const what = misfit(job, beginning?.firstAt ?? null, runsByJob.get(job.uid) ?? []);
    if (what !== null) findings.push({ invariant: 'fire times accounted', what, about: [job.id] });
  }
  return [...findings, ...goneWithoutRun(evidence, beginnings, runsByJob, losses)];
}

function beginningsOf({ entries }: Evidence): Map<string, Beginning> {
  const beginnings = new Map<string, Beginning>();
  for (const entry of entries) {
    if (entry.kind !== 'answer' || (entry.method !== 'putJobs' && entry.method !== 'patchJob')) continue;
    (entry.jobs ?? []).forEach(({ uid, id, trigger, nextRunAt }, at) => {
      const known = beginnings.get(uid);
      const isNew = entry.outcomes?.[at] === 'inserted' || entry.outcomes?.[at] === 'replaced';
      if (known !== undefined) known.isEdited ||= known.trigger !== trigger;
      else if (isNew) beginnings.set(uid, { id, firstAt: nextRunAt, trigger, isEdited: false });
    });
  }
  return beginnings;
}

function misfit(job: JobRecord, firstAt: number | null, runs: readonly KnownRun[]): string | null {
  if (job.runCount !== runs.length) {
    return `${job.id} counts ${job.runCount} runs, and the store has ${runs.length}`;
  }
  if (job.definition.maxRuns !== null) return null;
  const trigger = parseTrigger(JSON.parse(job.definition.trigger) as TriggerInput);
  const first = firstAt ?? trigger.next(job.createdAt - 1);
  if (first === null) return null;
  const stray = runs.find(({ scheduledAt }) => !isFireTime(trigger, first, scheduledAt));
  if (stray !== undefined)
    return `${job.id} has a run ${stray.id} at ${stray.scheduledAt}, which is no fire time`;
  const { missed, skipped, coalesced } = job.counts;
  const tallies = [missed, skipped, coalesced].filter((tally) => tally !== null);
  const told = tallies.reduce((sum, { total }) => sum + total, runs.length);
  const passed = countFireTimes(trigger, first, job.nextRunAt);
  const isExact = tallies.every(({ exact }) => exact);
  if (isExact ? told === passed : told <= passed) return null;
  const counts = `${missed?.total ?? 0} missed, ${skipped?.total ?? 0} skipped, ${coalesced?.total ?? 0} coalesced`;
  return `${job.id} has passed ${passed} fire times, of which ${told} are told: ${runs.length} runs, ${counts}`;
}

function isFireTime(trigger: Trigger, first: number, at: number): boolean {
  return at === first || (at > first && trigger.next(at - 1) === at);
}

function countFireTimes(trigger: Trigger, first: number, next: number | null): number {
  let count = 0;
  for (let at: number | null = first; at !== null && (next === null || at < next); at = trigger.next(at))
    count++;
  return count;
}

/** Finds jobs that are gone, though nobody and no fault took them, and left no run: a one-off job goes when its run has ended. */
function goneWithoutRun(
  { entries, jobs }: Evidence,
  beginnings: ReadonlyMap<string, Beginning>,
  runsByJob: ReadonlyMap<string, readonly KnownRun[]>,
  losses: ReadonlyMap<string, number>,
): Finding[] {
  const left = new Set([...jobs.map(({ uid }) => uid), ...losses.keys()]);
  const removed = new Set<string>();
  const replaced = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'call' && entry.method === 'removeJob') removed.add(entry.outcomes?.[0] ?? '');
    if (entry.kind === 'answer' && entry.method === 'putJobs') {
      entry.jobs?.forEach(({ id }, at) => {
        if (entry.outcomes?.[at] === 'replaced') replaced.add(id);
      });
    }
  }
  return [...beginnings]
    .filter(([uid, { id }]) => !left.has(uid) && !removed.has(id) && !replaced.has(id) && !runsByJob.has(uid))
    .map(([, { id }]) => ({
      invariant: 'fire times accounted',
      what: `${id} is gone without a run`,
      about: [id],
    }));
}
