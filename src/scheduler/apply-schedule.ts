import { InvalidOptionError } from '../errors/input-errors.js';
import { checkArray, checkRecord } from '../internal/check.js';
import { checkId } from '../internal/ids.js';
import type { JobOptions } from '../job/job-options.js';
import type { PutOutcome } from '../stores/job-store.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import { JOB_OPTION_KEYS } from './job-builder.js';
import type { TaskInput } from './job-builder.js';
import type { JobOperations } from './job-operations.js';
import type { StoreLink } from './store-link.js';

/** Is one job of a declared schedule: a task, a trigger and the job's options. Plain JSON if the task is named. */
export interface ScheduleEntry extends Omit<JobOptions, 'ifExists' | 'store' | 'id'> {
  /** Is the job's id. */
  readonly id: string;
  /** Is a task, or the name of a registered one. */
  readonly task: Exclude<TaskInput, (...args: never) => unknown>;
  /** Says when the job runs. */
  readonly trigger: TriggerInput;
}

const ENTRY_KEYS: ReadonlySet<string> = new Set(
  [...JOB_OPTION_KEYS, 'task', 'trigger'].filter((key) => key !== 'store' && key !== 'ifExists'),
);

/** Is how many ids are looked up at once. */
const LOOKUPS = 20;

/** Tells what applying a schedule did, by job id. */
export interface ScheduleChanges {
  /** Holds the jobs that were not there. */
  readonly added: readonly string[];
  /** Holds the jobs whose declaration had changed. */
  readonly updated: readonly string[];
  /** Holds the jobs that were as declared. */
  readonly unchanged: readonly string[];
  /** Holds the jobs that the owner no longer declares; they were removed. */
  readonly removed: readonly string[];
  /** Holds the jobs of which a higher revision is stored; they were left alone. */
  readonly stale: readonly string[];
}

/**
 * Makes the jobs of an owner be those that it declares: adds, updates and removes as needed, and touches no other job.
 *
 * @throws {@link InvalidOptionError} when an entry's id belongs to a job that somebody else made; nothing is changed then
 */
export async function applySchedule(
  jobs: JobOperations,
  owner: string,
  entries: readonly ScheduleEntry[],
  link: StoreLink,
): Promise<ScheduleChanges> {
  checkId(owner, 'owner');
  checkArray(entries, 'entries');
  entries.forEach((entry, at) => checkRecord(entry, `entries[${String(at)}]`, ENTRY_KEYS));
  const owned = new Map<string, number | null>();
  for await (const { id, revision } of jobs.all(
    { owner, states: ['active', 'paused', 'finished', 'parked'] },
    link,
  )) {
    owned.set(id, revision);
  }
  await refuseForeignIds(
    jobs,
    owner,
    entries.filter(({ id }) => !owned.has(id)),
    link,
  );
  const declared = new Set(entries.map(({ id }) => id));
  const outcomes = await jobs.put(
    entries.map((entry) => sourceOf(entry, owner)),
    link,
  );
  const newest = Math.max(...entries.map(({ revision }) => revision ?? -Infinity));
  const removed: string[] = [];
  const newer: string[] = [];
  for (const [id, revision] of owned) {
    if (declared.has(id)) continue;
    // What newer code declared is not for older code to remove; an owner that declares nothing more is not older code.
    if (entries.length > 0 && revision !== null && revision > newest) newer.push(id);
    else if (await jobs.remove(id, link)) removed.push(id);
  }
  const idsOf = (...wanted: readonly PutOutcome['outcome'][]): string[] =>
    outcomes.filter(({ outcome }) => wanted.includes(outcome)).map(({ job }) => job.id);
  return {
    added: idsOf('inserted'),
    updated: idsOf('updated', 'replaced'),
    unchanged: idsOf('unchanged'),
    removed,
    stale: [...idsOf('stale'), ...newer],
  };
}

function sourceOf(entry: ScheduleEntry, owner: string): Parameters<JobOperations['put']>[0][number] {
  const { task, trigger, ...options } = entry;
  if (typeof task === 'function')
    throw new InvalidOptionError('entries[].task', 'a task or the name of one', task);
  return { task, trigger, options: { ...options, ifExists: 'update' }, owner };
}

async function refuseForeignIds(
  jobs: JobOperations,
  owner: string,
  entries: readonly ScheduleEntry[],
  link: StoreLink,
): Promise<void> {
  for (let at = 0; at < entries.length; at += LOOKUPS) {
    const found = await Promise.all(entries.slice(at, at + LOOKUPS).map(({ id }) => jobs.get(id, link)));
    const foreign = found.find((job) => job !== null && job.owner !== owner);
    if (foreign === undefined || foreign === null) continue;
    throw new InvalidOptionError('entries[].id', `of no job that "${owner}" did not declare`, foreign.id);
  }
}
